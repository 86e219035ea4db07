"""Calendars of climate models: converts between dates and numbers "since" a date.

Source: CF conventions 1.11, section 4.4.1. Days are counted by Julian day numbers (E.
G. Richards, "Calendars", in the Explanatory Supplement to the Astronomical Almanac, 3rd
edition, 2013, chapter 15), and times are whole numbers of microseconds. The year 0 is
the year before 1.
"""

import math
import re
from dataclasses import dataclass
from enum import StrEnum

from typing_extensions import override

from gatewright.core.errors import InvalidRequest

_DAY = 86_400_000_000
_UNITS = {
    **dict.fromkeys(("nanosecond", "nanoseconds", "nanosec", "nsec", "ns"), 1),
    **dict.fromkeys(
        ("microsecond", "microseconds", "microsec", "microsecs", "us"), 1_000
    ),
    **dict.fromkeys(("millisecond", "milliseconds", "millisec"), 1_000_000),
    **dict.fromkeys(("millisecs", "msec", "msecs", "ms"), 1_000_000),
    **dict.fromkeys(("second", "seconds", "sec", "secs", "s"), 1_000_000_000),
    **dict.fromkeys(("minute", "minutes", "min", "mins"), 60_000_000_000),
    **dict.fromkeys(("hour", "hours", "hr", "hrs", "h"), 3_600_000_000_000),
    **dict.fromkeys(("day", "days", "d"), 1_000 * _DAY),
    **dict.fromkeys(("week", "weeks"), 7_000 * _DAY),
}
"""Nanoseconds per unit, for units that have the same length in every calendar."""
_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LARGEST_YEAR = 999_999
_GREGORIAN_BEGINS = 2_299_161
"""Julian day number of 1582-10-15, the first day of the Gregorian calendar."""

_SINCE = re.compile(
    r"\s*(?P<unit>[A-Za-z_]+)\s+since\s+(?P<reference>\S.*?)\s*", re.IGNORECASE
)
_REFERENCE = re.compile(
    r"(?P<year>[+-]?\d{1,6})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"(?:(?:[ T]+|, ?)(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2}))?"
    r"(?::(?P<second>\d{1,2})(?:\.(?P<fraction>\d{1,9}))?)?)?"
    r"\s*(?:Z|UTC|GMT|(?P<offset>[+-]\d{1,2}(?::?\d{2})?))?",
    re.IGNORECASE,
)


class Calendar(StrEnum):
    """A calendar of the CF conventions."""

    STANDARD = "standard"
    """Julian before 1582-10-15, Gregorian from then on."""
    PROLEPTIC_GREGORIAN = "proleptic_gregorian"
    JULIAN = "julian"
    NOLEAP = "noleap"
    """365 days in every year."""
    ALL_LEAP = "all_leap"
    """366 days in every year."""
    DAYS_360 = "360_day"
    """Twelve months of 30 days."""


_ALIASES = {
    "": Calendar.STANDARD,
    "gregorian": Calendar.STANDARD,
    "365_day": Calendar.NOLEAP,
    "366_day": Calendar.ALL_LEAP,
    "360": Calendar.DAYS_360,
    "thirty_day_months": Calendar.DAYS_360,
    "tai": Calendar.PROLEPTIC_GREGORIAN,
}
"""Other names of calendars.

``360`` is used by the IRI, ``thirty_day_months`` by GFDL. The atomic time TAI has days
of 86,400 seconds and the dates of the Gregorian calendar (CF 1.11, section 4.4.1). UTC,
with leap seconds, is not supported."""

_WITHOUT_YEAR_ZERO = frozenset({Calendar.STANDARD, Calendar.JULIAN})
"""Calendars in which the reference year -1 of ``units`` is the year before 1.

So it is in UDUNITS, which defines the standard calendar, and in cftime: days since
-4713-01-01 12:00 are Julian dates. Dates in requests and answers are those of ISO 8601,
which calls the year before 1 the year 0."""

_OF_A_CALENDAR = {
    Calendar.DAYS_360: {
        **dict.fromkeys(("month", "months"), 30_000 * _DAY),
        **dict.fromkeys(("year", "years"), 360_000 * _DAY),
    },
    Calendar.NOLEAP: dict.fromkeys(("common_year", "common_years"), 365_000 * _DAY),
}
"""Nanoseconds per unit, for units that have a fixed length in one calendar only."""


def calendar(name: str) -> Calendar | None:
    """Return the calendar of a ``calendar`` attribute; None for an unknown name."""
    lower = name.strip().lower()
    if lower in _ALIASES:
        return _ALIASES[lower]
    return Calendar(lower) if lower in set(Calendar) else None


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """A date and time of day in a calendar that is known from the context."""

    year: int
    """Year; 0 is the year before 1."""
    month: int = 1
    """Month, from 1."""
    day: int = 1
    """Day of the month, from 1."""
    microsecond: int = 0
    """Microseconds since midnight."""

    @override
    def __str__(self) -> str:
        """Return the moment as ISO 8601 text; microseconds are left out if zero."""
        seconds, micro = divmod(self.microsecond, 1_000_000)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        fraction = f".{micro:06d}" if micro else ""
        sign, year = ("-", -self.year) if self.year < 0 else ("", self.year)
        return (
            f"{sign}{year:04d}-{self.month:02d}-{self.day:02d}"
            f"T{hour:02d}:{minute:02d}:{second:02d}{fraction}"
        )


def is_leap(calendar_: Calendar, year: int) -> bool:
    """Return whether a year has a 29 February."""
    if calendar_ in {Calendar.ALL_LEAP, Calendar.NOLEAP}:
        return calendar_ is Calendar.ALL_LEAP
    if calendar_ is Calendar.JULIAN or (
        calendar_ is Calendar.STANDARD and year <= 1582
    ):
        return year % 4 == 0
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(calendar_: Calendar, year: int, month: int) -> int:
    """Return the number of days of a month, as its last day is numbered."""
    if calendar_ is Calendar.DAYS_360:
        return 30
    return _MONTHS[month - 1] + (month == 2 and is_leap(calendar_, year))


def day_number(calendar_: Calendar, year: int, month: int, day: int) -> int:
    """Return the number of a day, which grows by 1 from day to day of a calendar."""
    if calendar_ is Calendar.DAYS_360:
        return year * 360 + (month - 1) * 30 + day - 1
    if calendar_ in {Calendar.NOLEAP, Calendar.ALL_LEAP}:
        months = [days_in_month(calendar_, year, m) for m in range(1, 13)]
        return year * sum(months) + sum(months[: month - 1]) + day - 1
    julian = calendar_ is Calendar.JULIAN or (
        calendar_ is Calendar.STANDARD and (year, month, day) < (1582, 10, 15)
    )
    shifted = (14 - month) // 12
    y, m = year + 4800 - shifted, month + 12 * shifted - 3
    days = day + (153 * m + 2) // 5 + 365 * y + y // 4
    return days - 32083 if julian else days - y // 100 + y // 400 - 32045


def day_of(calendar_: Calendar, number: int) -> tuple[int, int, int]:
    """Return the year, month and day of a day number from :func:`day_number`."""
    if calendar_ is Calendar.DAYS_360:
        year, rest = divmod(number, 360)
        return year, rest // 30 + 1, rest % 30 + 1
    if calendar_ in {Calendar.NOLEAP, Calendar.ALL_LEAP}:
        months = [days_in_month(calendar_, 1, month) for month in range(1, 13)]
        year, rest = divmod(number, sum(months))
        month = 0
        while rest >= months[month]:
            rest -= months[month]
            month += 1
        return year, month + 1, rest + 1
    julian = calendar_ is Calendar.JULIAN or (
        calendar_ is Calendar.STANDARD and number < _GREGORIAN_BEGINS
    )
    shifted = number + 1401
    if not julian:
        shifted += (4 * number + 274277) // 146097 * 3 // 4 - 38
    fourth = 4 * shifted + 3
    fifth = 5 * (fourth % 1461 // 4) + 2
    month = (fifth // 153 + 2) % 12 + 1
    year = fourth // 1461 - 4716 + (14 - month) // 12
    return year, month, fifth % 153 // 5 + 1


def checked(calendar_: Calendar, moment: Moment) -> Moment:
    """Return the moment unchanged if the calendar has it.

    Raises
    ------
    InvalidRequest
        The calendar has no such day, or the year is beyond 999,999.
    """
    never_was = calendar_ is Calendar.STANDARD and (1582, 10, 4) < (
        moment.year,
        moment.month,
        moment.day,
    ) < (1582, 10, 15)
    if (
        abs(moment.year) > _LARGEST_YEAR
        or not 1 <= moment.month <= 12
        or not 1 <= moment.day <= days_in_month(calendar_, moment.year, moment.month)
        or not 0 <= moment.microsecond < _DAY
        or never_was
    ):
        raise InvalidRequest(
            f"{moment} is not in the calendar of this data set ({calendar_})."
        )
    return moment


def microseconds(calendar_: Calendar, moment: Moment) -> int:
    """Return the microseconds from the start of day number 0 to a moment."""
    days = day_number(calendar_, moment.year, moment.month, moment.day)
    return days * _DAY + moment.microsecond


@dataclass(frozen=True, slots=True)
class TimeUnits:
    """How the numbers of a time axis are converted to dates."""

    unit: int
    """Length of one unit in nanoseconds."""
    reference: int
    """The reference date ("since"), in microseconds since the start of day number 0."""
    calendar: Calendar
    """Calendar of the axis."""

    def moment(self, value: float) -> Moment | None:
        """Return the date of a number.

        None if it is not finite or beyond the calendar.
        """
        if not math.isfinite(value) or abs(value) * self.unit > _LARGEST_YEAR * 3.2e16:
            return None
        whole = math.floor(value)
        elapsed = (whole * self.unit + 500) // 1000
        elapsed += round((value - whole) * (self.unit / 1000))
        days, rest = divmod(self.reference + elapsed, _DAY)
        return Moment(*day_of(self.calendar, days), rest)

    def value(self, moment: Moment) -> float:
        """Return the number that stands for a date."""
        elapsed = microseconds(self.calendar, moment) - self.reference
        whole, rest = divmod(1000 * elapsed, self.unit)
        return whole + rest / self.unit


def time_units(units: str, calendar_name: str = "") -> TimeUnits | None:
    """Return the meaning of a time axis's ``units`` and ``calendar`` attributes.

    None if the units are not "<unit> since <date>", the calendar is unknown, or the
    unit has no fixed length in it (a month, except in the 360-day calendar). The values
    of such an axis are treated as plain numbers.
    """
    parsed = _SINCE.fullmatch(units)
    kind = calendar(calendar_name)
    if parsed is None or kind is None:
        return None
    word = parsed["unit"].lower()
    unit = _UNITS.get(word) or _OF_A_CALENDAR.get(kind, {}).get(word)
    parts = _REFERENCE.fullmatch(parsed["reference"])
    if unit is None or parts is None:
        return None
    hour, minute, second = (int(parts[n] or 0) for n in ("hour", "minute", "second"))
    micro = int(((parts["fraction"] or "") + "000000")[:6])
    within = ((hour * 60 + minute) * 60 + second) * 1_000_000 + micro
    year = int(parts["year"])
    if year < 0 and kind in _WITHOUT_YEAR_ZERO:
        year += 1
    day = Moment(year, int(parts["month"]), int(parts["day"]))
    try:
        before = microseconds(kind, checked(kind, day))
    except InvalidRequest:
        return None
    return TimeUnits(unit, before + within - zone(parts["offset"] or "+0"), kind)


def zone(text: str) -> int:
    """Return the offset of a time zone such as +05:30, in microseconds east of UTC."""
    text = text.replace(":", "")
    sign = -1 if text[0] == "-" else 1
    digits = text[1:]
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    return sign * (int(hours) * 60 + int(minutes)) * 60_000_000
