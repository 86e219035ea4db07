"""Times of exposures: Modified Julian Dates in UTC, and the texts that give them.

MJD 0 is 1858-11-17 00:00 (IAU 1997 resolution B1). A day has 86,400 s here, as in all
catalogues of images; a leap second is the last moment of its day.
"""

import math
import re
from datetime import datetime, timedelta

from gatewright.core.errors import InvalidRequest
from gatewright.domains.sky.regions import Interval, parse_interval

_EPOCH = datetime(1858, 11, 17)  # noqa: DTZ001  # all times here are UTC
_CLOCK_TIME = r"(\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?"
_ISO = re.compile(
    rf"(\d{{4}})-(\d{{2}})(?:-(\d{{2}})(?:[T ]{_CLOCK_TIME}"
    r"(?:([+-]\d{2}):?(\d{2})?(?!Z))?)?)?Z?",
    re.ASCII,
)
_LOST_PLUS = re.compile(rf"(T{_CLOCK_TIME}) (?=\d{{2}}:\d{{2}}(?:\s|/|$))", re.ASCII)
"""A + that was written as such in a URL, where it means a blank."""
_OLD_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2})", re.ASCII)
_DATE = re.compile(
    r"(\d{4})[-/] ?(\d{1,2})[-/] ?(\d{1,2})(?: ?[T ] ?(.*?))?Z?", re.ASCII
)
_CLOCK = re.compile(r"(\d{1,2}): ?(\d{1,2})(?:: ?(\d{1,2}(?:\.\d*)?))?", re.ASCII)
_OPEN = {"", "..", "-Inf", "+Inf", "Inf"}


def mjd_text(mjd: float) -> str:
    """Return an MJD as RFC 3339 in UTC, to the millisecond."""
    moment = _EPOCH + timedelta(days=mjd)
    return moment.isoformat(timespec="milliseconds") + "Z"


def parse_times(text: str) -> Interval:
    """Return the interval of MJD that a text gives.

    It is ``low high`` or ``low/high``, or one of them alone. Each is an MJD or ISO
    8601, in UTC or with its offset from it (a day or month means the whole of it);
    ``-Inf``, ``+Inf`` and ``..`` are open ends, and ``..`` alone is any time.

    Raises
    ------
    InvalidRequest
        The text is of another form.
    """
    words = _split(text)
    if words == [".."]:
        return Interval(-math.inf, math.inf)
    if not any(_ISO.fullmatch(word) for word in words):
        plain = [
            word if word not in {"", ".."} else ("+Inf" if place else "-Inf")
            for place, word in enumerate(words)
        ]
        return parse_interval(" ".join(plain), "time")
    first, last = _iso_or_mjd(words[0], 0), _iso_or_mjd(words[-1], 1)
    empty = first.low == last.high > last.low
    if first.low > last.high or empty:
        raise InvalidRequest("The time begins after its end.")
    return Interval(first.low, last.high)


def _split(text: str) -> list[str]:
    stripped = _LOST_PLUS.sub(r"\1+", text.strip())
    words = stripped.split("/") if "/" in stripped else stripped.split()
    words = [word.strip() for word in words]
    if len(words) not in {1, 2} or not any(words):
        raise InvalidRequest(
            "“time” is an MJD or an ISO 8601 date, or two of them for an interval, "
            "such as 2018-11-01/2018-12-31."
        )
    return words


def _iso_or_mjd(word: str, place: int) -> Interval:
    if word in _OPEN:
        return Interval(math.inf, math.inf) if place else Interval(-math.inf, -math.inf)
    match = _ISO.fullmatch(word)
    if match is None:
        return parse_interval(word, "time")
    low = iso_mjd(word)
    if low is None:
        raise InvalidRequest("“time” names a day or an hour that there is not.")
    year, month, day, hour = match.group(1, 2, 3, 4)
    if day is None:
        following = f"{int(year) + int(month) // 12:04}-{int(month) % 12 + 1:02}"
        return Interval(low, iso_mjd(following) or math.inf)
    return Interval(low, low if hour is not None else low + 1.0)


def iso_mjd(text: str) -> float | None:
    """Return the MJD of an ISO 8601 date or moment; None for another text.

    A moment without an offset is in UTC.
    """
    match = _ISO.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second = (
        int(part or missing)
        for part, missing in zip(match.groups()[:6], (0, 0, 1, 0, 0, 0), strict=True)
    )
    leap = second == 60
    try:
        offset = _offset(*match.group(8, 9))
        moment = datetime(year, month, day, hour, minute, second - leap)  # noqa: DTZ001  # UTC
    except ValueError:
        return None
    fraction = float(match.group(7) or 0.0) + leap
    elapsed = moment - _EPOCH - offset
    return elapsed.days + (elapsed.seconds + fraction) / 86400.0


def _offset(hours: str | None, minutes: str | None) -> timedelta:
    """Return how far a clock is ahead of UTC.

    Raises
    ------
    ValueError
        It is a day or more, or has no such minutes.
    """
    east = timedelta(hours=abs(int(hours or 0)), minutes=int(minutes or 0))
    if east >= timedelta(days=1) or int(minutes or 0) > 59:
        raise ValueError("no such offset")
    return -east if hours is not None and hours[0] == "-" else east


def header_mjd(date: str, clock: str = "") -> tuple[float, bool] | None:
    """Return the MJD of a FITS header's DATE-OBS, and whether it tells the hour.

    Old headers write day/month/year of the 20th century (FITS standard 4.0, section
    4.4.2.1), blanks for leading zeros, and the time of day in a keyword of its own.
    Dates of zeros and MJD 0 say that there is none.
    """
    moment = iso_mjd(date) if ":" in date else None
    if moment:
        return moment, True
    found = _DATE.fullmatch(" ".join(date.split()))
    old = _OLD_DATE.fullmatch(date.strip())
    if old is not None:
        (day, month), year = map(int, old.group(1, 2)), 1900 + int(old.group(3))
    elif found is not None:
        year, month, day = map(int, found.group(1, 2, 3))
        clock = found.group(4) or clock
    else:
        return None
    midnight = iso_mjd(f"{year:04}-{month:02}-{day:02}")
    if midnight is None or midnight == 0.0:
        return None
    share = day_share(clock)
    return (midnight, False) if share is None else (midnight + share, True)


def day_share(clock: str) -> float | None:
    """Return the part of a day that has passed at a time such as 05:33:59.87."""
    found = _CLOCK.fullmatch(" ".join(clock.split()))
    if found is None:
        return None
    hours, minutes, seconds = (float(part or 0.0) for part in found.groups())
    share = (hours * 3600.0 + minutes * 60.0 + seconds) / 86400.0
    return share if share <= 1.0 else None
