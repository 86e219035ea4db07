"""From coordinates, as people write them, to indices.

``lat=10:60`` is a range, its ends included; ``lat=45`` is the nearest value. A
longitude range runs eastward from its first end to its second, whatever the file
counts (0 to 360 or -180 to 180), and comes as two pieces where it crosses the file's
seam. A written time is a period (``1987-10`` a month): the times within it, or, where
there are none, the nearest.
"""

import itertools
import math
import re
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
"""Part of a grid step by which a coordinate may miss a bound: many are float32."""
_DEGREES = 1e-4
"""The same for longitudes, in degrees: 359.9 in float32 is 1.2e-5 off."""


@dataclass(frozen=True, slots=True)
class Selected:
    """The indices of an axis that a request means."""

    ranges: tuple[Range, ...]
    """One range, or two where a longitude range crosses the seam."""
    west: float | None = None
    """Longitudes are counted from here (west <= value < west + 360)."""

    @property
    def count(self) -> int:
        """Number of indices."""
        return sum(part.count for part in self.ranges)


def everything(size: int) -> Selected:
    """Return the whole of an axis."""
    return Selected((Range(0, size),))


def select(axis: Axis, values: Values, text: str) -> Selected:
    """Return the indices that a request means.

    Parameters
    ----------
    axis
        The axis.
    values
        Its values, of shape (size,).
    text
        One value or ``first:last``.

    Raises
    ------
    InvalidRequest
        The text is not that, or nothing of the axis lies there.
    """
    if not values.size:
        raise InvalidRequest(f"The axis {axis.kind} of this data set is empty.")
    if axis.time is not None:
        return _select_time(axis, axis.time, values, text)
    low, high = interval(axis.kind, text)
    if axis.kind is AxisKind.LONGITUDE:
        return _select_longitude(axis, values, low, high)
    if high is None:
        return _one(axis, values, _nearest(axis, values, low, text))
    low, high = min(low, high), max(low, high)
    margin = _ROUNDING * _step(values)
    mask = (values >= low - margin) & (values <= high + margin)
    return Selected((_run(axis, mask, values, text),))


def interval(kind: AxisKind, text: str) -> tuple[float, float | None]:
    """Return the two ends of ``first:last``, or one value and None.

    Raises
    ------
    InvalidRequest
        The text is neither, or a latitude is beyond a pole.
    """
    parsed = _INTERVAL.fullmatch(text)
    ends = [float(end) for end in parsed.groups() if end] if parsed else []
    if not ends or not all(map(math.isfinite, ends)):
        raise InvalidRequest(
            f"“{kind}={text[:60]}” is neither a number nor two with a colon between."
        )
    bound = {AxisKind.LATITUDE: 90.0, AxisKind.LONGITUDE: 720.0}.get(kind, math.inf)
    if any(abs(end) > bound for end in ends):
        raise InvalidRequest(f"“{kind}={text[:60]}” goes beyond {bound:g} degrees.")
    return ends[0], ends[1] if len(ends) == 2 else None


def counted_from(values: Values, west: float | None) -> Values:
    """Return longitudes counted from ``west``: west <= value < west + 360."""
    if west is None:
        return values
    return west + np.mod(_snapped(values - west), 360.0)


def _snapped(degrees: Values) -> Values:
    """Return angles with tiny negative ones as 0, which a full turn would hide."""
    turns = np.round(degrees / 360.0) * 360.0
    return np.where(np.abs(degrees - turns) < _DEGREES, turns, degrees)


def _select_longitude(
    axis: Axis, values: Values, west: float, east: float | None
) -> Selected:
    if east is None:
        distance = np.abs(np.mod(values - west + 180.0, 360.0) - 180.0)
        index = int(np.nanargmin(_finite(axis, distance)))
        if distance[index] > max(_step(values), _DEGREES):
            raise _outside(axis, values, f"{west:g}")
        return Selected((Range(index, 1),))
    width = east - west if east >= west else (east - west) % 360.0
    values, closed = _one_turn(values), values
    if closed.size > values.size and _holds(closed, west, width):
        mask = (closed >= west - _DEGREES) & (closed <= west + width + _DEGREES)
        return Selected((_run(axis, mask, closed, f"{west:g}:{east:g}"),))
    if width >= 360.0 - _DEGREES:
        return _turned(axis, values, west)
    distance = np.mod(_snapped(values - west), 360.0)
    mask = distance <= width + _DEGREES
    rising = _rising(values)
    runs = _split(_runs(mask), np.diff(distance), rising=rising)
    if not runs:
        raise _outside(axis, values, f"{west:g}:{east:g}")
    return Selected(_eastward(runs, distance, rising=rising), west)


def _one_turn(values: Values) -> Values:
    """Return longitudes without those at the end that stand a turn behind the first.

    Many files repeat the first meridian as their last, 0 to 360 or -180 to 180.
    """
    steps = np.diff(values)
    if not ((steps > 0).all() or (steps < 0).all()):
        return values
    turn: Values = values[np.abs(values - values[0]) < 360.0 - _DEGREES]
    return turn


def _holds(values: Values, west: float, width: float) -> bool:
    """Return whether a range lies within the longitudes as the file counts them."""
    lowest, highest = float(values.min()), float(values.max())
    return lowest - _DEGREES <= west and west + width <= highest + _DEGREES


def _split(runs: list[Range], steps: Values, *, rising: bool) -> list[Range]:
    """Return the runs, cut where the angle from the west end starts again."""
    found = []
    for run in runs:
        inner = steps[run.start : run.start + run.count - 1]
        breaks = np.flatnonzero(inner < 0 if rising else inner > 0) + 1
        borders = [0, *breaks.tolist(), run.count]
        found += [
            run.part(first, last - first) for first, last in itertools.pairwise(borders)
        ]
    return found


def _turned(axis: Axis, values: Values, west: float) -> Selected:
    """Return the whole axis, beginning at the first longitude east of ``west``."""
    distance = np.mod(_snapped(values - west), 360.0)
    first = int(np.argmin(_finite(axis, distance)))
    if not _rising(values):
        first = (first + 1) % values.size
    parts = (Range(first, values.size - first), Range(0, first))
    return Selected(tuple(part for part in parts if part.count), west)


def _eastward(
    runs: list[Range], distance: Values, *, rising: bool
) -> tuple[Range, ...]:
    if len(runs) > 2:
        raise InvalidRequest(
            "The longitudes of this data set are not in order, so a range of them is "
            "not one piece. Ask for the data by index instead, over DAP."
        )
    runs = sorted(runs, key=lambda run: float(distance[run.start]))
    return tuple(runs if rising else reversed(runs))


def _rising(values: Values) -> bool:
    """Return whether an axis rises, but for one fall at its seam."""
    steps = np.diff(values)
    return int((steps > 0).sum()) >= int((steps < 0).sum())


def _select_time(axis: Axis, units: TimeUnits, values: Values, text: str) -> Selected:
    first, last = time_range(text, units.calendar)
    low, high = units.value(first.first), units.value(last.behind)
    if low > high:
        raise InvalidRequest(f"“time={text[:60]}” ends before it begins.")
    margin = _ROUNDING * _step(values)
    until = values <= high + margin
    if last.behind != last.first:
        until = values < high - margin
    mask = (values >= low - margin) & until
    if mask.any():
        return Selected((_run(axis, mask, values, text),))
    if first != last:
        raise _outside(axis, values, text)
    middle = low if first.behind == first.first else (low + high) / 2
    return _one(axis, values, _nearest(axis, values, middle, text))


def _one(axis: Axis, values: Values, index: int) -> Selected:
    return Selected((Range(index, 1),))


def _nearest(axis: Axis, values: Values, wanted: float, text: str) -> int:
    distance = _finite(axis, np.abs(values - wanted))
    index = int(np.nanargmin(distance))
    reach = max(_step(values), 1e-6 * abs(wanted), _ROUNDING)
    if distance[index] > reach:
        raise _outside(axis, values, text)
    return index


def _finite(axis: Axis, distance: Values) -> Values:
    if not np.isfinite(distance).any():
        raise InvalidRequest(f"The axis {axis.kind} of this data set has no values.")
    return distance


def _step(values: Values) -> float:
    """Return the largest distance between neighbours; 0 of a single value."""
    if values.size < 2:
        return 0.0
    largest = float(np.nanmax(np.abs(np.diff(values))))
    return largest if math.isfinite(largest) else 0.0


def _runs(mask: npt.NDArray[np.bool_]) -> list[Range]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False]))))
    return [
        Range(int(start), int(stop - start)) for start, stop in edges.reshape(-1, 2)
    ]


def _run(axis: Axis, mask: npt.NDArray[np.bool_], values: Values, text: str) -> Range:
    runs = _runs(mask)
    if not runs:
        raise _outside(axis, values, text)
    if len(runs) > 1:
        gaps = np.isnan(values[runs[0].start : runs[-1].stop]).any()
        what = "has missing values among its own" if gaps else "is not in order"
        raise InvalidRequest(
            f"The axis {axis.kind} of this data set {what}, so a range of it is not "
            "one piece. Ask for the data by index instead, over DAP."
        )
    return runs[0]


def _outside(axis: Axis, values: Values, text: str) -> InvalidRequest:
    ends = (
        label(axis, float(np.nanmin(values))),
        label(axis, float(np.nanmax(values))),
    )
    return InvalidRequest(
        f"There is nothing at “{axis.kind}={text[:60]}”: the data set has {ends[0]} to "
        f"{ends[1]}{' ' + axis.units if axis.units and axis.time is None else ''}."
    )


def label(axis: Axis, value: float) -> str:
    """Return one value of an axis as text: a time in ISO 8601, a number as such."""
    if axis.time is not None:
        moment = axis.time.moment(value)
        return "" if moment is None else str(moment)
    return f"{value:.10g}"
