"""Series, profiles and sections: what matplotlib is given to draw."""

import warnings
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from tests.support.gridded import datasets, subset, write_ensemble
from tests.support.pictures import DAYS, drawn, stand_apart, ticks, words, write

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
