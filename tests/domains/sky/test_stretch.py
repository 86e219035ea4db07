"""Grey levels against astropy's asinh stretch."""

import numpy as np
from astropy.visualization import AsinhStretch

from gatewright.domains.sky import Stretch, grey_levels, percentile_limits


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
