"""Regions of the sky and intervals, parsed from the texts of VO protocols.

Sources: IVOA SIA 2.0 section 2.1 (POS, BAND, TIME), DALI 1.1 section 3.3 (circle,
polygon, interval). Angles are in degrees, ICRS.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from gatewright.core.errors import InvalidRequest
from gatewright.domains.sky import boxes, geometry

MAXIMUM_VERTICES = 256
_NUMBER_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval of numbers."""

    low: float
    """Lower limit, included; minus infinity for an interval without one."""
    high: float
    """Upper limit, included; infinity for an interval without one."""

    def meets(self, low: float | None, high: float | None) -> bool:
        """Return whether the interval overlaps with another.

        False where a limit is None.
        """
        if low is None or high is None:
            return False
        return low <= self.high and high >= self.low


@dataclass(frozen=True, slots=True)
class Circle:
    """All directions within an angular radius of a centre."""

    longitude: float
    """Right ascension of the centre, degrees."""
    latitude: float
    """Declination of the centre, degrees."""
    radius: float
    """Radius in degrees, 0 to 180; a radius of 0 makes it a point."""

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Self:
        """Return the circle of DALI's three numbers: ra, dec and radius in degrees.

        Raises
        ------
        InvalidRequest
            There are not three numbers, or one is outside its range.
        """
        if len(numbers) != 3:
            raise InvalidRequest(
                "CIRCLE has three numbers: ra, dec and radius in degrees."
            )
        if not 0.0 <= numbers[2] <= 180.0:
            raise InvalidRequest("The radius of a circle is 0 to 180 degrees.")
        return cls(_longitude(numbers[0]), _latitude(numbers[1]), numbers[2])

    def meets(self, polygons: geometry.Vectors) -> geometry.Flags:
        """Return for each polygon whether the circle has a point in common with it.

        ``polygons`` has the shape (polygons, vertices, 3).
        """
        centre = geometry.point(self.longitude, self.latitude)
        return geometry.meet_circle(polygons, centre, math.radians(self.radius))

    def holds(self, points: geometry.Vectors) -> geometry.Flags:
        """Return for each direction whether it lies in the circle."""
        centre = geometry.point(self.longitude, self.latitude)
        inside: geometry.Flags = geometry.angle(points, centre) <= (
            math.radians(self.radius) + geometry.TOUCH
        )
        return inside

    def outline(self, count: int = 512) -> geometry.Vectors:
        """Return ``count`` unit vectors along the circle, followed by its centre."""
        centre = geometry.point(self.longitude, self.latitude)
        lon, lat = math.radians(self.longitude), math.radians(self.latitude)
        east = np.array([-math.sin(lon), math.cos(lon), 0.0])
        north = np.array(
            [
                -math.sin(lat) * math.cos(lon),
                -math.sin(lat) * math.sin(lon),
                math.cos(lat),
            ]
        )
        cosine, sine = _turns(count)
        radius = math.radians(self.radius)
        outline = np.empty((count + 1, 3))
        rim = cosine * north + sine * east
        outline[:-1] = math.cos(radius) * centre + math.sin(radius) * rim
        outline[-1] = centre
        return outline


@lru_cache(maxsize=8)
def _turns(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return cosine and sine of so many angles round a circle, shape (count, 1)."""
    turn = np.linspace(0.0, 2 * np.pi, count, endpoint=False)[:, None]
    return np.cos(turn), np.sin(turn)


@dataclass(frozen=True, slots=True)
class Polygon:
    """The smaller of the two areas that great circles between the vertices enclose."""

    vertices: tuple[tuple[float, float], ...]
    """Right ascension and declination of each vertex in degrees; at least three."""

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Self:
        """Return the polygon of DALI's numbers: ra and dec of each vertex in degrees.

        Raises
        ------
        InvalidRequest
            The numbers are not pairs, one is outside its range, there are fewer than 3
            or more than 256 vertices, an edge is 180 degrees long, or edges cross.
        """
        if len(numbers) > 2 * MAXIMUM_VERTICES:
            raise InvalidRequest(f"POLYGON has at most {MAXIMUM_VERTICES} corners.")
        if len(numbers) < 6 or len(numbers) % 2:
            raise InvalidRequest(
                "POLYGON has two numbers for each of three or more corners."
            )
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        vertices = tuple((_longitude(ra), _latitude(dec)) for ra, dec in pairs)
        corners = np.asarray(vertices)
        vectors = geometry.unit_vectors(corners[:, 0], corners[:, 1])
        lengths = geometry.angle(vectors, np.roll(vectors, -1, axis=0))
        different = np.flatnonzero(lengths > geometry.TOUCH)
        if len(different) < 3:
            raise InvalidRequest(
                "POLYGON has three or more corners in different places."
            )
        if np.any(lengths > math.pi - 1e-9):
            raise InvalidRequest(
                "An edge of POLYGON is 180 degrees long, so its direction is not "
                "defined. Add a corner on it."
            )
        crossing = geometry.crossing_edges(vectors[different])
        if crossing is not None:
            edges = " and ".join(
                f"{n + 1} ({' '.join(map(repr, vertices[n]))} to "
                f"{' '.join(map(repr, vertices[(n + 1) % len(vertices)]))})"
                for n in sorted(different[list(crossing)].tolist())
            )
            raise InvalidRequest(
                f"The edges {edges} of POLYGON cross or touch. Give its corners in the "
                "order in which they follow one another round the area."
            )
        return cls(vertices)

    def meets(self, polygons: geometry.Vectors) -> geometry.Flags:
        """Return for each polygon (polygons, vertices, 3) whether it meets this one."""
        other = geometry.polygon_vectors(self.vertices)
        return geometry.meet_polygon(polygons, other)

    def holds(self, points: geometry.Vectors) -> geometry.Flags:
        """Return for each direction whether it lies in the polygon."""
        own = geometry.polygon_vectors(self.vertices)
        return geometry.contains(
            np.broadcast_to(own, (len(points), *own.shape)), points
        )

    def outline(self, count: int = 512) -> geometry.Vectors:
        """Return about ``count`` unit vectors along the edges, at least two on each."""
        own = geometry.polygon_vectors(self.vertices)
        each = max(2, count // len(own))
        share = np.linspace(0.0, 1.0, each, endpoint=False)[:, None]
        ends = np.roll(own, -1, axis=0)
        edges = [(1 - share) * a + share * b for a, b in zip(own, ends, strict=True)]
        points = np.vstack(edges)
        directions: geometry.Vectors = points / np.linalg.norm(
            points, axis=-1, keepdims=True
        )
        return directions


@dataclass(frozen=True, slots=True)
class Range:
    """A box between two meridians and two parallels."""

    west: float
    """Right ascension of the western side in degrees; the box extends east from it."""
    east: float
    """Right ascension of the eastern side in degrees; less than ``west`` if the box
    contains the 0 meridian."""
    south: float
    """Smallest declination, degrees."""
    north: float
    """Largest declination, degrees."""

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Self:
        """Return the box of SIA's RANGE: ra1, ra2, dec1 and dec2 in degrees.

        An infinite number leaves that side open.

        Raises
        ------
        InvalidRequest
            There are not four numbers, one is outside its range, or dec1 is above dec2.
        """
        if len(numbers) != 4:
            raise InvalidRequest("RANGE has four numbers: ra1, ra2, dec1 and dec2.")
        west, east = (_open(number, 0.0, 360.0) for number in numbers[:2])
        south, north = (_open(number, -90.0, 90.0) for number in numbers[2:])
        if south > north:
            raise InvalidRequest(
                "The first declination of a RANGE is above its second."
            )
        return cls(
            _longitude(west), _longitude(east), _latitude(south), _latitude(north)
        )

    def meets(self, polygons: geometry.Vectors) -> geometry.Flags:
        """Return for each polygon (polygons, vertices, 3) whether it meets the box."""
        return boxes.meet_box(polygons, self.west, self.width, self.south, self.north)

    def holds(self, points: geometry.Vectors) -> geometry.Flags:
        """Return for each direction whether it lies in the box."""
        return boxes.in_box(points, self.west, self.width, self.south, self.north)

    @property
    def width(self) -> float:
        """Extent in right ascension, in degrees, 0 to 360."""
        width = self.east - self.west
        return width if width >= 0 else width + 360.0

    def outline(self, count: int = 512) -> geometry.Vectors:
        """Return unit vectors along the four sides.

        Their distance is that of ``count`` directions on a whole parallel.
        """
        wide = max(count // 16, math.ceil(count * self.width / 360.0)) + 1
        high = count // 16 + 1
        across = self.west + np.linspace(0.0, self.width, wide)
        up = np.linspace(self.south, self.north, high)
        lon = np.concatenate(
            [across, across, np.full(high, across[0]), np.full(high, across[-1])]
        )
        lat = np.concatenate(
            [np.full(wide, self.south), np.full(wide, self.north), up, up]
        )
        return geometry.unit_vectors(lon, lat)


Region = Circle | Polygon | Range


def parse_region(text: str) -> Region:
    """Return the region of a text such as ``CIRCLE 10.5 -20 0.1``.

    The shapes are those of SIA 2.0's POS: ``CIRCLE``, ``RANGE`` and ``POLYGON``.

    Raises
    ------
    InvalidRequest
        The text has another form, or a number is outside its range.
    """
    shape, *words = text.split()[: 2 * MAXIMUM_VERTICES + 2] or [""]
    if shape == "CIRCLE":
        return Circle.of(_numbers(words, "CIRCLE"))
    if shape == "RANGE":
        return Range.of(_numbers(words, "RANGE", infinite=True))
    if shape == "POLYGON":
        return Polygon.of(_numbers(words, "POLYGON"))
    raise InvalidRequest(
        "A region is “CIRCLE ra dec radius”, “RANGE ra1 ra2 dec1 dec2” or "
        "“POLYGON ra1 dec1 ra2 dec2 ra3 dec3 ...”, in ICRS degrees."
    )


def parse_interval(text: str, name: str) -> Interval:
    """Return the interval of ``low high``, or of a single number.

    ``-Inf`` and ``+Inf`` leave a side open. ``name`` is the parameter's name in errors.

    Raises
    ------
    InvalidRequest
        There are not one or two numbers, or ``low`` is above ``high``.
    """
    numbers = _numbers(text.split()[:3], name, infinite=True)
    if len(numbers) not in {1, 2}:
        raise InvalidRequest(f"“{name}” is one number, or two for an interval.")
    low, high = numbers[0], numbers[-1]
    if low > high or low == math.inf or high == -math.inf:
        raise InvalidRequest(
            f"“{name}” is an interval whose first number is above its second."
        )
    return Interval(low, high)


def _numbers(words: list[str], name: str, *, infinite: bool = False) -> list[float]:
    """Return the numbers of words in DALI's syntax: no underscores, no hexadecimals.

    ``infinite`` allows ``Inf`` and ``Infinity`` as words; ``1e999`` is always refused.
    """
    values: list[float] = []
    for word in words:
        plain = len(word) <= _NUMBER_LENGTH and word.isascii() and "_" not in word
        try:
            value = float(word) if plain else math.nan
        except ValueError:
            value = math.nan
        in_words = word.lstrip("+-").lower() in {"inf", "infinity"}
        if not (math.isfinite(value) or (infinite and math.isinf(value) and in_words)):
            raise InvalidRequest(
                f"“{name}” takes decimal numbers only, such as 10.5 or 1e-3."
            )
        values.append(value)
    return values


def _longitude(value: float) -> float:
    if not 0.0 <= value <= 360.0:
        raise InvalidRequest("A right ascension is 0 to 360 degrees.")
    return value


def _latitude(value: float) -> float:
    if not -90.0 <= value <= 90.0:
        raise InvalidRequest("A declination is -90 to 90 degrees.")
    return value


def _open(value: float, low: float, high: float) -> float:
    if math.isinf(value):
        return low if value < 0 else high
    return value
