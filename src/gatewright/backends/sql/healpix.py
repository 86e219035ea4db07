"""Sky cells: nested HEALPix of order 6 (Gorski et al. 2005, ApJ 622, 759).

A cell has 0.84 square degrees; a CCD of a wide-field camera touches four or five. The
compiled module of ``cdshealpix`` is called without its Python wrapper, whose handling
of units takes 20 times as long as the search.
"""

import math
import sys
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gatewright.domains.sky import Circle, Polygon, Region

ORDER = 6
MANY_CELLS = 512
"""Number of cells above which regions are searched by time instead of by cell."""
CELLS = 12 * 4**ORDER
"""Number of cells of the whole sky."""
CELL_AREA = 41252.96124941927 / CELLS
"""Area of a cell in square degrees."""
_WIDE = 20.0
_PAD = 1e-6
_REACH = 1.0
"""Radius in degrees around a cell's centre that encloses every cell; the farthest
corner is at 0.954 degrees."""
Numbers = NDArray[np.float64]


def _search() -> Any:
    """Return the compiled module. It is imported when needed, which takes a second."""
    from cdshealpix import cdshealpix

    return cdshealpix


def healpix_is_loaded() -> bool:
    """Return whether the compiled module was imported."""
    return "cdshealpix.cdshealpix" in sys.modules


def polygon_cells(vertices: Sequence[tuple[float, float]]) -> list[int]:
    """Return the cells that a polygon touches, sorted.

    ``vertices`` are longitudes and latitudes in degrees.
    """
    corners = np.radians(np.asarray(vertices, dtype=np.float64))
    lon = np.ascontiguousarray(corners[:, 0])
    lat = np.ascontiguousarray(corners[:, 1])
    cells, _, _ = _search().polygon_search(ORDER, lon, lat, True)  # noqa: FBT003  # flat
    return sorted(map(int, cells))


def region_cells(regions: Iterable[Region]) -> list[int] | None:
    """Return the cells that regions may touch; None if there are too many."""
    cells: set[int] = set()
    for region in regions:
        found = _region_cells(region)
        if found is None:
            return None
        cells.update(found)
        if len(cells) > MANY_CELLS:
            return None
    return sorted(cells)


def _region_cells(region: Region) -> list[int] | None:
    if isinstance(region, Circle):
        if region.radius > _WIDE:
            return None
        cells, _, _ = _search().cone_search(
            np.uint8(ORDER),
            np.uint8(2),
            np.float64(math.radians(region.longitude % 360.0)),
            np.float64(math.radians(region.latitude)),
            np.float64(math.radians(region.radius + _PAD)),
            True,  # noqa: FBT003  # flat
        )
        return list(map(int, cells))
    if isinstance(region, Polygon):
        return polygon_cells(region.vertices)
    return _zone(
        region.west, region.width, max(region.south, -90.0), min(region.north, 90.0)
    )


def _zone(west: float, width: float, south: float, north: float) -> list[int] | None:
    """Return the cells that a box may touch; None if the box is large.

    All cells whose centre is near enough are included. The library's own search of a
    zone misses cells at longitude 0 and at the poles.
    """
    if width * (math.sin(math.radians(north)) - math.sin(math.radians(south))) > 20.0:
        return None
    centres = _centres()
    limits = np.searchsorted(centres.latitude, (south - _REACH, north + _REACH))
    near = slice(*limits)
    # How far a circle round the centre reaches in longitude; round a pole, everywhere.
    share = math.sin(math.radians(_REACH)) / np.cos(np.radians(centres.latitude[near]))
    margin = np.degrees(np.arcsin(np.minimum(share, 1.0)))
    margin[share >= 1.0] = 180.0
    behind = (centres.longitude[near] - west + margin) % 360.0
    found: list[int] = centres.cell[near][behind <= width + 2 * margin].tolist()
    return found


class Centres(NamedTuple):
    """The centres of all cells, sorted by latitude."""

    cell: NDArray[np.int64]
    """Numbers of the cells."""
    longitude: Numbers
    """Longitudes in degrees."""
    latitude: Numbers
    """Latitudes in degrees."""


@lru_cache(maxsize=1)
def _centres() -> Centres:
    """Return the centres of all cells; the first call takes some milliseconds."""
    longitude, latitude = np.empty(CELLS), np.empty(CELLS)
    _search().healpix_to_lonlat(
        *(np.full(CELLS, ORDER, np.uint8), np.arange(CELLS, dtype=np.uint64)),
        *(0.5, 0.5, longitude, latitude, np.uint16(1)),
    )
    order = np.argsort(latitude)
    return Centres(order, np.degrees(longitude[order]), np.degrees(latitude[order]))
