"""Resamples an image to the grid of another.

Positions are computed by the projections on a coarse grid and interpolated by cubics;
the grid is refined until the interpolation is right to 0.0002 pixels at the centres of
its cells. In cells where the finest one is not, each position is computed. Values are
interpolated with a Lanczos kernel (Duchon 1979, J. Appl. Meteor. 18, 1016), as
:mod:`gatewright.domains.processing.lanczos` does, and multiplied by the change of pixel
area, so that flux is conserved.

The interpolation correlates the noise of neighbouring pixels. The variance that is
propagated holds for single pixels; sums over several need the factor that
:func:`gatewright.domains.processing.smoothing.noise_factor` measures.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gatewright.domains.processing.frames import Mask, Numbers, Pixels, Projection
from gatewright.domains.processing.lanczos import LOBES, interpolate

ACCURACY = 2e-4
"""Largest error of an interpolated position, pixels."""
_STEPS = (64, 32, 16, 8, 4, 2)
_NODES = 4
"""Points that a cubic goes through."""
_BLOCK = (128, 128)
_ROWS = 16

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Placement:
    """For each pixel of a grid, its position in another image.

    Positions are kept for some of the pixels, and computed for a few rows at a time:
    they would take four times the memory of the image.
    """

    x: Numbers
    """Columns at all pixels of every ``step``-th row of the grid; NaN where the
    projection is not defined."""
    y: Numbers
    """Rows at the same pixels."""
    shape: tuple[int, int]
    """Height and width of the grid, pixels."""
    step: int = 1
    """Rows of the grid from one row of positions to the next."""
    exact: tuple[Mask, Numbers, Numbers] | None = None
    """Pixels of the grid that have positions of their own, with their columns and rows,
    each of the grid's shape; None if there are none."""

    def at(self, rows: slice, columns: slice) -> tuple[Numbers, Numbers]:
        """Return columns and rows in the image at a rectangle of the grid."""
        x, y = (
            spread_rows(part[:, columns], self.step, rows) for part in (self.x, self.y)
        )
        if self.exact is not None:
            own = self.exact[0][rows, columns]
            x[own], y[own] = (part[rows, columns][own] for part in self.exact[1:])
        return x, y


def placed(x: Numbers, y: Numbers) -> Placement:
    """Return the placement of pixels whose columns and rows are all known."""
    return Placement(x, y, (x.shape[0], x.shape[1]))


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A small affine correction of positions, in pixels."""

    x: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Correction of columns: a constant, and factors of column and row."""
    y: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Correction of rows: a constant, and factors of column and row."""

    def apply(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """Return corrected positions."""
        return (
            x + self.x[0] + self.x[1] * x + self.x[2] * y,
            y + self.y[0] + self.y[1] * x + self.y[2] * y,
        )


NO_ADJUSTMENT = Adjustment()


def place(
    grid: Projection,
    shape: tuple[int, int],
    image: Projection,
    adjustment: Adjustment = NO_ADJUSTMENT,
) -> Placement:
    """Return the positions in an image of the pixels of a grid of ``shape``.

    ``adjustment`` corrects the positions in the image.
    """
    found, error = _coarse(grid, shape, image, _STEPS[0], adjustment)
    for step in _STEPS[1:]:
        if error <= ACCURACY:
            break
        found, error = _coarse(grid, shape, image, step, adjustment)
    return found


def _coarse(
    grid: Projection,
    shape: tuple[int, int],
    image: Projection,
    step: int,
    adjustment: Adjustment,
) -> tuple[Placement, float]:
    """Return interpolated positions, and their largest error at cell centres.

    The adjustment is linear, so that adjusting the grid's points is enough.
    """
    height, width = shape
    rows, columns = (
        np.arange(max(_NODES, -(-side // step) + 1)) * float(step) for side in shape
    )
    x, y = _through(grid, image, *np.meshgrid(columns, rows))
    middle = [part[:-1] + step / 2 for part in (columns, rows)]
    there = _through(grid, image, *np.meshgrid(*middle))
    down, across = (cubic_weights(part / step, len(part) + 1) for part in middle[::-1])
    errors = [
        np.abs(down @ c @ across.T - m) for c, m in zip((x, y), there, strict=True)
    ]
    known = [e[np.isfinite(e)] for e in errors]
    worst = max((float(e.max()) for e in known if e.size), default=0.0)
    if adjustment != NO_ADJUSTMENT:
        x, y = adjustment.apply(x, y)
    exact = None
    if step == _STEPS[-1] and worst > ACCURACY:
        # Between a map's last column and its first, or at a pole, positions jump.
        rough = (errors[0] > ACCURACY) | (errors[1] > ACCURACY)
        pixels = rough.repeat(step, axis=0).repeat(step, axis=1)[:height, :width]
        row, column = (place.astype(np.float64) for place in np.nonzero(pixels))
        exact = (pixels, np.zeros(shape), np.zeros(shape))
        exact[1][pixels], exact[2][pixels] = adjustment.apply(
            *_through(grid, image, column, row)
        )
    beside = cubic_weights(np.arange(width) / step, len(columns)).T
    x, y = (np.einsum("ij,jk", part, beside) for part in (x, y))
    return Placement(x, y, shape, step, exact), worst


def _through(
    grid: Projection, image: Projection, x: Numbers, y: Numbers
) -> tuple[Numbers, Numbers]:
    ra, dec = grid.to_sky(x.ravel(), y.ravel())
    found = image.to_pixels(ra, dec)
    return found[0].reshape(x.shape), found[1].reshape(x.shape)


def spread_rows(nodes: Numbers, step: int, rows: slice) -> Numbers:
    """Return some of the rows of an array of which every ``step``-th is known."""
    if step == 1:
        return nodes[rows].copy()
    used, weights = _row_weights(rows.start, rows.stop, step, len(nodes))
    spread: Numbers = weights @ nodes[used]
    return spread


@lru_cache(maxsize=64)
def _row_weights(
    start: int, stop: int, step: int, points: int
) -> tuple[slice, Numbers]:
    """Return the known rows that count for some rows, and their weights."""
    weights = cubic_weights(np.arange(start, stop) / step, points)
    used = np.flatnonzero(weights.any(axis=0))
    part = slice(int(used[0]), int(used[-1]) + 1)
    return part, weights[:, part]


def cubic_weights(position: Numbers, points: int) -> Numbers:
    """Return the weights of ``points`` points at positions, shape ``(n, points)``.

    Points are at 0, 1, 2 and so on. The cubic goes through the two points on either
    side of a position, or through the four points nearest to an end (Lagrange).
    """
    start = np.clip(np.floor(position).astype(int) - 1, 0, points - _NODES)
    local = position - start
    weights = np.zeros((len(position), points))
    row = np.arange(len(position))
    for node in range(_NODES):
        weight = np.ones(len(position))
        for other in set(range(_NODES)) - {node}:
            weight *= (local - other) / (node - other)
        weights[row, start + node] = weight
    return weights


def resample(
    values: Pixels, bad: Mask, placement: Placement
) -> tuple[Pixels, Mask, Pixels]:
    """Return an image at other positions, a mask of bad values, and pixel areas.

    A value is bad if a ``bad`` or outside pixel lies within about two pixels of its
    position; other bad pixels in the kernel count as 0. Values are multiplied by the
    pixel areas of :func:`area_change`, so that flux is conserved.
    """
    pad = LOBES + 1
    padded = np.zeros([side + 2 * pad for side in values.shape], np.float32)
    padded[pad:-pad, pad:-pad] = np.where(bad, np.float32(0), values)
    sideways = _is_sideways(placement)
    if sideways:
        padded = np.ascontiguousarray(padded.T)
    flags = grown(bad, 1, outside=True)
    found = np.empty(placement.shape, np.float32)
    lost = np.empty(placement.shape, np.bool_)
    change = area_change(placement)
    smooth = placement.step > 1 and placement.exact is None
    for part in _blocks(placement.shape):
        x, y = placement.at(*part)
        lost[part] = own = _flagged(flags, x, y)
        x += pad
        y += pad
        places = (y, x) if sideways else (x, y)
        block = interpolate(padded, *places, 8 if smooth else 1)
        block *= change[part]
        if own.any():
            block[own] = 0
        found[part] = block
    return found, lost, change


def _blocks(shape: tuple[int, int]) -> Iterator[tuple[slice, slice]]:
    """Yield the rows and columns of blocks that stay in the processor's cache."""
    for top in range(0, shape[0], _BLOCK[0]):
        for left in range(0, shape[1], _BLOCK[1]):
            yield (
                slice(top, min(top + _BLOCK[0], shape[0])),
                slice(left, min(left + _BLOCK[1], shape[1])),
            )


def _flagged(flags: Mask, x: Numbers, y: Numbers) -> Mask:
    """Return whether the nearest pixel of each position is flagged or outside."""
    height, width = flags.shape
    low_x, high_x, low_y, high_y = x.min(), x.max(), y.min(), y.max()
    if low_x >= 0 and low_y >= 0 and high_x < width and high_y < height:
        near = flags[int(low_y) : int(high_y) + 2, int(low_x) : int(high_x) + 2]
        if not near.any():
            return np.zeros(x.shape, np.bool_)
    return _nearest(flags, x, y, np.True_)


def nearest(image: NDArray[T], placement: Placement, outside: T) -> NDArray[T]:
    """Return the nearest pixel of an image at each position, or ``outside``."""
    found = np.empty(placement.shape, image.dtype)
    for part in _blocks(placement.shape):
        found[part] = _nearest(image, *placement.at(*part), outside)
    return found


def _nearest(image: NDArray[T], x: Numbers, y: Numbers, outside: T) -> NDArray[T]:
    height, width = image.shape
    x, y = x + 0.5, y + 0.5
    if x.min() >= 0 and x.max() < width and y.min() >= 0 and y.max() < height:
        place = y.astype(np.intp)
        place *= width
        place += x.astype(np.intp)
        return image.ravel().take(place, mode="clip")
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    values = np.full(x.shape, outside, image.dtype)
    values[inside] = image[y[inside].astype(np.intp), x[inside].astype(np.intp)]
    return values


def _is_sideways(placement: Placement) -> bool:
    """Return whether the rows of the grid run along the columns of the image."""
    if 0 in placement.shape:
        return False
    row, column = (side // 2 for side in placement.shape)
    x, y = placement.at(slice(max(row - 1, 0), row + 1), slice(column, column + 1))
    return bool(abs(x[-1, 0] - x[0, 0]) > abs(y[-1, 0] - y[0, 0]))


def area_change(placement: Placement) -> Pixels:
    """Return the area that each pixel of the grid covers, in pixels of the image."""
    height, width = placement.shape
    change = np.empty(placement.shape, np.float32)
    if placement.step > 1 and placement.exact is None:
        areas = _areas(placement.x, placement.y, placement.step)
        for rows, columns in _blocks(placement.shape):
            part = spread_rows(areas[:, columns], placement.step, rows)
            change[rows, columns] = part
        return change
    for first in range(0, height, _ROWS):
        last = min(first + _ROWS, height)
        # One more row on each side, where there is one, gives the same slopes.
        low, high = max(0, first - 1), min(height, last + 1)
        part = _areas(*placement.at(slice(low, high), slice(0, width)), 1)
        change[first:last] = part[first - low : last - low]
    return change


def _areas(x: Numbers, y: Numbers, step: int) -> Numbers:
    """Return the areas of pixels, at rows that are ``step`` pixels apart."""
    if min(x.shape) < 2:
        return np.ones(x.shape)
    across = [np.gradient(part, axis=1) for part in (x, y)]
    if step == 1:
        down = [np.gradient(part, axis=0) for part in (x, y)]
    else:
        at = np.arange(len(x), dtype=np.float64)
        after, before = (cubic_weights(at + way / step, len(x)) for way in (0.5, -0.5))
        # BLAS would take more time to wake its threads.
        down = [np.einsum("ij,jk", after - before, part) for part in (x, y)]
    area: Numbers = np.abs(across[0] * down[1] - across[1] * down[0])
    area[np.isnan(area)] = 1.0
    return area


def is_identity(placement: Placement) -> bool:
    """Return whether no pixel moves by more than a millionth of a pixel."""
    # Some at a time: most placements move the first of them already.
    for rows, columns in _blocks(placement.shape):
        x, y = placement.at(rows, columns)
        x -= np.arange(columns.start, columns.stop)
        y -= np.arange(rows.start, rows.stop)[:, None]
        if not (np.all(np.abs(x) < 1e-6) and np.all(np.abs(y) < 1e-6)):
            return False
    return True


def grown(mask: Mask, reach: int, *, outside: bool = False) -> Mask:
    """Return a mask dilated by ``reach`` pixels along rows and columns.

    ``outside`` is what the pixels outside the image are.
    """
    if mask.any():
        grown = mask.copy()
        for axis in (0, 1):
            base = grown.copy()
            for step in range(1, reach + 1):
                for way in (-step, step):
                    grown |= _shifted(base, way, axis)
    else:
        grown = np.zeros_like(mask)
    if outside:
        for side in (grown, grown.T):
            side[:reach] = side[-reach:] = True
    return grown


def _shifted(mask: NDArray[np.bool_], step: int, axis: int) -> Mask:
    """Return a mask shifted by some pixels; pixels from outside are false."""
    moved = np.zeros_like(mask)
    to, source = [slice(None)] * 2, [slice(None)] * 2
    to[axis] = slice(step, None) if step > 0 else slice(None, step)
    source[axis] = slice(None, -step) if step > 0 else slice(-step, None)
    moved[tuple(to)] = mask[tuple(source)]
    return moved
