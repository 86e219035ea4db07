"""The box of pixels round a region."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gatewright.backends.fits.image_wcs import ImageWcs, Numbers, near, unit_border
from gatewright.core.errors import NotFound
from gatewright.domains.sky import Region, geometry

_FEW, _MANY = 128, 512
"""Points of a rim; between two of them a circle is off by 0.0003 or 0.00002 radii."""
_LARGE = 256
"""Pixels from which a region has the more points."""
_EACH_SIDE = 16
_TRIES = 18
_NO_PIXEL = "The region has no pixel of this image."


@dataclass(frozen=True, slots=True)
class Box:
    """Columns and rows of an image, counted from 0, the ends not included."""

    x0: int
    """First column."""
    x1: int
    """Column after the last."""
    y0: int
    """First row."""
    y1: int
    """Row after the last."""
    further: tuple[tuple[int, int], ...] = ()
    """First place and the one after the last on each further axis of a cube."""

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.y1 - self.y0

    @property
    def lengths(self) -> tuple[int, ...]:
        """Lengths of all axes, the fastest first."""
        return (self.width, self.height, *(end - first for first, end in self.further))

    @property
    def starts(self) -> tuple[int, ...]:
        """First place on each axis."""
        return (self.x0, self.y0, *(first for first, _ in self.further))

    def section(self) -> str:
        """Return it as IRAF and FITS write sections, counted from 1."""
        axes = zip(self.starts, self.lengths, strict=True)
        return f"[{','.join(f'{start + 1}:{start + n}' for start, n in axes)}]"


def box_of(region: Region, wcs: ImageWcs) -> Box:
    """Return the smallest box with all pixels that a region touches.

    The region is clipped to the image (SODA 1.0 section 3.3: best match).

    Raises
    ------
    NotFound
        The region touches no pixel.
    """
    x, y = _rim_pixels(region.outline(_FEW), wcs)
    if x is not None and y is not None and max(np.ptp(x), np.ptp(y)) > _LARGE:
        x, y = _rim_pixels(region.outline(_MANY), wcs)
    if x is None or y is None:
        return _box_within(region, wcs)
    # Pixel n covers n - 0.5 to n + 0.5.
    first_x, last_x = _clip(x.min(), wcs.width), _clip(x.max(), wcs.width)
    first_y, last_y = _clip(y.min(), wcs.height), _clip(y.max(), wcs.height)
    outside = (
        x.max() < -0.5
        or y.max() < -0.5
        or x.min() > wcs.width - 0.5
        or y.min() > wcs.height - 0.5
    )
    if outside:
        raise NotFound(_NO_PIXEL)
    return Box(first_x, last_x + 1, first_y, last_y + 1)


def _clip(position: float, length: int) -> int:
    return int(min(max(np.floor(position + 0.5), 0), length - 1))


def _rim_pixels(
    rim: geometry.Vectors, wcs: ImageWcs
) -> tuple[Numbers, Numbers] | tuple[None, None]:
    """Return the rim in pixels; None where the projection does not reach so far."""
    if not near(wcs, rim):
        return None, None
    ra, dec = sky_degrees(rim)
    x, y = wcs.to_pixels(ra, dec)
    if not (np.all(np.isfinite(x)) and np.all(np.isfinite(y))):
        return None, None
    return x, y


def sky_degrees(directions: geometry.Vectors) -> tuple[Numbers, Numbers]:
    """Return right ascensions and declinations of directions."""
    ra = np.degrees(np.arctan2(directions[:, 1], directions[:, 0])) % 360.0
    reach = np.hypot(directions[:, 0], directions[:, 1])
    return ra, np.degrees(np.arctan2(directions[:, 2], reach))


def _box_within(region: Region, wcs: ImageWcs) -> Box:
    """Return the smallest box with all pixels of the image that a region touches.

    Serves regions too large for the projection: what is looked for is how many columns
    or rows, counted from each side of the image, the region leaves alone.
    """
    width, height = wcs.width, wcs.height
    if not _touched(region, wcs, [Box(0, width, 0, height)])[0]:
        raise NotFound(_NO_PIXEL)
    return Box(
        _left_alone(region, wcs, width, lambda n: Box(0, n, 0, height)),
        width
        - _left_alone(region, wcs, width, lambda n: Box(width - n, width, 0, height)),
        _left_alone(region, wcs, height, lambda n: Box(0, width, 0, n)),
        height
        - _left_alone(region, wcs, height, lambda n: Box(0, width, height - n, height)),
    )


def _left_alone(
    region: Region, wcs: ImageWcs, length: int, strip: Callable[[int], Box]
) -> int:
    """Return how many columns or rows from a side a region does not touch.

    ``strip`` is the part of the image that has so many from that side; the one of the
    whole ``length`` is touched.
    """
    alone, touched = 0, length
    while touched - alone > 1:
        tries = np.unique(np.linspace(alone, touched, _TRIES).astype(int))[1:-1]
        met = _touched(region, wcs, [strip(n) for n in tries.tolist()])
        touched = min([touched, *tries[met].tolist()])
        alone = max([alone, *tries[tries < touched].tolist()])
    return alone


def _touched(region: Region, wcs: ImageWcs, parts: Sequence[Box]) -> geometry.Flags:
    """Return for each part of an image whether a region touches it."""
    share_x, share_y = unit_border(_EACH_SIDE)
    x = np.concatenate([p.x0 + share_x * p.width for p in parts]) - 0.5
    y = np.concatenate([p.y0 + share_y * p.height for p in parts]) - 0.5
    outlines = wcs.vectors(x, y).reshape(len(parts), -1, 3)
    return region.meets(geometry.oriented(outlines))
