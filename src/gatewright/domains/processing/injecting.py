"""Injects artificial stars into a frame, and tells which are recovered.

The stars have the frame's own PSF at sub-pixel positions, and the photon noise of their
own light. They are injected before the frame is prepared, so that every processing step
affects them too. Some lie on other sources, as supernovae do (Brink et al. 2013;
Frohmaier et al. 2017, ApJS 230, 4, section 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gatewright.domains.processing.differencing import Difference
from gatewright.domains.processing.frames import Frame, Mask, Numbers, Pixels
from gatewright.domains.processing.matching import REACH, carried, pairs
from gatewright.domains.processing.model import Detection
from gatewright.domains.processing.prepared import Prepared
from gatewright.domains.processing.psf import centred
from gatewright.domains.processing.warp import placed, resample

APART = 6.0
"""Least distance between two injected stars, in units of the FWHM."""
NEAR = 1.0
"""Largest distance of a detection from its injected star, in units of the FWHM."""
_TOUCHED = 3.0
_ON_SOURCES = 0.4
_FAINTEST, _BRIGHTEST = 2.5, 80.0
_TRIES = 40


@dataclass(frozen=True, slots=True)
class Stars:
    """Artificial stars; arrays of one length."""

    x: Numbers
    """Columns, pixels."""
    y: Numbers
    """Rows, pixels."""
    flux: Numbers
    """Fluxes, in the frame's units."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """Which injected stars were recovered; arrays in the order of the stars."""

    expected: Numbers
    """Expected signal-to-noise ratio in the difference; NaN at bad pixels."""
    flux: Numbers
    """Flux measured at the star's true position, in units of the difference."""
    error: Numbers
    """Error of ``flux`` (one sigma)."""
    alone: Mask
    """Whether no source of the other frame lies within three FWHM."""
    found: Sequence[int | None]
    """Index of the star's detection in the list; None for a star that was missed."""
    others: Sequence[int]
    """Indices of detections further than three FWHM from every injected star."""


def host_places(frame: Prepared, other: Prepared) -> tuple[Numbers, Numbers]:
    """Return columns and rows in ``frame`` of sources on which supernovae could lie.

    Both frames have them, so that no cosmic ray is a host. The stars that a frame
    measures its PSF from are left out: they are no galaxies, and with artificial stars
    upon them the PSF would be that of blends.
    """
    x, y = carried(other, frame)
    both, mine = pairs(x, y, frame.sources.x, frame.sources.y, REACH)
    usual = np.ones(len(both), np.bool_)
    for side, chosen in ((other, both), (frame, mine)):
        at = side.sources.x[chosen], side.sources.y[chosen]
        apart = np.hypot(at[0][:, None] - side.psf.x, at[1][:, None] - side.psf.y)
        usual &= apart.min(axis=1, initial=np.inf) > side.psf.fwhm
    return x[both[usual]], y[both[usual]]


def choose_stars(
    frame: Prepared,
    hosts: tuple[Numbers, Numbers],
    number: int,
    random: np.random.Generator,
) -> Stars:
    """Return at most ``number`` positions for artificial stars, with fluxes.

    Four in ten lie near ``hosts``, at normally distributed offsets of one FWHM; the
    others lie anywhere. Fluxes are 2.5 to 80 times the error of a star's flux in the
    sky, with equal numbers in each magnitude interval.
    """
    height, width = frame.values.shape
    fwhm = frame.psf.fwhm
    edge = np.ceil(2.0 * fwhm)
    chosen: list[tuple[float, float]] = []
    for _ in range(_TRIES * number):
        if len(chosen) == number:
            break
        x, y = random.uniform(0.0, width), random.uniform(0.0, height)
        if random.uniform() < _ON_SOURCES and len(hosts[0]):
            host = random.integers(len(hosts[0]))
            away = random.normal(0.0, fwhm, 2)
            x = float(hosts[0][host] + away[0])
            y = float(hosts[1][host] + away[1])
        inside = edge < x < width - 1 - edge and edge < y < height - 1 - edge
        if not inside or frame.bad[round(y), round(x)]:
            continue
        if all(np.hypot(x - a, y - b) > APART * fwhm for a, b in chosen):
            chosen.append((x, y))
    places = np.array(chosen).reshape(-1, 2)
    ratio = random.uniform(np.log(_FAINTEST), np.log(_BRIGHTEST), len(places))
    model = frame.psf.at(width / 2, height / 2)
    error = np.median(frame.noise) / np.sqrt((model**2).sum())
    return Stars(places[:, 0], places[:, 1], float(error) * np.exp(ratio))


def inject(
    frame: Frame, prepared: Prepared, stars: Stars, random: np.random.Generator
) -> Frame:
    """Return a frame with artificial stars, including their photon noise."""
    values = frame.values.astype(np.float32)
    radius = prepared.psf.planes.shape[1] // 2
    padded = np.pad(values, radius)
    for x, y, flux in zip(stars.x, stars.y, stars.flux, strict=True):
        model = prepared.psf.at(x, y)[None]
        moved = centred(model, *(np.array([round(v) - v]) for v in (x, y)))[0]
        light = flux * moved
        noise = np.sqrt(np.maximum(light, 0.0) / prepared.gain)
        light += random.normal(0.0, 1.0, light.shape) * noise
        top, left = round(y), round(x)
        padded[top : top + 2 * radius + 1, left : left + 2 * radius + 1] += light
    height, width = values.shape
    whole = padded[radius : radius + height, radius : radius + width]
    return replace(frame, values=np.ascontiguousarray(whole, np.float32))


def recover(
    difference: Difference, detections: Sequence[Detection], stars: Stars, sign: int
) -> Recovery:
    """Return which of the stars injected into one side of a difference were recovered.

    ``sign`` is 1 for the science frame and -1 for the reference. Positions are pixels
    of the difference, and fluxes are in its units.
    """
    fwhm = max(difference.science.psf.fwhm, difference.reference.psf.fwhm)
    flux = sign * _between(difference.statistic, difference, stars)
    error = _between(difference.error, difference, stars)
    x, y, height = (
        np.array([getattr(one, name) for one in detections], dtype=float)
        for name in ("x", "y", "snr")
    )
    of_sign = np.flatnonzero(np.sign(height) == sign)
    mine, theirs = pairs(stars.x, stars.y, x[of_sign], y[of_sign], NEAR * fwhm)
    found: list[int | None] = [None] * len(stars.x)
    for star, place in zip(mine, of_sign[theirs], strict=True):
        found[star] = int(place)
    distance = np.hypot(x[:, None] - stars.x, y[:, None] - stars.y)
    touched = distance.min(axis=1, initial=np.inf) < _TOUCHED * fwhm
    others = [int(place) for place in np.flatnonzero(~touched)]
    # The other frame has no injected stars at these places.
    other = difference.reference if sign > 0 else difference.science
    x, y = other.sources.x, other.sources.y
    away = np.hypot(stars.x[:, None] - x, stars.y[:, None] - y)
    alone = away.min(axis=1, initial=np.inf) > _TOUCHED * fwhm
    with np.errstate(invalid="ignore"):
        return Recovery(stars.flux / error, flux, error, alone, found, others)


def _between(image: Pixels, difference: Difference, stars: Stars) -> Numbers:
    """Return an image interpolated at stars; NaN if a nearby pixel is bad."""
    places = placed(stars.x[None], stars.y[None])
    found, lost, _ = resample(image, difference.bad, places)
    return np.where(lost[0], np.nan, found[0].astype(np.float64))
