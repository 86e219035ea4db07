"""Grids whose latitudes and longitudes are arrays: rotated, projected, curved, a mesh.

A box selects the smallest block of indices that holds its cells, with the cells outside
of it missing; a place selects the nearest cell, if that is within half a step of the
grid.

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
"""Degrees by which a cell may miss the edge of a box: coordinates are float32."""
_ON_A_SURFACE = 2
_FEW = 100
"""Most arrays of coordinates among which those of a variable are searched for."""


@dataclass(frozen=True, slots=True)
class Horizontal:
    """Where the latitudes and longitudes of a variable's cells stand."""

    latitude: str
    """The variable of the latitudes."""
    longitude: str
    """The variable of the longitudes, along the same dimensions."""
    dimensions: tuple[str, ...]
    """Their dimensions, some of those of the variable, slowest first."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box of latitudes and longitudes on such a grid, its edges included."""

    at: Horizontal
    """Where the coordinates stand."""
    south: float = -90.0
    """Southern edge, degrees."""
    north: float = 90.0
    """Northern edge, degrees."""
    west: float = 0.0
    """Western edge, degrees; the box runs eastward from it."""
    width: float = 360.0
    """Width, degrees."""

    def holds(self, latitudes: Values, longitudes: Values) -> npt.NDArray[np.bool_]:
        """Return which cells lie in the box; those without coordinates do not."""
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
    """Finds the arrays of latitudes and longitudes that a data set's variables have.

    Parameters
    ----------
    description
        What the data set says.
    """

    def __init__(self, description: Description) -> None:
        self._known: dict[str, tuple[AxisKind, Variable]] = {}
        for name, variable in description.variables.items():
            kind = kind_of(variable) if variable.type.numeric else None
            alone = variable.dimensions in {(), (name,)}
            if kind in {AxisKind.LATITUDE, AxisKind.LONGITUDE} and not alone:
                self._known[name] = (kind, variable)

    def of(self, variable: Variable) -> Horizontal | None:
        """Return where the latitudes and longitudes of a variable's cells stand.

        They are those that its ``coordinates`` attribute names, or else the only ones
        of the data set along its dimensions; None where it has none.
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
    """Return the indices of a box or a place, and the box if cells lie outside of it.

    Parameters
    ----------
    at
        Where the coordinates stand.
    latitudes, longitudes
        All of them, degrees, of one shape; NaN where there is none.
    wanted
        One value or ``first:last`` of latitude, longitude or both.

    Raises
    ------
    InvalidRequest
        The text is not that, no cell lies there, or only one coordinate of a place is
        given.
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
    """Return the cell that is nearest on the sphere, if the place lies in its reach."""
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
    """Return half the way from a cell to its neighbours, degrees of arc.

    On a grid of rows they are those round it, the corners included; of cells in no
    order, the one that is nearest.
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
    """Return the angles between cells and a place, in degrees (the haversine)."""
    north, south = np.radians(latitudes), np.radians(lat)
    half = np.sin((north - south) / 2) ** 2
    turned = np.sin(np.radians(longitudes - lon) / 2) ** 2
    square = half + np.cos(north) * np.cos(south) * turned
    angle: Values = np.degrees(2 * np.arcsin(np.sqrt(np.clip(square, 0.0, 1.0))))
    return angle
