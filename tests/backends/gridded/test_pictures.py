"""Pictures: what matplotlib is given to draw, and what comes out of it."""

import io
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import matplotlib as mpl
import netCDF4
import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from PIL import Image
from tests.support.gridded import cut_of, datasets, subset, write_ensemble

from gatewright.backends.gridded.pictures.draw import (
    STYLE,
    draw_map,
    draw_plot,
    pixels_of,
)
from gatewright.backends.gridded.pictures.picture import Map
from gatewright.backends.gridded.pictures.plan import planned
from gatewright.backends.plugin import reader_programs
from gatewright.backends.readers import PoolSettings, open_pool

NOTHING: dict[str, Any] = {}


def write(
    path: Path, axes: dict[str, tuple[Any, dict[str, Any]]], **variables: Any
) -> Path:
    """Write axes as values and attributes, and variables as dimensions, and both."""
    with netCDF4.Dataset(path, "w") as file:
        for name, (values, attributes) in axes.items():
            file.createDimension(name, len(values))
            made = file.createVariable(name, "f8", (name,))
            made[:] = values
            made.setncatts(attributes)
        for name, (names, values, attributes) in variables.items():
            fill = 1e20 if np.ndim(values) else None
            made = file.createVariable(name, "f8", names, fill_value=fill)
            made[...] = np.ma.masked_invalid(values)
            made.setncatts(attributes)
    return path


async def drawn(path: Path, **query: str) -> tuple[Figure, Any]:
    """Return the figure of a picture, and its main axes."""
    found = planned(await cut_of(path, **query, format="png"))
    with mpl.rc_context(STYLE):
        figure = draw_map(found) if isinstance(found, Map) else draw_plot(found)
        pixels_of(figure)
    return figure, figure.axes[0]


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.texts)


def ticks(axis: Any) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels()]


def stand_apart(figure: Figure, axes: Any) -> None:
    """Check that no text of the marks stands over another, or outside the picture."""
    for axis in (axes.xaxis, axes.yaxis):
        boxes = [label.get_window_extent() for label in axis.get_ticklabels()]
        for n, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[n + 1 :])
            assert box.x0 >= 0
            assert box.x1 <= figure.bbox.x1
            assert box.y0 >= 0
        title = axis.label
        if title.get_text():
            assert not any(title.get_window_extent().overlaps(box) for box in boxes)


DAYS = {"units": "days since 2000-01-01"}
TIMES = [0.0, 1.0, 2.0, 100.0, 101.0]


async def test_times_stand_where_they_are(tmp_path: Path) -> None:
    path = write(
        tmp_path / "gaps.nc",
        {"time": (TIMES, DAYS)},
        t=(("time",), [0, 1, 0, 1, 0], {"units": "K", "long_name": "temperature"}),
    )
    figure, axes = await drawn(path)
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), TIMES)
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [0, 1, 0, 1, 0])
    assert ticks(axes.xaxis) == ["2000-01", "2000-02", "2000-03", "2000-04"]
    np.testing.assert_allclose(axes.get_xticks(), [0, 31, 60, 91])
    assert axes.get_ylabel() == "temperature (K)"
    assert "temperature" in words(figure)
    stand_apart(figure, axes)


@pytest.mark.parametrize("step", [1 / 86400, 1 / 1440, 1 / 24, 0.25, 1, 7, 30.4, 365])
async def test_no_text_stands_over_another(tmp_path: Path, step: float) -> None:
    path = write(
        tmp_path / "times.nc",
        {
            "time": (np.arange(73) * step + 0.3, DAYS),
            "lon": (np.arange(0, 360, 10), {"units": "degrees_east"}),
        },
        t=(("time", "lon"), np.arange(73 * 36).reshape(73, 36) * 1e-9, {"units": "1"}),
    )
    stand_apart(*await drawn(path, lon="0"))
    figure, axes = await drawn(path)
    assert axes.yaxis_inverted()  # time runs down beside longitudes
    assert ticks(axes.xaxis)[0] == "0°"
    stand_apart(figure, axes)


async def test_a_profile_stands_upright(tmp_path: Path) -> None:
    levels, values = [1000.0, 850.0, 500.0, 100.0, 10.0], [290, 281, 252, 205, 230]
    path = write(
        tmp_path / "profile.nc",
        {
            "plev": (levels, {"units": "hPa"}),
            "height": ([2.0, 10.0, 80.0], {"units": "m", "positive": "up"}),
            "depth": ([0.5, 10.0, 4000.0], {"units": "m"}),
            "sigma": (
                [0.1, 0.5, 0.9],
                {"standard_name": "atmosphere_sigma_coordinate", "units": "1"},
            ),
        },
        ta=(("plev",), values, {"units": "K"}),
        wind=(("height",), [3, 4, 6], {"units": "m s-1"}),
        salt=(("depth",), [35, 35.5, 34], {"units": "1"}),
        q=(("sigma",), [1, 2, 3], {"units": "1"}),
    )
    figure, axes = await drawn(path, var="ta")
    assert axes.yaxis_inverted()  # the ground is below
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), sorted(levels))
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), values[::-1])
    assert axes.get_ylabel() == "plev (hPa)"
    assert axes.get_xlabel() == "ta (K)"
    stand_apart(figure, axes)
    assert not (await drawn(path, var="wind"))[1].yaxis_inverted()
    assert (await drawn(path, var="salt"))[1].yaxis_inverted()
    assert (await drawn(path, var="q"))[1].yaxis_inverted()


async def test_levels_of_a_section_stand_where_they_are(tmp_path: Path) -> None:
    levels, latitudes = [1000.0, 850.0, 500.0, 10.0], [60.0, 20.0, -20.0]
    values = np.arange(12.0).reshape(3, 4)
    path = write(
        tmp_path / "section.nc",
        {
            "lat": (latitudes, {"units": "degrees_north"}),
            "plev": (levels, {"units": "hPa"}),
        },
        ta=(("lat", "plev"), values, {"units": "K"}),
        tb=(("plev", "lat"), values.T, {"units": "K"}),
    )
    for name in ("ta", "tb"):
        figure, axes = await drawn(path, var=name)
        assert axes.yaxis_inverted()
        low, high = sorted(axes.get_ylim())
        assert (low, high) == (0.0, 1075.0)  # no pressure is below 0
        assert axes.get_xlim() == (-40.0, 80.0)
        (image,) = axes.images
        shown = np.asarray(image.get_array())
        np.testing.assert_array_equal(shown, values.T[::-1, ::-1])
        stand_apart(figure, axes)


async def test_a_series_has_its_spread_as_a_band(tmp_path: Path) -> None:
    members = np.random.default_rng(3).normal(280, 3, (40, 12))
    members[7] = np.nan
    path = write(
        tmp_path / "series.nc",
        {
            "time": (np.arange(40.0), DAYS),
            "member": (np.arange(12), {"standard_name": "realization"}),
            "lat": ([51.5, 52.5], {"units": "degrees_north"}),
            "lon": ([329.0, 330.0], {"units": "degrees_east"}),
        },
        t=(
            ("time", "member", "lat", "lon"),
            np.broadcast_to(members[..., None, None], (40, 12, 2, 2)),
            {"units": "K"},
        ),
    )
    place = {"lat": "51.5", "lon": "-30"}
    figure, axes = await drawn(path, stat="mean,spread,p10,p90", **place)
    assert "51.5°N · 30°W" in words(figure)
    assert "mean, spread, p10, p90 of 12 members" in words(figure)
    mean, spread = members.mean(1), members.std(1, ddof=1)
    np.testing.assert_allclose(axes.lines[0].get_ydata(), mean)
    p10, p90 = np.percentile(members, [10, 90], axis=1)
    for low, high in ((mean - spread, mean + spread), (p10, p90)):
        corners = {
            (float(round(x)), round(float(y), 6))
            for band in axes.collections
            for path_ in band.get_paths()
            for x, y in path_.vertices
        }
        for x in (0, 6, 8, 39):
            assert (float(x), round(low[x], 6)) in corners
            assert (float(x), round(high[x], 6)) in corners
        assert not any(x == 7.0 for x, _ in corners)
    legend = axes.get_legend()
    assert legend is not None
    assert sorted(text.get_text() for text in legend.get_texts()) == [
        *("mean", "mean ± spread", "p10 to p90"),
    ]
    bands = await drawn(path, stat="min,max,median", **place)
    assert len(bands[1].collections) == 1
    np.testing.assert_allclose(
        bands[1].lines[0].get_ydata(), np.median(members, axis=1)
    )


async def test_a_map_that_crosses_the_antimeridian(tmp_path: Path) -> None:
    path = write(
        tmp_path / "globe.nc",
        {
            "lat": (np.arange(-88, 89, 4.0), {"units": "degrees_north"}),
            "lon": (np.arange(-180, 180, 5.0), {"units": "degrees_east"}),
        },
        t=(
            ("lat", "lon"),
            np.broadcast_to(np.arange(-180, 180, 5.0), (45, 72)),
            {"units": "K"},
        ),
    )
    figure, axes = await drawn(path, lat="-48:-10", lon="150:-150")
    assert axes.get_xlim() == (147.5, 212.5)
    shown = np.asarray(axes.images[0].get_array())
    np.testing.assert_array_equal(
        shown[0], [*range(150, 180, 5), -180, *range(-175, -149, 5)]
    )
    assert ticks(axes.xaxis) == [
        *("150°E", "160°E", "170°E", "180°", "170°W", "160°W", "150°W"),
    ]
    *_, coast = (c for c in axes.collections if isinstance(c, LineCollection))
    places = np.concatenate(coast.get_segments())
    inside = places[(places[:, 1] > -48) & (places[:, 1] < -10)]
    assert ((inside[:, 0] > 172) & (inside[:, 0] < 179)).any()  # New Zealand
    assert ((inside[:, 0] > 187) & (inside[:, 0] < 189)).any()  # Samoa
    stand_apart(figure, axes)
    whole = (await drawn(path))[1]
    assert whole.get_xlim() == (-182.5, 177.5)
    assert whole.get_ylim() == (-90.0, 90.0)


async def test_a_file_that_counts_from_180_back_to_180(tmp_path: Path) -> None:
    """0 to 175, then -180 to -5, as some files have it: one rising row."""
    path = write(
        tmp_path / "seam.nc",
        {
            "lat": ([0.0, 10.0], {"units": "degrees_north"}),
            "lon": (
                [*range(0, 180, 5), *range(-180, 0, 5)],
                {"units": "degrees_east"},
            ),
        },
        t=(("lat", "lon"), np.arange(144.0).reshape(2, 72), {}),
    )
    axes = (await drawn(path))[1]
    assert axes.get_xlim() == (-2.5, 357.5)
    shown = np.asarray(axes.images[0].get_array())
    np.testing.assert_array_equal(shown[0], np.arange(72))


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


async def test_the_place_of_a_cell_is_told(tmp_path: Path) -> None:
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


async def test_numbers_in_no_order_are_labels(tmp_path: Path) -> None:
    path = write(
        tmp_path / "classes.nc",
        {
            "quantile": ([0.9, 0.1, 0.5], {}),
            "plev": ([1000.0, 500.0], {"units": "hPa"}),
        },
        q=(("quantile",), [9.0, 1.0, 5.0], {}),
        section=(("plev", "quantile"), np.arange(6.0).reshape(2, 3), {}),
    )
    axes = (await drawn(path, var="q"))[1]
    assert ticks(axes.xaxis) == ["0.9", "0.1", "0.5"]
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), [9.0, 1.0, 5.0])
    section = (await drawn(path, var="section"))[1]
    assert section.yaxis_inverted()
    assert ticks(section.xaxis) == ["0.9", "0.1", "0.5"]


async def test_a_profile_has_its_spread_beside_it(tmp_path: Path) -> None:
    members = np.random.default_rng(5).normal(280, 3, (6, 4))
    path = write(
        tmp_path / "soundings.nc",
        {
            "member": (np.arange(6), {"standard_name": "realization"}),
            "plev": ([1000.0, 850.0, 500.0, 100.0], {"units": "hPa"}),
        },
        t=(("member", "plev"), members, {"units": "K"}),
    )
    axes = (await drawn(path, stat="mean,spread"))[1]
    mean, spread = members.mean(0)[::-1], members.std(0, ddof=1)[::-1]
    (band,) = axes.collections
    corners = {(round(x, 6), y) for p in band.get_paths() for x, y in p.vertices}
    for x, more, y in zip(mean, spread, [100.0, 500.0, 850.0, 1000.0], strict=True):
        assert {(round(x - more, 6), y), (round(x + more, 6), y)} <= corners
    np.testing.assert_allclose(axes.lines[0].get_xdata(), mean)


async def test_colours_units_and_missing_values(tmp_path: Path) -> None:
    """The picture is read as a person reads it: a colour, then the bar below."""
    values = np.array([[0.0, 1.0, 2.0], [3.0, np.nan, 5.0]])
    path = write(
        tmp_path / "cells.nc",
        {
            "lat": ([10.0, 20.0], {"units": "degrees_north"}),
            "lon": ([-10.0, 0.0, 10.0], {"units": "degrees_east"}),
        },
        pr=(("lat", "lon"), values * 1e-6, {"units": "kg m-2 s-1"}),
    )
    figure, axes = await drawn(path)
    bar = figure.axes[1]
    assert bar.get_xlabel() == "pr (kg m-2 s-1)"
    power = "\N{MULTIPLICATION SIGN}10⁻⁶"
    assert ticks(bar.xaxis) == ["0", *(f"{n}{power}" for n in range(1, 6))]
    assert "no value" in [t.get_text() for one in figure.axes for t in one.texts]
    data = await subset(datasets(path), "cells", format="png")
    with Image.open(io.BytesIO(data)) as found:
        pixels = np.asarray(found)
    viridis = mpl.colormaps["viridis"]
    top = pixels.shape[0]
    for (row, column), value in np.ndenumerate(values):
        at = ([-10, 0, 10][column] + 3, [10, 20][row] + 3)
        x, y = axes.transData.transform(at)
        expected = (214, 217, 222)
        if np.isfinite(value):
            expected = tuple(viridis(value / 5, bytes=True)[:3])
        assert tuple(pixels[top - 1 - int(y), int(x)]) == expected
    left, right = bar.transData.transform([(0, 0), (5e-6, 0)])[:, 0]
    assert right - left == pytest.approx(752, abs=1)


async def test_members_and_labels_are_not_joined(tmp_path: Path) -> None:
    path = write_ensemble(tmp_path / "ens.nc")
    where = {"var": "t2m", "lat": "0", "lon": "0", "time": "1987-10-16T00"}
    axes = (await drawn(path, **where))[1]
    assert {line.get_linestyle() for line in axes.lines} == {"None"}
    with netCDF4.Dataset(tmp_path / "sites.nc", "w") as file:
        file.createDimension("site", 30)
        names = file.createVariable("site", str, ("site",))
        names[:] = np.array([f"Site of $number {n}\n" for n in range(30)], object)
        file.createVariable("q", "f4", ("site",))[:] = np.arange(30)
    figure, axes = await drawn(tmp_path / "sites.nc")
    assert ticks(axes.xaxis)[0] == "Site of $number 0"
    stand_apart(figure, axes)


async def test_points_alone_between_missing_ones_are_seen(tmp_path: Path) -> None:
    values = np.full(200, np.nan)
    values[[50, 100, 101]] = 1.0, 2.0, 3.0
    path = write(
        tmp_path / "alone.nc",
        {"time": (np.arange(200.0), DAYS)},
        t=(("time",), values, {}),
    )
    axes = (await drawn(path))[1]
    np.testing.assert_array_equal(axes.lines[1].get_xdata(), [50.0])


async def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    path = write(
        tmp_path / "wide.nc",
        {"x": (np.arange(4000.0), {}), "y": (np.arange(3.0), {})},
        v=(("y", "x"), np.arange(12000.0).reshape(3, 4000), {}),
    )
    figure, axes = await drawn(path)
    assert "one of 3 values along x is drawn" in words(figure)
    assert np.asarray(axes.images[0].get_array()).shape == (3, 1334)


@pytest.mark.filterwarnings("ignore:Glyph")
async def test_titles_of_any_letters_and_length(tmp_path: Path) -> None:
    odd = "a_$x^{\\frac{1}}$ 気温 \x07 " + "long " * 60
    path = write(
        tmp_path / "odd.nc",
        {"time": (np.arange(5.0), DAYS)},
        t=(("time",), [1, 1, 1, 1, 1], {"long_name": odd, "units": "$"}),
    )
    figure, _ = await drawn(path)
    assert words(figure).startswith("a $x^{\\frac{1}}$ 気温")
    assert all(text.get_window_extent().x1 <= 900 for text in figure.texts)
    with warnings.catch_warnings(action="error"):
        data = await subset(datasets(path), "odd", format="png")
    assert data[:4] == b"\x89PNG"


async def test_uneven_axes_in_both_directions(tmp_path: Path) -> None:
    path = write(
        tmp_path / "uneven.nc",
        {
            "lat": ([-60.0, -10.0, 10.0, 50.0], {"units": "degrees_north"}),
            "lon": ([200.0, 150.0, 20.0, 10.0], {"units": "degrees_east"}),
        },
        t=(("lat", "lon"), np.arange(16.0).reshape(4, 4), {}),
    )
    axes = (await drawn(path))[1]
    assert axes.get_xlim() == (5.0, 225.0)
    (image,) = axes.images
    shown = np.asarray(image.get_array())
    np.testing.assert_array_equal(shown, np.arange(16.0).reshape(4, 4)[:, ::-1])


async def test_a_large_map_is_drawn_within_the_bounds_of_a_reader(
    tmp_path: Path,
) -> None:
    size = 1440
    path = write(
        tmp_path / "large.nc",
        {
            "lat": (np.linspace(-89.9, 89.9, size), {"units": "degrees_north"}),
            "lon": (np.arange(size) * 0.25, {"units": "degrees_east"}),
        },
        t=(("lat", "lon"), np.arange(size**2).reshape(size, size), {"units": "K"}),
    )
    async with open_pool(
        PoolSettings(reader_programs(), (tmp_path,), tmp_path)
    ) as pool:
        data = await subset(datasets(path, pool=pool), "large", format="png")
    with Image.open(io.BytesIO(data)) as found:
        pixels = np.asarray(found)
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 200  # all of the colours


PROBE = """
import os, sys
before = dict(os.environ)
import gatewright.backends.gridded.program
assert dict(os.environ) == before
from matplotlib import font_manager, get_data_path
outside = [f.fname for f in font_manager.fontManager.ttflist
           if not f.fname.startswith(get_data_path())]
assert not outside, outside
assert "matplotlib.backends.backend_agg" in sys.modules
assert "matplotlib.pyplot" not in sys.modules
"""


def run(*words: str) -> subprocess.CompletedProcess[str]:
    elsewhere = {"MPLCONFIGDIR": "/nonexistent", "MPLBACKEND": "nothing"}
    return subprocess.run(
        [sys.executable, *words],
        env=os.environ | elsewhere,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_program_brings_matplotlib_with_its_own_fonts_only() -> None:
    """Whoever forks the readers has imported it: a picture waits for no import."""
    done = run("-c", PROBE)
    assert not done.returncode, done.stderr


def test_the_gateway_itself_does_not_import_matplotlib() -> None:
    names = "gatewright.app", "gatewright.composition", "gatewright.backends.plugin"
    imports = "; ".join(f"import {name}" for name in names)
    done = run("-c", f"{imports}; import sys; assert 'matplotlib' not in sys.modules")
    assert not done.returncode, done.stderr
