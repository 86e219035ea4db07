"""Zero points of frames against catalogues of stars."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from astropy.stats import sigma_clip
from scipy.stats import chi2
from tests.support.fields import random_stars, ready, tangent

from gatewright.core.errors import InvalidContent
from gatewright.domains.processing.frames import Numbers
from gatewright.domains.processing.matching import Ratio, star_fluxes
from gatewright.domains.processing.model import Calibration
from gatewright.domains.processing.photometry import Measured, magnitudes
from gatewright.domains.processing.prepared import Prepared
from gatewright.domains.processing.psf import Psf
from gatewright.domains.processing.zeropoint import (
    MAGNITUDE,
    Stars,
    clipped_mean,
    extra_variance,
    measure_zero_point,
)

TRUTH = 27.25
STARS = 40


def catalogue(
    *,
    seed: int = 0,
    error: float = 0.01,
    more: Numbers | None = None,
    scatter: float = 0.0,
) -> Stars:
    """Return the stars of a field with their magnitudes, and errors of these."""
    x, y, flux = random_stars(STARS, (400, 400), 77)
    rng = np.random.default_rng(seed)
    ra, dec = tangent().to_sky(x, y)
    magnitude = TRUTH - 2.5 * np.log10(flux)
    magnitude += rng.normal(0, np.hypot(error, scatter), len(x))
    if more is not None:
        magnitude += more
    return Stars(ra, dec, magnitude, np.full(len(x), error))


def frame(seed: int = 1, **options: Any) -> Prepared:
    """Return the field with a PSF that is known and not measured."""
    made = ready(seed=seed, shape=(400, 400), stars=STARS, **options)
    side = made.psf.planes.shape[1]
    step = np.arange(side) - side // 2
    square = (step[:, None] ** 2 + step[None, :] ** 2) * 4 * np.log(2) / 3.5**2
    model = np.exp(-square)[None]
    empty = np.empty(0)
    psf = Psf(model / model.sum(), (400, 400), 3.5, 0, {}, empty, empty)
    return replace(made, psf=psf)


@pytest.mark.parametrize("scatter", [0.0, 0.03])
def test_a_known_zero_point_is_recovered_within_its_error(scatter: float) -> None:
    """The scatter stands for colours and flat fields, which no error tells."""
    found = [
        measure_zero_point(frame(seed), catalogue(seed=seed, scatter=scatter))
        for seed in range(10)
    ]
    pulls = np.array([(one.value - TRUTH) / one.error for one in found])
    low, high = chi2.ppf([0.005, 0.995], len(pulls))
    assert low < (pulls**2).sum() < high
    expected = np.hypot(0.01, scatter)
    assert np.median([one.scatter for one in found]) == pytest.approx(expected, rel=0.5)
    for one in found:
        assert 30 < one.stars <= STARS
        assert one.stars + sum(one.rejected.values()) == STARS
        assert one.error == pytest.approx(one.scatter / np.sqrt(one.stars), rel=0.4)


def test_stars_that_are_not_in_the_catalogue_have_their_magnitudes() -> None:
    """With the measured PSF: its norm is common to all stars, and cancels."""
    pulls = []
    x, y, flux = random_stars(STARS, (400, 400), 77)
    for seed in range(5):
        made = ready(seed=100 + seed, shape=(400, 400), stars=STARS)
        stars = catalogue(seed=100 + seed)
        known = np.arange(STARS) % 4 > 0
        zero = measure_zero_point(
            made,
            Stars(*(getattr(stars, name)[known] for name in Stars.__slots__)),
        )
        for star in np.nonzero(~known & (np.hypot(x - 200, y - 200) < 170))[0]:
            place = x[star : star + 1], y[star : star + 1]
            measured, error, good = star_fluxes(made, *place)
            assert good.all()
            magnitude = zero.value - 2.5 * np.log10(measured[0])
            own = np.hypot(MAGNITUDE * error[0] / measured[0], zero.error)
            truth = TRUTH - 2.5 * np.log10(flux[star])
            pulls.append((magnitude - truth) / np.hypot(own, 0.003))
    low, high = chi2.ppf([0.001, 0.999], len(pulls))
    assert low < (np.array(pulls) ** 2).sum() < high


def test_stars_that_cannot_be_used_are_counted_by_reason() -> None:
    more = np.zeros(STARS)
    more[[3, 8, 20]] = 1.5, -0.8, 0.9  # variable stars
    stars = catalogue(more=more)
    x, y, flux = random_stars(STARS, (400, 400), 77)
    inner = np.nonzero((np.abs(x - 200) < 150) & (np.abs(y - 200) < 150))[0]
    bright = inner[flux[inner] > 2e4]
    shifted, beside = [star for star in bright if star not in {3, 8, 20}][:2]
    x[shifted] += 3.4  # a nearby star moved, or is another
    x, y = np.append(x, x[beside] + 5.0), np.append(y, y[beside])
    x, y = np.append(x, [900.0, 350.0]), np.append(y, [100.0, 1e3])  # outside
    ra, dec = tangent().to_sky(x, y)
    stars = Stars(
        np.append(ra, 330.0),  # the far side of the sky
        np.append(dec, -2.0),
        np.append(stars.magnitude, [stars.magnitude[beside] + 2, 15, 15, 15]),
        np.append(stars.error, [0.01] * 4),
    )
    found = measure_zero_point(frame(), stars)
    assert abs(found.value - TRUTH) < 5 * found.error
    assert found.rejected["outlier"] == 3
    assert found.rejected["at another place"] == 1
    assert found.rejected["close neighbour"] == 1
    assert found.stars + sum(found.rejected.values()) == STARS + 1


def test_faint_stars_and_those_on_bad_pixels_are_left_out() -> None:
    bad = np.zeros((400, 400), bool)
    x, y, flux = random_stars(STARS, (400, 400), 77)
    star = int(np.argmax(flux * (np.hypot(x - 200, y - 200) < 150)))
    bad[round(y[star]) + 3, round(x[star])] = True
    found = measure_zero_point(frame(bad=bad), catalogue())
    assert found.rejected["edge, mask or saturation"] >= 1
    faint = measure_zero_point(frame(scale=0.15), catalogue())
    assert faint.rejected["too faint"] > 0
    assert faint.value == pytest.approx(TRUTH + 2.5 * np.log10(0.15), abs=0.02)


def test_a_frame_with_too_few_stars_has_no_zero_point() -> None:
    stars = catalogue()
    made = frame()
    two = Stars(*(getattr(stars, name)[:2] for name in Stars.__slots__))
    with pytest.raises(InvalidContent, match=r"2 can be used. A zero point needs 5"):
        measure_zero_point(made, two)
    none = Stars(*(getattr(stars, name)[:0] for name in Stars.__slots__))
    with pytest.raises(InvalidContent, match="has 0 stars"):
        measure_zero_point(made, none)
    elsewhere = Stars(stars.ra, stars.dec + 40 * 0.3 / 3600, *([stars.error] * 2))
    with pytest.raises(InvalidContent, match="not found in the frame"):
        measure_zero_point(made, elsewhere)


@pytest.mark.parametrize("number", [12, 40])
def test_the_mean_of_values_has_its_scatter_in_its_error(number: int) -> None:
    """500 sets of values of two errors, without and with scatter that no error tells.

    Of a dozen values, some agree by chance, so that only the share of means within
    their error is told, which is 0.68 for normal errors.
    """
    rng = np.random.default_rng(8)
    errors = np.where(np.arange(number) % 2, 0.01, 0.04)
    for extra in (0.0, 0.05):
        values = 3.0 + rng.normal(0, np.hypot(errors, extra), (500, number))
        means = [clipped_mean(one, errors) for one in values]
        pulls = np.array([(value - 3.0) / error for value, error, _ in means])
        assert abs(np.median(pulls)) < 4 * 1.25 / np.sqrt(500)
        assert 0.6 < np.mean(np.abs(pulls) < 1) < 0.85
        if number == 40:
            assert 0.85 < np.std(pulls) < 1.15


def test_outliers_are_those_that_astropy_clips() -> None:
    values = np.random.default_rng(2).normal(5.0, 0.02, 200)
    values[:6] += [1, -1, 0.5, -0.4, 2, 8]
    value, error, kept = clipped_mean(values, np.full(200, 0.02))
    clipped = sigma_clip(values, sigma=3, maxiters=None)
    assert (kept == ~clipped.mask).mean() > 0.97
    assert not kept[:6].any()
    assert value == pytest.approx(values[kept].mean(), rel=1e-12)
    assert error == pytest.approx(0.02 / np.sqrt(kept.sum()), rel=0.1)


def test_means_of_few_values() -> None:
    value, error, kept = clipped_mean(np.empty(0), np.empty(0))
    assert np.isnan(value)
    assert error == np.inf
    assert not len(kept)
    value, error, kept = clipped_mean(np.array([2.0]), np.array([0.1]))
    assert value == 2.0
    assert kept.all()
    assert error == pytest.approx(0.1)
    # By hand: two values with errors of 1, at 0 and 4, have a variance of 8.
    assert extra_variance(np.array([0.0, 4.0]), np.ones(2)) == pytest.approx(7.0)
    assert extra_variance(np.array([0.0, 1.0]), np.ones(2)) == 0.0
    far, _, kept = clipped_mean(np.array([0.0, 100.0]), np.full(2, 1e-3))
    assert 0 <= far <= 100
    assert kept.any()


def test_magnitudes_by_hand() -> None:
    zero = Calibration("AB", 25.0, 0.03, 0.1, 9, {}, "stars", "", 0, "1")
    # 50 in units of the first frame, which are two of this one.
    seen = magnitudes(Measured(50.0, 2.0, Ratio(2.0, 0.1, 9)), zero)
    assert seen["magnitude"] == pytest.approx(20.0)
    # An error of 4 % is 0.0434 mag.
    assert seen["magnitude_error"] == pytest.approx(np.hypot(0.043429, 0.03), 1e-4)
    # A limit of max(0, -1) + 5 x 10 = 50.
    hidden = magnitudes(Measured(-1.0, 10.0, Ratio(2.0, 0.1, 9)), zero)
    assert hidden == {"magnitude_limit": pytest.approx(20.0)}
    absent = Measured(np.nan, np.nan, Ratio(2.0, 0.1, 9), "outside the frame")
    assert magnitudes(absent, zero) == {}
