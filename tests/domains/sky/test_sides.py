"""Sides in pixels of sizes on the sky."""

import pytest

from gatewright.domains.sky import odd_side, sides


@pytest.mark.parametrize(
    ("arcsec", "scale", "side"),
    [
        (20, 1, 21), (21, 1, 21), (21.01, 1, 21), (21.1, 1, 23), (5.25, 0.25, 21),
        (0.001, 1, 1), (1, 1, 1), (1.5, 1, 3), (30.25, 2.75, 11),
    ],
)  # fmt: skip
def test_the_smallest_odd_number_that_is_as_much(
    arcsec: float, scale: float, side: int
) -> None:
    assert odd_side(arcsec, scale) == side


def test_images_of_about_one_scale_have_one_side() -> None:
    assert sides(21, [1.0, 0.995, 0.5, 1.009, 0.502, 2.0]) == [21, 21, 43, 21, 43, 11]
    assert sides(21, []) == []
