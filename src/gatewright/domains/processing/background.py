"""Measures the level and the noise of the sky background across an image.

Source: Bertin and Arnouts 1996 (A&AS 117, 393), section 2 (SExtractor): the image is
divided into meshes; the pixels of each are clipped at three sigma; the sky level is the
estimate 2.5 median - 1.5 mean of the mode; a 3x3 median filter smooths the meshes.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

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


def measure_background(values: Pixels, bad: Mask, step: int = 1) -> Background:
    """Return the sky background of an image, in meshes of about 64 pixels.

    Pixels that are ``bad`` are ignored. Only every ``step``-th row and column of pixels
    is used, which takes less time and is less exact. A mesh with too few sky pixels
    gets the median of the other meshes. If no mesh has enough, the level is 0 and the
    noise NaN.
    """
    height, width = values.shape
    rows, columns = (max(1, round(side / MESH)) for side in (height, width))
    down = np.linspace(0, height, rows + 1).round().astype(int)
    across = np.linspace(0, width, columns + 1).round().astype(int)
    level = np.full((rows, columns), np.nan)
    noise = np.full((rows, columns), np.nan)
    for row in range(rows):
        used = slice(down[row], down[row + 1], step), slice(None, None, step)
        good = np.where(bad[used], np.float32(np.nan), values[used])
        pixels = _meshes(good, -(-across // step))
        level[row], noise[row] = clipped_skies(pixels)
    return Background(np.nan_to_num(_smooth(level)), _smooth(noise), (height, width))


def _meshes(band: Pixels, across: NDArray[np.intp]) -> Pixels:
    """Return the pixels of each mesh of a band as a row, with NaN at the end.

    ``across`` are the first columns of the meshes, and the end of the last.
    """
    pixels = np.full(
        (len(across) - 1, len(band) * int(np.diff(across).max())),
        np.nan,
        np.float32,
    )
    for mesh, own in zip(np.split(band, across[1:-1], axis=1), pixels, strict=True):
        own[: mesh.size] = mesh.ravel()
    return pixels


def clipped_skies(pixels: Pixels) -> tuple[Numbers, Numbers]:
    """Return the level and the noise of the sky in each of several meshes.

    ``pixels`` has a mesh in each row; some of them are stars or NaN. Both are NaN for
    meshes in which fewer than 64 pixels have a value.
    """
    ordered = np.sort(pixels, axis=1)
    known = ordered.shape[1] - np.count_nonzero(np.isnan(ordered), axis=1)
    level, noise = np.full((2, len(pixels)), np.nan)
    enough = known >= _LEAST
    if not enough.all():
        ordered, known = ordered[enough], known[enough]
    if len(ordered):
        level[enough], noise[enough] = _clipped(ordered, known)
    return level, noise


def _clipped(ordered: Pixels, known: NDArray[np.intp]) -> tuple[Numbers, Numbers]:
    """Return level and noise from pixels in order; the first ``known`` have a value."""
    mesh = np.arange(len(ordered))
    middle = ordered[mesh, known // 2].astype(np.float64)
    # The ends of a mesh are indices of the flat array, so the last needs one more.
    away = np.zeros((len(ordered), ordered.shape[1] + 1))
    np.subtract(ordered, middle[:, None], out=away[:, :-1])
    squares = away * away
    starts = mesh * away.shape[1]
    low, high = np.zeros_like(known), known
    mean = median = width = np.zeros(len(ordered))
    for _ in range(_ROUNDS):
        ends = np.stack([starts + low, starts + high], axis=1).ravel()
        number = high - low
        mean = np.add.reduceat(away.ravel(), ends)[::2] / number
        square = np.add.reduceat(squares.ravel(), ends)[::2] / number
        width = np.sqrt(np.maximum(0.0, square - mean**2))
        median = away[mesh, (low + high) // 2]
        reach = _CLIP * width / _TRUNCATED
        before = low, high
        low = _ranks(away, known, median - reach, "left")
        high = _ranks(away, known, median + reach, "right")
        if np.array_equal(before, (low, high)):
            break
    skewed = np.abs(mean - median) > _SKEWED * width
    level = np.where(skewed, median, 2.5 * median - 1.5 * mean)
    return level + middle, width / _TRUNCATED


def _ranks(
    ordered: Numbers,
    known: NDArray[np.intp],
    values: Numbers,
    side: Literal["left", "right"],
) -> NDArray[np.intp]:
    """Return the place of a value in the known part of each row."""
    return np.array(
        [
            row[:number].searchsorted(value, side)
            for row, number, value in zip(ordered, known, values, strict=True)
        ]
    )


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
    rows = grid.astype(np.float32) @ weights[1].T
    found = np.empty(shape, np.float32)
    for first in range(0, shape[0], MESH):
        # Few of the meshes count for some rows.
        part = weights[0][first : first + MESH]
        used = np.flatnonzero(part.any(axis=0))
        near = slice(int(used[0]), int(used[-1]) + 1)
        np.matmul(part[:, near], rows[near], out=found[first : first + MESH])
    return found
