"""Protocols of processing: who does the work, and where products are recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gatewright.core.pages import Page
from gatewright.domains.processing.curves import CurvePicture
from gatewright.domains.processing.frames import Frame
from gatewright.domains.processing.model import FrameRef, LightCurve, Product
from gatewright.domains.processing.references import Quality


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle on the sky."""

    ra: float
    """Right ascension of the centre, ICRS degrees."""
    dec: float
    """Declination of the centre, ICRS degrees."""
    radius: float
    """Radius, degrees."""


@dataclass(frozen=True, slots=True)
class Side:
    """The frames of one side of a difference: one frame, or several to coadd."""

    frames: Sequence[FrameRef]
    """The frames, in order of time."""
    method: str = "mean"
    """How several frames are combined: ``mean``, ``clipped`` or ``psf-matched``."""


class FrameLoader(Protocol):
    """Reads an image or a part of it, in a process that works on it."""

    def __call__(
        self, path: str, identity: str, hdu: int, place: Circle | None, margin: int
    ) -> Frame:
        """Return the pixels of an image around a circle, or all, with their WCS.

        ``margin`` is the number of further pixels that are read on each side.

        Raises
        ------
        NotFound
            The file does not exist.
        OutsideFrame
            The circle contains no pixel of the image.
        Conflict
            The file changed since it was indexed.
        InvalidContent
            The file has no such image.
        """
        ...


class Processor(Protocol):
    """Works on frames, outside the gateway's own process.

    Methods that make a product return it with its file, planes, report and detections.
    """

    async def coadd(
        self, product: Product, side: Side, place: Circle | None
    ) -> Product:
        """Combine frames into one image, for a whole circle or the first frame's area.

        Frames that do not reach the circle are left out.

        Raises
        ------
        NotFound
            The circle contains no pixel of any frame.
        InvalidContent
            A frame cannot be used; the text says which and why.
        TooLarge
            The request needs more memory than a process may use.
        """
        ...

    async def difference(
        self, product: Product, science: Side, reference: Side, place: Circle | None
    ) -> Product:
        """Subtract a reference from a science image, and detect sources.

        Raises
        ------
        NotFound, InvalidContent, TooLarge
            As :meth:`coadd`.
        """
        ...

    async def light_curve(
        self, frames: Sequence[FrameRef], ra: float, dec: float, person: str
    ) -> LightCurve:
        """Measure the flux at a position, ICRS degrees, in each of the frames.

        ``person`` asks for it; people whose requests wait are served in turn.

        Raises
        ------
        NotFound
            No frame could be measured at the position.
        """
        ...

    async def qualities(
        self, frames: Sequence[FrameRef], ra: float, dec: float, person: str
    ) -> Sequence[Quality | str]:
        """Measure the seeing and the depth of frames around a position, ICRS degrees.

        A text instead says why a frame could not be measured. The depths are in units
        that the frames share. ``person`` asks for it, as in :meth:`light_curve`.
        """
        ...

    async def remove(self, product: Product) -> None:
        """Remove the file of a product, if it exists."""
        ...


class CurvePainter(Protocol):
    """Draws light curves, in processes other than the gateway's own."""

    async def draw(self, shown: CurvePicture, form: str) -> bytes:
        """Return the picture of a light curve; ``form`` is ``png`` or ``svg``."""
        ...


class ProductStore(Protocol):
    """A durable record of products, shared by all gateway processes."""

    async def product(self, product: str) -> tuple[Product, float] | None:
        """Return a product with its detections, and the end of its lease.

        The lease is the time, in seconds since 1970, until which a process makes it.
        """
        ...

    async def begin(self, product: Product, until: float) -> bool:
        """Record that this process makes a product until a time; false if another does.

        A product that is ready stays ready and is not begun; a failed one begins again.
        """
        ...

    async def keep(self, product: str, until: float) -> None:
        """Extend the lease of a product that is being made."""
        ...

    async def references(
        self, surveys: Sequence[str], limit: int, cursor: str | None
    ) -> Page[Product]:
        """Return complete reference versions of surveys, the newest first.

        Raises
        ------
        InvalidRequest
            The cursor does not come from an earlier page.
        """
        ...

    async def end(self, product: Product) -> None:
        """Replace the record of a product by the finished or failed product."""
        ...
