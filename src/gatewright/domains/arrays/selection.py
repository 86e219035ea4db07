"""Translates the coordinates of a request into indices.

``lat=10:60`` is a range with both ends included. ``lat=45.2`` selects the cell whose
centre is within half a step; the same holds for a full date and time. A shorter time
such as ``1987-10`` is a period and selects all times in it. Members, stations and other
labels must match exactly. If nothing matches, the error names the neighbours. A
longitude range runs eastward from its first end to its second, whether the file counts
from 0 to 360 or from -180 to 180, and gives two ranges of indices where it crosses the
end of the file's axis. ``index:3`` and ``index:0:4`` are positions along any axis,
counted from 0.
"""

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gatewright.core.errors import InvalidRequest
from gatewright.domains.arrays.axes import Axis
from gatewright.domains.arrays.calendars import TimeUnits
from gatewright.domains.arrays.model import AxisKind, Range
from gatewright.domains.arrays.times import time_range

Values = npt.NDArray[np.float64]
_NUMBER = r"[+-]?(?:\d{1,40}\.?\d{0,40}|\.\d{1,40})(?:[eE][+-]?\d{1,4})?"
_INTERVAL = re.compile(rf"\s*({_NUMBER})\s*(?::\s*({_NUMBER})\s*)?", re.ASCII)
_ROUNDING = 1e-5
"""Tolerance at the ends of a range as a fraction of a grid step, since many coordinates
are float32."""
_DEGREES = 1e-4
"""Tolerance of longitudes in degrees; 359.9 as float32 is 1.2e-5 degrees off."""
_UNEVEN = 1.2
"""Ratio of a step to its neighbour above which the step counts as a gap in the axis."""
_INDEX = re.compile(r"index:(\d{1,12})(?::(\d{1,12}))?", re.ASCII)
_MOMENT = 1e-9
"""Relative tolerance of times, since requests and labels end at microseconds."""
_LABELLED = frozenset({AxisKind.MEMBER, AxisKind.OTHER})
"""Axes on which values are labels rather than positions, so that none is nearest."""
_SHOWN_LABELS = 20
_BLANKS = 16
"""Blanks before the colon between two labels."""


@dataclass(frozen=True, slots=True)
class Selected:
    """The indices along an axis that a request selects."""

    ranges: tuple[Range, ...]
    """One range, or two where a longitude range crosses the end of the axis."""
    west: float | None = None
    """Western end of a longitude range, from which longitudes are counted up to
    ``west`` + 360; None to leave them as they are."""
    nearest: str = ""
    """The value that was selected in place of a requested one that the axis lacks;
    empty if the axis has the requested value."""

    @property
    def count(self) -> int:
        """Number of indices."""
        return sum(part.count for part in self.ranges)


def everything(size: int) -> Selected:
    """Return the selection of all indices of an axis of this size."""
    return Selected((Range(0, size),))


def select(
    axis: Axis, values: Values, text: str, labels: Sequence[str] = ()
) -> Selected:
    """Return the indices along an axis that the text of a request selects.

    Parameters
    ----------
    axis
        The axis.
    values
        Its values, shape (size,).
    text
        One value or ``first:last``, or positions as ``index:0`` or ``index:0:4``.
    labels
        The values of an axis of text.

    Raises
    ------
    InvalidRequest
        The text has another form, or the axis has no value there.
    """
    if not values.size:
        raise InvalidRequest(f"The axis {axis.name} of this data set is empty.")
    counted = _INDEX.fullmatch(text.strip())
    if counted is not None:
        ends = [int(end) for end in counted.groups() if end]
        if not ends[0] <= ends[-1] < values.size:
            raise InvalidRequest(
                f"The axis {axis.name} of this data set has the indices 0 to "
                f"{values.size - 1}, and an index range has its smaller end first."
            )
        return Selected((Range(ends[0], ends[-1] - ends[0] + 1),))
    if axis.text:
        return _by_label(axis, labels, text)
    if axis.time is not None:
        return _select_time(axis, axis.time, values, text)
    low, high = interval(axis, text)
    if axis.kind is AxisKind.LONGITUDE:
        return _select_longitude(axis, values, low, high)
    if high is None:
        return _one(axis, values, low, text)
    low, high = min(low, high), max(low, high)
    margin = _ROUNDING * _step(values)
    mask = (values >= low - max(margin, _spacing(low))) & (
        values <= high + max(margin, _spacing(high))
    )
    return Selected((_run(axis, mask, values, text, (low, high)),))


def _by_label(axis: Axis, labels: Sequence[str], text: str) -> Selected:
    """Return the indices of a label, or of all from ``first`` to ``last`` label."""
    known = np.array([label.strip() for label in labels], object)
    wanted = text.strip()
    places = np.flatnonzero(known == wanted)
    names = set(known)
    longest = max(map(len, names), default=0)
    # Longer texts name no two labels, and may have thousands of colons.
    for at, sign in enumerate(wanted[: longest + _BLANKS]):
        if sign == ":" and not places.size:
            ends = (wanted[:at].strip(), wanted[at + 1 :].strip())
            if names.issuperset(ends):
                pair = np.flatnonzero(np.isin(known, ends))
                places = np.arange(pair[0], pair[-1] + 1)
    if not places.size:
        shown = ", ".join(known[:_SHOWN_LABELS])
        more = f" and {known.size - _SHOWN_LABELS} more"
        raise InvalidRequest(
            f"There is no “{wanted[:60]}” on the axis {axis.name} of this data set, "
            f"which has {shown}{more if known.size > _SHOWN_LABELS else ''}. A "
            "position is written index:0."
        )
    if places[-1] - places[0] + 1 > places.size:
        raise InvalidRequest(
            f"The axis {axis.name} of this data set has “{wanted[:60]}” more than "
            f"once, at the indices {', '.join(map(str, places[:_SHOWN_LABELS]))}: ask "
            "for one of them, such as index:0."
        )
    return Selected((Range(int(places[0]), int(places.size)),))


def interval(axis: Axis, text: str) -> tuple[float, float | None]:
    """Return the two ends of ``first:last``, or a single value and None.

    Raises
    ------
    InvalidRequest
        The text is neither, or a latitude or longitude is out of range.
    """
    parsed = _INTERVAL.fullmatch(text)
    ends = [float(end) for end in parsed.groups() if end] if parsed else []
    if not ends or not all(map(math.isfinite, ends)):
        asked = f"“{axis.name}={text[:60]}”"
        why = f"{asked} is neither a number nor two with a colon between."
        if axis.kind is AxisKind.TIME:
            why += (
                f" The times of this data set are in “{axis.units}”, calendar "
                f"“{axis.calendar or 'standard'}”, which have no fixed length or are "
                "not known here: give numbers of that, or positions such as index:0."
            )
        raise InvalidRequest(why)
    bound = {AxisKind.LATITUDE: 90.0, AxisKind.LONGITUDE: 720.0}.get(
        axis.kind, math.inf
    )
    if any(abs(end) > bound for end in ends):
        raise InvalidRequest(
            f"“{axis.name}={text[:60]}” goes beyond {bound:g} degrees."
        )
    return ends[0], ends[1] if len(ends) == 2 else None


def counted_from(values: Values, west: float | None) -> Values:
    """Return longitudes shifted by full turns into west <= value < west + 360."""
    if west is None:
        return values
    return west + np.mod(_snapped(values - west), 360.0)


def _snapped(degrees: Values) -> Values:
    """Return angles in degrees, with those within 1e-4 of a full turn set to that turn.

    Otherwise an angle just below 0 would become one just below 360.
    """
    turns = np.round(degrees / 360.0) * 360.0
    return np.where(np.abs(degrees - turns) < _DEGREES, turns, degrees)


def _select_longitude(
    axis: Axis, values: Values, west: float, east: float | None
) -> Selected:
    if east is None:
        turned = np.mod(values - west + 180.0, 360.0)
        index = int(np.nanargmin(_finite(axis, np.abs(turned - 180.0))))
        away = abs(turned[index] - 180.0)
        if away > max(_half_step(turned, 180.0), _DEGREES):
            raise _outside(axis, values, f"{west:g}")
        given = label(axis, float(values[index])) if away > _DEGREES else ""
        return Selected((Range(index, 1),), nearest=given)
    width = east - west if east >= west else (east - west) % 360.0
    values, closed = _one_turn(values), values
    low, high = west - _DEGREES, west + width + _DEGREES
    within = closed.min() - _DEGREES <= west and west + width <= closed.max() + _DEGREES
    if closed.size > values.size and within:
        mask = (closed >= low) & (closed <= high)
        return Selected((_run(axis, mask, closed, f"{west:g}:{east:g}"),))
    distance = np.mod(_snapped(values - west), 360.0)
    steps = np.diff(values)
    # It rises or falls, but for one step at its seam.
    rising = int((steps > 0).sum()) >= int((steps < 0).sum())
    if width >= 360.0 - _DEGREES:
        # The whole axis, beginning at the first longitude east of ``west``.
        first = int(np.argmin(_finite(axis, distance)))
        first = first if rising else (first + 1) % values.size
        parts = (Range(first, values.size - first), Range(0, first))
        return Selected(tuple(part for part in parts if part.count), west)
    mask = distance <= width + _DEGREES
    runs = _split(_runs(mask), np.diff(distance), rising=rising)
    if not runs:
        raise _outside(axis, values, f"{west:g}:{east:g}")
    if len(runs) > 2:
        raise InvalidRequest(
            "The longitudes of this data set are not in order, so a range of them is "
            "not one piece. Ask for the data by index instead, over DAP."
        )
    eastward = sorted(runs, key=lambda run: float(distance[run.start]))
    return Selected(tuple(eastward if rising else reversed(eastward)), west)


def _one_turn(values: Values) -> Values:
    """Return longitudes without a repetition of the first at the end of the axis.

    Many files repeat the first meridian as their last, 0 to 360 or -180 to 180.
    """
    steps = np.diff(values)
    if not ((steps > 0).all() or (steps < 0).all()):
        return values
    turn: Values = values[np.abs(values - values[0]) < 360.0 - _DEGREES]
    return turn


def _split(runs: list[Range], steps: Values, *, rising: bool) -> list[Range]:
    """Return the runs of indices, split where the angle from the west end restarts."""
    found = []
    for run in runs:
        inner = steps[run.start : run.start + run.count - 1]
        breaks = np.flatnonzero(inner < 0 if rising else inner > 0) + 1
        borders = [0, *breaks.tolist(), run.count]
        found += [
            run.part(first, last - first) for first, last in itertools.pairwise(borders)
        ]
    return found


def _select_time(axis: Axis, units: TimeUnits, values: Values, text: str) -> Selected:
    first, last = time_range(text, units.calendar)
    low, high = units.value(first.first), units.value(last.behind)
    if low > high:
        raise InvalidRequest(f"“time={text[:60]}” ends before it begins.")
    margin = _ROUNDING * _step(values)
    moment = last.behind == last.first
    until = values <= high + margin if moment else values < high - margin
    mask = (values >= low - margin) & until
    if first == last and moment and not mask.any():
        return _one(axis, values, low, text)
    return Selected((_run(axis, mask, values, text, (low, high)),))


def _one(axis: Axis, values: Values, wanted: float, text: str) -> Selected:
    """Return the index of a single value, or of the cell in which it lies.

    Levels outside the range of the axis lie in no cell, and labels have no cells.
    """
    distance = _finite(axis, np.abs(values - wanted))
    index = int(np.nanargmin(distance))
    exact = max(
        _ROUNDING * _step(values),
        _MOMENT * abs(wanted) if axis.time else _spacing(wanted),
    )
    if distance[index] <= exact:
        return Selected((Range(index, 1),))
    outside = not np.nanmin(values) <= wanted <= np.nanmax(values)
    if (
        axis.kind in _LABELLED
        or (axis.kind is AxisKind.LEVEL and outside)
        or distance[index] > _half_step(values, wanted)
    ):
        raise _outside(axis, values, text, (wanted, wanted))
    return Selected((Range(index, 1),), nearest=label(axis, float(values[index])))


def _half_step(values: Values, wanted: float) -> float:
    """Return the largest distance from the nearest value at which a value is accepted.

    It is half the step between the neighbours of ``wanted``. A step longer than the
    steps beside it is a gap in the axis, into which no cell reaches beyond half a usual
    step.
    """
    ordered = np.unique(values[np.isfinite(values)])
    steps = np.diff(ordered)
    if not steps.size:
        return 0.0
    place = int(np.clip(np.searchsorted(ordered, wanted) - 1, 0, steps.size - 1))
    beside = [*steps[max(0, place - 1) : place], *steps[place + 1 : place + 2]]
    return float(min([steps[place], *(_UNEVEN * step for step in beside)])) / 2


def _spacing(value: float) -> float:
    """Return the distance between float32 numbers at a value."""
    return float(np.spacing(np.float32(abs(value))))


def _finite(axis: Axis, distance: Values) -> Values:
    if not np.isfinite(distance).any():
        raise InvalidRequest(f"The axis {axis.name} of this data set has no values.")
    return distance


def _step(values: Values) -> float:
    """Return the median distance between neighbours; 0 for a single value."""
    steps = np.abs(np.diff(values[np.isfinite(values)]))
    return float(np.median(steps)) if steps.size else 0.0


def _runs(mask: npt.NDArray[np.bool_]) -> list[Range]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False]))))
    return [
        Range(int(start), int(stop - start)) for start, stop in edges.reshape(-1, 2)
    ]


def _run(
    axis: Axis,
    mask: npt.NDArray[np.bool_],
    values: Values,
    text: str,
    ends: tuple[float, float] | None = None,
) -> Range:
    runs = _runs(mask)
    if not runs:
        raise _outside(axis, values, text, ends)
    if len(runs) > 1:
        gaps = np.isnan(values[runs[0].start : runs[-1].stop]).any()
        what = "has missing values among its own" if gaps else "is not in order"
        raise InvalidRequest(
            f"The axis {axis.name} of this data set {what}, so a range of it is not "
            "one piece. Ask for positions instead, such as index:0:9."
        )
    return runs[0]


def _outside(
    axis: Axis, values: Values, text: str, ends: tuple[float, float] | None = None
) -> InvalidRequest:
    """Return the error that names the ends of an axis and the neighbours of a gap."""
    units = f" {axis.units}" if axis.units and axis.time is None else ""
    lowest, highest = (
        label(axis, float(np.nanmin(values))),
        label(axis, float(np.nanmax(values))),
    )
    what = (
        f"There is nothing at “{axis.name}={text[:60]}”: the data set has {lowest} to "
        f"{highest}{units}"
    )
    below = values[values < ends[0]] if ends else values[:0]
    above = values[values > ends[1]] if ends else values[:0]
    if below.size and above.size:
        before, after = label(axis, float(below.max())), label(axis, float(above.min()))
        what += f", and {before} and {after} are the nearest"
    return InvalidRequest(f"{what}.")


def label(axis: Axis, value: float) -> str:
    """Return a value of an axis as text: a time in ISO 8601, a number in 10 digits."""
    if axis.time is not None:
        moment = axis.time.moment(value)
        return "" if moment is None else str(moment)
    return f"{value:.10g}"
