"""Describes what a picture shows, before it is drawn: axes, a map, lines and bands."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gatewright.backends.gridded.pictures.coast import Line
from gatewright.domains.arrays import AxisKind, TimeUnits

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Scale:
    """One axis of a picture."""

    title: str
    """Title along the axis, with units."""
    values: Floats
    """Positions of the values in ascending order, in the units of the axis."""
    kind: AxisKind | None = None
    """Kind of the axis; None if unknown."""
    units: str = ""
    """Units of the positions."""
    time: TimeUnits | None = None
    """How the positions of a time axis become dates; None for other axes."""
    texts: tuple[str, ...] = ()
    """Labels of the positions 0, 1, 2, ...; empty for an axis of numbers."""
    downward: bool = False
    """Whether values increase downward, as for pressure, depth, and times on a map."""
    flat: bool = False
    """Whether it is a coordinate of a projected or rotated grid."""

    @property
    def loose(self) -> bool:
        """Whether its values are separate items, so that no lines connect them."""
        return bool(self.texts) or self.kind is AxisKind.MEMBER

    @property
    def edges(self) -> Floats:
        """Edges of the cells, midway between the positions; one more than positions.

        They do not extend beyond a pole, nor below 0 for pressures and depths.
        """
        middle = (self.values[1:] + self.values[:-1]) / 2
        first, last = 2 * self.values[0] - middle[0], 2 * self.values[-1] - middle[-1]
        found = np.concatenate([[first], middle, [last]])
        if self.kind is AxisKind.LATITUDE and np.abs(self.values).max() <= 90:
            return found.clip(-90, 90)
        within = self.kind is AxisKind.LEVEL and self.values[0] >= 0
        return found.clip(0) if within else found


@dataclass(frozen=True, slots=True)
class Heading:
    """The texts of a picture."""

    title: str
    """What the values are."""
    subtitle: str
    """Coordinates that all values share, and notes about values that are not drawn."""
    values: str
    """Title of the axis or colour bar of the values, with units."""


@dataclass(frozen=True, slots=True)
class Net:
    """Latitudes and longitudes of the cells of a curved grid."""

    latitudes: Floats
    """Degrees, in the shape of the map; NaN where missing."""
    longitudes: Floats
    """Degrees, in the shape of the map; NaN where missing."""


@dataclass(frozen=True, slots=True)
class Map:
    """Values along two axes, drawn as colours."""

    heading: Heading
    """Texts of the picture."""
    across: Scale
    """Horizontal axis."""
    up: Scale
    """Vertical axis."""
    values: Floats
    """Values of shape (up, across); NaN where missing."""
    coast: tuple[Line, ...] = ()
    """Coastlines in the coordinates of the map."""
    net: Net | None = None
    """Positions of the cells on Earth, if the axes do not give them; else None."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Values along the axis, drawn as a line."""

    name: str
    """Label in the legend."""
    values: Floats
    """Values; NaN where missing."""


@dataclass(frozen=True, slots=True)
class Band:
    """The range between two values, drawn as a coloured band."""

    name: str
    """Label in the legend."""
    low: Floats
    """Lower limits."""
    high: Floats
    """Upper limits."""


@dataclass(frozen=True, slots=True)
class Plot:
    """Values along one axis, drawn as lines and bands."""

    heading: Heading
    """Texts of the picture."""
    along: Scale
    """The axis: vertical for levels, otherwise horizontal."""
    curves: tuple[Curve, ...]
    """The lines."""
    bands: tuple[Band, ...] = field(default=())
    """The bands, drawn behind the lines."""
