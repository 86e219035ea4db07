"""Turns the axes of a subset into the axes of a picture."""

import numpy as np

from gatewright.backends.gridded.cut import Cut
from gatewright.backends.gridded.pictures.picture import Scale
from gatewright.backends.gridded.write_text import axis_numbers, axis_texts
from gatewright.domains.arrays import AxisKind, Variable

_PRESSURE = frozenset(
    {*("pa", "hpa", "kpa", "bar", "mb", "mbar", "millibar", "millibars", "dbar")}
    | {"decibar"}
)
_PLAIN = frozenset({"", "standard", "gregorian", "proleptic_gregorian"})
"""Calendars that the title of a time axis need not mention."""


def scale(cut: Cut, name: str) -> tuple[Scale, bool]:
    """Return an axis with ascending positions, and whether to reverse the values.

    For labels, and for numbers that are neither ascending nor descending, the positions
    are 0, 1, 2, ...
    """
    axis = cut.axes.get(name)
    kind = axis.kind if axis else None
    own = axis.coordinate if axis else None
    variable = cut.description.variables.get(own or name)
    words = standard = units = calendar = ""
    if variable is not None:
        words = variable.text("long_name") or variable.text("standard_name")
        standard = variable.text("standard_name").lower()
        units, calendar = variable.text("units"), variable.text("calendar").lower()
    title = words.replace("_", " ") or name
    if axis is not None and axis.time is not None:
        title += "" if calendar in _PLAIN else f" (calendar {calendar})"
    elif units not in {"", "1"}:
        title += f" ({units})"
    if axis is None or not axis.text:
        values = axis_numbers(cut, name).astype(np.float64)
        if kind is AxisKind.LONGITUDE:
            values = np.unwrap(values, period=360.0)
        steps = np.diff(values)
        falls = bool((steps < 0).all())
        if falls or (steps > 0).all():
            found = Scale(
                *(title, values[::-1] if falls else values, kind),
                units=units,
                time=axis.time if axis else None,
                downward=kind is AxisKind.LEVEL and not _rises(variable),
                flat=standard.startswith(("projection_", "grid_l")),
            )
            return found, falls
    texts = tuple(axis_texts(cut, name))
    return Scale(title, np.arange(len(texts), dtype=float), kind, texts=texts), False


def _rises(variable: Variable | None) -> bool:
    """Return whether a larger level is higher up.

    ``positive`` or units of pressure decide (CF conventions 1.11, section 4.3). Depths
    and atmospheric sigma coordinates increase downward even without ``positive``.
    """
    if variable is None:
        return True
    positive = variable.text("positive").strip().lower()
    if positive in {"up", "down"}:
        return positive == "up"
    standard = variable.text("standard_name").lower()
    sigma = standard.startswith("atmosphere_") and "sigma" in standard
    words = f"{standard} {variable.name} {variable.text('long_name')}".lower()
    return not (
        sigma or "depth" in words or variable.text("units").strip().lower() in _PRESSURE
    )
