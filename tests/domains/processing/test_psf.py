"""Point-spread functions and middles of stars."""

import numpy as np
from tests.support.fields import SKY, gaussian_stars, noisy, one_star, random_stars

from gatewright.domains.processing.psf import (
    full_width,
    guess_width,
    measure_psf,
    moffat_psf,
)
from gatewright.domains.processing.smoothing import gaussian_smooth, noise_factor
from gatewright.domains.processing.sources import middles, peaks


def _parts(image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    left = (image - SKY).astype(np.float32)
    return left, np.full(left.shape, 8, np.float32), np.zeros(left.shape, bool)


def test_the_function_of_a_few_stars_is_theirs() -> None:
    x, y, flux = random_stars(12, (256, 256), 9)
    clean = gaussian_stars((256, 256), x, y, flux, 4.0)
    left, noise, bad = _parts(noisy(clean, 8.0, 1))
    assert abs(guess_width(left, noise, bad) / 4.0 - 1) < 0.15
    psf = measure_psf(left, noise, bad, 4.0)
    assert psf is not None
    assert abs(psf.fwhm / 4.0 - 1) < 0.06
    model = psf.at(30, 40)
    assert abs(model.sum() - 1) < 1e-9
    side = model.shape[0]
    truth = gaussian_stars(
        (side, side), np.array([side // 2]), np.array([side // 2]), np.ones(1), 4.0
    )
    assert np.abs(model - truth).max() < 0.02 * truth.max()
    assert psf.used + sum(psf.rejected.values()) >= 12


def test_many_stars_tell_how_it_varies() -> None:
    shape = (700, 700)
    x, y, flux = random_stars(120, shape, 10)
    clean = np.zeros(shape)
    for at in zip(x, y, 5 * flux, strict=True):
        width = 3.0 + 1.5 * at[0] / 700
        clean += one_star(shape, *at, width)
    left, noise, bad = _parts(noisy(clean, 8.0, 2))
    psf = measure_psf(left, noise, bad, 3.7)
    assert psf is not None
    assert len(psf.planes) == 3
    assert psf.at(30, 350).max() > 1.4 * psf.at(670, 350).max()
    assert abs(psf.at(30, 350).sum() - 1) < 1e-9


def test_odd_stars_are_rejected_with_reasons() -> None:
    x, y, flux = random_stars(10, (256, 256), 11)
    clean = gaussian_stars((256, 256), x, y, 2 * flux, 3.5)
    clean += gaussian_stars(
        (256, 256), x[:1] + 6.5, y[:1], flux[:1], 3.5
    ) + gaussian_stars(
        (256, 256), np.array([3.0]), np.array([128.0]), np.array([4e4]), 3.5
    )
    blob = gaussian_stars(
        (256, 256), np.array([150.0]), np.array([30.0]), np.array([8e4]), 7.0
    )
    left, noise, bad = _parts(noisy(clean + blob, 8.0, 3))
    psf = measure_psf(left, noise, bad, 3.5)
    assert psf is not None
    assert psf.rejected.get("edge, mask or saturation", 0) >= 1
    assert psf.rejected.get("close neighbour", 0) >= 1
    assert abs(psf.fwhm / 3.5 - 1) < 0.08


def test_one_star_is_its_own_function_and_none_is_none() -> None:
    one = gaussian_stars(
        (64, 64), np.array([32.0]), np.array([32.0]), np.array([1e5]), 3.5
    )
    left, noise, bad = _parts(noisy(one, 8.0, 4))
    psf = measure_psf(left, noise, bad, 3.5)
    assert psf is not None
    assert psf.used == 1
    empty, noise, bad = _parts(noisy(np.zeros((64, 64)), 8.0, 4))
    assert measure_psf(empty, noise, bad, 3.5) is None
    assert guess_width(empty, noise, bad) == 4.0


def test_stars_none_of_which_is_like_another_leave_the_likeliest() -> None:
    shape = (128, 128)
    clean = sum(
        gaussian_stars(shape, np.array([x]), np.array([64.0]), np.array([9e5]), width)
        for x, width in ((34.0, 2.5), (94.0, 6.0))
    )
    left, noise, bad = _parts(noisy(np.asarray(clean), 8.0, 4))
    psf = measure_psf(left, noise, bad, 3.0)
    assert psf is not None
    assert psf.used >= 1


def test_noise_that_neighbours_share_has_a_factor() -> None:
    rng = np.random.default_rng(12)
    white = rng.normal(0, 8, (300, 300)).astype(np.float32)
    noise, bad = np.full(white.shape, 8, np.float32), np.zeros(white.shape, bool)
    psf = gaussian_stars((21, 21), np.array([10.0]), np.array([10.0]), np.ones(1), 4.0)
    assert abs(noise_factor(white, noise, bad, psf) - 1) < 0.03
    smooth = (white + np.roll(white, 1, 1)) / np.float32(np.sqrt(2))
    assert noise_factor(smooth, noise, bad, psf) > 1.25
    assert noise_factor(white, noise, np.ones(white.shape, bool), psf) == 1.0


def test_peaks_come_once_and_middles_are_found() -> None:
    flat = np.zeros((20, 20), np.float32)
    flat[5, 5] = flat[5, 6] = 3
    flat[12, 12] = 9
    x, y = peaks(flat, 1, 2)
    assert list(zip(x, y, strict=True)) == [(12, 12), (5, 5)]
    assert not len(peaks(flat[:4, :4], 1, 2)[0])
    image = gaussian_stars(
        (40, 40), np.array([20.3]), np.array([19.6]), np.array([1e4]), 4
    )
    x, y, found = middles(
        image.astype(np.float32), np.array([20.0, 3.0]), np.array([20.0, 3.0]), 4.0
    )
    assert found.tolist() == [True, False]
    assert abs(x[0] - 20.3) < 1e-3
    assert abs(y[0] - 19.6) < 1e-3
    assert abs(gaussian_smooth(np.eye(1, 1), 3.0).item()) > 0


def test_cosmic_rays_and_hot_pixels_are_no_stars_though_they_are_more() -> None:
    x, y, flux = random_stars(12, (256, 256), 9)
    image = noisy(gaussian_stars((256, 256), x, y, flux, 4.0), 8.0, 1)
    rng = np.random.default_rng(3)
    for row, column in rng.integers(2, 250, (40, 2)):
        length = rng.integers(1, 5)
        image[row, column : column + length] += rng.uniform(400, 4000)
    left, noise, bad = _parts(image)
    assert abs(guess_width(left, noise, bad) / 4.0 - 1) < 0.15
    psf = measure_psf(left, noise, bad, guess_width(left, noise, bad))
    assert psf is not None
    assert abs(psf.fwhm / 4.0 - 1) < 0.06
    assert psf.rejected["cosmic ray or hot pixel"] >= 10


def test_a_function_that_is_only_given_has_its_width() -> None:
    told = moffat_psf(3.0, (60, 80))
    assert told.used == 0
    assert abs(told.at(10, 10).sum() - 1) < 1e-9
    assert abs(full_width(told.at(10, 10)) / 3.0 - 1) < 0.05
