"""Errors of forced photometry are true in frames whose pixels share their noise."""

from dataclasses import replace

import numpy as np
import pytest
from tests.support.fields import GAIN, gaussian_stars, noisy, random_stars, tangent

from gatewright.domains.processing.frames import Frame, Numbers, Pixels
from gatewright.domains.processing.matching import Alignment, star_fluxes
from gatewright.domains.processing.prepared import Prepared, prepare
from gatewright.domains.processing.regrid import regrid
from gatewright.domains.processing.warp import NO_ADJUSTMENT

SHAPE = (512, 512)
PLACE = tangent(256.0, 256.0)
UNMOVED = Alignment(NO_ADJUSTMENT, (0.0, 0.0), 0)
MEAN = 0.1
WIDTH = (0.9, 1.1)


def _exposure(seed: int, fwhm: float, flux: float) -> tuple[Pixels, Numbers, Numbers]:
    """Return an image of bright stars, and the places of fainter ones of one flux."""
    x, y, light = random_stars(60, SHAPE, 3)
    at = np.random.default_rng(8).uniform(60, 452, (2, 3000))
    away = np.hypot(at[0][:, None] - x, at[1][:, None] - y).min(axis=1)
    at = at[:, away > 10 * fwhm]
    kept: list[int] = []
    for n in range(at.shape[1]):
        apart = np.hypot(*(at[:, [n]] - at[:, kept]))
        if apart.min(initial=np.inf) > 4.5 * fwhm:
            kept.append(n)
    at = at[:, kept]
    clean = gaussian_stars(SHAPE, x, y, light, fwhm)
    clean += gaussian_stars(SHAPE, at[0], at[1], np.full(len(kept), flux), fwhm)
    return noisy(clean, 8.0, seed), at[0], at[1]


def _pulls(frame: Prepared, x: Numbers, y: Numbers, true: float) -> Numbers:
    """Return the pulls of fluxes in a frame, at pixels of the exposure."""
    flux, error, good = star_fluxes(
        frame, *frame.projection.to_pixels(*PLACE.to_sky(x, y))
    )
    pulls: Numbers = ((flux - true) / error)[good]
    return pulls


@pytest.mark.parametrize("fwhm", [2.2, 3.5])
@pytest.mark.parametrize("signal", [0.0, 8.0])
def test_errors_are_true_after_a_warp(fwhm: float, signal: float) -> None:
    flux = signal * 8.0 * fwhm * 1.5  # the noise of a star's flux
    turned = tangent(256.3, 255.6, turn=20.0)
    parts = []
    for seed in (1, 2, 3):
        values, x, y = _exposure(seed, fwhm, flux)
        frame = prepare(Frame(values, PLACE, gain=GAIN))
        warped = regrid(frame, turned, SHAPE, UNMOVED)
        assert warped.values is not frame.values
        parts.append(_pulls(warped, x, y, flux))
    pulls = np.concatenate(parts)
    assert len(pulls) > 400
    assert abs(pulls.mean()) < MEAN
    assert WIDTH[0] < pulls.std() < WIDTH[1]


@pytest.mark.parametrize("signal", [0.0, 8.0])
def test_errors_are_true_in_an_image_that_came_resampled(signal: float) -> None:
    """Each pixel is the mean of four, as half a pixel's shift by interpolation gives.

    The noise of a pixel is half of what it was, that of a star's flux nearly the same.
    """
    fwhm = 3.0
    flux = signal * 8.0 * fwhm * 1.5
    parts, unaware = [], []
    for seed in (1, 2, 3):
        values, x, y = _exposure(seed, fwhm, flux)
        wide = np.pad(values, ((0, 1), (0, 1)), mode="edge")
        mixed = (wide[1:, 1:] + wide[:-1, 1:] + wide[1:, :-1] + wide[:-1, :-1]) / 4
        frame = prepare(Frame(mixed.astype(np.float32), PLACE, gain=GAIN))
        assert frame.factor > 1.3
        parts.append(_pulls(frame, x - 0.5, y - 0.5, flux))
        unaware.append(_pulls(replace(frame, factor=1.0), x - 0.5, y - 0.5, flux))
    pulls = np.concatenate(parts)
    assert len(pulls) > 400
    assert abs(pulls.mean()) < MEAN
    assert WIDTH[0] < pulls.std() < WIDTH[1]
    # Errors of pixels that were taken as independent would be too small.
    assert np.concatenate(unaware).std() > 1.2
