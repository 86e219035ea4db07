"""Sky cells: nested HEALPix of order 6 (Gorski et al. 2005, ApJ 622, 759).

A cell is 0.84 square degrees; a camera's chip touches four or five. The compiled
module of ``cdshealpix`` is called without its wrapper, which spends 20 times as long
on units as the search takes.
"""

import math
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from gatewright.domains.sky import Circle, Polygon, Region

ORDER = 6
MANY_CELLS = 512
"""Regions with more cells are searched by time, not by cell."""
CELL_AREA = 41252.96124941927 / (12 * 4**ORDER)
"""Square degrees of a cell."""
_WIDE = 20.0
_PAD = 1e-6


def _search() -> Any:
    """Return the compiled module; it takes a second to import, so when it is needed."""
    from cdshealpix import cdshealpix

    return cdshealpix


def healpix_is_loaded() -> bool:
    """Return whether the compiled module is there already."""
    return "cdshealpix.cdshealpix" in sys.modules


def polygon_cells(vertices: Sequence[tuple[float, float]]) -> list[int]:
    """Return the cells that a polygon touches, in order."""
    corners = np.radians(np.asarray(vertices, dtype=np.float64))
    lon = np.ascontiguousarray(corners[:, 0])
    lat = np.ascontiguousarray(corners[:, 1])
    cells, _, _ = _search().polygon_search(ORDER, lon, lat, True)  # noqa: FBT003  # flat
    return sorted(map(int, cells))


def region_cells(regions: Iterable[Region]) -> list[int] | None:
    """Return the cells that may touch regions; None when they are too many."""
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
        return None if region.radius > _WIDE else _cone(region)
    if isinstance(region, Polygon):
        return polygon_cells(region.vertices)
    return _zone(
        region.west, region.width, max(region.south, -90.0), min(region.north, 90.0)
    )


def _cone(circle: Circle) -> list[int]:
    cells, _, _ = _search().cone_search(
        np.uint8(ORDER),
        np.uint8(2),
        np.float64(math.radians(circle.longitude % 360.0)),
        np.float64(math.radians(circle.latitude)),
        np.float64(math.radians(circle.radius + _PAD)),
        True,  # noqa: FBT003  # flat
    )
    return list(map(int, cells))


def _zone(west: float, width: float, south: float, north: float) -> list[int] | None:
    """Return the cells of a box; None for one that is large."""
    if width * (math.sin(math.radians(north)) - math.sin(math.radians(south))) > 20.0:
        return None
    # A margin in longitude that is the same on the sky also near a pole.
    nearest = max(1e-9, math.cos(math.radians(max(abs(south), abs(north)))))
    margin = min(_PAD / nearest, 180.0)
    start, extent = west - margin, width + 2 * margin
    if extent >= 360.0:
        start, extent = 0.0, 360.0
    cells: set[int] = set()
    for piece_start, piece_end in _pieces(start % 360.0, extent):
        found, _, _ = _search().zone_search(
            np.uint8(ORDER),
            np.float64(math.radians(piece_start)),
            np.float64(math.radians(max(-90.0, south - _PAD))),
            np.float64(math.radians(piece_end)),
            np.float64(math.radians(min(90.0, north + _PAD))),
            True,  # noqa: FBT003  # flat
        )
        cells.update(map(int, found))
    return sorted(cells)


def _pieces(start: float, extent: float) -> list[tuple[float, float]]:
    """Return a stretch of longitude as pieces that do not go over 360."""
    end = start + extent
    if end <= 360.0:
        return [(start, end)]
    return [(start, 360.0), (0.0, end - 360.0)]
