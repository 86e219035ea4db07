"""Proper subtraction: null tests, injected sources, and what is kept aside."""

from dataclasses import replace

import numpy as np
import pytest
from tests.support.fields import (
    GAIN,
    field,
    gaussian_stars,
    noisy,
    one_star,
    random_stars,
    ready,
    tangent,
)

from gatewright.core.errors import InvalidContent
from gatewright.domains.processing import Aside
from gatewright.domains.processing.detecting import FEATURES, detect, reason
from gatewright.domains.processing.differencing import (
    quick_length,
    score_core,
    subtract_frames,
    tiles,
)
from gatewright.domains.processing.frames import Frame, Numbers, NumpyFourier
from gatewright.domains.processing.prepared import Prepared, prepare
from gatewright.domains.processing.zogy import Input, subtract

FOURIER = NumpyFourier()


def test_an_image_less_itself_is_exactly_zero() -> None:
    frame = ready(seed=1)
    found = subtract_frames(frame, frame, FOURIER)
    assert not found.values.any()
    assert not found.score.any()
    assert detect(found) == []


def test_images_that_share_no_usable_pixel_are_refused() -> None:
    science, reference = ready(seed=1), ready(seed=2)
    science = replace(science, name="tonight")
    reference = replace(reference, bad=np.ones_like(reference.bad))
    with pytest.raises(
        InvalidContent, match="no usable pixel where the science image “tonight”"
    ):
        subtract_frames(science, reference, FOURIER)


def test_two_images_of_one_sky_differ_by_noise_alone() -> None:
    found = subtract_frames(ready(seed=1), ready(seed=2, fwhm=4.2, scale=0.8), FOURIER)
    score = found.score[~found.bad]
    assert abs(score.mean()) < 0.02
    assert 0.97 < score.std() < 1.03
    assert 0.9 < found.factor < 1.1
    assert len(detect(found)) <= 1


def test_a_new_star_is_found_with_its_flux_and_place() -> None:
    star = (101.3, 90.6)
    with_it = ready(seed=1, more=((*star, 2500.0),))
    found = subtract_frames(with_it, ready(seed=2, shift=(0.3, 0.2)), FOURIER)
    first = detect(found)[0]
    assert first.aside is None
    assert first.snr > 8
    assert abs(first.flux - 2500) < 4 * first.flux_error
    assert np.hypot(first.x - star[0], first.y - star[1]) < 0.4
    ra, dec = tangent().to_sky(np.array([star[0]]), np.array([star[1]]))
    assert abs(first.ra - ra[0]) < 1e-4
    assert abs(first.dec - dec[0]) < 1e-4
    assert tuple(first.features) == FEATURES
    assert np.isfinite(list(first.features.values())).all()
    gone = detect(subtract_frames(ready(seed=2), with_it, FOURIER))[0]
    assert gone.snr < -8


def test_a_field_with_few_stars_has_one_scale() -> None:
    few = {"stars": 6}
    found = subtract_frames(ready(seed=1, **few), ready(seed=2, **few), FOURIER)
    assert found.ratio.stars < 12
    assert abs(found.ratio.value - 1) < 0.02


def test_a_star_that_moved_is_a_dipole() -> None:
    here, there = (120.0, 60.0, 9e4), (120.9, 60.0, 9e4)
    found = detect(
        subtract_frames(
            ready(seed=1, more=(here,)), ready(seed=2, more=(there,)), FOURIER
        )
    )
    near = [d for d in found if np.hypot(d.x - 120, d.y - 60) < 8]
    assert near
    assert {d.aside for d in near} <= {Aside.DIPOLE, Aside.RESIDUAL}
    assert any(d.aside is Aside.DIPOLE for d in near)


def test_cosmic_rays_edges_bleeds_and_trails_are_kept_aside() -> None:
    plain = field(seed=1, more=((252.1, 120.0, 9000.0),))
    plain.values[40, 100] += 2500
    step = np.arange(80, 200)
    for n in step:
        plain.values[n, int(60 + 0.2 * n)] += 60
        plain.values[n, int(61 + 0.2 * n)] += 60
    found = detect(subtract_frames(prepare(plain), ready(seed=2), FOURIER))
    by_place = {(round(d.x), round(d.y)): d.aside for d in found}
    assert by_place[(100, 40)] is Aside.COSMIC_RAY
    edge = [v for (x, _), v in by_place.items() if x > 245]
    assert edge == [Aside.EDGE]
    trail = [v for (x, y), v in by_place.items() if abs(x - 60 - 0.2 * y) < 3]
    assert Aside.TRAIL in trail or Aside.COSMIC_RAY in trail


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ({}, None),
        ({"saturated_distance": 5.0}, Aside.BLEED),
        ({"edge_distance": 2.0}, Aside.EDGE),
        ({"bad_share": 0.2}, Aside.EDGE),
        ({"sharpness": 4.0}, Aside.COSMIC_RAY),
        ({"ellipticity": 0.8, "a": 9.0}, Aside.TRAIL),
        ({"opposite": 0.8, "reference_snr": 50.0}, Aside.DIPOLE),
        ({"nearest_share": 0.01}, Aside.RESIDUAL),
    ],
)
def test_each_reason_has_its_features(
    features: dict[str, float], expected: Aside | None
) -> None:
    usual = {
        "saturated_distance": 20.0,
        "edge_distance": 90.0,
        "bad_share": 0.0,
        "sharpness": 1.0,
        "ellipticity": 0.1,
        "a": 2.0,
        "opposite": 0.1,
        "reference_snr": 3.0,
        "nearest_share": 1e3,
    }
    assert reason(usual | features, 3.5) is expected


def test_light_beside_a_saturated_star_is_a_bleed() -> None:
    star = (120.0, 60.0)
    limit = 200 + 5e5 / (np.pi * 3.5**2 / (4 * np.log(2)))
    science = prepare(
        field(seed=1, more=((*star, 1e6), (131.0, 60.0, 9e3)), saturation=limit)
    )
    reference = prepare(field(seed=2, more=((*star, 1e6),), saturation=limit))
    found = detect(subtract_frames(science, reference, FOURIER))
    near = [d.aside for d in found if np.hypot(d.x - 131, d.y - 60) < 4]
    assert near
    assert set(near) <= {Aside.BLEED, Aside.EDGE}


@pytest.mark.parametrize("seed", [3])
def test_large_frames_are_subtracted_in_tiles(seed: int) -> None:
    many = {"shape": (600, 1500), "stars": 150}
    star = (745.0, 300.0, 4000.0)
    found = subtract_frames(
        ready(seed=seed, more=(star,), **many), ready(seed=seed + 1, **many), FOURIER
    )
    assert found.score.shape == (600, 1500)
    best = detect(found)[0]
    assert np.hypot(best.x - 745, best.y - 300) < 1
    score = found.score[~found.bad]
    assert 0.95 < score[np.abs(score) < 4].std() < 1.05


def test_a_width_that_is_odd_gives_the_same_flux() -> None:
    psf = gaussian_stars((15, 15), np.array([7.0]), np.array([7.0]), np.ones(1), 3.0)
    for shape in ((64, 65), (64, 64)):
        star = gaussian_stars(shape, np.array([30.0]), np.array([30.0]), np.ones(1), 3)
        one = np.ones(shape, np.float32)
        new = Input(star.astype(np.float32) * 50, one, 0 * one, psf, 1.0, 1.0)
        old = Input(one * 0, one, 0 * one, psf, 1.0, 1.0)
        found = subtract(new, old, FOURIER)
        height = (found.kernels[0] * psf).sum()
        assert abs(found.signal[30, 30] / height - 50) < 0.01
        assert abs(height - (found.kernels[1] * psf).sum()) < 1e-6 * height
        assert abs(found.psf.sum() - 1) < 0.05


def test_tiles_cover_and_lengths_are_quick() -> None:
    seen = np.zeros((1000, 2100), int)
    for rows, columns in tiles((1000, 2100), 960):
        seen[rows, columns] += 1
    assert (seen == 1).all()
    assert quick_length(1009) == 1024
    assert quick_length(257) == 270 or quick_length(257) >= 258
    assert score_core(np.zeros(16, np.float32)) == (0, 1)


def test_frames_in_which_nothing_is_bright_show_a_faint_new_star() -> None:
    rng = np.random.default_rng(8)
    first, second = (rng.normal(100, 5, (200, 200)).astype(np.float32) for _ in "ab")
    star = gaussian_stars(
        (200, 200), np.array([90.4]), np.array([60.2]), np.array([480.0]), 4.0
    )
    ready_ones = [
        prepare(Frame(values, tangent(), gain=GAIN, fwhm=4.0))
        for values in (first, first + star.astype(np.float32), second)
    ]
    nothing = subtract_frames(ready_ones[0], ready_ones[2], FOURIER)
    assert np.isinf(nothing.ratio.error)
    assert 0.97 < nothing.score.std() < 1.03
    assert detect(nothing) == []
    (found,) = detect(subtract_frames(ready_ones[1], ready_ones[2], FOURIER))
    assert np.hypot(found.x - 90.4, found.y - 60.2) < 1
    assert abs(found.flux - 480) < 3.5 * found.flux_error


def test_a_flux_is_true_where_stars_are_wider_than_at_the_centre() -> None:
    """Stars are 4 % wider at one side of the field, and 4 % narrower at the other."""
    rng = np.random.default_rng(4)
    x, y, flux = random_stars(60, (420, 420), 5)
    new_x, new_y = np.array([40.3, 380.6]), np.array([60.8, 370.2])
    apart = np.hypot(x[:, None] - new_x, y[:, None] - new_y).min(axis=1)
    x, y, flux = x[apart > 24], y[apart > 24], flux[apart > 24]

    def stars(x: Numbers, y: Numbers, flux: Numbers) -> Numbers:
        width = 3.5 * (1.0 + 0.04 * (x / 210 - 1))
        single = zip(x, y, flux, width, strict=True)
        image: Numbers = sum(
            (one_star((420, 420), *one) for one in single), np.zeros((420, 420))
        )
        return image

    def made(clean: Numbers) -> Prepared:
        seed = int(rng.integers(1000))
        return prepare(Frame(noisy(clean, 4.0, seed), tangent(), gain=GAIN))

    static = stars(x, y, flux)
    new = stars(new_x, new_y, np.full(2, 3e4))
    for science, reference, sign in (
        (made(static + new), made(static), 1),
        (made(static), made(static + new), -1),
    ):
        assert len(science.psf.planes) == 3
        found = subtract_frames(science, reference, FOURIER)
        for at_x, at_y in zip(new_x, new_y, strict=True):
            near = [
                one for one in detect(found) if np.hypot(one.x - at_x, one.y - at_y) < 2
            ]
            assert abs(sign * near[0].flux / 3e4 - 1) < 0.02


def test_the_photon_noise_of_a_new_star_is_not_scaled_as_the_sky_is() -> None:
    """Frames whose noise is overestimated: the star's own photons are counted once."""
    star = ((128.0, 128.0, 6e4),)
    science, reference = ready(seed=1, more=star), ready(seed=2)
    loud = replace(science, noise=2 * science.noise)
    plain = subtract_frames(science, reference, FOURIER)
    scaled = subtract_frames(loud, reference, FOURIER)
    assert scaled.factor < 0.8 * plain.factor
    score = scaled.score[~scaled.bad]
    assert 0.97 < score[np.abs(score) < 4].std() < 1.03
    photons = np.sqrt(6e4 / GAIN)
    assert plain.error[128, 128] > 0.7 * photons
    assert abs(scaled.error[128, 128] / plain.error[128, 128] - 1) < 0.08
