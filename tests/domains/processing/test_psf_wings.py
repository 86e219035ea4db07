"""The wings of stars, the sky beside them, and the places of supernovae."""

from dataclasses import replace

import numpy as np
import pytest
from tests.support.fields import SKY, field, gaussian_stars, random_stars, ready

from gatewright.domains.processing.frames import Frame, Numbers
from gatewright.domains.processing.injecting import host_places
from gatewright.domains.processing.prepared import prepare
from gatewright.domains.processing.psf import measure_psf
from gatewright.domains.processing.psf_wings import (
    Wings,
    radii,
    weighted_medians,
)


def _moffat(side: int, fwhm: float, beta: float) -> Numbers:
    square = (2.0 * radii(side) / fwhm) ** 2 * (2.0 ** (1.0 / beta) - 1.0)
    star = (1.0 + square) ** -beta
    unit: Numbers = star / star.sum()
    return unit


@pytest.mark.parametrize("beta", [2.5, 3.5, 10.0])
def test_the_wings_of_a_star_are_separated_from_the_background(beta: float) -> None:
    star = _moffat(41, 4.3, beta)
    wings, level = Wings(41, 4.3).fit(star + 0.0003, 1e-6)
    assert abs(level - 0.0003) < 3e-5
    far = radii(41) > 1.5 * 4.3
    assert abs(wings[far].sum() / star[far].sum() - 1) < 0.1


def test_the_median_is_of_weights() -> None:
    stack = np.array([[1.0, 5.0, 9.0], [3.0, 7.0, 9.0], [2.0, 6.0, 9.0]])
    weight = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    assert weighted_medians(stack, weight).tolist() == [2.0, 6.5, 0.0]
    assert weighted_medians(np.array([1.0, 8.0, 9.0]), np.array([98.0, 1, 1])) < 1.6


def test_the_flux_scale_of_a_frame_of_faint_stars_is_true() -> None:
    """Twelve stars of 30 to 80 sigma: their wings are lost in the noise."""
    star, ratios = _moffat(81, 4.3, 3.5), []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        image = rng.normal(0.0, 1.0, (360, 320))
        flux = np.exp(rng.uniform(np.log(30), np.log(80), 12)) / np.sqrt(
            (star**2).sum()
        )
        for n, light in enumerate(flux):
            row, column = 45 + 90 * (n // 3), 50 + 110 * (n % 3)
            image[row - 40 : row + 41, column - 40 : column + 41] += light * star
        values = image.astype(np.float32)
        psf = measure_psf(
            values, np.ones_like(values), np.zeros(values.shape, np.bool_), 4.3
        )
        assert psf is not None
        model = psf.at(160, 180)
        radius = model.shape[0] // 2
        inner = star[40 - radius : 41 + radius, 40 - radius : 41 + radius]
        ratios.append((model * inner).sum() / (model**2).sum())
    assert abs(np.mean(ratios) - 1) < 0.01
    assert np.std(ratios) < 0.03


def test_new_stars_do_not_raise_the_sky() -> None:
    """Thirty stars in a frame add less than a hundredth of the noise to the sky."""
    shape = (256, 256)
    x, y, _ = random_stars(30, shape, 31)
    more = gaussian_stars(shape, x, y, np.full(30, 3000.0), 4.5)
    few = field(seed=3, fwhm=4.5)
    many = replace(few, values=few.values + more.astype(np.float32))
    levels = [prepare(frame).sky for frame in (few, many)]
    assert abs(levels[1] - levels[0]) < 0.01 * 8.0


def test_a_frame_that_is_full_of_light_has_the_sky_between_it() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(SKY, 8.0, (40, 40)).astype(np.float32)
    values[4:36, 4:36] += np.float32(60)
    found = prepare(Frame(values, field().projection, gain=2.0, fwhm=4.0))
    assert np.isfinite(found.noise).all()
    assert found.sky > SKY - 8


def test_supernovae_lie_on_sources_of_both_frames_that_define_no_psf() -> None:
    first = ready(seed=1, more=((60.0, 200.0, 900.0),))
    ray = field(seed=2, more=((60.0, 200.0, 900.0),))
    ray.values[40:42, 100:102] += 3000
    second = prepare(ray)
    assert np.hypot(second.sources.x - 100.5, second.sources.y - 40.5).min() < 2
    x, y = host_places(first, second)
    assert np.hypot(x - 60, y - 200).min() < 1
    assert np.hypot(x - 100.5, y - 40.5).min() > 10
    for side in (first, second):
        apart = np.hypot(x[:, None] - side.psf.x, y[:, None] - side.psf.y)
        assert apart.min() > 3
