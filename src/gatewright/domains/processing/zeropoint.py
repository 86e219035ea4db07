"""Photometric zero point of a frame against a catalogue of stars.

The zero point is the magnitude of a flux of 1 in the frame's own units. Each star that
the frame and the catalogue share gives ``m + 2.5 log10(flux)``; the zero point is their
weighted mean after outliers are clipped at three sigma or more. The variance that the
errors do not explain (flat fields, colours, variable stars) is measured from the
scatter (Paule and Mandel 1982, J. Res. Natl. Bur. Stand. 87, 377) and added to that of
each star.

No colour term is fitted: stars whose colours differ from those of the target shift its
magnitude by the colour term times the difference, which the error does not include. Nor
are proper motions applied. Fluxes are those of the PSF fit, of stars and target alike,
so that an error in the norm of the point-spread function cancels.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from gatewright.core.errors import InvalidContent
from gatewright.domains.processing.frames import Mask, Numbers
from gatewright.domains.processing.matching import REACH, pairs, star_fluxes
from gatewright.domains.processing.prepared import Prepared

LEAST_STARS = 5
"""Fewest stars that a zero point is measured from."""
MAGNITUDE = 2.5 / float(np.log(10.0))
"""Error of a magnitude for a relative error of the flux of 1 (1.0857)."""
_BRIGHT = 20.0
"""Least flux of a star, in units of its error."""
_FLOOR = 0.003
"""Least error of a star's flux in magnitudes, for errors of the PSF and flat field."""
_CLIP = 3.0
_SIGMA = 1.4826
"""Standard deviation of normal errors, for a median absolute deviation of 1."""
_MOST = 2000
_HALVINGS = 50
_NEIGHBOUR = 5.0
"""Stars that are fainter by this, in magnitudes, do not disturb a neighbour."""


@dataclass(frozen=True, slots=True)
class Stars:
    """Stars of a catalogue in one band; arrays of one length."""

    ra: Numbers
    """Right ascensions, ICRS degrees."""
    dec: Numbers
    """Declinations, ICRS degrees."""
    magnitude: Numbers
    """Magnitudes, in the catalogue's photometric system."""
    error: Numbers
    """Errors of ``magnitude`` (one sigma)."""


@dataclass(frozen=True, slots=True)
class ZeroPoint:
    """The magnitude of a flux of 1 in a frame's own units."""

    value: float
    """The magnitude."""
    error: float
    """Error of ``value`` (one sigma), with the scatter of the stars."""
    scatter: float
    """Standard deviation of the zero points of single stars, magnitudes."""
    stars: int
    """Number of stars that the zero point was measured from."""
    rejected: Mapping[str, int]
    """Number of the catalogue's stars within the frame that were left out, by reason.
    """


def measure_zero_point(frame: Prepared, catalogue: Stars) -> ZeroPoint:
    """Return the zero point of a frame, from the stars that a catalogue has in it.

    Of more than 2,000 stars in the frame the brightest are used. A star is left out if
    a neighbour within three FWHM is less than five magnitudes fainter, if no source of
    the frame is at its place (after the median offset, within half a FWHM or a pixel),
    if the source has bad pixels or a flux below 20 sigma, or as an outlier.

    Raises
    ------
    InvalidContent
        Fewer than five stars could be used; the text says why.
    """
    x, y, magnitude, error = _within(frame, catalogue)
    total, sources = len(x), frame.sources
    here, there = pairs(x, y, sources.x, sources.y, REACH)
    rejected = {"not found in the frame": total - len(here)}
    apart_x, apart_y = sources.x[there] - x[here], sources.y[there] - y[here]
    if len(here):
        apart_x, apart_y = apart_x - np.median(apart_x), apart_y - np.median(apart_y)
    near = np.hypot(apart_x, apart_y) < max(1.0, frame.psf.fwhm / 2.0)
    flux, flux_error, whole = star_fluxes(frame, sources.x[there], sources.y[there])
    tests = {
        "at another place": near,
        "close neighbour": _alone(x, y, magnitude, 3.0 * frame.psf.fwhm)[here],
        "edge, mask or saturation": whole,
        "too faint": flux > _BRIGHT * flux_error,
    }
    good = np.ones(len(here), np.bool_)
    for reason, passed in tests.items():
        rejected[reason] = int(np.count_nonzero(good & ~passed))
        good &= passed
    flux, flux_error, here = flux[good], flux_error[good], here[good]
    points = magnitude[here] + 2.5 * np.log10(flux)
    own = np.sqrt(error[here] ** 2 + (MAGNITUDE * flux_error / flux) ** 2 + _FLOOR**2)
    value, value_error, kept = clipped_mean(points, own)
    used = int(np.count_nonzero(kept))
    rejected["outlier"] = len(points) - used
    rejected = {reason: number for reason, number in rejected.items() if number}
    if used < LEAST_STARS:
        reasons = ", ".join(f"{number} {reason}" for reason, number in rejected.items())
        raise InvalidContent(
            f"The catalogue has {total} stars in this part of the image, of which "
            f"{used} can be used{f' ({reasons})' if reasons else ''}. A zero point "
            f"needs {LEAST_STARS}."
        )
    scatter = float(np.sqrt(((points[kept] - value) ** 2).sum() / (used - 1)))
    return ZeroPoint(value, value_error, scatter, used, rejected)


def clipped_mean(values: Numbers, errors: Numbers) -> tuple[float, float, Mask]:
    """Return the weighted mean without outliers, its error, and a mask of used values.

    ``errors`` are those of the single values (one sigma), and positive. If the values
    scatter more than their errors explain, the error of the mean includes this scatter,
    and is enlarged by the factor 1 + 2 / n for n values, since few values determine
    their scatter badly. Values are clipped at 3 (1 + 2 / sqrt(n)) sigma. With fewer
    than ten values and unexplained scatter, the error is still too small by a third
    (simulated). Without a value, the mean is NaN and its error infinite.
    """
    if not len(values):
        return np.nan, np.inf, np.zeros(0, np.bool_)
    middle = float(np.median(values))
    apart = np.abs(values - middle)

    def is_wide(extra: float) -> bool:
        return bool(_SIGMA * np.median(apart / np.sqrt(errors**2 + extra)) > 1.0)

    pull = apart / np.sqrt(errors**2 + _least(is_wide, (_SIGMA * apart.max()) ** 2))
    # The nearest value stays, if all are far from their middle.
    clip = _CLIP * (1.0 + 2.0 / np.sqrt(len(values)))
    kept = pull < max(clip, 1.01 * float(pull.min()))
    extra = extra_variance(values[kept], errors[kept])
    weight = 1.0 / (errors[kept] ** 2 + extra)
    wider = 1.0 + 2.0 / len(weight) if extra > 0.0 else 1.0
    error = wider / float(np.sqrt(weight.sum()))
    return float((weight * values[kept]).sum() / weight.sum()), error, kept


def extra_variance(values: Numbers, errors: Numbers) -> float:
    """Return the variance that the errors of values do not explain; 0 if they do.

    With it, the chi-square of the values about their weighted mean is its expectation
    (Paule and Mandel 1982).
    """

    def is_wide(extra: float) -> bool:
        weight = 1.0 / (errors**2 + extra)
        middle = (weight * values).sum() / weight.sum()
        return bool((weight * (values - middle) ** 2).sum() > len(values) - 1)

    # With the variance of the values, chi-square is below its expectation.
    return _least(is_wide, float(values.var() * len(values)))


def _least(is_wide: Callable[[float], bool], most: float) -> float:
    """Return the least variance, up to the most, with which values are not too wide."""
    if not is_wide(0.0):
        return 0.0
    low, high = 0.0, most
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if is_wide(middle) else (low, middle)
    return high


def _within(
    frame: Prepared, catalogue: Stars
) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Return pixels, magnitudes and errors of the brightest stars within a frame."""
    height, width = frame.values.shape
    corner_x = np.array([width / 2, 0, width, 0, width])
    corner_y = np.array([height / 2, 0, 0, height, height])
    # Some projections give pixels for the far side of the sky too: leave it out.
    ra, dec = (np.radians(a) for a in frame.projection.to_sky(corner_x, corner_y))
    corners = _directions(ra, dec)
    least = float((corners[1:] @ corners[0]).min())
    stars = _directions(np.radians(catalogue.ra), np.radians(catalogue.dec))
    near = np.nonzero(stars @ corners[0] >= least - 1e-9)[0]
    x, y = frame.projection.to_pixels(catalogue.ra[near], catalogue.dec[near])
    # A comparison with NaN, where the projection is not defined, is false.
    inside = (x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5)
    x, y, near = x[inside], y[inside], near[inside]
    order = np.argsort(catalogue.magnitude[near], kind="stable")[:_MOST]
    chosen = near[order]
    return x[order], y[order], catalogue.magnitude[chosen], catalogue.error[chosen]


def _directions(ra: Numbers, dec: Numbers) -> Numbers:
    """Return unit vectors of directions in radians: shape ``(n, 3)``."""
    cos = np.cos(dec)
    return np.stack([cos * np.cos(ra), cos * np.sin(ra), np.sin(dec)], axis=1)


def _alone(x: Numbers, y: Numbers, magnitude: Numbers, reach: float) -> Mask:
    """Return which stars have no neighbour within reach that disturbs their flux."""
    apart = np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :])
    disturbed = apart < reach
    disturbed &= magnitude[None, :] < magnitude[:, None] + _NEIGHBOUR
    np.fill_diagonal(disturbed, val=False)
    alone: Mask = np.logical_not(disturbed.any(axis=1))
    return alone
