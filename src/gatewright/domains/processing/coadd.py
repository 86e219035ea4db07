"""Coadds several frames: resamples them to one grid and averages them.

Every frame is resampled to one grid, scaled to the flux scale of the first frame, and
weighted by the inverse variance of its sky, which gives the mean with the least noise.
The method ``clipped`` rejects a pixel that differs from the mean of the frames
(computed without the highest and lowest value) by more than five sigma plus a quarter
of that mean (Gruen, Seitz and Bernstein 2014, PASP 126, 158). The method
``psf-matched`` first convolves every frame to one Gaussian PSF, slightly wider than the
widest.

Frames are loaded one at a time, or as many as are worked on at once, and twice for the
methods that need all of them first, so that memory does not grow with their number.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

import numpy as np

from gatewright.domains.processing.frames import (
    Fourier,
    Mask,
    Numbers,
    Pixels,
    Projection,
)
from gatewright.domains.processing.matching import (
    Alignment,
    Ratio,
    align,
    flux_ratio,
    pairs,
    star_fluxes,
)
from gatewright.domains.processing.parallel import SERIAL, Parallel
from gatewright.domains.processing.prepared import Prepared
from gatewright.domains.processing.regrid import measured_again, regrid

METHODS = ("mean", "clipped", "psf-matched")
"""How frames can be combined."""
_CLIP = 5.0
_LIGHT = 0.25
_WIDER = 1.05
_NEAR = 3.0
_WEAK = 1e-3
_ROWS = 32
"""Rows that are added at once, which stay in the processor's cache."""
_LARGE = 1 << 20
_SKIPPED = 4

Load = Callable[[], Prepared]
"""Reads and prepares one frame."""


@dataclass(frozen=True, slots=True)
class Joined:
    """How one frame contributed to a coadd."""

    name: str
    """Name of the image."""
    alignment: Alignment
    """Offsets of the frame's stars from those of the first frame."""
    ratio: Ratio
    """Flux of a star in this frame divided by its flux in the first frame."""
    weight: float
    """Share of the total weight, 0 to 1: the median over the frame's good pixels."""
    fwhm: float
    """FWHM of the frame's PSF before it was combined, pixels."""
    clipped: int
    """Number of pixels that were rejected because they differ from the other frames."""


@dataclass(frozen=True, slots=True)
class Coadd:
    """A coadd, and how each frame contributed to it."""

    frame: Prepared
    """The weighted mean, in flux units of the first frame."""
    inputs: Sequence[Joined]
    """The frames, in the order in which they were given."""
    depth: float
    """Flux of a point source at 5 sigma, in units of the first frame."""


Move = Callable[[Load], tuple[Prepared, Joined]]


@dataclass(slots=True)
class _Sums:
    """Running sums over the frames read so far; arrays of the grid's shape."""

    values: Pixels
    weights: Pixels
    gains: Pixels
    saturated: Mask

    @classmethod
    def of(cls, shape: tuple[int, int]) -> Self:
        """Return the sums of no frames."""
        values, weights, gains = (np.zeros(shape, np.float32) for _ in range(3))
        return cls(values, weights, gains, np.ones(shape, np.bool_))

    def add(self, frame: Prepared, lost: Mask) -> None:
        """Add a frame, weighted by its inverse variance, except its lost pixels."""
        for first in range(0, len(lost), _ROWS):
            rows = slice(first, first + _ROWS)
            weight = np.square(frame.noise[rows])
            np.reciprocal(weight, out=weight)
            weight[lost[rows]] = 0
            self.weights[rows] += weight
            self.values[rows] += weight * frame.values[rows]
            weight *= weight
            weight /= np.float32(frame.gain)
            self.gains[rows] += weight
        self.saturated &= frame.saturated


def _typical_weight(noise: Pixels, lost: Mask) -> float:
    """Return the median weight of the pixels that are not lost; 0 if all are.

    Of large frames, every fourth row and column are enough.
    """
    for step in (1 if noise.size < _LARGE else _SKIPPED, 1):
        known = noise[::step, ::step][~lost[::step, ::step]]
        if known.size:
            return float(1.0 / np.median(known).astype(np.float64) ** 2)
    return 0.0


@dataclass(frozen=True, slots=True)
class Standard:
    """The frame whose flux scale others are brought to, and its stars."""

    frame: Prepared
    """The frame."""
    flux: Numbers
    """Flux of each star of its PSF."""
    error: Numbers
    """Error of each flux (one sigma)."""
    good: Mask
    """Which of the stars could be measured."""

    @classmethod
    def of(cls, frame: Prepared) -> Self:
        """Return a frame with the fluxes of the stars of its PSF."""
        return cls(frame, *star_fluxes(frame, frame.psf.x, frame.psf.y))

    def scale_of(self, frame: Prepared) -> Ratio:
        """Return the flux of stars in another frame divided by their flux in this."""
        psf = self.frame.psf
        ra, dec = self.frame.projection.to_sky(psf.x, psf.y)
        x, y = frame.projection.to_pixels(ra, dec)
        x, y = (np.where(np.isfinite(x + y), part, -1e6) for part in (x, y))
        here, there = pairs(x, y, frame.sources.x, frame.sources.y, _NEAR)
        flux, error, good = star_fluxes(
            frame, frame.sources.x[there], frame.sources.y[there]
        )
        both = good & self.good[here]
        other, other_error = self.flux[here], self.error[here]
        return flux_ratio(flux[both], error[both], other[both], other_error[both])


def coadd(
    loads: Sequence[Load],
    grid: Projection,
    shape: tuple[int, int],
    method: str,
    fourier: Fourier,
    parallel: Parallel = SERIAL,
) -> Coadd:
    """Return the weighted mean of frames, on a grid of ``shape`` ``(height, width)``.

    ``method`` is one of :data:`METHODS`. The flux units are those of the first frame.
    ``parallel`` may work on several frames at once, which does not change the result.
    """
    first = loads[0]()
    # The first frame stays in memory, and is not measured again.
    loads = [lambda: first, *loads[1:]]
    width = 0.0
    if method == "psf-matched":
        width = _WIDER * max(parallel.map(_width, loads))
    # Only the frames that are convolved need their PSF on the grid.
    standard = Standard.of(first)
    move = partial(_moved, standard, grid, shape, measured=bool(width))
    normal: tuple[Pixels, Pixels] | None = None
    if method == "clipped" and len(loads) > 2:
        normal = _usual(parallel.map(move, loads), shape)
    if width:
        move = partial(_convolved, move, width, fourier)
    sums = _Sums.of(shape)
    inputs, shares = [], []
    for moved, joined in parallel.map(move, loads):
        lost = moved.bad
        clipped = 0
        if normal is not None:
            odd = ~lost & _odd(moved, *normal)
            clipped = int(np.count_nonzero(odd))
            lost = lost | odd
        sums.add(moved, lost)
        shares.append(_typical_weight(moved.noise, lost))
        inputs.append(replace(joined, clipped=clipped))
    made = _divided(first, sums, grid)
    total = sum(shares) or 1.0
    weighted = [
        replace(one, weight=share / total)
        for one, share in zip(inputs, shares, strict=True)
    ]
    return Coadd(made, weighted, depth_of(made))


def depth_of(frame: Prepared) -> float:
    """Return the flux of a point source at 5 sigma, at the centre of a frame."""
    psf = frame.psf.at(frame.values.shape[1] / 2, frame.values.shape[0] / 2)
    noise = float(np.median(frame.noise)) * frame.factor
    return 5.0 * noise / float(np.sqrt((psf**2).sum()))


def relative_scale(first: Prepared, frame: Prepared) -> Ratio:
    """Return the flux of stars in ``frame`` divided by their flux in ``first``.

    It is measured from the stars of the PSF of ``first`` that ``frame`` contains too.
    """
    return Standard.of(first).scale_of(frame)


def _width(load: Load) -> float:
    return load().psf.fwhm


def _moved(
    standard: Standard,
    grid: Projection,
    shape: tuple[int, int],
    load: Load,
    *,
    measured: bool,
) -> tuple[Prepared, Joined]:
    """Return a frame resampled to the grid, in units of the first, and how it joins.

    Its weight and its clipped pixels are not known yet.
    """
    frame = load()
    alignment = align(standard.frame, frame)
    ratio = standard.scale_of(frame)
    moved = regrid(frame, grid, shape, alignment, measured=measured)
    scale = np.float32(1.0 / ratio.value)
    scaled = replace(
        moved,
        values=moved.values * scale,
        noise=moved.noise * scale,
        gain=moved.gain * ratio.value,
    )
    return scaled, Joined(frame.name, alignment, ratio, 0.0, frame.psf.fwhm, 0)


def _convolved(
    move: Move, width: float, fourier: Fourier, load: Load
) -> tuple[Prepared, Joined]:
    moved, joined = move(load)
    return matched(moved, width, fourier), joined


def _usual(
    frames: Iterable[tuple[Prepared, Joined]], shape: tuple[int, int]
) -> tuple[Pixels, Pixels]:
    """Return the mean of frames without each pixel's extremes, and the counts."""
    total, count = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    low = np.full(shape, np.inf, np.float32)
    high = np.full(shape, -np.inf, np.float32)
    for moved, _ in frames:
        good = ~moved.bad
        total += np.where(good, moved.values, np.float32(0))
        count += good
        np.minimum(low, moved.values, out=low, where=good)
        np.maximum(high, moved.values, out=high, where=good)
    inner = np.maximum(count - 2, 1)
    usual = np.where(count > 2, (total - low - high) / inner, 0)
    return usual.astype(np.float32), count


def _odd(frame: Prepared, usual: Pixels, count: Pixels) -> Mask:
    """Return the pixels of a frame that differ too much from the other frames."""
    light = np.maximum(usual, np.float32(0))
    sigma = np.sqrt(frame.noise**2 + light / np.float32(frame.gain))
    limit = np.float32(_CLIP) * sigma + np.float32(_LIGHT) * light
    odd: Mask = (count > 2) & (np.abs(frame.values - usual) > limit)
    return odd


def matched(frame: Prepared, width: float, fourier: Fourier) -> Prepared:
    """Return a frame convolved to a Gaussian PSF with a FWHM of ``width`` pixels."""
    height, across = frame.values.shape
    psf = frame.psf.at(across / 2, height / 2)
    side = psf.shape[0]
    step = np.arange(side) - side // 2
    sharp = np.exp(-4.0 * np.log(2.0) * (step / width) ** 2)
    target = np.outer(sharp, sharp)
    target /= target.sum()
    shape = (height + 2 * side, across + 2 * side)
    own, wanted = (
        fourier.forward(
            np.roll(
                np.pad(
                    part.astype(np.float32),
                    ((0, shape[0] - side), (0, shape[1] - side)),
                ),
                (-(side // 2), -(side // 2)),
                (0, 1),
            )
        )
        for part in (psf, target)
    )
    power = own.real**2 + own.imag**2
    kernel = wanted * np.conj(own) / np.maximum(power, np.float32(_WEAK**2))
    padded = np.pad(frame.values, ((0, 2 * side), (0, 2 * side)))
    values = fourier.back(kernel * fourier.forward(padded), shape)
    spread = float(np.sqrt((fourier.back(kernel, shape) ** 2).sum()))
    return replace(
        frame,
        values=np.where(frame.bad, np.float32(0), values[:height, :across]),
        noise=frame.noise * np.float32(spread),
    )


def _divided(first: Prepared, sums: _Sums, grid: Projection) -> Prepared:
    bad = sums.weights <= 0
    weights = np.where(bad, np.float32(1), sums.weights)
    values = np.where(bad, np.float32(0), sums.values / weights)
    noise: Pixels = (1.0 / np.sqrt(weights)).astype(np.float32)
    # The light of sources has the variance sum(w^2 / gain) / sum(w)^2 for each unit.
    inverse = float(np.median((sums.gains / weights**2)[~bad])) if (~bad).any() else 1.0
    made = replace(first, gain=1.0 / max(inverse, 1e-30))
    return measured_again(made, values, noise, bad, sums.saturated, grid)
