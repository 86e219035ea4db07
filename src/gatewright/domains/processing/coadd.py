"""Coadds several frames: resamples them to one grid and averages them.

Every frame is resampled to one grid, scaled to the flux scale of the first frame, and
weighted by the inverse variance of its sky, which gives the mean with the least noise.
The method ``clipped`` rejects a pixel that differs from the mean of the frames
(computed without the highest and lowest value) by more than five sigma plus a quarter
of that mean (Gruen, Seitz and Bernstein 2014, PASP 126, 158). The method
``psf-matched`` first convolves every frame to one Gaussian PSF, slightly wider than the
widest.

The frames may overlap each other little: their flux scales are solved for together
(:mod:`gatewright.domains.processing.scales`). Pixels that no frame reaches are bad.

Frames are loaded one at a time, or as many as are worked on at once: first to measure
them, then to add their pixels, and in between once more for the method ``clipped``.
Memory does not grow with their number.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

import numpy as np

from gatewright.domains.processing.convolving import matched
from gatewright.domains.processing.coverage import Part, reached
from gatewright.domains.processing.frames import (
    Fourier,
    Mask,
    OutsideFrame,
    Pixels,
    Projection,
    ShiftedProjection,
    pixel_size,
)
from gatewright.domains.processing.matching import Alignment, Ratio, align
from gatewright.domains.processing.parallel import SERIAL, Parallel
from gatewright.domains.processing.prepared import Prepared
from gatewright.domains.processing.regrid import measured_again, regrid
from gatewright.domains.processing.scales import Stars, joint_scales

METHODS = ("mean", "clipped", "psf-matched")
"""How frames can be combined."""
_CLIP = 5.0
_LIGHT = 0.25
_WIDER = 1.05
_ROWS = 32
"""Rows that are added at once, which stay in the processor's cache."""
_LARGE = 1 << 20
_SKIPPED = 4

Load = Callable[[], Prepared]
"""Reads and prepares one frame, or raises :class:`OutsideFrame`."""


@dataclass(frozen=True, slots=True)
class Joined:
    """How one frame contributed to a coadd."""

    name: str
    """Name of the image."""
    alignment: Alignment
    """Offsets of the frame's stars from those of the first frame."""
    ratio: Ratio
    """Flux of a star in this frame divided by its flux in the first frame. Its error is
    infinite if no chain of shared stars leads from one to the other."""
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
    outside: Sequence[int]
    """Numbers of the frames that were left out because they do not reach the region.
    """
    depth: float
    """Flux of a point source at 5 sigma, in units of the first frame."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of a frame after it was read for the first time."""

    load: Load
    """Reads it again."""
    name: str
    """Name of the image."""
    alignment: Alignment
    """Offsets of its stars from those of the first frame."""
    stars: Stars
    """Its stars with their fluxes."""
    width: float
    """FWHM of its PSF, arcseconds."""
    fwhm: float
    """FWHM of its PSF, pixels."""


@dataclass(frozen=True, slots=True)
class _Moved:
    """A frame on the part of the grid that it reaches, in units of the first frame."""

    frame: Prepared
    """The frame."""
    part: Part
    """Rows and columns of the grid."""


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
        return cls(values, weights, gains, np.zeros(shape, np.bool_))

    def add(self, moved: _Moved, lost: Mask) -> None:
        """Add a frame, weighted by its inverse variance, except its lost pixels."""
        frame = moved.frame
        values, weights, gains = (
            sums[moved.part] for sums in (self.values, self.weights, self.gains)
        )
        for first in range(0, len(lost), _ROWS):
            rows = slice(first, first + _ROWS)
            weight = np.square(frame.noise[rows])
            np.reciprocal(weight, out=weight)
            weight[lost[rows]] = 0
            weights[rows] += weight
            values[rows] += weight * frame.values[rows]
            weight *= weight
            weight /= np.float32(frame.gain)
            gains[rows] += weight
        self.saturated[moved.part] |= frame.saturated


def _typical_weight(noise: Pixels, lost: Mask) -> float:
    """Return the median weight of the pixels that are not lost; 0 if all are.

    Of large frames, every fourth row and column are enough.
    """
    for step in (1 if noise.size < _LARGE else _SKIPPED, 1):
        known = noise[::step, ::step][~lost[::step, ::step]]
        if known.size:
            return float(1.0 / np.median(known).astype(np.float64) ** 2)
    return 0.0


def coadd(
    loads: Sequence[Load],
    grid: Projection,
    shape: tuple[int, int],
    method: str,
    fourier: Fourier,
    parallel: Parallel = SERIAL,
) -> Coadd:
    """Return the weighted mean of frames, on a grid of ``shape`` ``(height, width)``.

    ``method`` is one of :data:`METHODS`. The flux units are those of the first frame,
    which has to reach the region of the grid; others that do not are left out.
    ``parallel`` may work on several frames at once, which does not change the result.
    """
    first = loads[0]()
    # The first frame stays in memory, and is not measured again.
    loads = [lambda: first, *loads[1:]]
    found = list(parallel.map(partial(_seen, first), loads))
    seen = [one for one in found if one is not None]
    scales = joint_scales([one.stars for one in seen])
    width = 0.0
    if method == "psf-matched":
        width = _WIDER * max(one.width for one in seen)
    move = partial(_moved, grid, shape, width, fourier)
    each = list(zip(seen, scales, strict=True))
    normal: tuple[Pixels, Pixels] | None = None
    if method == "clipped" and len(seen) > 2:
        normal = _usual(parallel.map(move, each), shape)
    sums = _Sums.of(shape)
    inputs, shares = [], []
    for (one, scale), moved in zip(each, parallel.map(move, each), strict=True):
        lost = moved.frame.bad
        clipped = 0
        if normal is not None:
            usual, count = (plane[moved.part] for plane in normal)
            odd = ~lost & _odd(moved.frame, usual, count)
            clipped = int(np.count_nonzero(odd))
            lost = lost | odd
        sums.add(moved, lost)
        shares.append(_typical_weight(moved.frame.noise, lost))
        inputs.append(Joined(one.name, one.alignment, scale, 0.0, one.fwhm, clipped))
    made = _divided(first, sums, grid)
    total = sum(shares) or 1.0
    weighted = [
        replace(one, weight=share / total)
        for one, share in zip(inputs, shares, strict=True)
    ]
    outside = [number for number, one in enumerate(found) if one is None]
    return Coadd(made, weighted, outside, depth_of(made))


def depth_of(frame: Prepared) -> float:
    """Return the flux of a point source at 5 sigma, with the PSF of a frame's centre.

    Where the noise varies, it is the median; NaN for a frame without a usable pixel.
    """
    psf = frame.psf.at(frame.values.shape[1] / 2, frame.values.shape[0] / 2)
    known = frame.noise[~frame.bad]
    if not known.size:
        return float("nan")
    noise = float(np.median(known)) * frame.factor
    return 5.0 * noise / float(np.sqrt((psf**2).sum()))


def _seen(first: Prepared, load: Load) -> _Seen | None:
    """Read a frame, and return what is measured in it; None if it is outside."""
    try:
        frame = load()
    except OutsideFrame:
        return None
    size = pixel_size(frame.projection, frame.values.shape)
    return _Seen(
        load,
        frame.name,
        align(first, frame),
        Stars.of(frame),
        frame.psf.fwhm * size,
        frame.psf.fwhm,
    )


def _moved(
    grid: Projection,
    shape: tuple[int, int],
    width: float,
    fourier: Fourier,
    each: tuple[_Seen, Ratio],
) -> _Moved:
    """Read a frame, and return it on the grid, in units of the first frame.

    A ``width`` that is not 0 is the FWHM in arcseconds that its PSF is convolved to.
    """
    seen, ratio = each
    frame = seen.load()
    part = reached(frame, grid, shape)
    if width:
        size = pixel_size(frame.projection, frame.values.shape)
        frame = matched(frame, width / size, fourier)
    rows, columns = part
    moved = regrid(
        frame,
        ShiftedProjection(grid, columns.start, rows.start),
        (rows.stop - rows.start, columns.stop - columns.start),
        seen.alignment,
        measured=False,
    )
    scale = np.float32(1.0 / ratio.value)
    scaled = replace(
        moved,
        values=moved.values * scale,
        noise=moved.noise * scale,
        gain=moved.gain * ratio.value,
    )
    return _Moved(scaled, part)


def _usual(frames: Iterable[_Moved], shape: tuple[int, int]) -> tuple[Pixels, Pixels]:
    """Return the mean of frames without each pixel's extremes, and the counts."""
    total, count = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    low = np.full(shape, np.inf, np.float32)
    high = np.full(shape, -np.inf, np.float32)
    for moved in frames:
        good, values = ~moved.frame.bad, moved.frame.values
        total[moved.part] += np.where(good, values, np.float32(0))
        count[moved.part] += good
        for limit, extreme in ((low, np.minimum), (high, np.maximum)):
            extreme(limit[moved.part], values, out=limit[moved.part], where=good)
    many = count > 2
    usual = np.zeros(shape, np.float32)
    inner = total[many] - low[many] - high[many]
    usual[many] = inner / (count[many] - 2)
    return usual, count


def _odd(frame: Prepared, usual: Pixels, count: Pixels) -> Mask:
    """Return the pixels of a frame that differ too much from the other frames."""
    light = np.maximum(usual, np.float32(0))
    sigma = np.sqrt(frame.noise**2 + light / np.float32(frame.gain))
    limit = np.float32(_CLIP) * sigma + np.float32(_LIGHT) * light
    odd: Mask = (count > 2) & (np.abs(frame.values - usual) > limit)
    return odd


def _divided(first: Prepared, sums: _Sums, grid: Projection) -> Prepared:
    bad = sums.weights <= 0
    weights = np.where(bad, np.float32(1), sums.weights)
    values = np.where(bad, np.float32(0), sums.values / weights)
    noise: Pixels = (1.0 / np.sqrt(weights)).astype(np.float32)
    # The light of sources has the variance sum(w^2 / gain) / sum(w)^2 for each unit.
    inverse = float(np.median((sums.gains / weights**2)[~bad])) if (~bad).any() else 1.0
    made = replace(first, gain=1.0 / max(inverse, 1e-30))
    # Saturated is what no frame has a value of, and one because it is saturated.
    return measured_again(made, values, noise, bad, sums.saturated & bad, grid)
