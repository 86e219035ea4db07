"""Marks along an axis: round, few enough, and never cut."""

import cftime
import numpy as np
import pytest

from gatewright.backends.gridded.pictures.picture import Scale
from gatewright.backends.gridded.pictures.ticks import (
    axis_ticks,
    degree_ticks,
    degrees,
    number_texts,
    number_ticks,
    one_line,
    time_ticks,
)
from gatewright.domains.arrays import AxisKind, TimeUnits, time_units

MINUS = "\N{MINUS SIGN}"


def units(text: str, calendar: str = "") -> TimeUnits:
    found = time_units(text, calendar)
    assert found is not None
    return found


def test_small_and_large_numbers_are_whole() -> None:
    """7.62939e-06 was cut to 7.62939e-0, which reads as 7.6."""
    power = "\N{MULTIPLICATION SIGN}10"
    texts = [text for _, text in number_ticks(0.0, 7.62939e-6, 5)]
    assert texts == ["0", *(f"{n}{power}⁻⁶" for n in (2, 4, 6))]
    assert number_texts([-7.62939e-06]) == [f"{MINUS}7.62939e{MINUS}06"]
    texts = [text for _, text in number_ticks(-3e6, 3e6, 4)]
    assert texts == [f"{MINUS}2{power}⁶", "0", f"2{power}⁶"]
    assert number_texts([-2.5e9, 1e9]) == [f"{MINUS}2.5{power}⁹", f"1.0{power}⁹"]
    assert [t for _, t in number_ticks(101325.01, 101325.05, 5)] == [
        *("101325.01", "101325.02", "101325.03", "101325.04", "101325.05"),
    ]
    assert number_ticks(5.0, 5.0, 4) == [(5.0, "5")]


def test_places_on_earth_have_letters() -> None:
    longitude, latitude = AxisKind.LONGITUDE, AxisKind.LATITUDE
    assert degrees(longitude, 330.0) == "30°W"
    assert degrees(longitude, -30.0) == "30°W"
    assert [degrees(longitude, v) for v in (0, 180, -180, 190, 360)] == [
        *("0°", "180°", "180°", "170°W", "0°"),
    ]
    assert [degrees(latitude, v) for v in (-45.5, 0, 90)] == ["45.5°S", "0°", "90°N"]
    across = degree_ticks(longitude, 149.0, 211.0, 8)
    assert across[0] == (150.0, "150°E")
    assert (180.0, "180°") in across
    assert across[-1] == (210.0, "150°W")
    close = degree_ticks(latitude, 10.1, 10.4, 4)
    assert [text for _, text in close] == ["10.1°N", "10.2°N", "10.3°N", "10.4°N"]
    assert len(degree_ticks(longitude, 0.0, 3600.0, 8)) <= 10


@pytest.mark.parametrize(
    ("begin", "calendar", "low", "high", "texts"),
    [
        (
            *("days since 1987-10-16", "", 0.0, 1.0),
            [
                *("00:00\n1987-10-16", "06:00", "12:00", "18:00"),
                "00:00\n1987-10-17",
            ],
        ),
        (
            *("seconds since 2000-02-29 23:59:55", "", 0.0, 10.0),
            ["23:59:55\n2000-02-29", "00:00\n2000-03-01", "00:00:05"],
        ),
        (
            *("hours since 1900-01-01", "360_day", 0.0, 24.0 * 12),
            [f"1900-01-{day:02d}" for day in (1, 3, 5, 7, 9, 11, 13)],
        ),
        (
            *("days since 2001-01-15", "noleap", 0.0, 150.0),
            ["2001-02", "2001-03", "2001-04", "2001-05", "2001-06"],
        ),
        (
            *("days since 0850-01-01", "noleap", 0.0, 365.0 * 1000),
            ["1000", "1200", "1400", "1600", "1800"],
        ),
        (
            *("days since 2001-01-01", "", 0.0, 365.0),
            [f"2001-{month:02d}" for month in (1, 3, 5, 7, 9, 11)] + ["2002-01"],
        ),
        (*("days since 2000-01-01", "", 5.0, 5.0), ["5"]),
        (*("seconds since 2000-01-01", "", 0.0, 1.0), ["0", "0.5", "1.0"]),
    ],
)
def test_times_are_marked_at_round_moments(
    begin: str, calendar: str, low: float, high: float, texts: list[str]
) -> None:
    most = 3 if texts[-1].startswith(("00:00:05", "1.0")) else 7
    found = time_ticks(units(begin, calendar), low, high, most)
    assert [text for _, text in found] == texts
    if "-" in texts[0] or ":" in texts[0]:
        kind = calendar or "standard"
        for value, text in found:
            moment = cftime.num2date(round(value, 9), begin, kind)
            clock = "%H:%M:%S" if text.count(":") == 2 else "%H:%M"
            form = clock if ":" in text else "%Y-%m"
            form += "\n%Y-%m-%d" if "\n" in text else "-%d" * (text.count("-") == 2)
            assert text == moment.strftime(form)


@pytest.mark.parametrize("calendar", ["standard", "noleap", "360_day", "julian"])
def test_no_span_has_too_many_times_or_none(calendar: str) -> None:
    meaning = units("hours since 1987-03-05 07:00", calendar)
    for span in np.geomspace(0.01, 1e7, 60):
        found = time_ticks(meaning, 3.0, 3.0 + float(span), 7)
        assert 1 <= len(found) <= 9
        places = [place for place, _ in found]
        assert places == sorted(set(places))
        assert places[0] >= 2.999
        assert places[-1] <= 3.001 + span * 1.001


def test_numbers_that_are_no_moments_are_numbers() -> None:
    meaning = units("days since 2000-01-01")
    assert time_ticks(meaning, 0.0, 1e15, 4)[0] == (0.0, "0")


def test_labels_are_as_many_as_have_room() -> None:
    scale = Scale(
        "station", np.arange(40.0), texts=tuple(f"S{n:02d}" for n in range(40))
    )
    across = axis_ticks(scale, -0.5, 39.5, 752, upright=False)
    assert across[0] == (0.0, "S00")
    assert len(across) == 20
    up = axis_ticks(scale, -0.5, 39.5, 400, upright=True)
    assert len(up) == 20


def test_a_line_of_text_is_one_that_has_room() -> None:
    assert one_line("a\nb\tc", 700) == "a b c"
    assert one_line("word " * 100, 140).endswith("…")
    assert len(one_line("word " * 100, 140)) <= 20
