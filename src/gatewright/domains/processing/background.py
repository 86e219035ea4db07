"""Measures the level and the noise of the sky background across an image.

Source: Bertin and Arnouts 1996 (A&AS 117, 393), section 2 (SExtractor): the image is
divided into meshes; the pixels of each are clipped at three sigma; the sky level is the
estimate 2.5 median - 1.5 mean of the mode; a 3x3 median filter smooths the meshes.
"""

from dataclasses import dataclass

import numpy as np

from gatewright.domains.processing.frames import Mask, Numbers, Pixels

MESH = 64
"""Side of a mesh, pixels."""
_CLIP = 3.0
_TRUNCATED = 0.98658
"""Standard deviation of a normal distribution that is clipped at three sigma."""
_ROUNDS = 6
_LEAST = 64
_SKEWED = 0.3


@dataclass(frozen=True, slots=True)
class Background:
    """Level and noise of the sky in each mesh."""

    level: Numbers
    """Sky level at the centre of each mesh, shape ``(rows, columns)``."""
    noise: Numbers
    """Standard deviation of the sky pixels in each mesh, same shape."""
    shape: tuple[int, int]
    """Height and width of the image, pixels."""

    def level_map(self) -> Pixels:
        """Return the sky level at each pixel of the image."""
        return spread(self.level, self.shape)

    def noise_map(self) -> Pixels:
        """Return the standard deviation of the sky at each pixel of the image."""
        return spread(self.noise, self.shape)


def measure_background(values: Pixels, bad: Mask) -> Background:
    """Return the sky background of an image, in meshes of about 64 pixels.

    Pixels that are ``bad`` are ignored. A mesh with too few sky pixels gets the median
    of the other meshes. If no mesh has enough, the level is 0 and the noise NaN.
    """
    height, width = values.shape
    rows, columns = (max(1, round(side / MESH)) for side in (height, width))
    down = np.linspace(0, height, rows + 1).round().astype(int)
    across = np.linspace(0, width, columns + 1).round().astype(int)
    level = np.full((rows, columns), np.nan)
    noise = np.full((rows, columns), np.nan)
    good = np.where(bad, np.float32(np.nan), values)
    for row in range(rows):
        for column in range(columns):
            part = good[down[row] : down[row + 1], across[column] : across[column + 1]]
            level[row, column], noise[row, column] = clipped_sky(part.ravel())
    return Background(np.nan_to_num(_smooth(level)), _smooth(noise), (height, width))


def clipped_sky(values: Pixels) -> tuple[float, float]:
    """Return the level and the noise of the sky from pixels, some of them stars or NaN.

    Both are NaN if fewer than 64 pixels have a value.
    """
    ordered = np.sort(values).astype(np.float64)
    ordered = ordered[: len(ordered) - int(np.isnan(ordered).sum())]
    if len(ordered) < _LEAST:
        return np.nan, np.nan
    middle = ordered[len(ordered) // 2]
    away = ordered - middle
    low, high = 0, len(ordered)
    mean = median = width = 0.0
    for _ in range(_ROUNDS):
        kept = away[low:high]
        mean = kept.mean()
        width = np.sqrt(max(0.0, (kept @ kept) / len(kept) - mean**2))
        median = float(ordered[(low + high) // 2])
        reach = _CLIP * width / _TRUNCATED
        new = (
            int(ordered.searchsorted(median - reach, "left")),
            int(ordered.searchsorted(median + reach, "right")),
        )
        if new == (low, high):
            break
        low, high = new
    mean += middle
    skewed = abs(mean - median) > _SKEWED * width
    return (median if skewed else 2.5 * median - 1.5 * mean), width / _TRUNCATED


def _smooth(grid: Numbers) -> Numbers:
    """Return the 3x3 median of each mesh; NaN only if every mesh is NaN.

    Meshes without known neighbours get the median of the others.
    """
    padded = np.pad(grid, 1, constant_values=np.nan)
    rows, columns = grid.shape
    around = np.stack(
        [padded[r : r + rows, c : c + columns] for r in range(3) for c in range(3)]
    )
    known = ~np.isnan(around)
    middle = np.full(grid.shape, np.nan)
    some = known.any(axis=0)
    middle[some] = np.nanmedian(around[:, some], axis=0)
    if some.any():
        middle[~some] = np.median(middle[some])
    return middle


def spread(grid: Numbers, shape: tuple[int, int]) -> Pixels:
    """Return the values of meshes at each pixel, by bilinear interpolation."""
    weights = []
    for meshes, side in zip(grid.shape, shape, strict=True):
        # The place of each pixel among the centres of the meshes, and what each weighs.
        place = (np.arange(side) + 0.5) * meshes / side - 0.5
        away = np.abs(np.clip(place, 0, meshes - 1)[:, None] - np.arange(meshes))
        weights.append(np.maximum(0.0, 1.0 - away).astype(np.float32))
    return np.asarray(
        weights[0] @ grid.astype(np.float32) @ weights[1].T, dtype=np.float32
    )
