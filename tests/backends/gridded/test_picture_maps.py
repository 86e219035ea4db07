"""Maps: what matplotlib is given to draw, and the pixels that come out of it."""

import io
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.collections import LineCollection
from PIL import Image
from tests.support.gridded import datasets, subset
from tests.support.pictures import drawn, stand_apart, ticks, words, write

from gatewright.backends.plugin import reader_programs
from gatewright.backends.readers import PoolSettings, open_pool


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


async def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    path = write(
        tmp_path / "wide.nc",
        {"x": (np.arange(4000.0), {}), "y": (np.arange(3.0), {})},
        v=(("y", "x"), np.arange(12000.0).reshape(3, 4000), {}),
    )
    figure, axes = await drawn(path)
    assert "one of 3 values along x is drawn" in words(figure)
    assert np.asarray(axes.images[0].get_array()).shape == (3, 1334)


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
