"""Colours of three images, compared with astropy's make_lupton_rgb."""

from typing import Any

import numpy as np
import pytest
from astropy.visualization import make_lupton_rgb

from gatewright.domains.sky import Colours, colour_levels


def three(level: float = 0.0) -> Any:
    """Return three images with stars of several colours on a noisy sky."""
    random = np.random.default_rng(11)
    y, x = np.indices((40, 50))
    images = random.normal(level, 1.0, (3, 40, 50))
    for _ in range(20):
        column, row, flux = random.uniform(0, 50), random.uniform(0, 40), 10.0**3
        star = np.exp(-((x - column) ** 2 + (y - row) ** 2) / 4)
        images += random.uniform(0.01, 2, (3, 1, 1)) * flux * star
    return images.astype(np.float32)


@pytest.mark.parametrize(("stretch", "q"), [(5.0, 8.0), (0.5, 3.0), (50.0, 20.0)])
@pytest.mark.parametrize("black", [(0.0, 0.0, 0.0), (-1.0, 0.5, 2.0)])
def test_the_levels_are_those_of_astropy(
    black: tuple[float, float, float], stretch: float, q: float
) -> None:
    red, green, blue = three()
    one = (1.0, 1.0, 1.0)
    asked = Colours(black=black, unit=one, stretch=stretch, softening=q)
    ours = colour_levels((red, green, blue), asked).astype(int)
    theirs = make_lupton_rgb(
        *(image.astype("f8") for image in (red, green, blue)),
        minimum=list(black), stretch=stretch, Q=q,
    ).astype(int)  # fmt: skip
    assert abs(ours - theirs).max() <= 1  # 254.9999 and 255 are cut off differently
    assert (ours != theirs).mean() < 0.001
    assert len(np.unique(ours)) > 100


def test_limits_by_percentile_and_by_value_are_the_same() -> None:
    images = three(100.0)
    low, high = np.percentile(images, [5, 99], axis=(1, 2))
    by_value = Colours(black=tuple(low), unit=tuple(high - low))
    left = colour_levels(tuple(images), Colours(5, 99)).astype(int)
    right = colour_levels(tuple(images), by_value).astype(int)
    assert abs(left - right).max() <= 1


def test_units_balance_the_colours() -> None:
    grey = np.linspace(0, 1, 600, dtype=np.float32).reshape(20, 30)
    images = (grey * 5, grey * 70, grey * 3)
    levels = colour_levels(images, Colours(black=(0, 0, 0), unit=(5, 70, 3)))
    assert np.ptp(levels.astype(int), axis=2).max() <= 1
    assert levels.max() > 150


def test_a_pixel_that_one_image_lacks_is_black() -> None:
    red, green, blue = three()
    green[3, 4] = np.nan
    blue[5] = np.inf
    levels = colour_levels((red, green, blue), Colours())
    assert (levels[3, 4] == 0).all()
    assert (levels[5] == 0).all()
    assert levels.any()


def test_values_beyond_all_numbers_are_black() -> None:
    images = three()
    asked = Colours(black=(-1e300, 0, 0), unit=(1e-300, 1, 1), stretch=1e-300)
    assert not colour_levels(tuple(images), asked).any()


def test_images_of_one_value_are_black() -> None:
    flat = np.full((4, 4), 7.0, np.float32)
    assert not colour_levels((flat, flat, flat), Colours()).any()
