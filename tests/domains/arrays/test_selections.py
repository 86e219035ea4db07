"""Times, levels, labels and positions that are chosen on an axis."""

import numpy as np
import pytest
from tests.support.axes import LATITUDE, LONGITUDE, TIME, axis, values

from gatewright.core.errors import InvalidRequest
from gatewright.domains.arrays import (
    Axis,
    AxisKind,
    Range,
    Selected,
    label,
    select,
)

MEMBER = axis(AxisKind.MEMBER)


@pytest.mark.parametrize("step", [2.0, -2.0])
def test_ranges_include_their_ends_in_either_direction(step: float) -> None:
    grid = np.arange(-90.0, 91.0, 2.0)[:: int(np.sign(step))]
    for text in ("10:14", "14:10", " 10 : 14 ", "9.5:14.99"):
        found = values(select(LATITUDE, grid, text), grid)
        assert sorted(found) == [10.0, 12.0, 14.0]


def test_bounds_hold_for_rounded_coordinates() -> None:
    grid = np.arange(0, 10, 0.1, dtype=np.float32).astype(np.float64)
    assert select(LATITUDE, grid, "0.1:0.3").count == 3


def test_one_value_is_the_nearest() -> None:
    grid = np.arange(-90.0, 91.0, 2.0)
    assert values(select(LATITUDE, grid, "45.4"), grid) == [46.0]
    assert values(select(MEMBER, np.array([7.0]), "7"), np.array([7.0])) == [7.0]


@pytest.mark.parametrize(
    "text",
    [
        *("", "north", "1:2:3", "nan", "inf", "1e400", "91", "10:", ":10", "1,2"),
        *("10.1:11.9", "\0", "\uff11", "--1", "1" * 400),
    ],
)
def test_what_latitudes_are_not(text: str) -> None:
    with pytest.raises(InvalidRequest):
        select(LATITUDE, np.arange(-90.0, 91.0, 2.0), text)


def test_values_far_outside_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="1 to 56"):
        select(MEMBER, np.arange(1.0, 57.0), "99")
    pressure = axis(AxisKind.LEVEL, "hPa")
    with pytest.raises(InvalidRequest, match="hPa"):
        select(pressure, np.array([1000.0, 500.0]), "10:20")
    with pytest.raises(InvalidRequest, match="empty"):
        select(MEMBER, np.array([]), "1")
    with pytest.raises(InvalidRequest, match="no values"):
        select(MEMBER, np.array([np.nan, np.nan]), "1")
    with pytest.raises(InvalidRequest, match="not in order"):
        select(MEMBER, np.array([1.0, 5.0, 2.0]), "1:2")
    with pytest.raises(InvalidRequest, match="has missing values") as caught:
        select(MEMBER, np.array([1.0, np.nan, 2.0, 3.0]), "1:3")
    assert "order" not in str(caught.value)
    with pytest.raises(InvalidRequest, match="not in order"):
        select(MEMBER, np.array([np.nan, 1.0, 5.0, 2.0]), "1:2")


HOURS = np.arange(0.0, 24 * 40, 6.0)


@pytest.mark.parametrize(
    ("text", "count", "first"),
    [
        ("2000-01-02", 4, 24),
        ("2000-01", 124, 0),
        ("2000", 160, 0),
        ("2000-01-02:2000-01-03", 8, 24),
        ("2000-01-02T06:00:2000-01-02T12:00", 2, 30),
        ("2000-01-02T06:00/2000-01-02T12", 2, 30),
        ("2000-01-02T07:00", 1, 30),
        ("1999-12-31T22:00", 1, 0),
    ],
)
def test_times(text: str, count: int, first: float) -> None:
    selected = select(TIME, HOURS, text)
    assert selected.count == count
    assert HOURS[selected.ranges[0].start] == first


@pytest.mark.parametrize("text", ["2000-02-16", "2000-02-02:2000-02-20"])
def test_a_period_without_times_is_empty(text: str) -> None:
    months = np.array([0.0, 744.0, 1440.0])
    with pytest.raises(
        InvalidRequest, match=r"2000-02-01T00:00:00 and 2000-03-01T00:00:00 are the"
    ):
        select(TIME, months, text)


@pytest.mark.parametrize(
    ("text", "index", "nearest"),
    [
        ("2000-01-02T06:00", 5, ""),
        ("2000-01-02T07:30", 5, "2000-01-02T06:00:00"),
        ("2000-01-02T09:30", 6, "2000-01-02T12:00:00"),
        ("1999-12-31T21:30", 0, "2000-01-01T00:00:00"),
    ],
)
def test_a_moment_is_the_time_within_half_a_step(
    text: str, index: int, nearest: str
) -> None:
    assert select(TIME, HOURS, text) == Selected((Range(index, 1),), None, nearest)


def test_no_time_reaches_across_a_gap() -> None:
    """Monthly times without April 1900, and the only time of a file."""
    months = np.array([15.0, 46, 74, 135, 166, 196]) * 24
    assert select(TIME, months, "2000-03-25T00:00").nearest == "2000-03-15T00:00:00"
    for text in ("2000-04-14T00:00", "2000-04-16T12:00"):
        with pytest.raises(InvalidRequest, match="are the nearest"):
            select(TIME, months, text)
    since_1800 = axis(AxisKind.TIME, "hours since 1800-01-01")
    one = np.array([1646646.0])
    given = label(since_1800, 1646646.0)
    assert select(since_1800, one, given).nearest == ""
    with pytest.raises(InvalidRequest, match="nothing at"):
        select(since_1800, one, given.replace("06:00", "06:20"))


LEVELS = np.array([1000.0, 850.0, 500.0, 200.0, 10.0])


@pytest.mark.parametrize("text", ["-100", "1300", "1000.01", "700", "9"])
def test_levels_that_are_not_there(text: str) -> None:
    with pytest.raises(InvalidRequest, match="10 to 1000 hPa"):
        select(axis(AxisKind.LEVEL, "hPa"), LEVELS, text)


@pytest.mark.parametrize(
    ("text", "index", "nearest"),
    [("850", 1, ""), ("900", 1, "850"), ("940", 0, "1000")],
)
def test_a_level_within_half_a_step(text: str, index: int, nearest: str) -> None:
    found = select(axis(AxisKind.LEVEL, "hPa"), LEVELS, text)
    assert found == Selected((Range(index, 1),), None, nearest)


@pytest.mark.parametrize("kind", [AxisKind.MEMBER, AxisKind.OTHER])
def test_labels_match_exactly(kind: AxisKind) -> None:
    labelled, numbers = axis(kind), np.array([1.0, 2, 3, 4])
    assert select(labelled, numbers, "2").ranges == (Range(1, 1),)
    assert select(labelled, numbers, "2:9").ranges == (Range(1, 3),)
    for text in ("0", "5", "2.4", "2.0001"):
        with pytest.raises(InvalidRequest, match="1 to 4"):
            select(labelled, numbers, text)
    tenths = np.array([0.1, 0.5, 0.9], np.float32).astype(float)
    assert select(labelled, tenths, "0.9").ranges == (Range(2, 1),)


NAMES = Axis(AxisKind.MEMBER, "d", "d", text=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("b", Range(1, 1)),
        (" c:1 ", Range(2, 1)),
        ("a:c:1", Range(0, 3)),
        ("c:1:a", Range(0, 3)),
        ("index:3", Range(3, 1)),
        ("index:1:2", Range(1, 2)),
        ("twice", Range(3, 2)),
    ],
)
def test_names_are_labels(text: str, expected: Range) -> None:
    names = ("a", "b ", "c:1", "twice", "twice")
    assert select(NAMES, np.arange(5.0), text, names).ranges == (expected,)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0", "which has a, b, a"),
        ("A", "A position is written index:0"),
        ("b:d", "no “b:d”"),
        ("a", "more than once, at the indices 0, 2"),
        ("index:3", "the indices 0 to 2"),
        ("index:2:1", "smaller end first"),
    ],
)
def test_names_that_are_not_there(text: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        select(NAMES, np.arange(3.0), text, ("a", "b", "a"))


def test_very_many_colons_are_not_tried_one_by_one() -> None:
    """Each was compared with all names, in the event loop: half a minute of it."""
    names = tuple(f"station:{n}" for n in range(20_000))
    values = np.arange(20_000.0)
    with pytest.raises(InvalidRequest, match="no “::::"):
        select(NAMES, values, ":" * 30_000, names)
    both = select(NAMES, values, "station:3   :   station:7", names)
    assert both.ranges == (Range(3, 5),)


def test_a_message_names_only_some_of_many_names() -> None:
    names = tuple(f"r{n}" for n in range(50))
    with pytest.raises(InvalidRequest, match="r19 and 30 more"):
        select(NAMES, np.arange(50.0), "r50", names)


def test_positions_on_any_axis() -> None:
    assert select(TIME, HOURS, "index:0:3").ranges == (Range(0, 4),)
    assert select(LONGITUDE, np.array([350.0, 0.0]), "index:1").ranges == (Range(1, 1),)


@pytest.mark.parametrize(
    "text",
    ["1987-10-16", "2000-01-02:1999", "2001:2002", "6", "2000-01-01T01:2000-01-01T02"],
)
def test_times_that_are_not_there(text: str) -> None:
    with pytest.raises(InvalidRequest):
        select(TIME, HOURS, text)


def test_times_without_a_calendar_are_numbers() -> None:
    months = axis(AxisKind.TIME, "months since 2000-01-01")
    assert select(months, np.arange(12.0), "3:5").count == 3
    with pytest.raises(InvalidRequest, match="“months since 2000-01-01”") as caught:
        select(months, np.arange(12.0), "2000-03")
    assert "calendar “standard”" in str(caught.value)
