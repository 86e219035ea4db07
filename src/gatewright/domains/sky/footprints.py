"""Where on the sky the images of a selection are, for pictures of a survey."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from gatewright.domains.sky.model import Content, ImageQuery

Areas = tuple[tuple[tuple[float, float], ...], ...]
"""Outlines that together cover one image; right ascension and declination of each
vertex in ICRS degrees."""


@dataclass(frozen=True, slots=True)
class Footprints:
    """Where the images of a selection are.

    Few images have their ``outlines``. Of many, only their number in each of the
    ``cells`` of the sky is known, so that the memory stays bounded.
    """

    images: int
    """Number of images."""
    bands: Mapping[str, int] = field(default_factory=dict)
    """Number of images of each known band."""
    t_min: float | None = None
    """Start of the first exposure, MJD in UTC; None if no image has a time."""
    t_max: float | None = None
    """End of the last exposure, MJD in UTC; None if no image has a time."""
    outlines: Sequence[Areas] = ()
    """The areas of each image; empty if there are ``cells``."""
    cells: Mapping[int, int] | None = None
    """Number of images that touch each cell (nested HEALPix of order 6); None if there
    are ``outlines``."""


class MapFormat(StrEnum):
    """Format of a map of footprints."""

    PNG = "png"
    """A picture in pixels."""
    SVG = "svg"
    """The same picture with lines and letters that can be enlarged."""


@dataclass(frozen=True, slots=True)
class DepthOfImages:
    """How much of the sky a number of images overlap on."""

    images: int
    """Number of images."""
    area: float
    """Square degrees that this many images cover, no more and no fewer."""


@dataclass(frozen=True, slots=True)
class SkyOverlap:
    """How images overlap, as a map of them shows it."""

    footprints: Footprints
    """Where the images are."""
    whole_sky: bool
    """Whether the map shows the whole sky; if not, a part of it."""
    ra: float
    """Right ascension of the middle of the map, ICRS degrees."""
    dec: float
    """Declination of the middle of the map, ICRS degrees."""
    resolution: float
    """Side of the squares in which images are counted, degrees."""
    depths: Sequence[DepthOfImages]
    """Covered area by number of images, for each number from 1 that occurs."""


class FootprintIndex(Protocol):
    """An index that tells where the images of a query are."""

    async def footprints(self, query: ImageQuery) -> Footprints:
        """Return where the images of a query are. Its regions are not considered.

        Raises
        ------
        TooLarge
            Counting so many images would take too long.
        """
        ...


class FootprintPainter(Protocol):
    """Draws maps of footprints, in processes other than the gateway's own."""

    async def draw(
        self, footprints: Footprints, title: str, subtitle: str, form: MapFormat
    ) -> Content:
        """Return a map of the sky with the number of images in each place.

        East is left. A small part of the sky is enlarged; a large one is shown on a map
        of the whole sky.
        """
        ...

    async def overlap(self, footprints: Footprints) -> SkyOverlap:
        """Return the areas of the sky by the number of images that cover them."""
        ...
