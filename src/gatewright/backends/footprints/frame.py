"""The part of the sky that a map shows, and its projection.

Both projections keep areas: Lambert's azimuthal one for a part of the sky, Mollweide's
for the whole. Source: Calabretta and Greisen 2002, A&A 395, 1077 (ZEA, section 5.1.8;
MOL, section 5.3.4). East is left.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gatewright.domains.sky.geometry import Vectors, degrees, point, unit_vectors

Numbers = npt.NDArray[np.float64]

WIDTH = 752
"""Columns of every map."""
_TALLEST, _LEAST = 620, 300
_WHOLE_FROM = math.radians(60.0)
"""Distance of an image from the middle of all, from which the whole sky is shown."""
_BESIDE = 0.06
"""Room beside the images, as a share of what they span."""
_SMALLEST = math.radians(1 / 3600)
"""Smallest part of the sky that is shown, radians."""
_STEPS = 8
"""Steps of Newton's method for Mollweide's auxiliary angle; it converges in four, but
slowly at the poles."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Pixels of a map, whose places are counted from 0 at the upper left edge."""

    whole: bool
    """Whether the whole sky is shown, in Mollweide's projection."""
    centre: tuple[float, float]
    """Right ascension and declination in the middle, degrees."""
    height: int
    """Rows."""
    scale: float
    """Pixels per unit of the projection: in the middle, per radian."""
    middle: tuple[float, float] = (0.0, 0.0)
    """Coordinates of the projection in the middle of the map: east and north."""

    @property
    def pixel(self) -> float:
        """Side of a pixel in degrees, in the middle of the map."""
        return math.degrees(1 / self.scale)

    def place(self, directions: Vectors) -> tuple[Numbers, Numbers]:
        """Return column and row of directions, as fractions of pixels."""
        east, north = self._project(directions)
        return (
            WIDTH / 2 - (east - self.middle[0]) * self.scale,
            self.height / 2 - (north - self.middle[1]) * self.scale,
        )

    def _project(self, directions: Vectors) -> tuple[Numbers, Numbers]:
        """Return the coordinates of directions in the frame's projection."""
        if not self.whole:
            return azimuthal(directions, self.centre)
        longitude, latitude = degrees(directions)
        beside = np.radians((longitude - self.centre[0] + 180.0) % 360.0 - 180.0)
        angle = np.radians(latitude)
        wanted = np.pi * np.sin(angle)
        for _ in range(_STEPS):
            slope = 2 + 2 * np.cos(2 * angle)
            step = (2 * angle + np.sin(2 * angle) - wanted) / np.maximum(slope, 1e-9)
            angle = np.clip(angle - step, -np.pi / 2, np.pi / 2)
        return (
            2 * math.sqrt(2) / np.pi * beside * np.cos(angle),
            math.sqrt(2) * np.sin(angle),
        )

    def sky(self, fine: int = 1) -> Vectors:
        """Return the directions of the middles of the pixels; NaN beyond the sky.

        The shape is (rows, columns, 3). ``fine`` divides each side of a pixel.
        """
        rows, columns = self.height * fine, WIDTH * fine
        scale = self.scale * fine
        across = (columns / 2 - 0.5 - np.arange(columns)) / scale + self.middle[0]
        up = (rows / 2 - 0.5 - np.arange(rows)) / scale + self.middle[1]
        east, north = np.meshgrid(across, up)
        if self.whole:
            with np.errstate(invalid="ignore"):
                angle = np.arcsin(north / math.sqrt(2))
                latitude = np.arcsin((2 * angle + np.sin(2 * angle)) / np.pi)
                beside = np.pi * east / (2 * math.sqrt(2) * np.cos(angle))
            beside[np.abs(beside) > np.pi] = np.nan
            return unit_vectors(
                self.centre[0] + np.degrees(beside), np.degrees(latitude)
            )
        # The chord r of the distance c is 2 sin(c / 2).
        chord = np.hypot(east, north)
        along = np.sqrt(np.maximum(1 - (chord / 2) ** 2, 0.0))
        forward, right, upward = axes_of(self.centre)
        directions: Vectors = (
            (1 - chord**2 / 2)[..., None] * forward
            + (east * along)[..., None] * right
            + (north * along)[..., None] * upward
        )
        return directions


def axes_of(centre: tuple[float, float]) -> tuple[Vectors, Vectors, Vectors]:
    """Return the directions of a place, of the east there, and of the north."""
    lon, lat = map(math.radians, centre)
    return (
        point(*centre),
        np.array([-math.sin(lon), math.cos(lon), 0.0]),
        np.array(
            [
                -math.sin(lat) * math.cos(lon),
                -math.sin(lat) * math.sin(lon),
                math.cos(lat),
            ]
        ),
    )


def azimuthal(
    directions: Vectors, centre: tuple[float, float]
) -> tuple[Numbers, Numbers]:
    """Return Lambert's azimuthal equal-area coordinates of directions: east, north.

    They are in radians near the centre.
    """
    forward, right, upward = axes_of(centre)
    share = np.sqrt(2 / np.maximum(1 + directions @ forward, 1e-12))
    return directions @ right * share, directions @ upward * share


def frame_of(directions: Vectors) -> Frame:
    """Return the frame of a map on which all directions are.

    ``directions`` has the shape (directions, 3). Without any, the whole sky is shown.
    """
    if len(directions):
        total = directions.mean(axis=0)
        if np.linalg.norm(total) > 1e-6:
            lon, lat = degrees(total)
            part = _part(directions, (float(lon), float(lat)))
            if part is not None:
                return part
    scale = WIDTH / (4 * math.sqrt(2))
    return Frame(centre=(180.0, 0.0), whole=True, height=WIDTH // 2, scale=scale)


def _part(directions: Vectors, centre: tuple[float, float]) -> Frame | None:
    """Return the frame of a part of the sky; None if the part is too large."""
    farthest = float((directions @ point(*centre)).min())
    if farthest < math.cos(_WHOLE_FROM):
        return None
    ends = [
        (float(one.min()), float(one.max())) for one in azimuthal(directions, centre)
    ]
    wide, tall = (max(high - low, _SMALLEST) * (1 + 2 * _BESIDE) for low, high in ends)
    height = round(min(max(WIDTH * tall / wide, _LEAST), _TALLEST))
    scale = min(WIDTH / wide, height / tall)
    east, north = ((low + high) / 2 for low, high in ends)
    return Frame(
        whole=False,
        centre=centre,
        height=height,
        scale=scale,
        middle=(east, north),
    )


def nice_step(span: float, most: int) -> float:
    """Return a round step in degrees; a span has at most ``most`` such steps."""
    decimals: Sequence[float] = [
        digit * 10.0**power for power in range(-6, 1) for digit in (1, 2, 5)
    ]
    steps = [*decimals, 10.0, 15.0, 30.0, 45.0, 60.0, 90.0]
    return next((step for step in steps if span / step <= most), 90.0)
