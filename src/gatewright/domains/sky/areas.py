"""What single images cover, kept from one request for a cut-out to the next."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gatewright.domains.sky import geometry
from gatewright.domains.sky.regions import Circle, Region

Outlines = tuple[tuple[tuple[float, float], ...], ...]

_KEPT = 1024
_CORNERS = 256
_ROUNDING = 1e-15


@dataclass(frozen=True, slots=True)
class Areas:
    """The polygons that an image covers on the sky."""

    polygons: geometry.Vectors
    """Their vertices as unit vectors, of shape (polygons, vertices, 3); shorter ones
    repeat their last vertex."""
    inward: tuple[tuple[tuple[float, ...], ...], ...]
    """For each polygon the vectors across its edges that point to the inner side, as
    numbers: of a few, arrays take ten times as long."""

    def meet(self, region: Region) -> bool:
        """Return whether a region has a point in common with one of the polygons.

        For a circle it is enough that its centre is on the inner side of all edges of a
        polygon. This is tried first, as it takes a twentieth of the time.
        """
        if isinstance(region, Circle):
            lon, lat = math.radians(region.longitude), math.radians(region.latitude)
            x, y = math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon)
            z = math.sin(lat)
            for across in self.inward:
                if all(a * x + b * y + c * z > _ROUNDING for a, b, c in across):
                    return True
        return bool(region.meets(self.polygons).any())


def areas_of(outlines: Outlines) -> Areas:
    """Return the areas of outlines: right ascensions and declinations in degrees.

    Those of up to 256 vertices, which most images have, are kept: the last 1024.
    """
    few = sum(map(len, outlines)) <= _CORNERS
    return _kept(outlines) if few else _made(outlines)


def _made(outlines: Outlines) -> Areas:
    polygons = list(map(geometry.polygon_vectors, outlines))
    across = [geometry.cross(one, np.roll(one, -1, 0)).tolist() for one in polygons]
    inward = tuple(tuple(map(tuple, edges)) for edges in across)
    return Areas(geometry.stack_polygons(polygons), inward)


_kept = lru_cache(maxsize=_KEPT)(_made)
