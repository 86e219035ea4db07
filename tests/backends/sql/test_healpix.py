"""Cells of regions: the cell of every point in a region is among them."""

from typing import Any

import cdshealpix
import numpy as np
import pytest
from astropy.coordinates import Latitude, Longitude

from gatewright.backends.sql.healpix import ORDER, polygon_cells, region_cells
from gatewright.domains.sky import Circle, Polygon, Range, Region, geometry


def cells_of(ra: Any, dec: Any) -> set[int]:
    """Return the cells that places are in, by the library's other functions."""
    places = Longitude(ra, "deg"), Latitude(dec, "deg")
    found = cdshealpix.lonlat_to_healpix(*places, ORDER)
    return set(map(int, np.ravel(found)))


def degrees(directions: geometry.Vectors) -> tuple[Any, Any]:
    x, y, z = directions.T
    return np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))


def within(region: Region) -> tuple[Any, Any]:
    """Return places in a box, with its border."""
    assert isinstance(region, Range)
    ra = region.west + np.linspace(0, region.width, 120)
    dec = np.linspace(region.south, region.north, 120)
    across, up = np.meshgrid(ra % 360, dec)
    return across.ravel(), up.ravel()


def boxes() -> list[Range]:
    """Return boxes anywhere, many of them at longitude 0 or a pole."""
    random = np.random.default_rng(4)
    found = [
        Range(0, 10, -18.15, 23.88), Range(318.6, 228.6, 88, 90), Range(0, 5, 41.8, 63),
        Range(0, 0.5, 30.04, 32.92), Range(272.7, 182.7, 73.4, 86.8),
        Range(359.9, 9.9, 75.7, 82.7), Range(237.27, 47.27, 75.03, 89.9),
        Range(90, 0, -90, -87.49), Range(0, 360, 89.9, 90), Range(10, 10, -90, 90),
        Range(0, 0, 0, 0), Range(0, 360, -0.1, 0.1), Range(350, 360, -5, 5),
    ]  # fmt: skip
    for number in range(150):
        west = float(random.choice([0.0, 90.0, 359.9, random.uniform(0, 360)]))
        width = float(random.choice([0.01, 1, 10, 60, 180, 270]))
        south = float(
            random.uniform(-90, 89) if number % 3 else random.choice([-90, 88])
        )
        north = min(90.0, south + float(10 ** random.uniform(-2, 1.3)))
        found.append(Range(west, (west + width) % 360, south, north))
    return found


def test_boxes() -> None:
    searched = 0
    for box in boxes():
        cells = region_cells([box])
        if cells is not None:
            searched += 1
            assert cells_of(*within(box)) <= set(cells), box
    assert searched > 120


def test_small_boxes_have_few_cells() -> None:
    assert len(region_cells([Range(150, 150.1, 2.2, 2.3)]) or []) < 10


def test_large_boxes_are_not_searched_by_cell() -> None:
    assert region_cells([Range(0, 360, -90, 90)]) is None
    assert region_cells([Range(0, 90, -20, 20)]) is None


@pytest.mark.parametrize("dec", [-90.0, -89.7, -41.8, 0.0, 41.8, 89.99])
@pytest.mark.parametrize("ra", [0.0, 44.99, 90.0, 359.999])
def test_circles_and_polygons(ra: float, dec: float) -> None:
    random = np.random.default_rng(9)
    centre = geometry.unit_vectors(np.array([ra]), np.array([dec]))
    for radius in (0.01, 0.8, 5.0):
        steps = random.normal(0, np.radians(radius) / 2, (3000, 3))
        points = centre + steps
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        held = np.degrees(geometry.angle(points, centre)) < radius
        cells = region_cells([Circle(ra, dec, radius)])
        assert cells is not None
        assert cells_of(*degrees(points[held])) <= set(cells)
        corners = points[held][:3]
        if np.linalg.det(corners) < 0:
            corners = corners[::-1]
        vertices = tuple(
            zip(*(part.tolist() for part in degrees(corners)), strict=True)
        )
        assert region_cells([Polygon(vertices)]) == polygon_cells(vertices)
        shares = random.dirichlet([1, 1, 1], 2000)
        inside = shares @ corners
        inside /= np.linalg.norm(inside, axis=1, keepdims=True)
        assert cells_of(*degrees(inside)) <= set(polygon_cells(vertices))
