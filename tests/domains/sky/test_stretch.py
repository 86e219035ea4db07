"""Grey levels against astropy's asinh stretch."""

import numpy as np
import pytest
from astropy.visualization import (
    AsinhStretch,
    LogStretch,
    SqrtStretch,
    ZScaleInterval,
)

from gatewright.domains.sky import Limits, Stretch, grey_levels, percentile_limits
from gatewright.domains.sky.stretch import zscale_limits


def test_asinh_as_astropy_has_it() -> None:
    pixels = np.random.default_rng(1).normal(100, 5, (64, 48)).astype(np.float32)
    low, high = percentile_limits(pixels, 1, 99)
    share = np.clip((pixels - low) / (high - low), 0, 1)
    wanted = AsinhStretch(0.1)(share) * 255
    levels = grey_levels(pixels, Stretch("asinh", 1, 99))
    assert np.abs(levels - wanted).max() <= 0.51


def test_linear() -> None:
    pixels = np.arange(101, dtype=np.float32)[None]
    assert grey_levels(pixels, Stretch("linear", 0, 100))[0, [0, 50, 100]].tolist() == [
        0, 128, 255,
    ]  # fmt: skip


def test_pixels_without_value_are_black_and_a_flat_picture_is_black() -> None:
    pixels = np.array([[np.nan, np.inf, -np.inf, 1.0, 2.0]], dtype=np.float32)
    assert grey_levels(pixels, Stretch())[0, :3].tolist() == [0, 255, 0]
    nothing = np.full((3, 3), np.nan, dtype=np.float32)
    assert percentile_limits(nothing, 1, 99) == (0.0, 1.0)
    assert not grey_levels(nothing, Stretch()).any()
    assert not grey_levels(np.ones((3, 3), dtype=np.float32), Stretch()).any()


def test_large_pictures_are_sampled() -> None:
    pixels = np.zeros((2000, 2000), dtype=np.float32)
    pixels[:, ::2] = 1.0
    assert percentile_limits(pixels, 1, 99) == (0.0, 1.0)


@pytest.mark.parametrize("percent", [0, 0.5, 5, 25, 50, 75, 90, 99.5, 99.9, 100])
@pytest.mark.parametrize("kind", ["noise", "few values", "sorted", "every tenth"])
@pytest.mark.parametrize("count", [1, 2, 30, 400, 40_000])
def test_percentiles_are_exactly_those_of_numpy(
    count: int, kind: str, percent: float
) -> None:
    random = np.random.default_rng(count)
    values = random.normal(100, 5, count)
    if kind == "few values":
        values = np.round(values / 5)
    elif kind == "sorted":
        values.sort()
    elif kind == "every tenth":  # the pixels that a regular sample would have
        values[::10] *= 1000 if percent > 50 else -1000
    pixels = values.astype(np.float32)[None]
    wanted = np.percentile(pixels, [percent, 50]).tolist()
    assert list(percentile_limits(pixels, percent, 50)) == wanted


@pytest.mark.parametrize("name", ["asinh", "linear", "log", "sqrt"])
def test_a_large_picture_has_the_grey_levels_of_its_parts(name: str) -> None:
    pixels = np.random.default_rng(2).normal(100, 5, (700, 301)).astype(np.float32)
    stretch = Stretch(name, 90, 115, Limits.VALUE)
    levels = grey_levels(pixels, stretch)
    rows = [grey_levels(row[None], stretch) for row in pixels]
    assert (levels == np.concatenate(rows)).all()


@pytest.mark.parametrize(
    ("name", "curve"), [("log", LogStretch(1000)), ("sqrt", SqrtStretch())]
)
def test_other_curves_as_astropy_has_them(name: str, curve: object) -> None:
    pixels = np.random.default_rng(1).normal(100, 5, (64, 48)).astype(np.float32)
    share = np.clip((pixels - 90) / (115 - 90), 0, 1)
    levels = grey_levels(pixels, Stretch(name, 90, 115, Limits.VALUE))
    assert np.abs(levels - curve(share) * 255).max() <= 0.51  # type: ignore[operator]


def test_limits_by_value_are_those_before_the_pedestal_was_subtracted() -> None:
    pixels = np.array([[-1.0, 0.0, 5.0, 10.0, 11.0]], dtype=np.float32)
    stretch = Stretch("linear", 1e8, 1e8 + 10, Limits.VALUE)
    assert grey_levels(pixels, stretch, 1e8).tolist() == [[0, 0, 128, 255, 255]]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("shape", [(300, 200), (20, 20), (2, 2), (1, 7)])
def test_zscale_as_astropy_has_it(shape: tuple[int, int], seed: int) -> None:
    random = np.random.default_rng(seed)
    pixels = random.normal(50, 4, shape).astype(np.float32)
    stars = random.random(shape) < 0.02 * seed
    pixels[stars] += random.uniform(10, 5000, int(stars.sum())).astype(np.float32)
    pixels[0, 0] = np.nan
    theirs = ZScaleInterval().get_limits(pixels.astype(np.float64))
    assert zscale_limits(pixels) == pytest.approx(theirs)
    levels = grey_levels(pixels, Stretch("linear", limits=Limits.ZSCALE))
    assert levels[0, 0] == 0


def test_zscale_without_pixels_and_of_noise_that_is_no_line() -> None:
    assert zscale_limits(np.full((3, 3), np.nan, np.float32)) == (0.0, 1.0)
    steps = np.repeat([0.0, 1e6, 2e6, 9e9], 250).astype(np.float32)
    theirs = ZScaleInterval().get_limits(steps.astype(np.float64))
    assert zscale_limits(steps) == pytest.approx(theirs)
