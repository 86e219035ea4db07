"""Which dimensions are latitude, longitude, level, time and ensemble member.

Source: CF conventions 1.11, chapter 4 (coordinate types) and 4.5 (discrete axes with
``realization``); the names and units that older files use are known too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gatewright.domains.arrays.calendars import TimeUnits, time_units
from gatewright.domains.arrays.model import AxisKind, Description, Variable

_NORTH = frozenset(
    {*("degrees_north", "degree_north", "degree_n", "degrees_n", "degreen", "degreesn")}
)
_EAST = frozenset(
    {*("degrees_east", "degree_east", "degree_e", "degrees_e", "degreee", "degreese")}
)
_PRESSURE = frozenset(
    {
        *("pa", "hpa", "kpa", "bar", "mb", "mbar", "millibar", "millibars", "decibar"),
        *("dbar", "level", "layer", "sigma_level"),
    }
)
_LEVEL_NAMES = frozenset(
    {
        *("air_pressure", "height", "altitude", "depth", "model_level_number"),
        *("geopotential_height", "sea_water_pressure"),
    }
)
_NAMES = {
    **dict.fromkeys(("lat", "latitude"), AxisKind.LATITUDE),
    **dict.fromkeys(("lon", "longitude"), AxisKind.LONGITUDE),
    **dict.fromkeys(("level", "lev", "plev", "depth", "altitude"), AxisKind.LEVEL),
    **dict.fromkeys(("time",), AxisKind.TIME),
    **dict.fromkeys(
        ("member", "ensemble", "number", "realization", "ens", "ensemble_member"),
        AxisKind.MEMBER,
    ),
}
_STANDARD_NAMES = {
    "latitude": AxisKind.LATITUDE,
    "longitude": AxisKind.LONGITUDE,
    "time": AxisKind.TIME,
    "realization": AxisKind.MEMBER,
}
_LETTERS = {
    "T": AxisKind.TIME,
    "Z": AxisKind.LEVEL,
    "Y": AxisKind.LATITUDE,
    "X": AxisKind.LONGITUDE,
    "E": AxisKind.MEMBER,
}


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis whose meaning is known."""

    kind: AxisKind
    """What it means."""
    dimension: str | None
    """Its dimension; None for a scalar coordinate."""
    coordinate: str | None
    """The variable with its values; None where the indices are the values."""
    units: str = ""
    """Units of the values."""
    time: TimeUnits | None = None
    """Meaning of a time axis's values, where it can be told."""


def kind_of(variable: Variable) -> AxisKind | None:
    """Return what a coordinate variable means, by its attributes and its name."""
    units = variable.text("units").strip().lower()
    name = variable.text("standard_name").strip().lower()
    return (
        _STANDARD_NAMES.get(name)
        or _by_units(units)
        or _by_vertical(variable, name)
        or _LETTERS.get(variable.text("axis").strip().upper())
        or _NAMES.get(variable.name.lower())
    )


def _by_units(units: str) -> AxisKind | None:
    if units in _NORTH:
        return AxisKind.LATITUDE
    if units in _EAST:
        return AxisKind.LONGITUDE
    if units in _PRESSURE:
        return AxisKind.LEVEL
    return AxisKind.TIME if " since " in units else None


def _by_vertical(variable: Variable, name: str) -> AxisKind | None:
    positive = variable.text("positive").strip().lower()
    vertical = name in _LEVEL_NAMES or name.endswith("_coordinate")
    return AxisKind.LEVEL if vertical or positive in {"up", "down"} else None


def axes(description: Description) -> Mapping[str, Axis]:
    """Return the axes by dimension, and scalar coordinates by their variable."""
    found: dict[str, Axis] = {}
    for name in description.dimensions:
        axis = _of_dimension(description, name)
        if axis is not None:
            found[name] = axis
    for variable in _scalar_coordinates(description):
        kind = kind_of(variable)
        if kind is not None and variable.name not in found:
            found[variable.name] = _axis(kind, None, variable)
    return found


def _of_dimension(description: Description, name: str) -> Axis | None:
    variable = description.variables.get(name)
    if variable is None or variable.dimensions != (name,):
        kind = _NAMES.get(name.lower())
        if kind is AxisKind.MEMBER:
            return Axis(kind, name, None)
        return None
    if not variable.type.numeric:
        return None
    kind = kind_of(variable)
    return None if kind is None else _axis(kind, name, variable)


def _axis(kind: AxisKind, dimension: str | None, variable: Variable) -> Axis:
    units = variable.text("units")
    time = time_units(units, variable.text("calendar"))
    return Axis(
        kind,
        dimension,
        variable.name,
        units,
        time if kind is AxisKind.TIME else None,
    )


def _scalar_coordinates(description: Description) -> Iterator[Variable]:
    """Yield the scalar variables that ``coordinates`` attributes name (CF 5.7)."""
    named = {
        word
        for variable in description.variables.values()
        for word in variable.text("coordinates").split()
    }
    for name, variable in description.variables.items():
        if name in named and not variable.dimensions and variable.type.numeric:
            yield variable


def data_variables(description: Description) -> list[Variable]:
    """Return the variables that hold data: neither coordinates nor their bounds."""
    bounds = {
        variable.text(attribute)
        for variable in description.variables.values()
        for attribute in ("bounds", "climatology")
    }
    return [
        variable
        for name, variable in description.variables.items()
        if variable.type.numeric
        and variable.dimensions
        and name not in bounds
        and name not in description.dimensions
    ]
