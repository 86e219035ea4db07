"""Finds the time of an exposure from the keywords that telescopes write.

Times are converted to UTC from the time scale in TIMESYS (FITS standard 4.0, section
9.2.1); without TIMESYS they are taken as UTC. A time of 0 is ignored, since many
cameras write it when the time is unknown.
"""

from collections.abc import Iterator

from astropy.time import Time

from gatewright.backends.fits.headers import Headers
from gatewright.domains.sky import SurveyRules, day_share, header_mjd, last_before

_EARLIEST, _LATEST = -30_000.0, 150_000.0
_JULIAN = 2_400_000.5
_DAYS = ("MJD-OBS", "MJD-BEG", "MJD-STR", "MJDSTART", "EXPSTART")
_DATES = ("SHUTOPEN", "DATE-OBS", "DATE-BEG", "DATE_OBS", "UTC-OBS", "OBSDATE")
_OTHER_DAYS = ("OBSMJD", "MJD_OBS", "MJDOBS", "MJDMIN", "MJD", "OBSJD", "JD-OBS", "JD")
_CLOCKS = (
    "TIME-OBS",
    "TIME-BEG",
    "UT",
    "UTSTART",
    "UTC-OBS",
    "UTC-STR",
    "UT-STR",
    "UTC",
)
_END_DAYS = ("MJD-END", "MJDEND", "MJDMAX", "EXPEND")
_END_DATES = ("DATE-END", "SHUTCLSD", "DATE_END")
_END_CLOCKS = ("TIME-END", "UTSTOP", "UTC-END", "UT-END")
_UTC_ALWAYS = {"SHUTOPEN", "SHUTCLSD", "OBSMJD", "UTC-OBS"}
_SCALES = {
    **dict.fromkeys(["TAI", "IAT", "GPS"], "tai"),
    # Barycentric time differs from terrestrial time by 2 ms at most.
    **dict.fromkeys(["TT", "TDT", "ET", "TDB"], "tt"),
}
_GPS_SECONDS = 19.0
"""TAI minus GPS time, in seconds."""
_EXPOSURES = ("EXPTIME", "EXPOSURE", "XPOSURE", "EFFEXPTM", "AEXPTIME", "EXP_TIME")


def exposure_seconds(headers: Headers, rules: SurveyRules) -> float | None:
    """Return the exposure time in seconds; None if no keyword gives it.

    EXPOSURE is in minutes if its comment says so, as for scans of Schmidt plates.
    """
    named = rules.keywords.get("exposure")
    for keyword in (named,) if named else _EXPOSURES:
        for seconds, comment in headers.numbers(keyword):
            minutes = keyword == "EXPOSURE" and "minute" in comment.lower()
            if 0.0 <= seconds < 1e9:
                return seconds * 60.0 if minutes else seconds
    return None


def exposure_times(
    headers: Headers, exposure: float | None, rules: SurveyRules
) -> tuple[float | None, float | None]:
    """Return start and end of an exposure, MJD in UTC.

    Both are None if no keyword gives a time. A date without a time of day means the
    whole day. ``exposure`` is the exposure time in seconds, and gives the end if no
    keyword does.
    """
    start, exact = _start(headers, rules)
    if start is None:
        return None, None
    for end in _ends(headers, start, exposure, rules):
        if start <= end < _LATEST:
            return start, end
    if exact:
        return start, start + (exposure or 0.0) / 86400.0
    return start, last_before(start + 1.0)


def _start(headers: Headers, rules: SurveyRules) -> tuple[float | None, bool]:
    """Return the start, MJD in UTC, and whether the time of day is known."""
    named = rules.keywords.get("start")
    if named is not None:
        return _any_form(headers, named) or (None, False)
    days = [mjd for keyword in _DAYS for mjd in _day(headers, keyword)]
    if days:
        return days[0], True
    clock = headers.text(*_CLOCKS) or ""
    dates = [found for keyword in _DATES for found in _date(headers, keyword, clock)]
    exact = [mjd for mjd, tells_hour in dates if tells_hour]
    exact += [mjd for keyword in _OTHER_DAYS for mjd in _day(headers, keyword)]
    for seconds, _ in headers.numbers("TAI"):
        exact += filter(_possible, [_to_utc(seconds / 86400.0, "TAI")])
    if exact:
        return exact[0], True
    return dates[0] if dates else (None, False)


def _ends(
    headers: Headers, start: float, exposure: float | None, rules: SurveyRules
) -> Iterator[float]:
    """Yield candidates for the end of an exposure, MJD in UTC, the best first.

    A date without a time of day is used only if the exposure time is unknown.
    """
    named = rules.keywords.get("end")
    if named is not None:
        found = _any_form(headers, named)
        if found is not None:
            yield found[0]
        return
    for keyword in _END_DAYS:
        yield from _day(headers, keyword)
    clock = headers.text("TIME-END") or ""
    for keyword in _END_DATES:
        for mjd, exact in _date(headers, keyword, clock):
            if exact or exposure is None:
                yield mjd
    if exposure is None:
        share = day_share(headers.text(*_END_CLOCKS) or "")
        if share is not None:
            yield start // 1.0 + share + (share < start % 1.0)


def _any_form(headers: Headers, keyword: str) -> tuple[float, bool] | None:
    """Return the time of a keyword named in the settings, as MJD or as a date."""
    for mjd in _day(headers, keyword):
        return mjd, True
    return next(_date(headers, keyword, ""), None)


def _day(headers: Headers, keyword: str) -> Iterator[float]:
    """Yield the MJD of a keyword that holds an MJD or a Julian date."""
    for days, _ in headers.numbers(keyword):
        mjd = days - _JULIAN if days > 2_000_000 else days
        yield from filter(_possible, [_to_utc(mjd, _scale(headers, keyword))])


def _date(headers: Headers, keyword: str, clock: str) -> Iterator[tuple[float, bool]]:
    found = header_mjd(headers.text(keyword) or "", clock)
    if found is not None:
        mjd = _to_utc(found[0], _scale(headers, keyword)) if found[1] else found[0]
        if _possible(mjd):
            yield mjd, found[1]


def _possible(mjd: float) -> bool:
    return mjd != 0.0 and _EARLIEST < mjd < _LATEST


def _scale(headers: Headers, keyword: str) -> str:
    if keyword in _UTC_ALWAYS:
        return "UTC"
    return ((headers.text("TIMESYS") or "").upper().split() or ["UTC"])[0]


def _to_utc(mjd: float, scale: str) -> float:
    """Return an MJD converted to UTC; unchanged if the time scale is unknown."""
    known = _SCALES.get(scale)
    if known is None or not _possible(mjd):
        return mjd
    ahead = _GPS_SECONDS / 86400.0 if scale == "GPS" else 0.0
    return float(Time(mjd + ahead, format="mjd", scale=known).utc.mjd)
