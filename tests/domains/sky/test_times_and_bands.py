"""Times against astropy, and names of filters."""

import math
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from gatewright.core.errors import InvalidRequest
from gatewright.domains.sky import (
    Interval,
    band_name,
    band_wavelengths,
    header_mjd,
    iso_mjd,
    mjd_text,
    mjd_texts,
    parse_times,
)


@pytest.mark.parametrize(
    "text",
    [
        "1972-01-01T00:00:00", "2018-08-04T09:23:31.598174", "1999-11-29T12:07:00",
        "2000-02-29T23:59:59.9", "2024-12-31", "2015-01-10T05:33:59.870551",
    ],
)  # fmt: skip
def test_mjd_as_astropy_has_it(text: str) -> None:
    assert iso_mjd(text) == pytest.approx(Time(text, scale="utc").mjd, abs=1e-9)


@given(st.floats(15000, 80000))
def test_there_and_back(mjd: float) -> None:
    back = iso_mjd(mjd_text(mjd))
    assert back is not None
    assert abs(back - mjd) < 1.0 / 86_400_000


@given(st.lists(st.none() | st.floats(-678_575, 2_973_484, exclude_max=True)))
def test_all_at_once_as_one_by_one(mjds: list[float | None]) -> None:
    expected = [None if mjd is None else mjd_text(mjd) for mjd in mjds]
    assert mjd_texts(mjds) == expected


@given(st.integers(0, 86_400_000_000), st.integers(-1, 1))
def test_the_same_rounding_within_a_day(microseconds: int, step: int) -> None:
    exact = 58000 + microseconds / 86_400_000_000
    mjd = math.nextafter(exact, step * math.inf) if step else exact
    assert mjd_texts([mjd, -mjd]) == [mjd_text(mjd), mjd_text(-mjd)]


@pytest.mark.parametrize("mjd", [-1e6, 3e6, 1e300, math.nan, math.inf])
def test_a_time_that_no_calendar_has(mjd: float) -> None:
    with pytest.raises((OverflowError, ValueError)):
        mjd_texts([58000.0, None, mjd])


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2018, 3, 4, 5, 6, 8, tzinfo=UTC),
        datetime(2018, 3, 4, 5, 6, 8, 123456, tzinfo=UTC),
        datetime(2018, 3, 4, 1, 6, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        datetime(2018, 12, 31, 21, 6, tzinfo=timezone(-timedelta(hours=3, minutes=30))),
    ],
)
def test_moments_as_python_writes_them(moment: datetime) -> None:
    expected = pytest.approx(Time(moment).utc.mjd, abs=1e-9)
    text = moment.isoformat()
    assert iso_mjd(text) == iso_mjd(text[:-3] + text[-2:]) == expected
    for written in (text, text.replace("+", " ")):  # as a URL has it, and decoded
        assert parse_times(written).low == parse_times(written).high == expected
        assert parse_times(f"{written}/..").low == expected
        assert parse_times(f"58000 {written}").high == expected
        both = parse_times(f"{written} {written}")
        assert both.low == both.high == expected


def test_offsets_are_of_less_than_a_day() -> None:
    assert iso_mjd("2018-03-04T05:06:08+05") == iso_mjd("2018-03-04T00:06:08Z")
    assert iso_mjd("2017-01-01T08:59:60+09:00") == 57754.0
    for offset in ("+24:00", "-05:60", "+5", "+00:00Z", "+", "+00:00:00"):
        assert iso_mjd(f"2018-03-04T05:06:08{offset}") is None
    assert iso_mjd("2018-03-04+01:00") is None


def test_leap_second_is_the_last_moment_of_its_day() -> None:
    assert iso_mjd("2016-12-31T23:59:60") == 57754.0


@pytest.mark.parametrize(
    "text", ["", "2018-13-01", "2018-02-30", "x", "2018", "٢018-01-01"]
)
def test_not_iso(text: str) -> None:
    assert iso_mjd(text) is None


def just_before(mjd: float) -> float:
    return math.nextafter(mjd, 0.0)


def test_intervals_of_time() -> None:
    assert parse_times("58000") == Interval(58000, 58000)
    assert parse_times("58000 58001.5") == Interval(58000, 58001.5)
    assert parse_times("58000/58001.5") == Interval(58000, 58001.5)
    assert parse_times("-Inf 58000") == Interval(-math.inf, 58000)
    assert parse_times("../58000") == Interval(-math.inf, 58000)
    assert parse_times("58000/..") == Interval(58000, math.inf)
    assert parse_times("58000/") == Interval(58000, math.inf)
    assert parse_times("..") == parse_times("../..") == Interval(-math.inf, math.inf)
    assert parse_times("2018-11-04") == Interval(58426, just_before(58427))
    assert parse_times("2018-11") == Interval(58423, just_before(58453))
    assert parse_times("2018-12") == Interval(58453, just_before(58484))
    assert parse_times("9999-12").high == math.inf
    assert parse_times("2018-11-04T12:00") == Interval(58426.5, 58426.5)
    assert parse_times("2018-11-04/2018-11-05") == Interval(58426, just_before(58428))
    assert parse_times("2018-11-04/..") == Interval(58426, math.inf)
    assert parse_times("../2018-11-04") == Interval(-math.inf, just_before(58427))
    assert parse_times("-Inf 2018-11-04") == Interval(-math.inf, just_before(58427))
    assert parse_times("58000/2018-11-04") == Interval(58000, just_before(58427))
    assert parse_times("2018-11-04T12:00:00Z 2018-11-04T13:00:00Z").low == 58426.5


@pytest.mark.parametrize(
    "text",
    [
        "", "/", "yesterday", "1/2/3", "2018-11-05/2018-11-04", "2018-02-31", "5 4",
        "2018-11-04/x", "nan", "2018-11-04T25:00",
    ],
)  # fmt: skip
def test_times_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_times(text)


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    with suppress(InvalidRequest):  # any other error fails the test
        found = parse_times(text)
        assert found.low <= found.high


def test_dates_of_headers() -> None:
    assert header_mjd("29/11/51", "12:07:00.00") == (33979 + (12 + 7 / 60) / 24, True)
    assert header_mjd("26/10/92") == (48921, False)
    assert header_mjd("2000-09-27") == (51814, False)
    assert header_mjd("2000-09-27", "06:00:00") == (51814.25, True)
    assert header_mjd("2000-09-27", "99:00:00") == (51814, False)
    assert header_mjd("2000-09-27T12:00:00", "01:00:00") == (51814.5, True)
    assert header_mjd("nonsense") is None
    assert header_mjd("31/02/99") is None


@pytest.mark.parametrize(
    ("name", "band"),
    [
        ("i DECam SDSS c0003 7835.0 1470.0", "i"), ("g", "g"), ("SDSS-R", "r"),
        ("R", "R"), ("ZTF_g", None), ("sdss g'", "g"), ("V", "V"), ("Clear", "clear"),
        ("F606W", "F606W"), ("", None), ("Ks", "Ks"), ("HSC-I", "i"), ("y", "y"),
        ("none", None),
    ],
)  # fmt: skip
def test_bands(name: str, band: str | None) -> None:
    if name == "ZTF_g":
        band = "g"
    assert band_name(name) == band


def test_wavelengths_are_metres() -> None:
    g = band_wavelengths("g")
    assert g is not None
    assert 4.0e-7 < g.low < g.high < 5.6e-7
    assert band_wavelengths(None) is None
    assert band_wavelengths("odd") is None
