"""Grids whose latitude and longitude are arrays: rotated, projected, curvilinear, mesh.

A box selects the smallest hyperslab that contains all its cells; cells of the hyperslab
outside the box are set to missing. A point selects the nearest cell, if the point is
within half a grid step of it.

Source: CF conventions 1.11, sections 5.2 and 5.6 (auxiliary coordinates).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gatewright.core.errors import InvalidRequest
from gatewright.domains.arrays.axes import Axis, kind_of
from gatewright.domains.arrays.model import AxisKind, Description, Range, Variable
from gatewright.domains.arrays.selection import Selected, Values, interval

_DEGREES = 1e-4
"""Tolerance at the edge of a box in degrees, since many coordinates are float32."""
_ON_A_SURFACE = 2
_FEW = 100
"""Most coordinate arrays among which those of a variable without ``coordinates`` are
searched."""


@dataclass(frozen=True, slots=True)
class Horizontal:
    """The variables that hold the latitude and longitude of a grid's cells."""

    latitude: str
    """Name of the variable with the latitudes."""
    longitude: str
    """Name of the variable with the longitudes, which has the same dimensions."""
    dimensions: tuple[str, ...]
    """Dimensions of both, slowest first; the data variable has them among its own."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box of latitudes and longitudes on such a grid, its edges included."""

    at: Horizontal
    """The variables with the coordinates."""
    south: float = -90.0
    """Southern edge, degrees."""
    north: float = 90.0
    """Northern edge, degrees."""
    west: float = 0.0
    """Western edge, degrees; the box extends to the east of it."""
    width: float = 360.0
    """Width, degrees of longitude."""

    def holds(self, latitudes: Values, longitudes: Values) -> npt.NDArray[np.bool_]:
        """Return for each cell whether its centre lies in the box.

        False without coordinates.
        """
        east = np.mod(longitudes - self.west + _DEGREES, 360.0)
        inside: npt.NDArray[np.bool_] = (
            (latitudes >= self.south - _DEGREES)
            & (latitudes <= self.north + _DEGREES)
            & np.isfinite(longitudes)
        )
        if self.width < 360.0:
            inside &= east <= self.width + 2 * _DEGREES
        return inside


class Grids:
    """Finds the coordinate arrays that belong to the variables of a data set."""

    def __init__(self, description: Description) -> None:
        self._known: dict[str, tuple[AxisKind, Variable]] = {}
        for name, variable in description.variables.items():
            kind = kind_of(variable) if variable.type.numeric else None
            alone = variable.dimensions in {(), (name,)}
            if kind in {AxisKind.LATITUDE, AxisKind.LONGITUDE} and not alone:
                self._known[name] = (kind, variable)

    def of(self, variable: Variable) -> Horizontal | None:
        """Return the coordinate arrays of a variable; None if it has none.

        They are those that its ``coordinates`` attribute names or, without names there,
        the only latitude and longitude of the data set whose dimensions the variable
        has.
        """
        named = [w for w in variable.text("coordinates").split() if w in self._known]
        if not named and len(self._known) <= _FEW:
            named = list(self._known)
        own = set(variable.dimensions)
        found = [
            self._known[n] for n in named if own >= set(self._known[n][1].dimensions)
        ]
        latitudes = [one for kind, one in found if kind is AxisKind.LATITUDE]
        longitudes = [one for kind, one in found if kind is AxisKind.LONGITUDE]
        if len(latitudes) != 1 or len(longitudes) != 1:
            return None
        latitude, longitude = latitudes[0], longitudes[0]
        if latitude.dimensions != longitude.dimensions:
            return None
        return Horizontal(latitude.name, longitude.name, latitude.dimensions)


def place(
    at: Horizontal,
    latitudes: Values,
    longitudes: Values,
    wanted: dict[AxisKind, str],
) -> tuple[dict[str, Selected], Box | None]:
    """Return the indices that a box or a point selects on a curved grid.

    Parameters
    ----------
    at
        The variables with the coordinates.
    latitudes, longitudes
        Their values in degrees, two arrays of one shape; NaN where missing.
    wanted
        One value or ``first:last`` of latitude, longitude or both, as text.

    Returns
    -------
    tuple
        The indices by dimension, and the box if some of the selected cells lie outside
        it, otherwise None.

    Raises
    ------
    InvalidRequest
        A text has another form, no cell lies there, or a point has only one coordinate.
    """
    ends = {
        kind: interval(Axis(kind, None, None), text) for kind, text in wanted.items()
    }
    single = [kind for kind, (_, last) in ends.items() if last is None]
    if single:
        if len(single) < 2:
            raise InvalidRequest(
                "The latitudes and longitudes of this grid are arrays of "
                f"{' and '.join(at.dimensions)}: ask for a place by both, or for "
                "ranges of both, or by the axes of the grid."
            )
        lat, lon = (ends[kind][0] for kind in (AxisKind.LATITUDE, AxisKind.LONGITUDE))
        return _nearest(at, latitudes, longitudes, lat, lon), None
    south, north = ends.get(AxisKind.LATITUDE, (-90.0, 90.0))
    west, east = ends.get(AxisKind.LONGITUDE, (0.0, 360.0))
    assert north is not None  # noqa: S101  # places are not boxes
    assert east is not None  # noqa: S101
    width = east - west if east >= west else (east - west) % 360.0
    box = Box(at, min(south, north), max(south, north), west, width)
    inside = box.holds(latitudes, longitudes)
    if not inside.any():
        raise _outside(latitudes, longitudes, wanted)
    chosen = {}
    for axis, name in enumerate(at.dimensions):
        others = tuple(n for n in range(inside.ndim) if n != axis)
        along = np.flatnonzero(inside.any(axis=others))
        first, last = int(along[0]), int(along[-1])
        chosen[name] = Selected((Range(first, last - first + 1),))
    block = inside[
        tuple(slice(c.ranges[0].start, c.ranges[0].stop) for c in chosen.values())
    ]
    return chosen, None if block.all() else box


def _outside(
    latitudes: Values, longitudes: Values, wanted: dict[AxisKind, str]
) -> InvalidRequest:
    asked = "&".join(f"{kind}={text[:60]}" for kind, text in wanted.items())
    if not np.isfinite(latitudes).any():
        return InvalidRequest("The latitudes of this data set are all missing.")
    return InvalidRequest(
        f"There is nothing at “{asked}”: the data set has latitudes "
        f"{np.nanmin(latitudes):.6g} to {np.nanmax(latitudes):.6g} and longitudes "
        f"{np.nanmin(longitudes):.6g} to {np.nanmax(longitudes):.6g}."
    )


def _nearest(
    at: Horizontal, latitudes: Values, longitudes: Values, lat: float, lon: float
) -> dict[str, Selected]:
    """Return the indices of the cell nearest to a point.

    Raises
    ------
    InvalidRequest
        The point is further from the nearest cell than half a grid step.
    """
    if len(at.dimensions) > _ON_A_SURFACE:
        raise InvalidRequest(
            "The latitudes and longitudes of this grid change along "
            f"{at.dimensions[0]}: ask for a box, or by the axes of the grid."
        )
    away = _distance(latitudes, longitudes, lat, lon)
    if not np.isfinite(away).any():
        raise _outside(latitudes, longitudes, {})
    found = np.unravel_index(int(np.nanargmin(away)), away.shape)
    there = float(latitudes[found]), float(longitudes[found])
    if away[found] > max(_reach(latitudes, longitudes, found), _DEGREES):
        raise InvalidRequest(
            f"There is no cell of this grid at lat={lat:g}, lon={lon:g}; the nearest "
            f"is at lat={there[0]:.6g}, lon={there[1]:.6g}."
        )
    given = f"{there[0]:.10g} {there[1]:.10g}" if away[found] > _DEGREES else ""
    return {
        name: Selected((Range(int(index), 1),), nearest=given)
        for name, index in zip(at.dimensions, found, strict=True)
    }


def _reach(latitudes: Values, longitudes: Values, cell: tuple[np.intp, ...]) -> float:
    """Return half the distance from a cell to its neighbours, degrees of arc.

    On a two-dimensional grid the furthest of the up to eight adjacent cells counts, on
    an unstructured one the nearest cell.
    """
    away = _distance(
        latitudes, longitudes, float(latitudes[cell]), float(longitudes[cell])
    )
    if len(cell) == _ON_A_SURFACE:
        around = away[tuple(slice(max(0, int(i) - 1), int(i) + 2) for i in cell)]
        around = around[np.isfinite(around)]
        return float(around.max()) / 2
    others = away[np.isfinite(away) & (away > _DEGREES)]
    return float(others.min()) / 2 if others.size else 0.0


def _distance(latitudes: Values, longitudes: Values, lat: float, lon: float) -> Values:
    """Return the great-circle distance of each cell from a point in degrees.

    The haversine formula is used.
    """
    north, south = np.radians(latitudes), np.radians(lat)
    half = np.sin((north - south) / 2) ** 2
    turned = np.sin(np.radians(longitudes - lon) / 2) ** 2
    square = half + np.cos(north) * np.cos(south) * turned
    angle: Values = np.degrees(2 * np.arcsin(np.sqrt(np.clip(square, 0.0, 1.0))))
    return angle
