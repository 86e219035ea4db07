"""Times as people write them."""

import pytest

from gatewright.core.errors import InvalidRequest
from gatewright.domains.arrays.calendars import Calendar, Moment
from gatewright.domains.arrays.times import period, time_range


@pytest.mark.parametrize(
    ("text", "first", "behind"),
    [
        ("1987", "1987-01-01T00:00:00", "1988-01-01T00:00:00"),
        ("1987-12", "1987-12-01T00:00:00", "1988-01-01T00:00:00"),
        ("1987-02-28", "1987-02-28T00:00:00", "1987-03-01T00:00:00"),
        ("1987-10-16T06", "1987-10-16T06:00:00", "1987-10-16T06:00:00"),
        (" 1987-10-16 06:30Z ", "1987-10-16T06:30:00", "1987-10-16T06:30:00"),
        (
            "1987-10-16T06:30:15.5",
            "1987-10-16T06:30:15.500000",
            "1987-10-16T06:30:15.500000",
        ),
    ],
)
def test_a_written_time_is_a_period(text: str, first: str, behind: str) -> None:
    found = period(text, Calendar.STANDARD)
    assert (str(found.first), str(found.behind)) == (first, behind)


def test_the_month_ends_as_the_calendar_says() -> None:
    assert period("2001-02", Calendar.DAYS_360).behind == Moment(2001, 3)
    assert period("1582-10-04", Calendar.STANDARD).behind == Moment(1582, 10, 15)


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "19", "1987-1", "1987-13", "1987-02-30", "1987-10-16T24"),
        *("1987-10-16T06:60", "1987-10-16T06:00:60", "1987-10-16T", "1e400", "nan"),
        *("१९८७", "1987\0"),
    ],
)
def test_what_is_not_a_time(text: str) -> None:
    with pytest.raises(InvalidRequest):
        period(text, Calendar.STANDARD)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("1987:1990", 1987, 1990),
        ("1987/1990", 1987, 1990),
        ("1987-10-16T06:00:1987-10-17T18:00", 1987, 1987),
        ("1987-10-16T06:00:00Z/1990-01", 1987, 1990),
        ("1987-10-16T06:00", 1987, 1987),
    ],
)
def test_ranges_of_times(text: str, first: int, last: int) -> None:
    found = time_range(text, Calendar.STANDARD)
    assert (found[0].first.year, found[1].first.year) == (first, last)


def test_a_range_with_times_of_day_keeps_them() -> None:
    first, last = time_range("1987-10-16T06:30:1987-10-17T18:15", Calendar.STANDARD)
    assert str(first.first) == "1987-10-16T06:30:00"
    assert str(last.first) == "1987-10-17T18:15:00"
