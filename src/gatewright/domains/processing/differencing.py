"""Subtracts two prepared frames by ZOGY, in tiles."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from gatewright.core.errors import InvalidContent
from gatewright.domains.processing.frames import Fourier, Mask, Numbers, Pixels
from gatewright.domains.processing.matching import (
    Alignment,
    Ratio,
    align,
    flux_ratio,
    star_fluxes,
)
from gatewright.domains.processing.parallel import SERIAL, Parallel
from gatewright.domains.processing.prepared import Prepared
from gatewright.domains.processing.psf import BRIGHT
from gatewright.domains.processing.regrid import regrid
from gatewright.domains.processing.warp import grown
from gatewright.domains.processing.zogy import Input, subtract

TILE = 960
"""Side of a tile without its margin, pixels."""
_LOCAL_STARS = 12
_CORE = 30
_SAMPLE = 500_000
"""Largest number of pixels from which the noise is measured."""
_TURNS = 3
_CHANGED = 5.0
"""Least score of a change, sigma, for which no noise was measured yet."""
_TRUNCATED = 0.98658
"""Standard deviation of a normal distribution that is clipped at three sigma."""
_MISMATCH = 0.01
"""Least relative error that is assumed of the two PSFs."""
_FAINT = 0.1
"""Largest relative error of the flux ratio that is assumed without bright sources."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A science frame minus a reference; arrays have the science frame's shape."""

    science: Prepared
    """The science frame."""
    reference: Prepared
    """The reference, resampled to the science frame's grid."""
    values: Pixels
    """Science minus reference, in units of the science frame."""
    score: Pixels
    """Significance of a point source at each pixel, sigma; 0 at bad pixels."""
    statistic: Pixels
    """Best-fitting flux of a point source at each pixel, in units of the science frame.
    """
    error: Pixels
    """Standard deviation of ``statistic``."""
    psf: Numbers
    """Point-spread function of ``values`` at the centre of the field."""
    noise: float
    """Standard deviation of the pixels of ``values`` that contain no source."""
    bad: Mask
    """Pixels that are bad in either frame."""
    alignment: Alignment
    """Offsets of the reference's stars from those of the science frame."""
    ratio: Ratio
    """Flux of a star in the science frame divided by its flux in the reference."""
    factor: float
    """Measured noise of the score without sources, by which the sky noise was scaled.

    It is above 1 if the frames are noisier than their errors say, mostly because
    resampling correlates neighbouring pixels."""
    level: float
    """Mean offset of the score, sigma, that was subtracted: the skies' difference."""


@dataclass(frozen=True, slots=True)
class _Fluxes:
    """The point-source fluxes of all tiles; arrays have the shape of the images."""

    difference: Pixels
    """Science minus reference."""
    statistic: Pixels
    """Best-fitting flux of a point source at each pixel."""
    sky: Pixels
    """Variance of ``statistic`` from the sky and the detectors."""
    light: Pixels
    """Variance of ``statistic`` from sources."""
    psf: Numbers
    """Point-spread function of ``difference`` at the centre."""
    noise: float
    """Standard deviation of the pixels of ``difference`` that contain no source."""


def subtract_frames(
    science: Prepared,
    reference: Prepared,
    fourier: Fourier,
    parallel: Parallel = SERIAL,
) -> Difference:
    """Return science minus reference, on the science frame's grid.

    The result is exactly zero for an image minus itself. ``parallel`` may work on
    several tiles at once, which does not change the result.

    Raises
    ------
    InvalidContent
        No pixel is usable in both frames.
    """
    shape = science.values.shape
    alignment = align(science, reference)
    moved = regrid(reference, science.projection, (shape[0], shape[1]), alignment)
    if (science.bad | moved.bad).all():
        raise InvalidContent(
            f"The reference has no usable pixel where the science image "
            f"“{science.name}” has one. Choose images that overlap, or another “pos”."
        )
    stars = _stars(science, moved)
    ratio = flux_ratio(*stars[2:])
    bad = science.bad | moved.bad
    sides = _Sides(science, moved, bad, stars, ratio, alignment.scatter, fourier)
    fluxes = _subtract_tiles(sides, parallel)
    level, factor = _level_and_factor(fluxes, bad, round(science.psf.fwhm))
    offset: Pixels = np.float32(level) * np.sqrt(fluxes.sky)
    statistic = fluxes.statistic - offset
    error: Pixels = np.sqrt(np.float32(factor**2) * fluxes.sky + fluxes.light)
    return Difference(
        science,
        moved,
        np.where(bad, np.float32(0), fluxes.difference),
        np.where(bad, np.float32(0), statistic / error).astype(np.float32, copy=False),
        statistic,
        error,
        fluxes.psf,
        fluxes.noise,
        bad,
        alignment,
        ratio,
        factor,
        level,
    )


def _level_and_factor(fluxes: _Fluxes, bad: Mask, fwhm: int) -> tuple[float, float]:
    """Return the offset of the fluxes in units of their sky noise, and its factor.

    They give the score a mean of 0 and a width of 1 where there are no sources: pixels
    within two FWHM (``fwhm``, pixels) of a change are left out, as the wings of new
    stars would make the offset too large. The photon noise of sources is known, and is
    not scaled.
    """
    step = max(1, bad.size // _SAMPLE)
    plain = np.abs(fluxes.statistic) / np.sqrt(fluxes.sky + fluxes.light)
    changed = grown(plain > _CHANGED, 2 * fwhm)
    known = ~(bad | changed).ravel()[::step]
    statistic, sky, light = (
        image.ravel()[::step][known]
        for image in (fluxes.statistic, fluxes.sky, fluxes.light)
    )
    level, factor = 0.0, 1.0
    for _ in range(_TURNS):
        error = np.sqrt(factor**2 * sky + light)
        offset, width = score_core((statistic - level * np.sqrt(sky)) / error)
        level, factor = level + offset * factor, factor * width
    return level, factor


def score_core(known: Pixels) -> tuple[float, float]:
    """Return the mean and the width of a score's distribution, without its tails.

    The mean measures by how much the two skies differ. Values further from the median
    than three half-widths (of the central 68 %) are excluded; the width is the standard
    deviation of the rest, corrected for this. Too few values give 0 and 1.
    """
    if known.size < _CORE or not known.any():
        return 0.0, 1.0
    low, middle, high = np.percentile(known, [15.87, 50.0, 84.13])
    width = float(high - low) / 2.0
    inner = known[np.abs(known - middle) < 3.0 * width]
    level, spread = inner.mean(dtype=np.float64), inner.std(dtype=np.float64)
    return float(level), max(0.1, float(spread) / _TRUNCATED)


Stars = tuple[Numbers, Numbers, Numbers, Numbers, Numbers, Numbers]


def _stars(science: Prepared, reference: Prepared) -> Stars:
    """Return positions of stars, and their fluxes with errors in both frames."""
    x, y = science.psf.x, science.psf.y
    flux, error, good = star_fluxes(science, x, y)
    other, other_error, there = star_fluxes(reference, x, y)
    both = good & there
    found = (x, y, flux, error, other, other_error)
    return tuple(part[both] for part in found)  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class _Sides:
    """The two frames on one grid, and how they compare."""

    science: Prepared
    reference: Prepared
    bad: Mask
    stars: Stars
    ratio: Ratio
    scatter: tuple[float, float]
    fourier: Fourier


@dataclass(frozen=True, slots=True)
class _Tile:
    """The fluxes of one tile, in the order of those of :class:`_Fluxes`."""

    rows: slice
    columns: slice
    parts: tuple[Pixels, Pixels, Pixels, Pixels]
    psf: Numbers
    noise: float


def _subtract_tiles(sides: _Sides, parallel: Parallel) -> _Fluxes:
    height, width = shape = sides.science.values.shape
    out: list[Pixels] = [np.zeros(shape, np.float32) for _ in range(4)]
    middle: _Tile | None = None
    mismatch = _mismatch(sides.science, sides.reference, sides.ratio)
    work = partial(_subtract_tile, sides, mismatch)
    for tile in parallel.map(work, tiles((height, width), TILE)):
        rows, columns = tile.rows, tile.columns
        for whole, part in zip(out, tile.parts, strict=True):
            whole[rows, columns] = part
        if rows.start <= height / 2 < rows.stop and (
            columns.start <= width / 2 < columns.stop
        ):
            middle = tile
    assert middle is not None  # noqa: S101  # one tile has the middle
    return _Fluxes(out[0], out[1], out[2], out[3], middle.psf, middle.noise)


def _subtract_tile(sides: _Sides, mismatch: float, part: tuple[slice, slice]) -> _Tile:
    """Return the fluxes of a tile, whose margin is left out after the transforms."""
    rows, columns = part
    science, reference, stars = sides.science, sides.reference, sides.stars
    shape = science.values.shape
    margin = max(p.psf.planes.shape[1] for p in (science, reference)) + 1
    y0, y1 = max(0, rows.start - margin), min(shape[0], rows.stop + margin)
    x0, x1 = max(0, columns.start - margin), min(shape[1], columns.stop + margin)
    wide = (slice(y0, y1), slice(x0, x1))
    near = (stars[0] >= x0) & (stars[0] < x1) & (stars[1] >= y0) & (stars[1] < y1)
    local = sides.ratio
    if np.count_nonzero(near) >= _LOCAL_STARS:
        local = flux_ratio(*(part[near] for part in stars[2:]))
    at = ((x0 + x1) / 2, (y0 + y1) / 2)
    made = subtract(
        _input(science, wide, margin, sides.bad, at, 1.0),
        _input(reference, wide, margin, sides.bad, at, 1.0 / local.value),
        sides.fourier,
        sides.scatter,
        mismatch,
    )
    inner = (
        slice(rows.start - y0, rows.stop - y0),
        slice(columns.start - x0, columns.stop - x0),
    )
    signal, sky, light = (image[inner] for image in (made.signal, made.sky, made.light))
    height = np.where(
        signal >= 0,
        science.psf.seen_by(made.kernels[0], rows, columns),
        reference.psf.seen_by(made.kernels[1], rows, columns) / local.value,
    ).astype(np.float32)
    square = height**2
    parts = (made.difference[inner], signal / height, sky / square, light / square)
    return _Tile(rows, columns, parts, made.psf, made.noise)


def _mismatch(science: Prepared, reference: Prepared, ratio: Ratio) -> float:
    """Return the part of a star's light that is expected to remain in a difference."""
    doubt = min(1.0, ratio.error / ratio.value)
    if all((side.sources.snr < BRIGHT).all() for side in (science, reference)):
        # Nothing is bright: a scale that is wrong can only leave faint light.
        doubt = min(_FAINT, doubt)
    return float(np.hypot(_MISMATCH, doubt))


def _input(
    frame: Prepared,
    part: tuple[slice, slice],
    margin: int,
    bad: Mask,
    at: tuple[float, float],
    flux: float,
) -> Input:
    """Return a part of a frame, zero-padded to a length that suits the FFT."""
    values = np.where(bad[part], np.float32(0), frame.values[part])
    noise = np.float32(frame.factor) * frame.noise[part]
    light = np.maximum(values, np.float32(0)) / np.float32(frame.gain)
    height, width = values.shape
    pad = (
        (0, quick_length(height + margin) - height),
        (0, quick_length(width + margin) - width),
    )
    return Input(
        np.pad(values, pad),
        np.pad(noise**2, pad, mode="edge"),
        np.pad(light, pad),
        frame.psf.at(*at),
        float(np.median(noise)),
        flux,
    )


def tiles(shape: tuple[int, int], side: int) -> Iterator[tuple[slice, slice]]:
    """Yield the rows and columns of tiles of nearly equal size that cover an image."""
    edges = [
        np.linspace(0, length, max(1, round(length / side)) + 1).round().astype(int)
        for length in shape
    ]
    for top, bottom in zip(edges[0][:-1], edges[0][1:], strict=True):
        for left, right in zip(edges[1][:-1], edges[1][1:], strict=True):
            yield slice(int(top), int(bottom)), slice(int(left), int(right))


def quick_length(length: int) -> int:
    """Return the next even length with the prime factors 2, 3 and 5 alone."""
    best = 1 << (length - 1).bit_length()
    for threes in range(8):
        for fives in range(6):
            odd = 3**threes * 5**fives
            twos = max(1, (-(-length // odd) - 1).bit_length())
            best = min(best, odd << twos)
    return best
