"""Times as people write them."""

from datetime import timedelta

import cftime
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


@pytest.mark.parametrize("kind", list(Calendar))
@pytest.mark.parametrize(
    ("hours", "text"),
    [
        (0, "2018-03-01T05:06:08+00:00"),
        (0, "2018-03-01T05:06:08 00:00"),
        (5.75, "2018-03-01T05:06:08.25+05:45"),
        (-3.5, "2018-12-30T21:06:08-0330"),
        (9, "2018-01-01T06+09"),
    ],
)
def test_a_moment_with_an_offset_is_in_utc(
    kind: Calendar, hours: float, text: str
) -> None:
    """Against cftime, which has the calendars but no zones."""
    local = period(text[:19].removesuffix("+09"), Calendar.DAYS_360).first
    of_day = timedelta(microseconds=local.microsecond)
    day = cftime.datetime(local.year, local.month, local.day, calendar=kind.value)
    expected = day + of_day - timedelta(hours=hours)
    fraction = ".250000" if ".25" in text else ""
    found = period(text, kind)
    assert str(found.first) == expected.isoformat()[:19] + fraction
    assert found.behind == found.first


def test_the_month_ends_as_the_calendar_says() -> None:
    assert period("2001-02", Calendar.DAYS_360).behind == Moment(2001, 3)
    assert period("1582-10-04", Calendar.STANDARD).behind == Moment(1582, 10, 15)


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "19", "1987-1", "1987-13", "1987-02-30", "1987-10-16T24"),
        *("1987-10-16T06:60", "1987-10-16T06:00:60", "1987-10-16T", "1e400", "nan"),
        *("१९८७", "1987\0", "1987-10-16T06:00+24:00", "1987-10-16T06:00-05:60"),
        *("1987-10-16+01:00", "1987-10-16T06:00+00:00Z", "1987-10-16T06:00+1"),
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


@pytest.mark.parametrize("between", [":", "/"])
@pytest.mark.parametrize("first", ["+02", "+0200", "+02:00", " 02:00"])
@pytest.mark.parametrize("clock", ["T06", "T06:00", "T06:00:00", "T06:00:00.000"])
def test_a_range_with_offsets_keeps_them(clock: str, first: str, between: str) -> None:
    text = f"1987-10-16{clock}{first}{between}1988-10-17 18:15:00-05:30"
    found = time_range(text, Calendar.STANDARD)
    assert str(found[0].first) == "1987-10-16T04:00:00"
    assert str(found[1].first) == "1988-10-17T23:45:00"
    years = time_range(f"1987-10-16{clock}{first}{between}1988", Calendar.STANDARD)
    assert (years[0], years[1].first) == (found[0], Moment(1988))


def test_a_range_with_times_of_day_keeps_them() -> None:
    first, last = time_range("1987-10-16T06:30:1987-10-17T18:15", Calendar.STANDARD)
    assert str(first.first) == "1987-10-16T06:30:00"
    assert str(last.first) == "1987-10-17T18:15:00"
