"""Finds which dimensions are latitude, longitude, level, time and ensemble member.

Source: CF conventions 1.11, chapter 4 (coordinate types), 4.5 (discrete axes with
``realization``) and 5 (auxiliary coordinates). Names and units of older files that
follow no convention are known too. Every other dimension of the data is an axis of the
kind OTHER.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass

from gatewright.domains.arrays.calendars import TimeUnits, time_units
from gatewright.domains.arrays.model import (
    AxisKind,
    Description,
    ElementType,
    Variable,
)

_NORTH = frozenset(
    {*("degrees_north", "degree_north", "degree_n", "degrees_n", "degreen", "degreesn")}
)
_EAST = frozenset(
    {*("degrees_east", "degree_east", "degree_e", "degrees_e", "degreee", "degreese")}
)
_DEGREES = frozenset({"", "degrees", "degree", "deg"})
"""Units with which a variable's name or ``axis`` may still tell latitude or longitude.
"""
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
_VERTICAL = ("atmosphere_", "ocean_")
"""Beginnings of the standard names of dimensionless vertical coordinates (appendix D).
"""
_PROJECTED = ("grid_latitude", "grid_longitude", "projection_x_", "projection_y_")
"""Beginnings of the standard names of rotated and projected coordinates (appendix F).
"""
_ROTATED_NAMES = frozenset({"rlat", "rlon"})
_NAMES = {
    **dict.fromkeys(("lat", "latitude"), AxisKind.LATITUDE),
    **dict.fromkeys(("lon", "longitude"), AxisKind.LONGITUDE),
    **dict.fromkeys(("level", "lev", "plev", "depth", "altitude"), AxisKind.LEVEL),
    **dict.fromkeys(("time",), AxisKind.TIME),
    **dict.fromkeys(
        *(("member", "members", "member_id", "number", "realization", "realisation"),),
        AxisKind.MEMBER,
    ),
    **dict.fromkeys(("ens", "ensemble", "ensemble_member"), AxisKind.MEMBER),
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
_HORIZONTAL = frozenset({AxisKind.LATITUDE, AxisKind.LONGITUDE})


@dataclass(frozen=True, slots=True)
class Axis:
    """A dimension of data variables, or a scalar coordinate."""

    kind: AxisKind
    """What its values are."""
    dimension: str | None
    """Name of the dimension; None for a scalar coordinate."""
    coordinate: str | None
    """Name of the variable that holds its values; None if the indices are the values.
    """
    units: str = ""
    """The coordinate's ``units``."""
    time: TimeUnits | None = None
    """How a time axis's numbers become dates; None if its units or calendar are
    unknown."""
    calendar: str = ""
    """The ``calendar`` attribute of a time axis, as the file has it."""
    text: bool = False
    """Whether its values are text, such as names of ensemble members or stations."""

    @property
    def name(self) -> str:
        """The name of the request parameter that selects along this axis."""
        if self.kind is AxisKind.OTHER:
            return self.dimension or self.coordinate or ""
        return self.kind.value

    @property
    def has_only_positions(self) -> bool:
        """Whether the axis can be selected only by position, such as ``index:3``.

        This holds for a dimension without a coordinate variable whose name suggests
        other values than 0, 1, 2: ``lat=3`` would mean a latitude, and ``lev=1`` a
        level.
        """
        expected = _NAMES.get((self.dimension or "").lower(), AxisKind.MEMBER)
        return self.coordinate is None and expected is not AxisKind.MEMBER


def kind_of(variable: Variable) -> AxisKind | None:
    """Return the kind of axis that a coordinate variable describes; None if unknown.

    Its attributes decide before its name. ``axis = "X"`` marks the first axis of any
    grid, projected ones too (CF 1.11, chapter 4). It therefore means longitude only if
    neither a standard name nor units other than degrees say otherwise; the same holds
    for names such as ``lon``.
    """
    units = variable.text("units").strip().lower()
    name = variable.text("standard_name").strip().lower()
    if name.startswith(_PROJECTED) or variable.name.lower() in _ROTATED_NAMES:
        return None
    sure = _STANDARD_NAMES.get(name) or _by_units(units)
    if sure is not None:
        return sure
    sigma = name.startswith(_VERTICAL) and "_coordinate" in name
    positive = variable.text("positive").strip().lower()
    if sigma or name in _LEVEL_NAMES or positive in {"up", "down"}:
        return AxisKind.LEVEL
    letter = variable.text("axis").strip().upper()
    kind = _LETTERS.get(letter) or _NAMES.get(variable.name.lower())
    if kind in _HORIZONTAL and (name or units not in _DEGREES):
        return None
    return kind


def _by_units(units: str) -> AxisKind | None:
    if units in _NORTH:
        return AxisKind.LATITUDE
    if units in _EAST:
        return AxisKind.LONGITUDE
    if units in _PRESSURE:
        return AxisKind.LEVEL
    return AxisKind.TIME if " since " in units else None


def extent(variable: Variable) -> tuple[str, ...]:
    """Return the dimensions of a variable, without the string length of CHAR text."""
    return variable.dimensions[: -1 if variable.type is ElementType.CHAR else None]


def axes(description: Description) -> Mapping[str, Axis]:
    """Return the axes of a data set by dimension, scalar coordinates by variable."""
    of_data = {name for one in data_variables(description) for name in one.dimensions}
    named = _named_coordinates(description)
    beside: dict[str, list[Variable]] = {}
    curved: set[str] = set()
    for name, variable in description.variables.items():
        where = extent(variable)
        if len(where) == 1 and where != (name,):
            beside.setdefault(where[0], []).append(variable)
        elif len(where) > 1 and name in named and kind_of(variable) in _HORIZONTAL:
            curved |= set(where)
    found: dict[str, Axis] = {}
    for name in description.dimensions:
        own = description.variables.get(name)
        if own is not None and extent(own) != (name,):
            own = None
        axis = _of_dimension(name, own, beside.get(name, []), named, name in curved)
        if axis.kind is not AxisKind.OTHER or name in of_data:
            found[name] = axis
    for name in named:
        variable = description.variables[name]
        kind = None if extent(variable) else kind_of(variable)
        if kind is not None and name not in found:
            found[name] = _axis(kind, None, variable)
    return found


def _named_coordinates(description: Description) -> dict[str, None]:
    """Return the names in all ``coordinates`` attributes (CF 5, 5.7), in file order."""
    named = {
        word
        for variable in description.variables.values()
        for word in variable.text("coordinates").split()
    }
    return {name: None for name in description.variables if name in named}


def _of_dimension(
    name: str,
    own: Variable | None,
    beside: list[Variable],
    named: Container[str],
    curved: bool,  # noqa: FBT001  # a fact of the dimension, beside others
) -> Axis:
    """Return the axis of a dimension.

    Parameters
    ----------
    name
        Name of the dimension.
    own
        Its coordinate variable, which has the same name; None without one.
    beside
        Other variables that have this dimension only.
    named
        Names that ``coordinates`` attributes list.
    curved
        Whether latitude and longitude are two-dimensional arrays along this dimension.
        Its coordinate variable then counts as latitude or longitude only if its units
        or standard name say so.
    """
    kind = None if own is None else kind_of(own)
    if own is not None and curved and kind in _HORIZONTAL:
        meaning = own.text("standard_name").strip().lower()
        units = own.text("units").strip().lower()
        kind = _STANDARD_NAMES.get(meaning) or _by_units(units)
    if own is not None and kind is not None:
        return _axis(kind, name, own)
    if own is not None:
        member = _auxiliary(name, beside, named, (AxisKind.MEMBER,))
        return member or _axis(AxisKind.OTHER, name, own)
    by_name = _NAMES.get(name.lower()) is AxisKind.MEMBER
    return _auxiliary(name, beside, named, tuple(AxisKind)) or Axis(
        AxisKind.MEMBER if by_name else AxisKind.OTHER, name, None
    )


def _auxiliary(
    dimension: str,
    beside: list[Variable],
    named: Container[str],
    kinds: tuple[AxisKind, ...],
) -> Axis | None:
    """Return the axis that auxiliary coordinates give to a dimension (CF 4.5, 5, 9.5).

    None if none of them has one of ``kinds``. If both latitudes and longitudes have
    this dimension, as for stations, neither of them is its axis.
    """
    found: dict[AxisKind | None, list[Variable]] = {}
    for variable in beside:
        realization = variable.text("standard_name").strip() == "realization"
        if variable.name in named or realization:
            found.setdefault(kind_of(variable), []).append(variable)
    if found.keys() >= _HORIZONTAL:
        found = {k: v for k, v in found.items() if k not in _HORIZONTAL}
    for kind in (AxisKind.MEMBER, *kinds):
        if kind in kinds and len(found.get(kind, ())) == 1:
            return _axis(kind, dimension, found[kind][0])
    if AxisKind.OTHER not in kinds:
        return None
    labels = [v for v in beside if v.attributes.get("cf_role")] or [
        v for v in found.get(None, ()) if not v.type.numeric
    ]
    return _axis(AxisKind.OTHER, dimension, labels[0]) if labels else None


def _axis(kind: AxisKind, dimension: str | None, variable: Variable) -> Axis:
    units, calendar = variable.text("units"), variable.text("calendar")
    numeric = variable.type.numeric
    time = kind is AxisKind.TIME and numeric
    return Axis(
        kind,
        dimension,
        variable.name,
        units,
        time_units(units, calendar) if time else None,
        calendar if time else "",
        not numeric,
    )


def data_variables(description: Description) -> list[Variable]:
    """Return the variables that hold data.

    Coordinates, cell bounds, mesh topologies, scalars and text are left out.
    """
    others = {
        word
        for variable in description.variables.values()
        for attribute in variable.attributes
        if attribute in {"bounds", "climatology"} or attribute.endswith("_connectivity")
        for word in variable.text(attribute).split()
    }
    named = _named_coordinates(description)
    others |= {name for name in named if kind_of(description.variables[name])}
    return [
        variable
        for name, variable in description.variables.items()
        if variable.type.numeric
        and variable.dimensions
        and name not in others
        and name not in description.dimensions
    ]
