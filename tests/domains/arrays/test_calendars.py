"""Calendars against cftime, the implementation that xarray and netCDF4 use."""

import math

import cftime
import numpy as np
import pytest
import xarray
from hypothesis import example, given
from hypothesis import strategies as st

from gatewright.core.errors import InvalidRequest
from gatewright.domains.arrays.calendars import (
    Calendar,
    Moment,
    calendar,
    checked,
    day_number,
    day_of,
    days_in_month,
    time_units,
)

ALL = st.sampled_from(list(Calendar))


@given(ALL, st.integers(-700_000, 3_000_000))
@example(Calendar.STANDARD, 2_299_160)
@example(Calendar.STANDARD, 2_299_161)
def test_days_and_their_numbers_go_round(kind: Calendar, number: int) -> None:
    year, month, day = day_of(kind, number)
    assert day_number(kind, year, month, day) == number
    assert 1 <= day <= days_in_month(kind, year, month)
    moment = Moment(year, month, day)
    assert checked(kind, moment) == moment


@pytest.mark.filterwarnings("ignore::cftime.CFWarning")
@given(
    ALL,
    st.sampled_from(["days", "hours", "minutes", "seconds"]),
    st.integers(1, 3000),
    st.integers(1, 12),
    st.integers(1, 28),
    st.integers(0, 86_399),
    st.integers(-400_000, 400_000),
)
def test_times_are_those_of_cftime(
    kind: Calendar,
    unit: str,
    year: int,
    month: int,
    day: int,
    second: int,
    value: int,
) -> None:
    if kind is Calendar.STANDARD and (year, month) == (1582, 10):
        return
    hour, rest = divmod(second, 3600)
    units = (
        f"{unit} since {year:04d}-{month:02d}-{day:02d} "
        f"{hour:02d}:{rest // 60:02d}:{rest % 60:02d}"
    )
    expected = cftime.num2date(value, units, calendar=kind.value, has_year_zero=True)
    meaning = time_units(units, kind.value)
    assert meaning is not None
    moment = meaning.moment(value)
    assert moment is not None
    found = (moment.year, moment.month, moment.day, moment.microsecond)
    midnight = (expected.hour * 60 + expected.minute) * 60 + expected.second
    assert found == (
        *(expected.year, expected.month, expected.day),
        midnight * 1_000_000 + expected.microsecond,
    )
    assert meaning.value(moment) == pytest.approx(value, abs=1e-6)


CFTIME_CALENDARS = [
    *("standard", "gregorian", "proleptic_gregorian", "noleap", "365_day", "360_day"),
    *("julian", "all_leap", "366_day", "tai"),
]
CFTIME_UNITS = [
    *cftime.microsec_units,
    *cftime.millisec_units,
    *cftime.sec_units,
    *cftime.min_units,
    *cftime.hr_units,
    *cftime.day_units,
    *("month", "months", "common_year", "common_years", "year", "weeks"),
]


@pytest.mark.parametrize("kind", CFTIME_CALENDARS)
@pytest.mark.parametrize("unit", CFTIME_UNITS)
def test_every_unit_that_cftime_decodes_in_a_calendar(kind: str, unit: str) -> None:
    units = f"{unit} since 1999-12-30 12:00:00"
    meaning = time_units(units, kind)
    try:
        expected = cftime.num2date(17, units, calendar=kind)
    except ValueError:
        fixed = unit == "weeks" or (unit == "year" and kind == "360_day")
        assert (meaning is not None) == fixed
        return
    assert meaning is not None
    assert str(meaning.moment(17)) == expected.isoformat()


@pytest.mark.parametrize(
    ("units", "kind", "text"),
    [
        ("weeks since 2000-01-01", "standard", "2000-01-15T00:00:00"),
        ("years since 2000-01-01", "360_day", "2002-01-01T00:00:00"),
        ("months since 1960-01-01", "360", "1960-03-01T00:00:00"),
        ("days since 2000-02-28", "THIRTY_DAY_MONTHS", "2000-02-30T00:00:00"),
        ("days since 2000-01-01,12:00:00", "standard", "2000-01-03T12:00:00"),
    ],
)
def test_units_and_calendars_beyond_cftime(units: str, kind: str, text: str) -> None:
    meaning = time_units(units, kind)
    assert meaning is not None
    assert str(meaning.moment(2)) == text


@given(st.integers(-(2**62), 2**62), st.sampled_from(["ns", "nanoseconds"]))
@example(1_520_139_968_000_000_000, "nanoseconds")
@example(1_520_139_968_123_456_789, "nanoseconds")
def test_nanoseconds_are_those_of_xarray(value: int, unit: str) -> None:
    """To the microsecond, and to what a float64 can tell."""
    units = f"{unit} since 1970-01-01 00:00:00"
    meaning = time_units(units, "proleptic_gregorian")
    assert meaning is not None
    stored = float(value)
    moment = meaning.moment(stored)
    assert moment is not None
    coded = {"units": units.replace("ns ", "nanoseconds "), "calendar": "standard"}
    made = xarray.Dataset({"time": ("time", [int(stored)], coded)})
    expected = xarray.decode_cf(made)["time"].values[0]
    distance = np.datetime64(str(moment), "ns") - expected
    assert abs(distance) <= np.timedelta64(500, "ns")
    assert meaning.value(moment) == pytest.approx(stored, rel=1e-15, abs=500)


@pytest.mark.parametrize(
    ("units", "value", "text"),
    [
        ("hours since 1-1-1 0:0:0", 17415870.0, "1987-10-16T06:00:00"),
        ("hour since 0000-01-01 00:00:00", 366.0, "0000-01-16T06:00:00"),
        ("days since 1870-03-01 00:00:00", 0.25, "1870-03-01T06:00:00"),
        ("days since 2000-01-01T12:00:00Z", 1.0, "2000-01-02T12:00:00"),
        ("days since 2000-01-01 00:00:00 +02:00", 0.0, "1999-12-31T22:00:00"),
        ("days since 2000-01-01 00:00 -0530", 0.0, "2000-01-01T05:30:00"),
        ("days since 2000-01-01 00 +3", 0.0, "1999-12-31T21:00:00"),
        ("seconds since 2000-01-01 00:00:00.25 UTC", 0.5, "2000-01-01T00:00:00.750000"),
        ("msec since 1999-12-31", 1.0, "1999-12-31T00:00:00.001000"),
        ("days since -0001-01-01", 0.0, "0000-01-01T00:00:00"),
        ("days since -4713-01-01 12:00:00", 2451545.0, "2000-01-01T12:00:00"),
    ],
)
def test_units_as_they_are_written(units: str, value: float, text: str) -> None:
    meaning = time_units(units)
    assert meaning is not None
    assert str(meaning.moment(value)) == text


@pytest.mark.filterwarnings("ignore:this date/calendar/year zero")
@pytest.mark.parametrize(
    "kind", ["standard", "julian", "proleptic_gregorian", "noleap", "360_day"]
)
@pytest.mark.parametrize("year", [-4713, -4712, -1])
def test_reference_years_before_1_are_counted_as_cftime_does(
    kind: str, year: int
) -> None:
    units = f"days since {year:05d}-01-01 12:00:00"
    meaning = time_units(units, kind)
    assert meaning is not None
    expected = cftime.num2date(2_451_545.0, units, calendar=kind)
    assert str(meaning.moment(2_451_545.0)) == expected.isoformat()


@pytest.mark.parametrize(
    "units",
    [
        "",
        "degrees_north",
        "months since 2000-01-01",
        "days since",
        "days since yesterday",
        "days since 2000-13-01",
        "days since 2000-01-32",
    ],
)
def test_units_that_have_no_meaning(units: str) -> None:
    assert time_units(units) is None


def test_an_unknown_calendar_has_no_meaning() -> None:
    assert calendar("lunar") is None
    assert time_units("days since 2000-01-01", "lunar") is None
    assert calendar("Gregorian") is Calendar.STANDARD
    assert calendar("365_day") is Calendar.NOLEAP


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e300])
def test_numbers_that_are_no_time(value: float) -> None:
    meaning = time_units("days since 2000-01-01")
    assert meaning is not None
    assert meaning.moment(value) is None


@pytest.mark.parametrize(
    ("kind", "moment"),
    [
        (Calendar.STANDARD, Moment(1582, 10, 10)),
        (Calendar.NOLEAP, Moment(2000, 2, 29)),
        (Calendar.PROLEPTIC_GREGORIAN, Moment(1900, 2, 29)),
        (Calendar.DAYS_360, Moment(2000, 1, 31)),
        (Calendar.JULIAN, Moment(2000, 0, 1)),
        (Calendar.JULIAN, Moment(9_999_999)),
        (Calendar.JULIAN, Moment(2000, 1, 1, -1)),
    ],
)
def test_days_that_a_calendar_does_not_have(kind: Calendar, moment: Moment) -> None:
    with pytest.raises(InvalidRequest):
        checked(kind, moment)


@pytest.mark.parametrize(
    ("kind", "moment"),
    [
        (Calendar.JULIAN, Moment(1900, 2, 29)),
        (Calendar.ALL_LEAP, Moment(2001, 2, 29)),
        (Calendar.DAYS_360, Moment(2001, 2, 30)),
        (Calendar.STANDARD, Moment(1500, 2, 29)),
        (Calendar.STANDARD, Moment(2000, 2, 29)),
    ],
)
def test_leap_days_of_the_other_calendars(kind: Calendar, moment: Moment) -> None:
    assert checked(kind, moment) == moment
