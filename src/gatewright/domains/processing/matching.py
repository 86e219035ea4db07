"""Matches the stars of two frames: their offsets and their flux ratio.

Fluxes come from a PSF fit with fixed positions and known noise (Stetson 1987, PASP 99,
191). The flux ratio is a robust mean in which outliers, such as stars with a supernova
beside them, have no weight (Beaton and Tukey 1974, Technometrics 16, 147).
"""

from dataclasses import dataclass

import numpy as np

from gatewright.domains.processing.frames import Mask, Numbers
from gatewright.domains.processing.prepared import Prepared
from gatewright.domains.processing.psf import centred
from gatewright.domains.processing.psf_wings import weighted_medians
from gatewright.domains.processing.sources import stamps
from gatewright.domains.processing.warp import NO_ADJUSTMENT, Adjustment

REACH = 4.0
"""Largest distance of the same star in both frames before alignment, pixels."""
_AFFINE = 40
_LEAST = 3
_FLOOR = 0.003
_TUKEY = 4.685
"""Pull beyond which a star has no weight, for errors that are true."""
_ROUNDS = 20
_TURNS = 8
_PLACES = 0.02
_LOST = 0.01


@dataclass(frozen=True, slots=True)
class Alignment:
    """Offsets of the stars of one frame from their positions in another."""

    adjustment: Adjustment
    """Correction that maps positions of the first frame to the second."""
    scatter: tuple[float, float]
    """Remaining standard deviation along columns (x) and rows (y), pixels."""
    stars: int
    """Number of stars that the offsets were measured from."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """Flux of stars in one frame divided by their flux in another."""

    value: float
    """The ratio."""
    error: float
    """Error of the ratio (one sigma)."""
    stars: int
    """Number of stars that the ratio was measured from."""

    @property
    def tied(self) -> bool:
        """Whether the ratio is known: infinite errors are of frames without a star."""
        return bool(np.isfinite(self.error))


def align(first: Prepared, second: Prepared) -> Alignment:
    """Return the offsets of the sources of ``second`` from those of ``first``.

    Each pair is weighted by the errors of its centroids (FWHM divided by twice the
    signal-to-noise ratio). Forty pairs or more give an affine correction if they are
    spread over half of the second frame's width and height; three or more give a shift,
    and fewer none.
    """
    x, y = carried(first, second)
    here, there = pairs(x, y, second.sources.x, second.sources.y, REACH)
    x, y = x[here], y[here]
    apart = (second.sources.x[there] - x, second.sources.y[there] - y)
    error = (
        np.hypot(
            first.psf.fwhm / first.sources.snr[here],
            second.psf.fwhm / second.sources.snr[there],
        )
        / 2.0
    )
    weight = 1.0 / (error**2 + _PLACES**2)
    terms = np.ones((len(x), 1))
    if len(x) >= _AFFINE and _spans(second, x, y):
        terms = np.stack([terms[:, 0], x, y], axis=1)
    kept = np.ones(len(x), np.bool_)
    moves, left = [np.zeros(1)] * 2, list(apart)
    for _ in range(_TURNS):
        if np.count_nonzero(kept) < _LEAST:
            return Alignment(NO_ADJUSTMENT, (0.0, 0.0), 0)
        root = np.sqrt(weight[kept])
        moves = [
            np.linalg.lstsq(terms[kept] * root[:, None], d[kept] * root, rcond=None)[0]
            for d in apart
        ]
        left = [d - terms @ m for d, m in zip(apart, moves, strict=True)]
        pull = np.hypot(*left) * np.sqrt(weight)
        kept = pull < max(3.0, 3.0 * float(np.median(pull[kept])))
    scatter = [
        _own_scatter(part[kept], error[kept], weight[kept], terms.shape[1])
        for part in left
    ]
    rows = [np.pad(m, (0, 3 - len(m))) for m in moves]
    return Alignment(
        Adjustment(
            (float(rows[0][0]), float(rows[0][1]), float(rows[0][2])),
            (float(rows[1][0]), float(rows[1][1]), float(rows[1][2])),
        ),
        (scatter[0], scatter[1]),
        int(np.count_nonzero(kept)),
    )


def _spans(frame: Prepared, x: Numbers, y: Numbers) -> bool:
    """Return whether positions are spread over half of a frame, along both axes.

    Slopes that are measured in a strip at its edge would be wrong at the other edge.
    """
    height, width = frame.values.shape
    return bool(2 * np.ptp(x) > width and 2 * np.ptp(y) > height)


def carried(first: Prepared, second: Prepared) -> tuple[Numbers, Numbers]:
    """Return the positions of sources of ``first`` in pixels of ``second``.

    They follow from the projections alone; -1e6 where the projection is not defined.
    """
    if first.projection is second.projection:
        return first.sources.x, first.sources.y
    ra, dec = first.projection.to_sky(first.sources.x, first.sources.y)
    x, y = second.projection.to_pixels(ra, dec)
    known = np.isfinite(x + y)
    return np.where(known, x, -1e6), np.where(known, y, -1e6)


def _own_scatter(left: Numbers, error: Numbers, weight: Numbers, freedom: int) -> float:
    """Return the scatter that the centroid errors do not explain, pixels.

    It comes from the weighted median of the offsets: it is for bright stars, and faint
    galaxies, whose centroids are less certain than said, would make it too large.
    """
    middle = 1.4826 * float(weighted_medians(np.abs(left), weight))
    free = len(left) - min(freedom, len(left) - 1)
    explained = (weight * error**2).sum() / weight.sum()
    return float(np.sqrt(max(0.0, middle**2 * len(left) / free - explained)))


def pairs(
    x: Numbers, y: Numbers, there_x: Numbers, there_y: Numbers, reach: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of sources in two lists that are nearest to each other.

    Pairs further apart than ``reach`` pixels are left out.
    """
    if not len(x) or not len(there_x):
        return np.empty(0, int), np.empty(0, int)
    order = np.argsort(there_x, kind="stable")
    first = np.searchsorted(there_x, x - reach, "left", sorter=order)
    last = np.searchsorted(there_x, x + reach, "right", sorter=order)
    # All pairs whose columns are near, those of each source one after another.
    count = last - first
    here = np.repeat(np.arange(len(x)), count)
    before = np.cumsum(count) - count
    there = order[np.arange(len(here)) + np.repeat(first - before, count)]
    apart = np.hypot(x[here] - there_x[there], y[here] - there_y[there])
    ranked = np.lexsort((here, there, apart))
    ranked = ranked[: np.count_nonzero(apart < reach)]
    here, there = here[ranked], there[ranked]
    # The first pair in which a source occurs is the one with its nearest.
    nearest, back = (np.unique(part, return_index=True)[1] for part in (here, there))
    both = nearest[np.isin(nearest, back)]
    return here[both], there[both]


def star_fluxes(
    frame: Prepared, x: Numbers, y: Numbers
) -> tuple[Numbers, Numbers, Mask]:
    """Return the PSF fluxes of stars, their errors, and which could be measured.

    The errors (one sigma) include the sky, the detector and the star's photon noise. A
    star is not measured with a bad pixel within one FWHM of its position, or if bad
    pixels would hold more than a hundredth of the squared PSF. Pixels outside the frame
    are bad.
    """
    fwhm = frame.psf.fwhm
    models = centred(frame.psf.at_all(x, y), np.rint(x) - x, np.rint(y) - y)
    # Only the pixels within two FWHM count.
    whole = models.shape[1] // 2
    radius = min(whole, int(np.ceil(2.0 * fwhm)))
    part = slice(whole - radius, whole + radius + 1)
    models = models[:, part, part]
    cut = stamps(frame.values, x, y, radius, 0.0).astype(np.float64)
    noise = stamps(frame.noise, x, y, radius, 1e20).astype(np.float64)
    bad = stamps(frame.bad, x, y, radius, outside=True)
    step = np.arange(-radius, radius + 1)
    distance = np.hypot(step[:, None], step[None, :])
    inner = distance < 2.0 * fwhm
    share = inner * models**2
    lost = (share * bad).sum(axis=(1, 2)) > _LOST * share.sum(axis=(1, 2))
    measured = ~lost & ~bad[:, distance < fwhm].any(axis=1)
    weight = np.where(bad, 0.0, 1.0 / noise**2)
    weight *= inner
    power = (weight * models**2).sum(axis=(1, 2))
    power = np.where(power > 0, power, np.inf)
    flux = (weight * models * cut).sum(axis=(1, 2)) / power
    light = np.maximum(flux, 0.0)[:, None, None] * np.maximum(models, 0.0) / frame.gain
    own = (weight**2 * models**2 * light).sum(axis=(1, 2)) / power**2
    error = np.sqrt(frame.factor**2 / power + own)
    return flux, error, measured & np.isfinite(error) & (error > 0)


def flux_ratio(
    flux: Numbers, error: Numbers, other: Numbers, other_error: Numbers
) -> Ratio:
    """Return the robust mean of ``flux`` divided by ``other``.

    Stars below ten sigma in either frame are left out. The error includes the observed
    scatter of the stars if it is larger than their errors explain. Without a star, the
    ratio is 1 and its error infinite.
    """
    good = (flux > 10 * error) & (other > 10 * other_error)
    flux, error, other, other_error = (
        part[good] for part in (flux, error, other, other_error)
    )
    if not len(flux):
        return Ratio(1.0, np.inf, 0)
    ratio = flux / other
    relative = np.sqrt((error / flux) ** 2 + (other_error / other) ** 2 + 2 * _FLOOR**2)
    value = float(np.median(ratio))
    weight = 1.0 / relative**2
    for _ in range(_ROUNDS):
        pull = np.abs(ratio / value - 1.0) / relative
        reach = _TUKEY * max(1.0, float(np.median(pull)) * 1.4826)
        weight = np.maximum(0.0, 1.0 - (pull / reach) ** 2) ** 2 / relative**2
        value, before = float((weight * ratio).sum() / weight.sum()), value
        if value == before:
            break
    spread = np.sqrt(
        (weight * (ratio / value - 1.0) ** 2).sum()
        / weight.sum()
        / max(1, len(ratio) - 1)
    )
    error_of_mean = value * max(
        float(spread), float(1.0 / np.sqrt((1 / relative**2).sum()))
    )
    return Ratio(value, error_of_mean, len(ratio))
