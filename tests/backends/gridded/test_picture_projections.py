"""Maps of rotated, projected and curved grids."""

from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
from matplotlib.collections import LineCollection
from tests.support.pictures import DAYS, drawn, stand_apart, ticks, words, write


async def test_a_rotated_grid_is_drawn_in_its_own_axes(tmp_path: Path) -> None:
    rlat, rlon = np.arange(-10, 11, 1.0), np.arange(-12, 13, 1.0)
    lat, lon = on_earth(rlat[:, None], rlon[None, :], 39.25, -162.0)
    grid = {"grid_mapping": "pole", "coordinates": "lat lon", "units": "K"}
    path = write(
        tmp_path / "rotated.nc",
        {
            "rlat": (rlat, {"standard_name": "grid_latitude", "units": "degrees"}),
            "rlon": (rlon, {"standard_name": "grid_longitude", "units": "degrees"}),
        },
        lat=(("rlat", "rlon"), lat, {"units": "degrees_north"}),
        lon=(("rlat", "rlon"), lon, {"units": "degrees_east"}),
        pole=(
            (),
            0,
            {
                "grid_mapping_name": "rotated_latitude_longitude",
                "grid_north_pole_latitude": 39.25,
                "grid_north_pole_longitude": -162.0,
            },
        ),
        tas=(("rlat", "rlon"), lat, grid),
    )
    figure, axes = await drawn(path)
    assert axes.get_xlabel() == "grid longitude (degrees)"
    assert axes.get_ylabel() == "grid latitude (degrees)"
    assert axes.get_xlim() == (-12.5, 12.5)
    assert "0" in ticks(axes.xaxis)
    *_, coast = (c for c in axes.collections if isinstance(c, LineCollection))
    places = np.concatenate(coast.get_segments())
    here = places[(abs(places[:, 0]) < 12) & (abs(places[:, 1]) < 10)]
    back_lat, back_lon = on_earth(here[:, 1], here[:, 0], 39.25, -162.0)
    straits = (abs(back_lat - 50.9) < 0.3) & (abs(back_lon - 1.6) < 0.3)
    assert straits.any()  # Calais stands at its place
    lines = {text.get_text() for text in axes.texts}
    assert {"50°N", "10°E"} <= lines
    stand_apart(figure, axes)
    one = await drawn(path, rlon="-12:0", rlat="0")
    assert "grid longitude (degrees)" in one[1].get_xlabel()


def on_earth(
    north: Any, east: Any, pole_lat: float, pole_lon: float
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return latitudes and longitudes of places of a rotated grid, by matrices."""
    north, east = np.broadcast_arrays(np.radians(north), np.radians(east))
    tilt, turn = np.radians(90.0 - pole_lat), np.radians(pole_lon)
    spot = np.stack(
        [np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)]
    )
    half = np.diag([-1.0, -1.0, 1.0])
    down = np.array(
        [
            [np.cos(tilt), 0, np.sin(tilt)],
            [0, 1, 0],
            [-np.sin(tilt), 0, np.cos(tilt)],
        ]
    )
    around = np.array(
        [
            [np.cos(turn), -np.sin(turn), 0],
            [np.sin(turn), np.cos(turn), 0],
            [0, 0, 1],
        ]
    )
    x, y, z = np.tensordot(around @ down @ half, spot, axes=1)
    return np.degrees(np.arcsin(z)), np.degrees(np.arctan2(y, x))


async def test_a_grid_around_the_pole(tmp_path: Path) -> None:
    metres = np.linspace(-3e6, 3e6, 41)
    x, y = np.meshgrid(metres, metres)
    lat = 90 - np.hypot(x, y) / 111e3
    lon = np.degrees(np.arctan2(x, -y))
    lat[0, 0] = lon[0, 0] = np.nan
    path = write(
        tmp_path / "polar.nc",
        {
            "x": (metres, {"standard_name": "projection_x_coordinate", "units": "m"}),
            "y": (metres, {"standard_name": "projection_y_coordinate", "units": "m"}),
        },
        lat=(("y", "x"), lat, {"units": "degrees_north"}),
        lon=(("y", "x"), lon, {"units": "degrees_east"}),
        ice=(("x", "y"), lat.T, {"units": "1", "coordinates": "lat lon"}),
    )
    figure, axes = await drawn(path, var="ice")
    box = axes.get_window_extent()
    assert box.width == pytest.approx(box.height, abs=1.0)
    assert {"80°N", "120°W"} <= {text.get_text() for text in axes.texts}
    stand_apart(figure, axes)


@pytest.mark.parametrize(
    "mapping",
    [
        {"grid_mapping_name": "lambert_conformal_conic"},
        {"grid_mapping_name": "rotated_latitude_longitude"},
    ],
    ids=["lambert", "no pole"],
)
async def test_a_grid_that_cannot_be_turned_has_no_coast(
    tmp_path: Path, mapping: dict[str, str]
) -> None:
    path = write(
        tmp_path / "flat.nc",
        {
            "x": (np.arange(5.0), {"standard_name": "projection_x_coordinate"}),
            "y": (np.arange(4.0), {"standard_name": "projection_y_coordinate"}),
        },
        crs=((), 0, mapping),
        v=(("y", "x"), np.arange(20.0).reshape(4, 5), {"grid_mapping": "crs"}),
    )
    axes = (await drawn(path, var="v"))[1]
    assert not [c for c in axes.collections if isinstance(c, LineCollection)]
    assert axes.get_xlabel() == "projection x coordinate"


async def test_cells_of_a_curved_grid_without_places(tmp_path: Path) -> None:
    """As in ocean models: no values along the axes, none of the places on land."""
    lat, lon = np.mgrid[10.0:14.0, 100.0:106.0]
    lat[2, 3] = lon[2, 3] = np.nan
    nowhere = np.full((4, 6), np.nan)
    with netCDF4.Dataset(tmp_path / "curved.nc", "w") as file:
        file.createDimension("eta", 4)
        file.createDimension("xi", 6)
        for name, values, units in (
            ("lat", lat, "degrees_north"),
            ("lon", lon, "degrees_east"),
            ("lat_u", nowhere, "degrees_north"),
            ("lon_u", nowhere, "degrees_east"),
        ):
            made = file.createVariable(name, "f8", ("eta", "xi"), fill_value=1e20)
            made[:] = np.ma.masked_invalid(values)
            made.units = units
        for name, places in (("zeta", "lat lon"), ("u", "lat_u lon_u")):
            made = file.createVariable(name, "f8", ("eta", "xi"))
            made[:] = np.arange(24.0).reshape(4, 6)
            made.coordinates = places
    axes = (await drawn(tmp_path / "curved.nc", var="zeta"))[1]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("xi", "eta")
    lines = {text.get_text() for text in axes.texts}
    assert lines & {"11°N", "12°N"}
    assert lines & {"101°E", "102°E", "103°E", "104°E"}
    assert not (await drawn(tmp_path / "curved.nc", var="u"))[1].texts
    figure, _ = await drawn(tmp_path / "curved.nc", var="zeta", eta="index:1")
    assert "eta 1" in words(figure)


async def test_a_picture_names_the_place_of_its_cell(tmp_path: Path) -> None:
    lat, lon = np.mgrid[50.0:53.0, -32.0:-28.0]
    path = write(
        tmp_path / "cell.nc",
        {
            "time": ([0.0, 1.0], DAYS),
            "y": (np.arange(3.0), {}),
            "x": (np.arange(4.0), {}),
        },
        lat=(("y", "x"), lat, {"units": "degrees_north"}),
        lon=(("y", "x"), lon, {"units": "degrees_east"}),
        t=(("time", "y", "x"), np.ones((2, 3, 4)), {"coordinates": "lat lon"}),
    )
    figure, _ = await drawn(path, var="t", y="1", x="2")
    assert "y 1.0 · x 2.0 · 51°N · 30°W" in words(figure)
