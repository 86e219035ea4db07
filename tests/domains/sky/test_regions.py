"""Regions and intervals as texts."""

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.core.errors import InvalidRequest
from gatewright.domains.sky import (
    Circle,
    Interval,
    Polygon,
    Range,
    parse_interval,
    parse_region,
)


def test_the_three_shapes() -> None:
    assert parse_region("CIRCLE 12.5 -34 0.5") == Circle(12.5, -34.0, 0.5)
    assert parse_region(" RANGE 10  20 -5 5 ") == Range(10, 20, -5, 5)
    assert parse_region("POLYGON 0 0 1 0 0 1") == Polygon(((0, 0), (1, 0), (0, 1)))


def test_open_ranges() -> None:
    assert parse_region("RANGE -Inf +Inf -Inf +Inf") == Range(0, 360, -90, 90)
    assert parse_region("RANGE 0 360 89 +Inf") == Range(0, 360, 89, 90)


def test_width_goes_east() -> None:
    assert Range(350, 10, 0, 1).width == 20
    assert Range(0, 360, 0, 1).width == 360
    assert Range(5, 5, 0, 1).width == 0


@pytest.mark.parametrize(
    "text",
    [
        "", "CIRCLE", "circle 1 2 3", "CIRCLE 1 2", "CIRCLE 1 2 3 4", "CIRCLE a 2 3",
        "CIRCLE nan 2 3", "CIRCLE inf 2 3", "CIRCLE 1e400 2 3", "CIRCLE 1 2 -3",
        "CIRCLE 361 0 1", "CIRCLE -1 0 1", "CIRCLE 0 91 1", "CIRCLE 0 0 181",
        "CIRCLE 1_0 2 3", "CIRCLE \u0661 2 3", "RANGE 1 2 3", "RANGE 1 2 4 3",
        "RANGE 1 2 -91 3", "POLYGON 1 2 3 4", "POLYGON 1 2 3 4 5 6 7",
        "POLYGON 1 2 1 2 1 2", "POLYGON 0 0 180 0 90 10", "BOX 1 2 3 4",
        "POLYGON " + "1 2 " * 300, "CIRCLE " + "1" * 100 + " 2 3", "CIRCLE 1 2 \x00",
        "RANGE nan 2 3 4", "POLYGON 0 0 1 0 1 0 0 0",
    ],
)  # fmt: skip
def test_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_region(text)


@given(st.text(max_size=60))
def test_any_text_is_a_region_or_refused(text: str) -> None:
    with suppress(InvalidRequest):  # any other error fails the test
        assert parse_region(text) is not None


def test_intervals() -> None:
    assert parse_interval("1 2", "x") == Interval(1, 2)
    assert parse_interval("5", "x") == Interval(5, 5)
    assert parse_interval("-Inf 3", "x") == Interval(-math.inf, 3)
    assert parse_interval("3 +Inf", "x") == Interval(3, math.inf)


@pytest.mark.parametrize(
    "text", ["", "1 2 3", "2 1", "+Inf 3", "3 -Inf", "Inf Inf", "a", "NaN NaN", "1e999"]
)
def test_intervals_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_interval(text, "x")


def test_intervals_meet() -> None:
    assert Interval(1, 2).meets(2, 3)
    assert not Interval(1, 2).meets(2.1, 3)
    assert not Interval(1, 2).meets(None, 3)
    assert not Interval(1, 2).meets(0, None)
