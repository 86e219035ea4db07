"""Resamples an image to the grid of another.

Positions are computed by the projections on a coarse grid and interpolated bilinearly;
the grid is refined until the interpolation is right to 0.0002 pixels at the centres of
its cells. In cells where the finest one is not, each position is computed. Values are
interpolated with a Lanczos kernel (Duchon 1979, J. Appl. Meteor. 18, 1016) at the exact
phase of each pixel, with weights that sum to 1, and multiplied by the change of pixel
area, so that flux is conserved.

The interpolation correlates the noise of neighbouring pixels. The variance that is
propagated holds for single pixels; sums over several need the factor that
:func:`gatewright.domains.processing.smoothing.noise_factor` measures.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gatewright.domains.processing.frames import Mask, Numbers, Pixels, Projection

LOBES = 3
"""Lobes of the Lanczos kernel, which has twice as many taps along each axis."""
ACCURACY = 2e-4
"""Largest error of an interpolated position, pixels."""
_STEPS = (32, 16, 8, 4, 2)
_ROWS, _COLUMNS = 16, 512
_PHASES = 4096


@dataclass(frozen=True, slots=True)
class Placement:
    """For each pixel of a grid, its position in another image."""

    x: Numbers
    """Columns, shape ``(height, width)``; NaN where the projection is not defined."""
    y: Numbers
    """Rows, same shape."""


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
    rows, columns = (np.arange(-(-side // step) + 2) * step for side in shape)
    x, y = _through(grid, image, *np.meshgrid(columns - 0.0, rows - 0.0))
    middle = np.meshgrid(columns[:-1] + step / 2, rows[:-1] + step / 2)
    there = _through(grid, image, *middle)
    errors = [
        np.abs((c[:-1, :-1] + c[1:, :-1] + c[:-1, 1:] + c[1:, 1:]) / 4 - m)
        for c, m in zip((x, y), there, strict=True)
    ]
    known = [e[np.isfinite(e)] for e in errors]
    worst = max((float(e.max()) for e in known if e.size), default=0.0)
    down, across = (
        _weights(height, len(rows), step),
        _weights(width, len(columns), step),
    )
    if adjustment != NO_ADJUSTMENT:
        x, y = adjustment.apply(x, y)
    found = Placement(down @ x @ across.T, down @ y @ across.T)
    if step == _STEPS[-1] and worst > ACCURACY:
        # Between a map's last column and its first, or at a pole, positions jump.
        rough = (errors[0] > ACCURACY) | (errors[1] > ACCURACY)
        pixels = rough.repeat(step, axis=0).repeat(step, axis=1)[:height, :width]
        row, column = (place.astype(np.float64) for place in np.nonzero(pixels))
        exact = _through(grid, image, column, row)
        found.x[pixels], found.y[pixels] = adjustment.apply(*exact)
    return found, worst


def _through(
    grid: Projection, image: Projection, x: Numbers, y: Numbers
) -> tuple[Numbers, Numbers]:
    ra, dec = grid.to_sky(x.ravel(), y.ravel())
    found = image.to_pixels(ra, dec)
    return found[0].reshape(x.shape), found[1].reshape(x.shape)


def _weights(side: int, points: int, step: int) -> Numbers:
    position = np.arange(side) / step
    return np.maximum(0.0, 1.0 - np.abs(position[:, None] - np.arange(points)))


def resample(
    values: Pixels, bad: Mask, placement: Placement
) -> tuple[Pixels, Mask, Pixels]:
    """Return an image at other positions, a mask of bad values, and pixel areas.

    A value is bad if a ``bad`` or outside pixel lies within about two pixels of its
    position; other bad pixels in the kernel count as 0. Values are multiplied by the
    pixel areas of :func:`area_change`, so that flux is conserved.
    """
    shape = placement.x.shape
    out = np.zeros(shape, np.float32)
    lost = np.ones(shape, np.bool_)
    pad = LOBES + 1
    padded = np.pad(np.where(bad, np.float32(0), values), pad)
    flags = np.pad(bad, pad, constant_values=True)
    near = grown(flags, 1)
    table = lanczos_table(LOBES)
    for first in range(0, shape[0], _ROWS):
        for left in range(0, shape[1], _COLUMNS):
            part = slice(first, first + _ROWS), slice(left, left + _COLUMNS)
            out[part], lost[part] = _resample_part(
                padded, near, placement.x[part] + pad, placement.y[part] + pad, table
            )
    change = area_change(placement)
    out *= change
    out[lost] = 0
    return out, lost, change


def _resample_part(
    padded: Pixels, flags: Mask, x: Numbers, y: Numbers, table: Pixels
) -> tuple[Pixels, Mask]:
    height, width = padded.shape
    taps = table.shape[1]
    reach = taps // 2
    inside = (x >= reach) & (x < width - reach) & (y >= reach) & (y < height - reach)
    x, y = np.where(inside, x, reach), np.where(inside, y, reach)
    left, top = np.floor(x).astype(np.int32), np.floor(y).astype(np.int32)
    across = _phase_weights(table, (x - left).astype(np.float32))
    down = _phase_weights(table, (y - top).astype(np.float32))
    flat = padded.ravel()
    row0, column0 = int(top[0, 0]) - reach + 1, int(left[0, 0]) - reach + 1
    rows, columns = np.arange(x.shape[0])[:, None], np.arange(x.shape[1])
    moved = top - rows != top[0, 0], left - columns != left[0, 0]
    # Neighbours that stay neighbours are a rectangle of the image, which is quick.
    steady = not any(part.any() for part in moved)
    start = (top - reach + 1) * width + (left - reach + 1)
    total = np.zeros(x.shape, np.float32)
    for row in range(taps):
        line = np.zeros(x.shape)
        for column in range(taps):
            if steady:
                y0, x0 = row0 + row, column0 + column
                seen = padded[y0 : y0 + x.shape[0], x0 : x0 + x.shape[1]]
            else:
                seen = flat[start + column]
            line += across[column] * seen
        total += down[row] * line
        start += width
    nearest = np.rint(y).astype(np.int32) * width + np.rint(x).astype(np.int32)
    return total, flags.ravel()[nearest] | ~inside


@cache
def lanczos_table(lobes: int) -> Pixels:
    """Return the kernel's weights at 4097 phases from 0 to 1; each row sums to 1.

    All callers share one table, which cannot be written to.
    """
    phase = np.linspace(0, 1, _PHASES + 1)[:, None]
    offset = np.arange(1 - lobes, lobes + 1)[None, :] - phase
    weights = np.sinc(offset) * np.sinc(offset / lobes)
    weights[np.abs(weights) < 1e-15] = 0.0
    table: Pixels = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    table.flags.writeable = False
    return table


def _phase_weights(table: Pixels, phase: Pixels) -> list[Pixels]:
    """Return the weight of each tap for each pixel, interpolated between phases."""
    position = phase * np.float32(_PHASES)
    index = np.minimum(position.astype(np.int32), _PHASES - 1)
    part = position - index
    return [
        column[index] + part * steps[index]
        for column, steps in zip(
            np.ascontiguousarray(table.T),
            np.ascontiguousarray(np.diff(table, axis=0).T),
            strict=True,
        )
    ]


def area_change(placement: Placement) -> Pixels:
    """Return the area that each pixel of the grid covers, in pixels of the image."""
    x, y = placement.x, placement.y
    if min(x.shape) < 2:
        return np.ones(x.shape, np.float32)
    change = np.empty(x.shape, np.float32)
    height = len(x)
    for first in range(0, height, _ROWS):
        last = min(first + _ROWS, height)
        # One more row on each side, where there is one, gives the same slopes.
        low, high = max(0, first - 1), min(height, last + 1)
        steps = [np.gradient(positions[low:high]) for positions in (x, y)]
        area = np.abs(steps[0][1] * steps[1][0] - steps[0][0] * steps[1][1])
        change[first:last] = np.nan_to_num(area[first - low : last - low], nan=1.0)
    return change


def is_identity(placement: Placement) -> bool:
    """Return whether no pixel moves by more than a millionth of a pixel."""
    columns = np.arange(placement.x.shape[1], dtype=np.float64)
    # Some rows at a time: most placements move the first of them already.
    for first in range(0, len(placement.x), _ROWS):
        part = slice(first, first + _ROWS)
        rows = first + np.arange(len(placement.x[part]), dtype=np.float64)[:, None]
        for places, own in ((placement.x, columns), (placement.y, rows)):
            if not np.all(np.abs(places[part] - own) < 1e-6):
                return False
    return True


def grown(mask: Mask, reach: int) -> Mask:
    """Return a mask dilated by ``reach`` pixels along rows and columns."""
    grown = mask.copy()
    for axis in (0, 1):
        base = grown.copy()
        for step in range(1, reach + 1):
            for way in (-step, step):
                grown |= _shifted(base, way, axis)
    return grown


def _shifted(mask: NDArray[np.bool_], step: int, axis: int) -> Mask:
    """Return a mask shifted by some pixels; pixels from outside are false."""
    moved = np.zeros_like(mask)
    to, source = [slice(None)] * 2, [slice(None)] * 2
    to[axis] = slice(step, None) if step > 0 else slice(None, step)
    source[axis] = slice(None, -step) if step > 0 else slice(-step, None)
    moved[tuple(to)] = mask[tuple(source)]
    return moved
