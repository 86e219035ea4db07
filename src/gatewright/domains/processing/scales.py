"""Solves for the flux scales of many frames at once, by the stars that they share.

The flux that frame i measures of star j is the star's flux times the frame's scale. All
scales and star fluxes are fitted together by least squares in the logarithm of the
flux, so that frames without a common star are tied by others that overlap both
(Padmanabhan et al. 2008, ApJ 674, 1217, section 3). Outliers, such as variable stars,
get no weight (Beaton and Tukey 1974, Technometrics 16, 147).

Only stars that were bright, whole and alone enough to measure the point-spread function
of one of the frames count. A frame is tied to the first if a chain of shared stars
leads from one to the other; the scale of others is not known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gatewright.domains.processing.frames import Mask, Numbers, pixel_size
from gatewright.domains.processing.matching import Ratio, pairs, star_fluxes
from gatewright.domains.processing.prepared import Prepared
from gatewright.domains.processing.tangent import TangentGrid

_NEAR = 3.0
"""Largest distance of the same star in two frames, pixels."""
_ALONE = 1.5
"""Largest distance of a source from the star of the PSF that it is, pixels."""
_MOST = 500
"""Most stars of a frame, beside those of its PSF: the brightest."""
_BRIGHT = 10.0
"""Least flux of a star, in units of its error."""
_FLOOR = 0.003
"""Relative error of a star's flux that its own error does not contain."""
_TUKEY = 4.685
"""Pull beyond which a star has no weight, for errors that are true."""
_TO_MEDIAN = 4
"""First rounds, which weigh as for the median, so that outliers cannot mislead them."""
_ROUNDS = 20
_LEAST = 1e-3
"""Root of the share of a weight that an outlier keeps: all equations stay solvable."""
_PART = 2000
"""Stars whose equations are formed at once."""


@dataclass(frozen=True, slots=True)
class Stars:
    """The stars of one frame with their PSF fluxes; arrays of one length."""

    ra: Numbers
    """Right ascensions, ICRS degrees."""
    dec: Numbers
    """Declinations, ICRS degrees."""
    flux: Numbers
    """Fluxes, in the frame's own units."""
    error: Numbers
    """Errors of the fluxes (one sigma)."""
    alone: Mask
    """Stars from which the PSF of the frame was measured."""
    pixel: float
    """Side of a pixel in the middle of the frame, degrees."""

    @classmethod
    def of(cls, frame: Prepared) -> "Stars":
        """Return the stars of a frame that are brighter than ten sigma."""
        x, y = frame.sources.x, frame.sources.y
        alone = np.zeros(len(x), np.bool_)
        alone[pairs(x, y, frame.psf.x, frame.psf.y, _ALONE)[0]] = True
        chosen = alone | (np.arange(len(x)) < _MOST)
        x, y, alone = x[chosen], y[chosen], alone[chosen]
        flux, error, good = star_fluxes(frame, x, y)
        good &= flux > _BRIGHT * error
        ra, dec = frame.projection.to_sky(x[good], y[good])
        pixel = pixel_size(frame.projection, frame.values.shape) / 3600.0
        return cls(ra, dec, flux[good], error[good], alone[good], pixel)


@dataclass(frozen=True, slots=True)
class _Fluxes:
    """Measurements of stars in frames; arrays of one length."""

    frame: np.ndarray
    """Number of the frame."""
    star: np.ndarray
    """Number of the star."""
    value: Numbers
    """Logarithm of the flux."""
    weight: Numbers
    """Inverse variance of ``value``."""

    def of(self, chosen: Mask) -> "_Fluxes":
        """Return some of the measurements, with stars and frames counted anew."""
        frame, star = (
            np.unique(part[chosen], return_inverse=True)[1]
            for part in (self.frame, self.star)
        )
        return _Fluxes(frame, star, self.value[chosen], self.weight[chosen])


def joint_scales(frames: Sequence[Stars]) -> list[Ratio]:
    """Return the flux of stars in each frame divided by their flux in the first.

    The errors are of the joint fit, with the observed scatter where it is larger than
    the errors of the fluxes explain. A frame that no chain of shared stars ties to the
    first has an infinite error and no stars; its value is relative to the first frame
    that it is tied to, or 1.
    """
    found = [Ratio(1.0, np.inf, 0) for _ in frames]
    found[0] = Ratio(1.0, 0.0, 0)
    fluxes = _matched(frames)
    for number, group in enumerate(_groups(fluxes, len(frames))):
        if len(group) == 1:
            continue
        own = fluxes.of(np.isin(fluxes.frame, group))
        values, errors = _solved(own, len(group))
        counts = np.bincount(own.frame, minlength=len(group))
        for frame, value, error, count in zip(
            group, values, errors, counts, strict=True
        ):
            tied = number == 0
            found[frame] = Ratio(
                float(value),
                float(error) if tied else np.inf,
                int(count) if tied else 0,
            )
    return found


def relative_scale(first: Prepared, frame: Prepared) -> Ratio:
    """Return the flux of stars in ``frame`` divided by their flux in ``first``."""
    return joint_scales([Stars.of(first), Stars.of(frame)])[1]


def _matched(frames: Sequence[Stars]) -> _Fluxes:
    """Return the fluxes of stars that several frames have and that stand alone."""
    known_ra, known_dec = np.empty(0), np.empty(0)
    numbers: list[np.ndarray] = []
    for frame in frames:
        number = np.full(len(frame.ra), -1)
        if len(frame.ra) and len(known_ra):
            ra, dec = float(frame.ra[0]), float(frame.dec[0])
            plane = TangentGrid(ra, dec, frame.pixel, 1)
            x, y = plane.to_pixels(frame.ra, frame.dec)
            there_x, there_y = plane.to_pixels(known_ra, known_dec)
            reach = np.nanmax(np.hypot(x, y)) + _NEAR
            near = np.flatnonzero(np.hypot(there_x, there_y) <= reach)
            x, y = np.nan_to_num(x, nan=-1e9), np.nan_to_num(y, nan=-1e9)
            here, there = pairs(x, y, there_x[near], there_y[near], _NEAR)
            number[here] = near[there]
        new = number < 0
        number[new] = len(known_ra) + np.arange(np.count_nonzero(new))
        known_ra = np.concatenate([known_ra, frame.ra[new]])
        known_dec = np.concatenate([known_dec, frame.dec[new]])
        numbers.append(number)
    star = np.concatenate(numbers)
    whole = np.concatenate([frame.alone for frame in frames])
    flux, error = (
        np.concatenate([getattr(frame, name) for frame in frames])
        for name in ("flux", "error")
    )
    owner = np.repeat(np.arange(len(frames)), [len(frame.ra) for frame in frames])
    alone = np.zeros(len(known_ra), np.bool_)
    alone[star[whole]] = True
    shared = np.bincount(star, minlength=len(known_ra)) > 1
    relative = error / flux
    # The mean of the logarithm is half a relative variance below that of the mean.
    every = _Fluxes(
        owner, star, np.log(flux) + relative**2 / 2, 1 / (relative**2 + _FLOOR**2)
    )
    used = (alone & shared)[star]
    return _Fluxes(
        every.frame[used], every.star[used], every.value[used], every.weight[used]
    )


def _groups(fluxes: _Fluxes, frames: int) -> list[np.ndarray]:
    """Return the groups of frames that chains of shared stars tie, in order."""
    label = np.arange(frames)
    while True:
        # Each star passes on the lowest label of its frames, until none changes.
        lowest = np.full(int(fluxes.star.max(initial=-1)) + 1, frames)
        np.minimum.at(lowest, fluxes.star, label[fluxes.frame])
        before = label.copy()
        np.minimum.at(label, fluxes.frame, lowest[fluxes.star])
        if np.array_equal(label, before):
            return [np.flatnonzero(label == one) for one in np.unique(label)]


def _solved(fluxes: _Fluxes, frames: int) -> tuple[Numbers, Numbers]:
    """Return the scales of frames relative to their first, and their errors."""
    robust = np.ones(len(fluxes.value))
    # A star takes up a part of its frames' scatter, the more the fewer they are.
    free = 1 - fluxes.weight / _sums(fluxes, fluxes.weight)[fluxes.star]
    pull = np.zeros(0)
    scales, covariance = np.zeros(frames), np.zeros((frames, frames))
    for turn in range(_ROUNDS):
        scales, covariance = _least_squares(fluxes, fluxes.weight * robust, frames)
        weight = fluxes.weight * robust
        mean = _sums(fluxes, weight * (fluxes.value - scales[fluxes.frame]))
        mean /= _sums(fluxes, weight)
        left = fluxes.value - scales[fluxes.frame] - mean[fluxes.star]
        pull = np.abs(left) * np.sqrt(fluxes.weight / free)
        if turn < _TO_MEDIAN:
            robust = 1 / np.maximum(1.0, pull)
            continue
        reach = _TUKEY * max(1.0, 1.4826 * float(np.median(pull)))
        robust = np.maximum(_LEAST, 1 - (pull / reach) ** 2) ** 2
    spread = float((robust * free * pull**2).sum() / (robust * free).sum())
    error = np.sqrt(np.diag(covariance) * max(1.0, spread))
    value = np.exp(scales)
    return value, value * error


def _sums(fluxes: _Fluxes, values: Numbers) -> Numbers:
    """Return the sums of values over the measurements of each star."""
    return np.asarray(np.bincount(fluxes.star, values), np.float64)


def _least_squares(
    fluxes: _Fluxes, weight: Numbers, frames: int
) -> tuple[Numbers, Numbers]:
    """Return the logarithms of the scales, 0 for the first, and their covariance.

    The fluxes of the stars are eliminated from the normal equations.
    """
    total = _sums(fluxes, weight)
    mean = _sums(fluxes, weight * fluxes.value) / total
    normal = np.diag(np.bincount(fluxes.frame, weight, frames).astype(np.float64))
    right = np.bincount(
        fluxes.frame, weight * (fluxes.value - mean[fluxes.star]), frames
    )
    order = np.argsort(fluxes.star, kind="stable")
    edges = np.arange(0, len(total) + _PART, _PART)
    for first, last in pairwise(edges):
        part = order[slice(*np.searchsorted(fluxes.star[order], [first, last]))]
        shares = np.zeros((frames, last - first))
        own = fluxes.star[part] - first
        shares[fluxes.frame[part], own] = (
            weight[part] / np.sqrt(total)[fluxes.star[part]]
        )
        normal -= shares @ shares.T
    covariance = np.zeros((frames, frames))
    covariance[1:, 1:] = np.linalg.pinv(normal[1:, 1:], hermitian=True)
    return covariance @ right, covariance
