"""The ports of processing: who does the work, and where products are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gatewright.domains.processing.frames import Frame
from gatewright.domains.processing.model import FrameRef, LightCurve, Product


@dataclass(frozen=True, slots=True)
class Circle:
    """A round place on the sky."""

    ra: float
    """Right ascension of the middle, ICRS degrees."""
    dec: float
    """Declination of the middle, ICRS degrees."""
    radius: float
    """Degrees."""


@dataclass(frozen=True, slots=True)
class Side:
    """The frames of one side: one alone, or several that are made into a coadd."""

    frames: Sequence[FrameRef]
    """The frames, in order of time."""
    method: str = "mean"
    """How several are joined: ``mean``, ``clipped`` or ``psf-matched``."""


class FrameLoader(Protocol):
    """Reads a part of an image, in a process that works on it."""

    def __call__(
        self, path: str, identity: str, hdu: int, place: Circle | None, margin: int
    ) -> Frame:
        """Return the pixels round a place, or all, with where they are.

        ``margin`` is how many pixels more are read on each side of the place.

        Raises
        ------
        NotFound
            The file is gone, or the place has no pixel of the image.
        Conflict
            The file changed since it was indexed.
        InvalidContent
            It has no such image.
        """
        ...


class Processor(Protocol):
    """Works on frames, out of the gateway's own process.

    Each method returns the product as it was given, with its file, planes, report and
    detections.
    """

    async def coadd(
        self, product: Product, side: Side, place: Circle | None
    ) -> Product:
        """Make one image of several, of the whole frames or of a place.

        Raises
        ------
        NotFound
            The place has no pixel of the frames.
        InvalidContent
            A frame cannot be used; the text says which and why.
        TooLarge
            It would need more memory than a process has.
        """
        ...

    async def difference(
        self, product: Product, science: Side, reference: Side, place: Circle | None
    ) -> Product:
        """Subtract a reference from a science image, and detect.

        Raises
        ------
        NotFound, InvalidContent, TooLarge
            As :meth:`coadd`.
        """
        ...

    async def light_curve(
        self, frames: Sequence[FrameRef], ra: float, dec: float
    ) -> LightCurve:
        """Measure the flux at a place in each of the frames.

        Raises
        ------
        NotFound
            No frame has a pixel there.
        """
        ...

    async def remove(self, product: Product) -> None:
        """Remove the file of a product, if it is there."""
        ...


class ProductStore(Protocol):
    """A durable record of products, shared by all gateway processes."""

    async def product(self, product: str) -> tuple[Product, float] | None:
        """Return one with what was found in it, and until when it is being made."""
        ...

    async def begin(self, product: Product, until: float) -> bool:
        """Note that it is being made until a moment, unless another process does.

        One that is ready stays so; one that failed is begun again.
        """
        ...

    async def keep(self, product: str, until: float) -> None:
        """Put off the moment until which it is being made."""
        ...

    async def end(self, product: Product) -> None:
        """Replace a product that was begun by the finished or failed one."""
        ...
