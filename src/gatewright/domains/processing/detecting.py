"""Detects sources in a difference image, measures features, and flags artefacts.

The features are those that separated real from bogus detections best in Brink et al.
2013 (MNRAS 435, 1047, table 1), as far as they can be measured from one difference, and
comparisons with both point-spread functions. The rules that flag artefacts are simple
thresholds on these features; people and classifiers see the same features.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gatewright.domains.processing.differencing import Difference
from gatewright.domains.processing.frames import Mask, Numbers, Pixels
from gatewright.domains.processing.model import Aside, Detection
from gatewright.domains.processing.sources import peaks, stamps

THRESHOLD = 5.0
"""Least absolute score of a detection, sigma."""
MOST = 2000
"""Largest number of detections of one difference; the most significant are kept."""
_OPPOSITE = 0.4
_NARROW = 2.2
_PART = 0.06
_LONG = 4.0
_OPEN = 8.0

Places = NDArray[np.int_]

FEATURES = (
    "snr", "flux", "flux_error", "flux_ratio", "magnitude_change",
    "science_snr", "reference_snr", "science_peak", "reference_peak",
    "a", "b", "ellipticity", "area", "width_ratio", "seeing_ratio",
    "n2sig3", "n3sig3", "n2sig5", "n3sig5", "opposite", "opposite_distance",
    "sharpness", "likeness", "chi2", "symmetry", "l1", "brightest_share",
    "nearest_distance", "nearest_share", "edge_distance", "saturated_distance",
    "bad_share", "density",
)  # fmt: skip
"""Names of the features, in the order of their columns in a table."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """The pixels around each detection.

    Each array has the shape ``(n, side, side)``.
    """

    radius: int
    distance: Numbers
    score: Numbers
    change: Numbers
    science: Numbers
    reference: Numbers
    bad: Numbers
    saturated: Numbers


def detect(difference: Difference, threshold: float = THRESHOLD) -> list[Detection]:
    """Return the positive and negative detections, the most significant first.

    Those with an absolute score above ``threshold`` are returned, at most :data:`MOST`.
    """
    score, fwhm = difference.score, difference.science.psf.fwhm
    x, y = peaks(np.abs(score), threshold, max(2, round(0.8 * fwhm)))
    x, y = x[:MOST], y[:MOST]
    if not len(x):
        return []
    column, row = x.astype(int), y.astype(int)
    features = measure_features(difference, x, y)
    fine_x, fine_y, _ = _finer(score, column, row)
    flux = _finer(difference.statistic, column, row)[2]
    ra, dec = difference.science.projection.to_sky(fine_x, fine_y)
    return [
        Detection(
            number=n + 1,
            ra=float(ra[n]) % 360.0,
            dec=float(dec[n]),
            x=float(fine_x[n]),
            y=float(fine_y[n]),
            snr=float(score[row[n], column[n]]),
            flux=float(flux[n]),
            flux_error=float(difference.error[row[n], column[n]]),
            features={name: float(features[name][n]) for name in FEATURES},
            aside=reason({k: float(v[n]) for k, v in features.items()}, fwhm),
        )
        for n in range(len(x))
    ]


def reason(features: Mapping[str, float], fwhm: float) -> Aside | None:
    """Return why a detection is most likely an artefact; None for a candidate.

    ``fwhm`` is the FWHM of the science frame's PSF, pixels.
    """
    if features["saturated_distance"] < 3.0 * fwhm:
        return Aside.BLEED
    if features["edge_distance"] < fwhm or features["bad_share"] > 0.1:
        return Aside.EDGE
    if features["sharpness"] > _NARROW:
        return Aside.COSMIC_RAY
    if features["ellipticity"] > 1.0 - 1.0 / _LONG and features["a"] > 1.5 * fwhm:
        return Aside.TRAIL
    if features["opposite"] > _OPPOSITE and features["reference_snr"] > _OPEN:
        return Aside.DIPOLE
    if features["nearest_share"] < _PART:
        return Aside.RESIDUAL
    return None


def measure_features(
    difference: Difference, x: Numbers, y: Numbers
) -> dict[str, Numbers]:
    """Return the features of positions in a difference: one array for each feature.

    ``x`` and ``y`` are pixels, at peaks of the score image.
    """
    fwhm = max(difference.science.psf.fwhm, difference.reference.psf.fwhm)
    cut = _cut_out(difference, x, y, max(4, int(np.ceil(2.5 * fwhm))))
    sign = np.sign(cut.score[:, cut.radius, cut.radius])[:, None, None]
    column, row = np.rint(x).astype(int), np.rint(y).astype(int)
    flux = difference.statistic[row, column].astype(float)
    error = difference.error[row, column].astype(float)
    light, dark = _aperture(cut.science, cut, fwhm), _aperture(cut.reference, cut, fwhm)
    root = np.sqrt(np.count_nonzero(cut.distance < fwhm))
    noise = [
        side.noise[row, column].astype(float) * side.factor * root
        for side in (difference.science, difference.reference)
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = {
            "snr": np.abs(difference.score[row, column]).astype(float),
            "flux": flux,
            "flux_error": error,
            "flux_ratio": np.abs(flux) / np.maximum(np.abs(dark), noise[1]),
            "magnitude_change": -2.5
            * np.log10(np.maximum(light, noise[0]) / np.maximum(dark, noise[1])),
            "science_snr": light / noise[0],
            "reference_snr": dark / noise[1],
            "science_peak": _middle(cut.science)
            / difference.science.noise[row, column],
            "reference_peak": _middle(cut.reference)
            / difference.reference.noise[row, column],
            "seeing_ratio": np.full(
                len(x), difference.science.psf.fwhm / difference.reference.psf.fwhm
            ),
        }
        found |= _shape(cut, sign, fwhm)
        found |= _counts(cut, sign, fwhm)
        found |= _likeness(difference, cut, sign, flux, fwhm)
        found |= _surroundings(difference, x, y, flux, fwhm)
    found["bad_share"] = cut.bad[:, cut.distance < fwhm].mean(axis=1)
    return {k: np.nan_to_num(v, posinf=1e6, neginf=-1e6) for k, v in found.items()}


def _finer(
    image: Pixels, column: Places, row: Places
) -> tuple[Numbers, Numbers, Numbers]:
    """Return the sub-pixel columns, rows and heights of positive and negative peaks.

    A parabola is fitted through three pixels along each axis.
    """
    sign = np.sign(image[row, column]).astype(float)
    height = np.abs(image.astype(float))
    middle = height[row, column]
    moved, top = [], middle.copy()
    for down, across in ((0, 1), (1, 0)):
        before = height[row - down, column - across]
        after = height[row + down, column + across]
        bend = np.minimum(before + after - 2.0 * middle, -1e-12)
        step = np.clip((before - after) / (2.0 * bend), -0.5, 0.5)
        top += 0.25 * (after - before) * step
        moved.append(step)
    return column + moved[0], row + moved[1], sign * top


def _cut_out(difference: Difference, x: Numbers, y: Numbers, radius: int) -> _Cut:
    step = np.arange(-radius, radius + 1)
    images = (
        difference.score,
        difference.values,
        difference.science.values,
        difference.reference.values * np.float32(difference.ratio.value),
    )
    score, change, science, reference = (
        stamps(image, x, y, radius, 0.0).astype(float) for image in images
    )
    bad = difference.bad.astype(np.float32)
    saturated = difference.science.saturated | difference.reference.saturated
    return _Cut(
        radius,
        np.hypot(step[:, None], step[None, :]),
        score,
        change,
        science,
        reference,
        stamps(bad, x, y, radius, 1.0).astype(float),
        stamps(saturated.astype(np.float32), x, y, radius, 0.0).astype(float),
    )


def _middle(stack: Numbers) -> Numbers:
    half = stack.shape[1] // 2
    middle: Numbers = stack[:, half, half]
    return middle


def _aperture(stack: Numbers, cut: _Cut, fwhm: float) -> Numbers:
    total: Numbers = stack[:, cut.distance < fwhm].sum(axis=1)
    return total


def _shape(cut: _Cut, sign: Numbers, fwhm: float) -> dict[str, Numbers]:
    """Return shape features of the score above 0.4 of its peak; lengths in pixels."""
    height = np.maximum(sign * cut.score, 0.0)
    top = _middle(height)[:, None, None]
    part = np.where(height > 0.4 * top, height, 0.0)
    step = np.arange(-cut.radius, cut.radius + 1.0)
    total = np.maximum(part.sum(axis=(1, 2)), 1e-30)
    mx = (part * step[None, None, :]).sum(axis=(1, 2)) / total
    my = (part * step[None, :, None]).sum(axis=(1, 2)) / total
    xx = (part * step[None, None, :] ** 2).sum(axis=(1, 2)) / total - mx**2
    yy = (part * step[None, :, None] ** 2).sum(axis=(1, 2)) / total - my**2
    xy = (part * step[None, None, :] * step[None, :, None]).sum(axis=(1, 2)) / total
    xy -= mx * my
    half = np.sqrt(((xx - yy) / 2.0) ** 2 + xy**2)
    a = np.sqrt(np.maximum((xx + yy) / 2.0 + half, 0.0))
    b = np.sqrt(np.maximum((xx + yy) / 2.0 - half, 1e-4))
    area = (height > 0.5 * top).sum(axis=(1, 2)).astype(float)
    return {
        "a": a,
        "b": b,
        "ellipticity": 1.0 - b / np.maximum(a, 1e-2),
        "area": area,
        "width_ratio": 2.0 * np.sqrt(area / np.pi) / fwhm,
    }


def _counts(cut: _Cut, sign: Numbers, fwhm: float) -> dict[str, Numbers]:
    """Return counts of pixels of the opposite sign, and the deepest one nearby."""
    other = -sign * cut.score
    found = {}
    for side in (3, 5):
        inner = slice(cut.radius - side, cut.radius + side + 1)
        box = other[:, inner, inner]
        for sigma in (2, 3):
            count = (box > sigma).sum(axis=(1, 2)).astype(float)
            found[f"n{sigma}sig{side}"] = count
    near = np.where(cut.distance < 2.5 * fwhm, other, -np.inf)
    flat = near.reshape(len(near), -1)
    deepest = flat.argmax(axis=1)
    depth = np.maximum(flat[np.arange(len(flat)), deepest], 0.0)
    found["opposite"] = depth / np.maximum(np.abs(_middle(cut.score)), 1e-30)
    found["opposite_distance"] = cut.distance.ravel()[deepest]
    return found


def _likeness(
    difference: Difference, cut: _Cut, sign: Numbers, flux: Numbers, fwhm: float
) -> dict[str, Numbers]:
    """Return how well detections fit a point source, before and after subtraction."""
    side = 2 * cut.radius + 1
    model = _fitted(difference.psf, side)
    near = cut.distance < 1.2 * fwhm
    values = cut.change[:, near]
    part = model[near]
    expected = flux[:, None] * part[None, :]
    residual = values - expected
    norms = np.linalg.norm(values, axis=1) * np.linalg.norm(part)
    total = np.maximum(np.abs(values).sum(axis=1), 1e-30)
    plain = sign * (cut.science - cut.reference)
    turned = plain[:, ::-1, ::-1]
    odd = np.abs(plain - turned)[:, near].sum(axis=1)
    return {
        "chi2": (residual**2).mean(axis=1) / difference.noise**2,
        "likeness": (values @ part) / np.maximum(norms, 1e-30),
        "l1": np.abs(values.sum(axis=1)) / total,
        "brightest_share": np.abs(values).max(axis=1) / total,
        "symmetry": odd / np.maximum(np.abs(plain[:, near]).sum(axis=1), 1e-30) / 2.0,
        "sharpness": _sharpness(difference, plain, sign, cut),
    }


def _sharpness(
    difference: Difference, plain: Numbers, sign: Numbers, cut: _Cut
) -> Numbers:
    """Return the brightest pixel divided by the peak of a fitted point source.

    It is about 1 for a star. A cosmic ray has its light in one or two pixels, and a
    value several times larger. It is 0 where the fitted flux is not positive, and 20 at
    most. Positive detections are compared with the PSF of the science frame, negative
    ones with the PSF of the reference.
    """
    side = 2 * cut.radius + 1
    height, width = difference.score.shape
    models = [
        _fitted(frame.psf.at(width / 2, height / 2), side)
        for frame in (difference.science, difference.reference)
    ]
    brightest = plain[:, cut.distance < 2.0].max(axis=1)
    result = np.empty(len(plain))
    for number in range(len(plain)):
        model = models[0] if sign[number, 0, 0] > 0 else models[1]
        fit = (plain[number] * model).sum() / (model**2).sum()
        peak = fit * model.max()
        result[number] = min(20.0, brightest[number] / peak) if peak > 0 else 0.0
    return result


def _fitted(model: Numbers, side: int) -> Numbers:
    """Return a PSF cropped or zero-padded to another odd side."""
    wide = np.pad(model, side)
    first = wide.shape[0] // 2 - side // 2
    return wide[first : first + side, first : first + side]


def _surroundings(
    difference: Difference, x: Numbers, y: Numbers, flux: Numbers, fwhm: float
) -> dict[str, Numbers]:
    """Return distances to sources, edges and saturated pixels, and related features.

    Distances are in pixels.
    """
    height, width = difference.score.shape
    edge = np.minimum.reduce([x, y, width - 1 - x, height - 1 - y])
    saturated = difference.science.saturated | difference.reference.saturated
    sources = difference.reference.sources, difference.science.sources
    at = [np.concatenate([getattr(s, axis) for s in sources]) for axis in "xy"]
    apart = np.hypot(x[:, None] - at[0], y[:, None] - at[1])
    nearest = apart.min(axis=1, initial=1e3)
    share = np.full(len(x), 1e3)
    # A change that is a small part of a bright star's light within reach of its wings.
    light = _source_light(difference, at, fwhm)
    for number in range(len(x)):
        reach = apart[number] < 5.0 * fwhm
        if reach.any():
            falling = 2.0 ** np.maximum(0.0, apart[number][reach] / fwhm - 1.5)
            share[number] = (np.abs(flux[number]) * falling / light[reach]).min()
    near = np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :]) < 10.0 * fwhm
    return {
        "edge_distance": edge,
        "saturated_distance": _distance_to(saturated, x, y, 6.0 * fwhm),
        "nearest_distance": nearest,
        "nearest_share": share,
        "density": near.sum(axis=1).astype(float) - 1.0,
    }


def _source_light(
    difference: Difference, at: Sequence[Numbers], fwhm: float
) -> Numbers:
    """Return the flux within one FWHM of positions, in units of the science frame.

    It is the larger of the fluxes in the science frame and in the scaled reference.
    """
    radius = int(np.ceil(fwhm))
    step = np.arange(-radius, radius + 1)
    inner = np.hypot(step[:, None], step[None, :]) <= fwhm
    sums = [
        stamps(image, at[0], at[1], radius, 0.0)[:, inner].sum(axis=1)
        for image in (
            difference.science.values,
            difference.reference.values * np.float32(difference.ratio.value),
        )
    ]
    light: Numbers = np.maximum(np.maximum(*sums).astype(float), 1e-30)
    return light


def _distance_to(mask: Mask, x: Numbers, y: Numbers, most: float) -> Numbers:
    """Return distances to the nearest true pixel of a mask, at most ``most`` pixels."""
    radius = int(np.ceil(most))
    step = np.arange(-radius, radius + 1)
    distance = np.hypot(step[:, None], step[None, :])
    around = stamps(mask.astype(np.float32), x, y, radius, 0.0) > 0
    nearest: Numbers = np.where(around, distance, most).min(axis=(1, 2))
    return nearest
