"""Coastlines on projected and curved grids, beside where PROJ has the same places."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pyproj
import pytest
from matplotlib.collections import LineCollection
from PIL import Image
from scipy.spatial import KDTree
from tests.support.gridded import datasets, subset
from tests.support.pictures import drawn, write

from gatewright.backends.gridded.pictures.coast import coastlines
from gatewright.backends.gridded.pictures.curved import laid_on
from gatewright.backends.gridded.pictures.picture import Net

SPHERE = {"earth_radius": 6371229.0}
LAMBERT = {
    "grid_mapping_name": "lambert_conformal_conic",
    "standard_parallel": [30.0, 60.0],
    "latitude_of_projection_origin": 47.0,
    "longitude_of_central_meridian": 8.0,
} | SPHERE
POLAR = {
    "grid_mapping_name": "polar_stereographic",
    "latitude_of_projection_origin": 90.0,
    "straight_vertical_longitude_from_pole": -45.0,
    "standard_parallel": 70.0,
} | SPHERE
MERCATOR = {
    "grid_mapping_name": "transverse_mercator",
    "scale_factor_at_central_meridian": 0.9996,
    "latitude_of_projection_origin": 49.0,
    "longitude_of_central_meridian": -2.0,
    "false_easting": 400e3,
    "false_northing": -100e3,
    "semi_major_axis": 6377563.396,
    "semi_minor_axis": 6356256.909,
}
GRIDS: list[tuple[str, dict[str, Any], Any, Any]] = [
    ("50m", LAMBERT, np.linspace(-2e6, 2e6, 81), np.linspace(-1.5e6, 1.5e6, 61)),
    ("110m", POLAR, np.linspace(-4e6, 4e6, 65), np.linspace(5e6, -4e6, 73)),
    ("50m", MERCATOR, np.linspace(0, 7e5, 36), np.linspace(0, 1.25e6, 63)),
]
NAMES = [str(grid[1]["grid_mapping_name"]) for grid in GRIDS]


def projection(mapping: dict[str, Any]) -> Any:
    """Return PROJ's function from longitudes and latitudes to metres."""
    return pyproj.Proj(pyproj.CRS.from_cf(mapping))


def inverse(mapping: dict[str, Any], x: Any, y: Any) -> tuple[Any, Any]:
    """Return latitudes and longitudes of all cells, by PROJ."""
    across, up = np.meshgrid(x, y)
    lon, lat = projection(mapping)(across, up, inverse=True)
    return lat, lon


def projected(path: Path, mapping: dict[str, Any], x: Any, y: Any) -> Path:
    """Write a file of one value everywhere on a projected grid."""
    lat, lon = inverse(mapping, x, y)
    grid = {"grid_mapping": "crs", "coordinates": "lat lon", "units": "K"}
    return write(
        path,
        {
            "x": (x, {"standard_name": "projection_x_coordinate", "units": "m"}),
            "y": (y, {"standard_name": "projection_y_coordinate", "units": "m"}),
        },
        lat=(("y", "x"), lat, {"units": "degrees_north"}),
        lon=(("y", "x"), lon, {"units": "degrees_east"}),
        crs=((), 0, mapping),
        v=(("y", "x"), np.ones((len(y), len(x))), grid),
    )


def coasts(axes: Any) -> Iterator[Any]:
    """Yield the lines of the coast that a map has, once each."""
    *_, last = (c for c in axes.collections if isinstance(c, LineCollection))
    yield from last.get_segments()


@pytest.mark.parametrize(("detail", "mapping", "x", "y"), GRIDS, ids=NAMES)
async def test_coasts_stand_where_proj_has_them(
    tmp_path: Path, detail: Any, mapping: dict[str, Any], x: Any, y: Any
) -> None:
    path = projected(tmp_path / "grid.nc", mapping, x, y)
    vertices = np.concatenate(coastlines(detail))
    there = np.column_stack(projection(mapping)(*vertices.T))
    (left, right), (low, high) = (sorted(ends[[0, -1]]) for ends in (x, y))
    there = there[np.isfinite(there).all(1)]
    there = there[(there[:, 0] > left) & (there[:, 0] < right)]
    there = there[(there[:, 1] > low) & (there[:, 1] < high)]
    assert len(there) > 300

    axes = (await drawn(path, var="v"))[1]
    places = np.concatenate(list(coasts(axes)))
    cell = abs(x[1] - x[0])
    away, _ = KDTree(places).query(there)
    assert away.max() < 0.02 * cell

    data = await subset(datasets(path), "grid", var="v", format="png")
    with Image.open(io.BytesIO(data)) as found:
        darkness = 255 - np.asarray(found.convert("L")).astype(int)
    plain = np.median(darkness)
    dark = 0
    for right_of, above in axes.transData.transform(there):
        row, column = darkness.shape[0] - 1 - int(above), int(right_of)
        spot = darkness[row - 1 : row + 2, column - 1 : column + 2]
        assert np.abs(spot - plain).max() > 20
        dark += spot.max() > plain + 20
    assert dark > 0.9 * len(there)  # others are islands smaller than a pixel


@pytest.mark.parametrize(("detail", "mapping", "x", "y"), GRIDS, ids=NAMES)
def test_there_are_no_lines_where_no_coast_is(
    detail: Any, mapping: dict[str, Any], x: Any, y: Any
) -> None:
    lines = laid_on(coastlines(detail), Net(*inverse(mapping, x, y)))
    project = projection(mapping)
    finer = []
    for line in coastlines(detail):
        parts = np.arange(0, len(line) - 1, 0.05)
        whole = np.arange(len(line))
        points = [np.interp(parts, whole, column) for column in line.T]
        finer.append(np.column_stack(project(*points)))
    true = np.concatenate(finer)
    assert len(lines) > 10
    steps = np.array([x[1] - x[0], y[1] - y[0]])
    places = np.array([x[0], y[0]]) + np.concatenate(lines) * steps
    away, _ = KDTree(true[np.isfinite(true).all(1)]).query(places)
    assert away.max() < 0.2 * abs(steps[0])


async def test_a_grid_all_round_the_earth_has_no_line_across(tmp_path: Path) -> None:
    """As of ocean models: no values along the axes, and a seam at 73 degrees east."""
    lat, lon = np.mgrid[-80.0:90:2, 73.0:433:2]
    lat[40:45, 50:60] = np.nan
    with netCDF4.Dataset(tmp_path / "ocean.nc", "w") as file:
        file.createDimension("j", lat.shape[0])
        file.createDimension("i", lat.shape[1])
        for name, values, units in (
            ("nav_lat", lat, "degrees_north"),
            ("nav_lon", lon, "degrees_east"),
        ):
            made = file.createVariable(name, "f8", ("j", "i"), fill_value=1e20)
            made[:] = np.ma.masked_invalid(values)
            made.units = units
        made = file.createVariable("sst", "f8", ("j", "i"))
        made[:] = 1.0
        made.coordinates = "nav_lat nav_lon"
    axes = (await drawn(tmp_path / "ocean.nc", var="sst"))[1]
    lines = list(coasts(axes))
    assert max(np.abs(np.diff(line, axis=0)).max() for line in lines) < 5
    drawn_at = np.concatenate(lines)
    longitude, latitude = 73 + 2 * drawn_at[:, 0], -80 + 2 * drawn_at[:, 1]
    for lon_, lat_ in ((18.5, -34.3), (-69.0, -52.4), (173.0, -34.5)):
        beside = np.abs((longitude - lon_ + 180) % 360 - 180)
        assert np.hypot(beside, latitude - lat_).min() < 1.0
    assert not (
        (drawn_at[:, 0] > 51)
        & (drawn_at[:, 0] < 58)
        & (drawn_at[:, 1] > 41)
        & (drawn_at[:, 1] < 43)
    ).any()


async def test_a_rotated_grid_without_its_pole_is_drawn_by_its_places(
    tmp_path: Path,
) -> None:
    """The mapping does not say how it is turned, but each cell has a place."""
    x, y = np.linspace(-2e6, 2e6, 41), np.linspace(-1.5e6, 1.5e6, 31)
    path = projected(tmp_path / "grid.nc", LAMBERT, x, y)
    with netCDF4.Dataset(path, "a") as file:
        for name in file["crs"].ncattrs():
            file["crs"].delncattr(name)
        file["crs"].grid_mapping_name = "rotated_latitude_longitude"
    axes = (await drawn(path, var="v"))[1]
    places = np.concatenate(list(coasts(axes)))
    calais = projection(LAMBERT)(1.85, 50.97)
    assert np.hypot(*(places - calais).T).min() < 2e4
