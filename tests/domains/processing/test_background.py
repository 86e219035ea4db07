"""The sky's level and noise."""

import numpy as np
from astropy.stats import sigma_clipped_stats
from tests.support.fields import gaussian_stars, random_stars

from gatewright.domains.processing.background import (
    clipped_skies,
    measure_background,
    spread,
)


def test_level_and_noise_are_those_of_the_sky_under_the_stars() -> None:
    rng = np.random.default_rng(3)
    slope = np.linspace(0, 20, 300)[None, :]
    x, y, flux = random_stars(20, (256, 300), 5)
    image = gaussian_stars((256, 300), x, y, flux, 3.5) + 500 + slope
    image += rng.normal(0, 12, image.shape)
    found = measure_background(image.astype(np.float32), np.zeros(image.shape, bool))
    assert np.abs(found.level_map() - (500 + slope)).max() < 6
    assert np.abs(np.median(found.noise_map()) / 12 - 1) < 0.05


def test_a_mesh_without_sky_has_that_of_the_others() -> None:
    rng = np.random.default_rng(4)
    image = rng.normal(50, 2, (256, 256)).astype(np.float32)
    bad = np.zeros(image.shape, bool)
    bad[:200, :200] = True
    image[bad] = np.nan
    found = measure_background(image, bad)
    assert np.abs(found.level - 50).max() < 0.5


def test_an_image_without_sky_has_no_noise() -> None:
    image = np.zeros((100, 100), np.float32)
    found = measure_background(image, np.ones(image.shape, bool))
    assert np.isnan(found.noise).all()
    assert not found.level.any()


def test_too_few_pixels_tell_nothing_and_a_skewed_sky_is_its_median() -> None:
    few = np.arange(10, dtype=np.float32)[None]
    assert np.isnan(clipped_skies(few)).all()
    rng = np.random.default_rng(6)
    skewed = rng.exponential(10, 20_000).astype(np.float32)
    level, _ = clipped_skies(skewed[None])
    assert 3 < level < 9
    level, width = clipped_skies(np.full((1, 100), 7, np.float32))
    assert (level.item(), width.item()) == (7.0, 0.0)


def test_meshes_do_not_depend_on_those_beside_them() -> None:
    """Each is what astropy's clipping finds, whatever the others are."""
    rng = np.random.default_rng(7)
    pixels = rng.normal(100, 5, (4, 5000)).astype(np.float32)
    pixels[1, 900:] = np.nan
    pixels[2, 40:] = np.nan
    pixels[3, :30] = -1e9
    together = np.array(clipped_skies(pixels))
    alone = [np.array(clipped_skies(one[None]))[:, 0] for one in pixels]
    assert np.array_equal(together.T, np.array(alone), equal_nan=True)
    assert np.isnan(together[:, 2]).all()
    for mesh in (0, 1, 3):
        known = pixels[mesh][np.isfinite(pixels[mesh])].astype(float)
        mean, median, width = sigma_clipped_stats(known, sigma=3 / 0.98658, maxiters=6)
        assert np.isclose(together[0, mesh], 2.5 * median - 1.5 * mean, atol=0.02)
        assert np.isclose(together[1, mesh] * 0.98658, width, rtol=1e-3)


def test_an_estimate_from_a_quarter_of_the_pixels_is_near_that_of_all() -> None:
    image = np.random.default_rng(8).normal(50, 2, (300, 333)).astype(np.float32)
    bad = np.zeros(image.shape, bool)
    whole, part = (measure_background(image, bad, step) for step in (1, 2))
    assert part.level_map().shape == image.shape
    assert np.abs(part.level - whole.level).max() < 0.2
    assert np.abs(part.noise / whole.noise - 1).max() < 0.1


def test_a_grid_is_spread_linearly() -> None:
    wide = spread(np.array([[0.0, 10.0]]), (4, 20))
    assert wide.shape == (4, 20)
    assert np.allclose(np.diff(wide[0, 5:15]), 1.0)
