"""Frames made ready, and how two of them lie and shine beside one another."""

import numpy as np
import pytest
from tests.support.fields import (
    GAIN,
    field,
    gaussian_stars,
    random_stars,
    ready,
    tangent,
)

from gatewright.core.errors import InvalidContent
from gatewright.domains.processing.frames import Frame, ShiftedProjection
from gatewright.domains.processing.matching import (
    align,
    flux_ratio,
    pairs,
    star_fluxes,
)
from gatewright.domains.processing.prepared import prepare


def test_fluxes_and_their_errors_are_those_of_the_stars() -> None:
    x, y, flux = random_stars(16, (256, 256), 77)
    pulls = []
    for seed in range(4):
        frame = ready(seed=seed)
        inner = (x > 20) & (x < 235) & (y > 20) & (y < 235)
        found, error, good = star_fluxes(frame, x[inner], y[inner])
        assert good.all()
        pulls += list((found - flux[inner]) / np.hypot(error, 0.01 * flux[inner]))
    assert abs(np.mean(pulls)) < 0.6
    assert 0.4 < np.std(pulls) < 1.5


def test_a_shift_and_a_turn_are_found() -> None:
    first, second = ready(seed=1), ready(seed=2, shift=(0.4, -0.25))
    found = align(first, second)
    assert abs(found.adjustment.x[0] - 0.4) < 0.02
    assert abs(found.adjustment.y[0] + 0.25) < 0.02
    assert max(found.scatter) < 0.05
    many = {"shape": (700, 700), "stars": 110}
    turned = align(
        ready(seed=1, **many), ready(seed=2, place=tangent(128.3, 128), **many)
    )
    assert turned.stars >= 40
    assert abs(turned.adjustment.x[0] + 0.3) < 0.02
    assert abs(turned.adjustment.x[1]) < 1e-4


def test_frames_apart_have_nothing_in_common() -> None:
    first = ready(seed=1)
    far = prepare(field(seed=2, place=tangent(9000, 128)))
    assert align(first, far).stars == 0
    x = np.array([1.0])
    assert not len(pairs(x, x, np.empty(0), np.empty(0), 2)[0])


def test_the_ratio_of_fluxes_has_an_error_and_bears_a_variable() -> None:
    flux = np.geomspace(1e3, 1e4, 12)
    error = 0.01 * flux
    rng = np.random.default_rng(5)
    other = flux * 2 * (1 + 0.01 * rng.normal(size=12))
    other[3] *= 3
    found = flux_ratio(flux, error, other, 2 * error)
    assert abs(found.value / 0.5 - 1) < 3 * found.error / found.value + 0.01
    assert 0 < found.error < 0.05
    none = flux_ratio(flux, flux, other, other)
    assert none.stars == 0
    assert np.isinf(none.error)


def test_saturated_and_bad_pixels_tell_nothing() -> None:
    bad = np.zeros((256, 256), bool)
    bad[100:110] = True
    plain = field(seed=1)
    top = float(np.sort(plain.values.ravel())[-40])
    frame = prepare(field(seed=1, saturation=top, bad=bad))
    assert frame.saturated.any()
    assert frame.bad[105].all()
    assert not frame.values[frame.bad].any()


def test_weights_tell_the_pattern_of_the_noise_and_not_its_level() -> None:
    variance = np.ones((256, 256), np.float32)
    variance[:, 128:] = 4
    frame = prepare(field(seed=1, variance=variance))
    assert np.allclose(frame.noise[:, 200] / frame.noise[:, 20], 2, atol=0.05)
    useless = prepare(field(seed=1, variance=np.zeros((256, 256), np.float32)))
    assert abs(np.median(useless.noise) / 8 - 1) < 0.1


def test_the_light_of_a_source_in_a_weight_map_is_not_counted_twice() -> None:
    """The map of a survey may be of the whole variance, or of the sky's alone."""
    x, y, flux = random_stars(16, (256, 256), 77)
    light = gaussian_stars((256, 256), x, y, flux, 3.5)
    whole = (64.0 + light / GAIN).astype(np.float32)
    frame = prepare(field(seed=1, variance=whole))
    assert whole.max() > 4 * 64
    assert np.allclose(frame.noise, 8.0, rtol=0.1)
    places = np.array([x[3]]), np.array([y[3]])
    error = star_fluxes(frame, *places)[1]
    assert error == pytest.approx(star_fluxes(ready(seed=1), *places)[1], rel=0.02)


def test_a_gain_that_is_not_given_is_measured_from_the_sky() -> None:
    told = prepare(field(seed=1))
    plain = field(seed=1)
    unknown = prepare(Frame(plain.values, plain.projection))
    assert told.gain == GAIN
    assert abs(unknown.gain / (200 / 64) - 1) < 0.2
    assert (unknown.variance >= unknown.noise**2).all()


def test_frames_without_sky_or_stars_are_refused() -> None:
    sky = tangent()
    with pytest.raises(InvalidContent, match="too few pixels to measure its sky"):
        prepare(Frame(np.full((64, 64), np.nan, np.float32), sky, name="empty"))
    with pytest.raises(InvalidContent, match="“flat” has no noise"):
        prepare(Frame(np.full((64, 64), 7, np.float32), sky, name="flat"))
    rng = np.random.default_rng(1)
    blank = rng.normal(100, 5, (128, 128)).astype(np.float32)
    with pytest.raises(InvalidContent, match="no star"):
        prepare(Frame(blank, sky, name="blank"))


def test_a_part_of_a_projection_counts_from_its_own_corner() -> None:
    part = ShiftedProjection(tangent(), 10, 20)
    ra, dec = part.to_sky(np.array([1.0]), np.array([2.0]))
    whole = tangent().to_sky(np.array([11.0]), np.array([22.0]))
    assert np.allclose([ra, dec], whole)
    assert np.allclose(part.to_pixels(ra, dec), [[1.0], [2.0]], atol=1e-6)


def test_a_frame_without_stars_has_the_width_that_is_given() -> None:
    rng = np.random.default_rng(1)
    blank = rng.normal(100, 5, (128, 128)).astype(np.float32)
    ready_one = prepare(Frame(blank, tangent(), fwhm=3.0))
    assert ready_one.psf.used == 0
    assert ready_one.psf.fwhm == 3.0


def test_a_star_near_the_edge_is_measured_if_little_of_its_light_is_lost() -> None:
    frame = ready(more=((251.7, 100.0, 5e4), (254.2, 160.0, 5e4)))
    x, y = np.array([251.7, 254.2]), np.array([100.0, 160.0])
    found, error, good = star_fluxes(frame, x, y)
    assert list(good) == [True, False]
    assert abs(found[0] - 5e4) < 5 * error[0] + 0.02 * 5e4
