"""Coadds and light curves of fields of stars."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from tests.support.fields import field, random_stars, ready, tangent

from gatewright.domains.processing.coadd import Load, coadd
from gatewright.domains.processing.coverage import reached
from gatewright.domains.processing.frames import NumpyFourier, OutsideFrame
from gatewright.domains.processing.matching import align, pairs, star_fluxes
from gatewright.domains.processing.photometry import (
    AT_EDGE,
    BAD,
    OUTSIDE,
    SATURATED,
    measure,
)
from gatewright.domains.processing.prepared import (
    Prepared,
    Sources,
    prepare,
    prepare_again,
    without_pixels,
)
from gatewright.domains.processing.scales import relative_scale
from gatewright.domains.processing.tangent import TangentGrid

SHAPE = (256, 256)


def _given(frame: Prepared) -> Prepared:
    return frame


def _loads(frames: Sequence[Prepared]) -> list[Load]:
    return [partial(_given, frame) for frame in frames]


@pytest.mark.parametrize("method", ["mean", "clipped", "psf-matched"])
def test_a_coadd_has_the_stars_and_less_noise(method: str) -> None:
    frames = [
        ready(seed=n, scale=s, fwhm=w, noise=8 * s)
        for n, (s, w) in enumerate([(1.0, 3.5), (0.8, 3.7), (1.2, 3.4), (1.0, 3.6)])
    ]
    made = coadd(_loads(frames), frames[0].projection, SHAPE, method, NumpyFourier())
    assert [round(i.ratio.value, 1) for i in made.inputs] == [1.0, 0.8, 1.2, 1.0]
    assert abs(sum(i.weight for i in made.inputs) - 1) < 1e-6
    x, y, flux = random_stars(16, SHAPE, 77)
    inner = (x > 24) & (x < 230) & (y > 24) & (y < 230)
    found, _, good = star_fluxes(made.frame, x[inner], y[inner])
    assert good.all()
    assert np.abs(found / flux[inner] - 1).max() < 0.05
    assert made.depth > 0
    if method != "psf-matched":
        assert np.median(made.frame.noise) < 0.6 * np.median(frames[0].noise)
    else:
        assert made.frame.psf.fwhm > 3.6


def test_a_clipped_mean_leaves_a_cosmic_ray_out() -> None:
    plain = [field(seed=n) for n in range(4)]
    plain[2].values[60, 70] += 4000
    frames = [prepare(one) for one in plain]
    fourier = NumpyFourier()
    mean = coadd(_loads(frames), frames[0].projection, SHAPE, "mean", fourier)
    clipped = coadd(_loads(frames), frames[0].projection, SHAPE, "clipped", fourier)
    assert mean.frame.values[60, 70] > 500
    assert abs(clipped.frame.values[60, 70]) < 60
    assert clipped.inputs[2].clipped >= 1
    two = coadd(_loads(frames[:2]), frames[0].projection, SHAPE, "clipped", fourier)
    assert two.inputs[0].clipped == 0


def test_a_frame_that_is_read_again_is_measured_only_once() -> None:
    bad = np.zeros(SHAPE, bool)
    bad[40:50, 60:70] = True
    plain = field(seed=3, bad=bad, saturation=2500.0)
    made = prepare(plain)
    assert made.saturated.any()
    known = without_pixels(made)
    assert known.values.size == known.noise.size == known.bad.size == 0
    again = prepare_again(plain, known)
    for plane in ("values", "noise", "bad", "saturated"):
        assert np.array_equal(getattr(again, plane), getattr(made, plane))
    assert again.psf is made.psf
    assert again.sources is made.sources
    assert (again.gain, again.factor, again.sky) == (made.gain, made.factor, made.sky)


def test_sources_are_paired_with_the_nearest_of_the_other_list() -> None:
    """As by all distances, also where several are near and where none is."""
    random = np.random.default_rng(9)
    x, y, there_x, there_y = random.uniform(0, 200, (4, 300))
    here, there = pairs(x, y, there_x, there_y, 6.0)
    apart = np.hypot(x[:, None] - there_x, y[:, None] - there_y)
    mutual = [
        (one, int(apart[one].argmin()))
        for one in range(300)
        if apart[:, apart[one].argmin()].argmin() == one and apart[one].min() < 6.0
    ]
    assert list(zip(here.tolist(), there.tolist(), strict=True)) == mutual
    assert 50 < len(mutual) < 300


def test_frames_that_lie_apart_cover_what_they_cover() -> None:
    first = ready(seed=1)
    second = ready(seed=2, place=tangent(8000, 128))
    made = coadd(
        _loads([first, second]), first.projection, SHAPE, "mean", NumpyFourier()
    )
    assert made.inputs[1].weight == 0
    assert not made.frame.bad[20:-20, 20:-20].any()
    assert relative_scale(first, second).stars == 0
    gone = coadd([lambda: first], tangent(8000, 128), SHAPE, "mean", NumpyFourier())
    assert gone.frame.bad.all()
    assert gone.inputs[0].weight == 0


def test_a_frame_outside_the_region_is_left_out() -> None:
    def outside() -> Prepared:
        raise OutsideFrame("The region has no pixel of it.")

    first = ready(seed=1)
    loads: list[Load] = [lambda: first, outside, lambda: first]
    made = coadd(loads, first.projection, SHAPE, "mean", NumpyFourier())
    assert list(made.outside) == [1]
    assert [round(one.weight, 3) for one in made.inputs] == [0.5, 0.5]


def test_a_frame_is_put_on_the_part_of_a_tangent_plane_that_it_reaches() -> None:
    frame = ready(seed=1)
    shape = (501, 501)
    grid = TangentGrid(150.0, 2.0, 0.3 / 3600.0, 501)
    rows, columns = reached(frame, grid, shape)
    # The frame's pixel (128, 128) is at the middle of the grid.
    x, _ = frame.projection.to_pixels(
        *grid.to_sky(
            np.array([columns.start, columns.stop - 1.0]),
            np.array([rows.start, rows.stop - 1.0]),
        )
    )
    assert -12 < x.min() < -0.5
    assert 255.5 < x.max() < 268
    assert (rows, columns) == (columns, rows)
    whole = slice(0, 501), slice(0, 501)
    assert reached(frame, TangentGrid(330.0, -2.0, 1e-4, 501), shape) == whole
    assert reached(frame, tangent(), shape) == whole


def test_stars_in_a_strip_give_a_shift_without_slopes() -> None:
    random = np.random.default_rng(3)
    frame = ready(seed=1)
    for widest, slopes in ((100.0, False), (250.0, True)):
        x, y = random.uniform(0, widest, 60), random.uniform(0, 250.0, 60)
        first = replace(frame, sources=Sources(x, y, np.full(60, 100.0)))
        # The second frame is 0.2 % larger.
        moved = Sources(1.002 * x, 1.002 * y, np.full(60, 100.0))
        found = align(first, replace(frame, sources=moved)).adjustment
        assert (found.x[1] != 0.0) is slopes


def test_a_light_curve_is_on_one_scale_with_limits() -> None:
    star = (120.0, 90.0)
    fluxes = [0.0, 3000.0, 6000.0]
    scales = [1.0, 0.8, 1.2]
    frames = [
        ready(seed=n, scale=s, noise=8 * s, more=((*star, f),) if f else ())
        for n, (f, s) in enumerate(zip(fluxes, scales, strict=True))
    ]
    sky = tangent()
    ra, dec = sky.to_sky(np.array([star[0]]), np.array([star[1]]))
    none, faint, bright = measure(_loads(frames), float(ra[0]), float(dec[0]))
    assert not none.seen
    assert none.upper_limit is not None
    assert none.upper_limit > 4 * none.error
    for found, truth in ((faint, 3000), (bright, 6000)):
        assert found.seen
        assert found.upper_limit is None
        assert abs(found.flux - truth) < 5 * found.error + 0.02 * truth
    assert abs(bright.scale.value - 1.2) < 0.03


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        (60.0, 50.0, BAD),
        (600.0, 50.0, OUTSIDE),
        (120.0, 1.0, AT_EDGE),
        (254.6, 120.0, AT_EDGE),
        (120.0, 130.0, SATURATED),
        (122.4, 130.0, SATURATED),
        (60.0, 60.0, None),
        (120.0, 6.0, None),
    ],
)
def test_places_that_cannot_be_measured_say_why(
    x: float, y: float, reason: str | None
) -> None:
    bad = np.zeros(SHAPE, bool)
    bad[50, 60] = True
    more = ((120.0, 130.0, 2e5),)
    frame = prepare(field(seed=1, bad=bad, more=more, saturation=10_000.0))
    ra, dec = tangent().to_sky(np.array([x]), np.array([y]))
    (found,) = measure([lambda: frame], float(ra[0]), float(dec[0]))
    assert found.reason == reason
    assert np.isnan(found.flux) == (reason is not None)
    if reason is not None:
        assert found.upper_limit is None
