"""What a picture shows, before it is drawn: scales, a map, lines and bands."""

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
    """What stands along it, with units."""
    values: Floats
    """Places of the values: rising, in the units of the axis."""
    kind: AxisKind | None = None
    """What it means."""
    units: str = ""
    """Units of the places."""
    time: TimeUnits | None = None
    """Meaning of the places of a time axis."""
    texts: tuple[str, ...] = ()
    """Labels, where the places are positions from 0."""
    downward: bool = False
    """Whether larger values stand below smaller ones: pressures, depths, and times
    that run down a map."""
    flat: bool = False
    """Whether it is a coordinate of a projected or rotated grid."""

    @property
    def loose(self) -> bool:
        """Whether its values stand side by side, with nothing between them."""
        return bool(self.texts) or self.kind is AxisKind.MEMBER

    @property
    def edges(self) -> Floats:
        """Borders of the cells, half-way between the places: one more than these.

        None lies beyond a pole, or, of pressures and depths, beyond 0.
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
    """The words above a picture."""

    title: str
    """What the values are."""
    subtitle: str
    """The coordinates that all of them have, and what was left out."""
    values: str
    """Title of the values' own scale, with units."""


@dataclass(frozen=True, slots=True)
class Net:
    """Latitudes and longitudes of the cells of a grid that has other axes."""

    latitudes: Floats
    """Degrees, of the shape of the map; NaN where there is none."""
    longitudes: Floats
    """The same of longitudes."""


@dataclass(frozen=True, slots=True)
class Map:
    """Values over two axes, as colours."""

    heading: Heading
    """The words above it."""
    across: Scale
    """The axis from left to right."""
    up: Scale
    """The axis from bottom to top, or downward."""
    values: Floats
    """Values of shape (up, across), NaN where there is none."""
    coast: tuple[Line, ...] = ()
    """Coastlines in the coordinates of the map; they are repeated each full turn."""
    net: Net | None = None
    """Where the cells are on Earth, if the axes do not say it."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Values along the axis, as a line."""

    name: str
    """Text of the legend."""
    values: Floats
    """NaN where there is none."""


@dataclass(frozen=True, slots=True)
class Band:
    """What lies between two values, as a coloured band."""

    name: str
    """Text of the legend."""
    low: Floats
    """Lower edge."""
    high: Floats
    """Upper edge."""


@dataclass(frozen=True, slots=True)
class Plot:
    """Values over one axis, as lines and bands."""

    heading: Heading
    """The words above it."""
    along: Scale
    """The axis: from left to right, or upright where it is a level."""
    curves: tuple[Curve, ...]
    """The lines."""
    bands: tuple[Band, ...] = field(default=())
    """The bands behind them."""
