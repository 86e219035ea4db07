"""Finds the box of pixels that encloses a region of the sky."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gatewright.backends.fits.image_wcs import ImageWcs, Numbers
from gatewright.backends.fits.outline import is_wide, spread, unit_border
from gatewright.core.errors import NotFound
from gatewright.domains.sky import Region, geometry

_FEW, _MANY = 128, 512
"""Numbers of points along an outline. The chord between two neighbours deviates from
a circle by 0.0003 radii for ``_FEW`` points, and by 0.00002 for ``_MANY``."""
_LARGE = 256
"""Size in pixels above which the outline of a region gets ``_MANY`` points."""
_NEAR = math.radians(30.0)
"""Distance from the centre, in radians, within which every projection is one-to-one."""
_SURELY_NEAR = math.cos(_NEAR) + 1e-9
_EACH_SIDE = 16
_TRIES = 18
_SLACK = 0.1
"""Pixels by which the outline in the index may be wider than the image."""
_SPOTS = 4000
_CORNERS = 3
"""Largest number of jumps along an outline that is not cut by a seam; a box has this
many, between its sides."""
_NO_PIXEL = "The region has no pixel of this image."


@dataclass(frozen=True, slots=True)
class Box:
    """A box of pixels, counted from 0; the ends are excluded."""

    x0: int
    """First column."""
    x1: int
    """Column after the last one."""
    y0: int
    """First row."""
    y1: int
    """Row after the last one."""
    further: tuple[tuple[int, int], ...] = ()
    """First index, and the index after the last, on each further axis of a cube."""

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
        """Lengths of all axes, fastest first."""
        return (self.width, self.height, *(end - first for first, end in self.further))

    @property
    def starts(self) -> tuple[int, ...]:
        """First index on each axis."""
        return (self.x0, self.y0, *(first for first, _ in self.further))

    def section(self) -> str:
        """Return the box as an IRAF image section, counted from 1."""
        axes = zip(self.starts, self.lengths, strict=True)
        return f"[{','.join(f'{start + 1}:{start + n}' for start, n in axes)}]"


def box_of(region: Region, wcs: ImageWcs) -> Box:
    """Return the smallest box that contains all pixels which a region touches.

    The region is clipped to the image (SODA 1.0, section 3.3: best match).

    Raises
    ------
    NotFound
        The region touches no pixel.
    """
    if is_wide(wcs):
        return _box_of_wide(region, wcs)
    extent = _rim_extent(region.outline(_FEW), wcs)
    if extent is not None and extent.widest > _LARGE:
        extent = _rim_extent(region.outline(_MANY), wcs)
    if extent is not None:
        return _box_round(extent, wcs)
    # The region is too large for the projection. For each side of the image, a search
    # finds how many columns or rows from that side the region does not touch.
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


@dataclass(frozen=True, slots=True)
class _Extent:
    """The least and the largest of some pixel positions, from 0."""

    left: float
    right: float
    bottom: float
    top: float

    @classmethod
    def of(cls, x: Numbers, y: Numbers) -> "_Extent | None":
        """Return that of positions; None if one is not finite."""
        left, right = float(x.min()), float(x.max())
        bottom, top = float(y.min()), float(y.max())
        # NaN is the least and the largest wherever there is one.
        if not math.isfinite(left + right + bottom + top):
            return None
        return cls(left, right, bottom, top)

    @property
    def widest(self) -> float:
        return max(self.right - self.left, self.top - self.bottom)


def _box_round(extent: _Extent, wcs: ImageWcs) -> Box:
    """Return the box that encloses pixel positions, clipped to the image.

    Raises
    ------
    NotFound
        All positions are more than a tenth of a pixel outside the image. Nearer ones
        count as on its edge, since a search by outlines finds the image for them too.
    """
    # Pixel n covers n - 0.5 to n + 0.5.
    outside = (
        min(extent.right, extent.top) < -0.5 - _SLACK
        or extent.left > wcs.width - 0.5 + _SLACK
        or extent.bottom > wcs.height - 0.5 + _SLACK
    )
    if outside:
        raise NotFound(_NO_PIXEL)
    return Box(
        _clip(extent.left, wcs.width),
        _clip(extent.right, wcs.width) + 1,
        _clip(extent.bottom, wcs.height),
        _clip(extent.top, wcs.height) + 1,
    )


def _box_of_wide(region: Region, wcs: ImageWcs) -> Box:
    """Return the box of a region in an image wider than 160 degrees.

    The projection of such an image can have a seam. If the region crosses a seam or
    contains a pole, its outline alone does not determine the pixels inside. Points
    within the region are used then, and the box is made some pixels larger.
    """
    rim = region.outline(_MANY)
    middle = rim.sum(axis=0)
    length = np.linalg.norm(middle)
    middle = middle / length if length > 0 else np.array([0.0, 0.0, 1.0])
    radius = geometry.angle(rim, middle).max() if length > 1.0 else np.pi
    spots = spread(_SPOTS, middle, radius)
    spots = spots[region.holds(spots)]
    x, y = wcs.to_pixels(*geometry.degrees(np.concatenate([rim, spots])))
    known = np.isfinite(x) & np.isfinite(y)
    extent = _Extent.of(x[known], y[known]) if known.any() else None
    if extent is None:
        raise NotFound(_NO_PIXEL)
    box = _box_round(extent, wcs)
    seam = not known.all()
    if not seam:
        # Over a seam the rim jumps, or does not go round the places within.
        places = np.stack([x, y])
        outer = places[:, : len(rim)]
        steps = np.abs(np.diff(outer[:, :-1])).max(axis=0)
        jumps = np.count_nonzero(steps > 8.0 * np.median(steps) + 2.0)
        beyond = places.min(1) < outer.min(1) - 1
        beyond |= places.max(1) > outer.max(1) + 1
        seam = bool(jumps > _CORNERS or beyond.any())
    spare = 0
    if seam:
        column, row = wcs.centre
        pixel = wcs.vectors(np.array([column, column + 1]), np.array([row, row]))
        spare = 1 + int(4.0 * radius / np.sqrt(_SPOTS) / geometry.angle(*pixel))
    return Box(
        max(0, box.x0 - spare),
        min(wcs.width, box.x1 + spare),
        max(0, box.y0 - spare),
        min(wcs.height, box.y1 + spare),
    )


def _clip(position: float, length: int) -> int:
    return min(max(math.floor(position + 0.5), 0), length - 1)


def _rim_extent(rim: geometry.Vectors, wcs: ImageWcs) -> _Extent | None:
    """Return the pixels that an outline reaches; None if the projection has not all."""
    middle = _middle(wcs)
    # The angle itself takes ten times as long.
    if (rim @ middle[0]).min() < _SURELY_NEAR and (
        geometry.angle(rim, middle).max() > _NEAR
    ):
        return None
    return _Extent.of(*wcs.to_pixels(*geometry.degrees(rim)))


@lru_cache(maxsize=64)
def _middle(wcs: ImageWcs) -> geometry.Vectors:
    """Return the unit vector of an image's centre, shape (1, 3)."""
    return wcs.vectors(*(np.array([place]) for place in wcs.centre))


def _left_alone(
    region: Region, wcs: ImageWcs, length: int, strip: Callable[[int], Box]
) -> int:
    """Return how many columns or rows from one side a region does not touch.

    ``strip(n)`` is the part of the image with ``n`` columns or rows from that side. The
    region touches ``strip(length)``.
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
