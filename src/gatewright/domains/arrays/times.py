"""Parses the times of requests: ISO 8601 dates, in full or in part.

A time without an offset is in UTC, as the times of data sets are.
"""

import re
from dataclasses import dataclass

from gatewright.core.errors import InvalidRequest
from gatewright.domains.arrays.calendars import (
    Calendar,
    Moment,
    checked,
    day_number,
    day_of,
    days_in_month,
    microseconds,
    zone,
)

# A + that is written as such in a URL means a blank.
_OFFSET = r"(?:[+-]\d{2}(?::?\d{2})?| \d{2}:\d{2})"
_TIME = re.compile(
    r"(?P<year>[+-]?\d{4,6})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2})"
    r"(?:[T ](?P<hour>\d{2})(?::(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,6})\d*)?)?)?"
    rf"(?:Z|(?P<offset>{_OFFSET}))?)?)?)?",
    re.ASCII,
)
_PAIR = re.compile(
    rf"(?P<first>[^:/]*(?:[T ][\d:.]+(?:Z|{_OFFSET})?)?)[:/](?P<last>[+-]?\d{{4,6}}.*)"
)
_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Period:
    """The period that a time text means; ``1987-10``, for instance, is a month."""

    first: Moment
    """Start, included."""
    behind: Moment
    """End, excluded; equal to ``first`` for a text with a time of day."""


def period(text: str, calendar: Calendar) -> Period:
    """Return the period of a time text in a calendar.

    Raises
    ------
    InvalidRequest
        The text is not a time, or the calendar has no such day.
    """
    parsed = _TIME.fullmatch(text.strip())
    if parsed is None:
        raise InvalidRequest(
            f"“{text[:60]}” is not a time. Write 1987, 1987-10, 1987-10-16 or "
            "1987-10-16T06:00:00."
        )
    year, month, day = (int(parsed[n] or 1) for n in ("year", "month", "day"))
    hour, minute, second = (int(parsed[n] or 0) for n in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        raise InvalidRequest("A time of day goes from 00:00:00 to 23:59:59.")
    micro = int(((parsed["fraction"] or "") + "000000")[:6])
    within_day = ((hour * 60 + minute) * 60 + second) * 1_000_000 + micro
    first = checked(calendar, Moment(year, month, day, within_day))
    if parsed["offset"]:
        digits = parsed["offset"][1:].replace(":", "")
        if int(digits[:2]) > 23 or int(digits[2:] or 0) > 59:
            raise InvalidRequest(
                "An offset from UTC is less than a day, such as +05:30."
            )
        east = zone(parsed["offset"].replace(" ", "+"))
        days, rest = divmod(microseconds(calendar, first) - east, _DAY)
        first = Moment(*day_of(calendar, days), rest)
    return Period(first, _behind(parsed, first, calendar))


def time_range(text: str, calendar: Calendar) -> tuple[Period, Period]:
    """Return the periods at both ends of ``first:last`` or ``first/last``.

    A single time is returned as both.
    """
    pair = _PAIR.fullmatch(text.strip())
    if pair is None:
        one = period(text, calendar)
        return one, one
    return period(pair["first"], calendar), period(pair["last"], calendar)


def _behind(parsed: re.Match[str], first: Moment, calendar: Calendar) -> Moment:
    """Return the end of the year, month or day of a text, or its moment itself."""
    if parsed["hour"]:
        return first
    if parsed["month"] is None:
        return Moment(first.year + 1)
    if parsed["day"] is None:
        last = days_in_month(calendar, first.year, first.month)
        number = day_number(calendar, first.year, first.month, last)
    else:
        number = day_number(calendar, first.year, first.month, first.day)
    return Moment(*day_of(calendar, number + 1))
