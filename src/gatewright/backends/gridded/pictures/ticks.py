"""Positions and labels of the ticks along an axis: numbers, degrees and times.

Ticks are so few, and labels so short, that labels do not overlap.
"""

import itertools
import math
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from gatewright.backends.gridded.pictures.library import MaxNLocator
from gatewright.backends.gridded.pictures.picture import Scale
from gatewright.domains.arrays import AxisKind, TimeUnits

Ticks = list[tuple[float, str]]
"""Positions along an axis with their labels, in order."""
_LETTER = 7.0
"""Average width in pixels of a letter at 9 points."""

_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_LARGE, _SMALL = 6, -4
"""Powers of ten from which (``_LARGE``) and below which (``_SMALL``) numbers are
written with an exponent."""
_DEGREES = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0)
_DAY = 86_400
_YEAR = 31_556_952
_CLOCK = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10_800, 21_600, 43_200),
)
"""Tick distances within a day, in seconds."""
_DAYS_OF_MONTH = {
    1: range(1, 32),
    2: range(1, 30, 2),
    5: range(1, 27, 5),
    10: (1, 11, 21),
}
"""Days of a month that have a tick, by tick distance in days."""
_MONTHS = (1, 2, 3, 6)


def one_line(text: str, room: float, size: float = 9.0) -> str:
    """Return text as one line, shortened to fit a width in pixels."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return textwrap.shorten(plain, int(room / (_LETTER * size / 9)), placeholder=" …")


def axis_ticks(
    scale: Scale, low: float, high: float, room: int, *, upright: bool
) -> Ticks:
    """Return the ticks of an axis, as many as fit into ``room`` pixels."""
    if scale.texts:
        most = 11 if upright else 18
        texts = [one_line(text, most * _LETTER) for text in scale.texts]
        longest = max(map(len, texts), default=1) + 2
        each = 18 if upright else longest * _LETTER
        step = max(1, math.ceil(len(texts) * each / room))
        return [(float(n), texts[n]) for n in range(0, len(texts), step)]
    most = room // (50 if upright else 105)
    if scale.time is not None:
        return time_ticks(scale.time, low, high, most)
    if scale.kind in {AxisKind.LATITUDE, AxisKind.LONGITUDE}:
        return degree_ticks(scale.kind, low, high, room // (55 if upright else 80))
    return number_ticks(low, high, most)


def number_ticks(low: float, high: float, most: int) -> Ticks:
    """Return round numbers from ``low`` to ``high``, with the digits they need."""
    if not low < high:
        return [(low, number_texts([low])[0])]
    places = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    slack = 1e-9 * (high - low)
    inside = [float(p) for p in places if low - slack <= p <= high + slack]
    return list(zip(inside, number_texts(inside), strict=True))


def number_texts(values: Sequence[float]) -> list[str]:
    """Return numbers as texts with equal numbers of decimals, none of them rounded.

    Very large and very small numbers get a power of ten.
    """
    largest = max(map(abs, values), default=0.0)
    if len(values) < 2:
        return [_minus(f"{value:.6g}") for value in values]
    power = math.floor(math.log10(largest)) if largest else 0
    shown = power if power >= _LARGE or power < _SMALL else 0
    scaled = [value / 10.0**shown for value in values]
    step = min(abs(b - a) for a, b in itertools.pairwise(scaled))
    decimals = 0
    while decimals < 15 and abs(round(step, decimals) - step) > 1e-6 * step:
        decimals += 1
    end = (
        f"\N{MULTIPLICATION SIGN}10{str(shown).translate(_SUPERSCRIPTS)}"
        if shown
        else ""
    )
    return [_minus(f"{value:.{decimals}f}{end}") if value else "0" for value in scaled]


def _minus(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")


def degrees(kind: AxisKind, value: float) -> str:
    """Return a latitude or longitude as text, such as 30°W or 45.5°N."""
    if kind is AxisKind.LONGITUDE:
        value = (value + 180.0) % 360.0 - 180.0
    text = f"{abs(value):.6g}°"
    if text == "0°" or (kind is AxisKind.LONGITUDE and text == "180°"):
        return text
    ends = "EW" if kind is AxisKind.LONGITUDE else "NS"
    return text + ends[int(value < 0)]


def degree_ticks(kind: AxisKind, low: float, high: float, most: int) -> Ticks:
    """Return round latitudes or longitudes from ``low`` to ``high``."""
    wide = next((s for s in _DEGREES if (high - low) / s <= most), None)
    if wide is None or high - low < 2 * wide:
        return [(v, degrees(kind, v)) for v, _ in number_ticks(low, high, most)]
    first, last = math.ceil(low / wide - 1e-6), math.floor(high / wide + 1e-6)
    return [(n * wide, degrees(kind, n * wide)) for n in range(first, last + 1)]


def time_ticks(units: TimeUnits, low: float, high: float, most: int) -> Ticks:
    """Return ticks at full years, months, days or times of day.

    A time of day has its date below it if that differs from the one before. Plain
    numbers are used if the values are not valid times, or closer together than seconds.
    """
    second = 1e9 / units.unit
    span = (high - low) / second
    if units.moment(low) is None or units.moment(high) is None or span < 2:
        return number_ticks(low, high, most)
    for step in _CLOCK:
        if span / step <= most:
            return _times_of_day(units, _steps(units, low, high, step * second))
    for step, days in _DAYS_OF_MONTH.items():
        if span / (step * _DAY) <= most:
            daily = _days(units, _steps(units, low, high, _DAY * second))
            return [(value, _date(day)) for value, day, _ in daily if day[2] in days]
    for step in _MONTHS:
        if span / (step * _YEAR / 12) <= most:
            return _months(units, low, high, step)
    years = (n * 10**power for power in range(7) for n in (1, 2, 5))
    step = next(n for n in years if span / (n * _YEAR) <= most)
    return [
        (value, text.removesuffix("-01"))
        for value, text in _months(units, low, high, 12 * step)
    ]


def _steps(units: TimeUnits, low: float, high: float, step: float) -> Iterator[float]:
    """Yield the numbers from ``low`` to ``high`` at even steps from midnight."""
    start = units.moment(low)
    assert start is not None  # noqa: S101  # seen by time_ticks
    midnight = units.value(replace(start, microsecond=0))
    slack = 1e-6 * step
    for number in itertools.count(math.ceil((low - midnight - slack) / step)):
        value = midnight + number * step
        if value > high + slack:
            return
        yield value


def _days(
    units: TimeUnits, values: Iterable[float]
) -> Iterator[tuple[float, tuple[int, int, int], int]]:
    """Yield numbers with (year, month, day) and the second of the day.

    Half a second is added, since rounding may put a number just before its time.
    """
    for value in values:
        moment = units.moment(value + 5e8 / units.unit)
        assert moment is not None  # noqa: S101  # between two that are moments
        day = (moment.year, moment.month, moment.day)
        yield value, day, moment.microsecond // 1_000_000


def _date(day: tuple[int, int, int]) -> str:
    return f"{day[0]:04d}-{day[1]:02d}-{day[2]:02d}"


def _times_of_day(units: TimeUnits, values: Iterator[float]) -> Ticks:
    found: Ticks = []
    before = None
    for value, day, second in _days(units, values):
        text = f"{second // 3600:02d}:{second // 60 % 60:02d}"
        text += f":{second % 60:02d}" if second % 60 else ""
        if day != before:
            text += f"\n{_date(day)}"
        found.append((value, text))
        before = day
    return found


def _months(units: TimeUnits, low: float, high: float, step: int) -> Ticks:
    """Return a tick on the first day of every ``step`` months, counted from year 0."""
    start = units.moment(low)
    assert start is not None  # noqa: S101  # seen by time_ticks
    found: Ticks = []
    first = (12 * start.year + start.month - 1) // step
    for number in itertools.count(first):
        year, month = divmod(number * step, 12)
        moment = replace(start, year=year, month=month + 1, day=1, microsecond=0)
        value = units.value(moment)
        if value > high:
            break
        if value >= low:
            found.append((value, f"{year:04d}-{month + 1:02d}"))
    return found
