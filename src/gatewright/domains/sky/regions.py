"""Regions of the sky and intervals, as VO protocols write them.

Sources: IVOA SIA 2.0 section 2.1 (POS, BAND, TIME), DALI 1.1 section 3.3 (circle,
polygon, interval). Angles are ICRS degrees.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from gatewright.core.errors import InvalidRequest
from gatewright.domains.sky import boxes, geometry

MAXIMUM_VERTICES = 256
_NUMBER_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Interval:
    """Numbers from one to another, both included."""

    low: float
    """Smallest number; minus infinity where it is open."""
    high: float
    """Largest number; infinity where it is open."""

    def meets(self, low: float | None, high: float | None) -> bool:
        """Return whether it shares a number with another interval; unknown never."""
        if low is None or high is None:
            return False
        return low <= self.high and high >= self.low


@dataclass(frozen=True, slots=True)
class Circle:
    """All directions within a radius of a centre."""

    longitude: float
    """Right ascension of the centre."""
    latitude: float
    """Declination of the centre."""
    radius: float
    """Radius, 0 to 180; with 0 it is a point."""

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Self:
        """Return the circle of the numbers of DALI's CIRCLE, degrees.

        Raises
        ------
        InvalidRequest
            They are not three, or not on the sky.
        """
        if len(numbers) != 3:
            raise InvalidRequest(
                "CIRCLE has three numbers: ra, dec and radius in degrees."
            )
        if not 0.0 <= numbers[2] <= 180.0:
            raise InvalidRequest("The radius of a circle is 0 to 180 degrees.")
        return cls(_longitude(numbers[0]), _latitude(numbers[1]), numbers[2])

    def meets(self, polygons: geometry.Vectors) -> geometry.Flags:
        """Return for each polygon whether it has a point of the region."""
        centre = geometry.point(self.longitude, self.latitude)
        return geometry.meet_circle(polygons, centre, math.radians(self.radius))

    def holds(self, points: geometry.Vectors) -> geometry.Flags:
        """Return for each direction whether the region has it."""
        centre = geometry.point(self.longitude, self.latitude)
        inside: geometry.Flags = geometry.angle(points, centre) <= (
            math.radians(self.radius) + geometry.TOUCH
        )
        return inside

    def outline(self, count: int = 512) -> geometry.Vectors:
        """Return directions along the border, and the centre."""
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
        turn = np.linspace(0.0, 2 * np.pi, count, endpoint=False)[:, None]
        rim = np.cos(turn) * north + np.sin(turn) * east
        radius = math.radians(self.radius)
        return np.vstack([math.cos(radius) * centre + math.sin(radius) * rim, centre])


@dataclass(frozen=True, slots=True)
class Polygon:
    """The smaller of the two areas that great circles between vertices cut off."""

    vertices: tuple[tuple[float, float], ...]
    """Right ascension and declination of each corner, at least three."""

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Self:
        """Return the polygon of the numbers of DALI's POLYGON, degrees.

        Raises
        ------
        InvalidRequest
            They are not pairs on the sky, are too few or too many, or its edges cross.
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
                "An edge of POLYGON is 180 degrees long: which way round?"
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
        """Return for each polygon whether it has a point of the region."""
        other = geometry.polygon_vectors(self.vertices)
        return geometry.meet_polygon(polygons, other)

    def holds(self, points: geometry.Vectors) -> geometry.Flags:
        """Return for each direction whether the region has it."""
        own = geometry.polygon_vectors(self.vertices)
        return geometry.contains(
            np.broadcast_to(own, (len(points), *own.shape)), points
        )

    def outline(self, count: int = 512) -> geometry.Vectors:
        """Return directions along the border."""
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
    """Right ascension where it begins; it goes east from there."""
    east: float
    """Right ascension where it ends; less than ``west`` for a box over 0 hours."""
    south: float
    """Least declination."""
    north: float
    """Greatest declination."""

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Self:
        """Return the box of the numbers of DALI's RANGE, degrees; infinite is open.

        Raises
        ------
        InvalidRequest
            They are not four, or not on the sky.
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
        """Return for each polygon whether it has a point of the region."""
        return boxes.meet_box(polygons, self.west, self.width, self.south, self.north)

    def holds(self, points: geometry.Vectors) -> geometry.Flags:
        """Return for each direction whether the region has it."""
        return boxes.in_box(points, self.west, self.width, self.south, self.north)

    @property
    def width(self) -> float:
        """Degrees of right ascension from west to east, up to 360."""
        width = self.east - self.west
        return width if width >= 0 else width + 360.0

    def outline(self, count: int = 512) -> geometry.Vectors:
        """Return directions along the border: ``count`` to a whole parallel."""
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
    """Return the region of a DALI text: ``CIRCLE``, ``RANGE`` or ``POLYGON``.

    Raises
    ------
    InvalidRequest
        The text is of another form, or a number is not on the sky.
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
    """Return the interval of ``low high`` or of one number (``-Inf``, ``+Inf`` open).

    Raises
    ------
    InvalidRequest
        There are not one or two numbers, or the first is above the second.
    """
    numbers = _numbers(text.split()[:3], name, infinite=True)
    if len(numbers) not in {1, 2}:
        raise InvalidRequest(f"“{name}” is one number, or two for an interval.")
    low, high = numbers[0], numbers[-1]
    if low > high or low == math.inf or high == -math.inf:
        raise InvalidRequest(f"“{name}” begins above its end.")
    return Interval(low, high)


def _numbers(words: list[str], name: str, *, infinite: bool = False) -> list[float]:
    """Return numbers as DALI writes them: no blanks, underscores or hexadecimals.

    Infinity is one only where ``infinite`` allows it, and in words: ``1e999`` is not.
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
                f"“{name}” holds something that is not a number it may have."
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
