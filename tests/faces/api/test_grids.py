"""Boxes and places on grids whose latitudes and longitudes are arrays."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import netCDF4
import numpy as np
import numpy.typing as npt
import pytest
import xarray
from tests.support.visited import visited

ROWS, COLUMNS = 6, 8
MEMBERS = 3
LATITUDES = 52 + np.arange(ROWS)[:, None] * 2 + np.arange(COLUMNS) * 0.1
LONGITUDES = 8 + np.arange(COLUMNS)[None] * 2 - np.arange(ROWS)[:, None] * 0.1
VALUES = np.arange(float(ROWS * COLUMNS)).reshape(ROWS, COLUMNS)
Numbers = npt.NDArray[np.floating]


def write_grid(path: Path, *, rotated: bool) -> None:
    """Write a rotated (CORDEX) or a projected grid with several kinds of values."""
    names, standard, units = (
        (("rlat", "rlon"), ("grid_latitude", "grid_longitude"), "degrees")
        if rotated
        else (("y", "x"), ("projection_y_coordinate", "projection_x_coordinate"), "m")
    )
    with netCDF4.Dataset(path, "w") as file:
        for name, meaning, letter, size in zip(
            names, standard, "YX", (ROWS, COLUMNS), strict=True
        ):
            file.createDimension(name, size)
            axis = file.createVariable(name, "f8", (name,))
            axis.setncatts({"standard_name": meaning, "units": units, "axis": letter})
            axis[:] = np.arange(size) * 2.0 - 5
        file.createDimension("member", MEMBERS)
        for name, of, values in (
            ("lat", "north", LATITUDES),
            ("lon", "east", LONGITUDES),
        ):
            found = file.createVariable(name, "f8", names)
            found.units = f"degrees_{of}"
            found[:] = values
        options: dict[str, Any] = {"coordinates": "lat lon", "grid_mapping": "crs"}
        mapping = file.createVariable("crs", "i4", ())
        mapping.grid_mapping_name = "rotated_latitude_longitude"
        tas = file.createVariable("tas", "f4", names)
        tas.setncatts({"units": "K", **options})
        tas[:] = VALUES
        packed = file.createVariable("packed", "i2", names, fill_value=-9)
        packed.setncatts({"scale_factor": 0.5, **options})
        packed[:] = VALUES
        unmarked = file.createVariable("unmarked", "i2", names)
        unmarked[:] = VALUES
        missing = file.createVariable("missing", "i2", names)
        missing.setncatts({"missing_value": np.int16(-7), **options})
        missing[:] = VALUES
        flags = file.createVariable("flags", "i1", names)
        flags[:] = 1
        many = file.createVariable("many", "i8", (names[1], names[0]))
        many.setncatts(options)
        many[:] = VALUES.T
        members = file.createVariable("members", "f4", ("member", *names))
        members.setncatts(options)
        members[:] = VALUES + np.arange(MEMBERS)[:, None, None]


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    write_grid(tmp_path / "rotated.nc", rotated=True)
    write_grid(tmp_path / "projected.nc", rotated=False)
    async with visited(tmp_path) as made:
        yield made


async def opened(client_: httpx.AsyncClient, url: str) -> xarray.Dataset:
    answer = await client_.get(url)
    assert answer.status_code == 200, answer.text
    with xarray.open_dataset(io.BytesIO(answer.content), engine="h5netcdf") as file:
        return file.load()


def inside(south: float, north: float, west: float, east: float) -> Numbers:
    """Return the values in a box, NaN outside, in the smallest block."""
    lat, lon = LATITUDES, LONGITUDES
    held = (lat >= south) & (lat <= north) & (lon >= west) & (lon <= east)
    rows, columns = np.flatnonzero(held.any(1)), np.flatnonzero(held.any(0))
    block = np.ix_(
        np.arange(rows[0], rows[-1] + 1), np.arange(columns[0], columns[-1] + 1)
    )
    found: Numbers = np.where(held, VALUES, np.nan)[block]
    return found


BOX = "lat=54.35:58.3&lon=9.85:15.85"
INSIDE = inside(54.35, 58.3, 9.85, 15.85)


@pytest.mark.parametrize("name", ["rotated", "projected"])
async def test_rotated_and_projected_axes_are_no_latitudes_and_no_levels(
    visitor: httpx.AsyncClient, name: str
) -> None:
    answer = (await visitor.get(f"/datasets/{name}")).json()
    kinds = {axis["name"]: axis["kind"] for axis in answer["axes"]}
    first, second = ("rlat", "rlon") if name == "rotated" else ("y", "x")
    assert kinds == {first: "other", second: "other", "member": "member"}
    assert answer["bounds"]["lat"] == [LATITUDES.min(), LATITUDES.max()]
    assert answer["bounds"]["lon"] == [LONGITUDES.min(), LONGITUDES.max()]
    grid = {"latitude": "lat", "longitude": "lon", "dimensions": [first, second]}
    assert answer["grids"] == [grid]
    asked = f"/datasets/{name}/subset?var=tas&lat=-1:1&lon=-1:1"
    refused = await visitor.get(asked)
    assert refused.status_code == 400
    assert "latitudes 52 to 62.7 and longitudes 7.5 to 22" in refused.json()["detail"]
    level = await visitor.get(f"/datasets/{name}/subset?var=tas&level=1")
    assert f"Its axes are: {first}, {second}" in level.json()["detail"]


@pytest.mark.parametrize("name", ["rotated", "projected"])
@pytest.mark.parametrize("variable", ["tas", "packed", "unmarked", "missing"])
async def test_a_box_has_its_cells_and_no_others(
    visitor: httpx.AsyncClient, name: str, variable: str
) -> None:
    assert np.isnan(INSIDE).any()
    url = f"/datasets/{name}/subset?var={variable}&{BOX}"
    found = await opened(visitor, url)
    np.testing.assert_array_equal(found[variable], INSIDE)
    document = (await visitor.get(f"{url}&format=json")).json()
    values = document["variables"][variable]["values"]
    np.testing.assert_array_equal(np.array(values, float), INSIDE.reshape(-1))
    if variable != "unmarked":
        held = ~np.isnan(INSIDE)
        assert float(found.lat.where(held).min()) >= 54.35
        assert float(found.lon.where(held).max()) <= 15.85


async def test_a_table_has_the_true_places(visitor: httpx.AsyncClient) -> None:
    url = f"/datasets/rotated/subset?var=tas&{BOX}&format=csv"
    titles, *rows = (await visitor.get(url)).text.split()
    assert titles == "rlat,rlon,lat,lon,tas"
    for row in rows:
        rlat, rlon, lat, lon, value = row.split(",")
        y, x = round((float(rlat) + 5) / 2), round((float(rlon) + 5) / 2)
        assert float(lat) == LATITUDES[y, x]
        assert float(lon) == LONGITUDES[y, x]
        assert value in {"", str(VALUES[y, x])}
    assert len(rows) == INSIDE.size


async def test_axes_in_another_order_and_whole_numbers(
    visitor: httpx.AsyncClient,
) -> None:
    url = f"/datasets/rotated/subset?var=many&{BOX}"
    document = (await visitor.get(f"{url}&format=json")).json()
    assert document["coordinates"]["lat"]["dimensions"] == ["rlat", "rlon"]
    values = np.array(document["variables"]["many"]["values"], float)
    np.testing.assert_array_equal(values.reshape(INSIDE.T.shape), INSIDE.T)
    found = await opened(visitor, url)
    np.testing.assert_array_equal(found["many"], INSIDE.T)


async def test_statistics_in_a_box(visitor: httpx.AsyncClient) -> None:
    url = f"/datasets/rotated/subset?var=members&stat=mean&{BOX}"
    found = await opened(visitor, url)
    np.testing.assert_array_equal(found.members_mean, INSIDE + 1)
    picture = await visitor.get(f"{url}&format=png")
    assert picture.content.startswith(b"\x89PNG")


async def test_bytes_without_a_missing_value_are_not_masked_in_netcdf(
    visitor: httpx.AsyncClient,
) -> None:
    url = f"/datasets/rotated/subset?var=flags&{BOX}"
    refused = await visitor.get(url)
    assert refused.status_code == 400
    assert "Ask for CSV or JSON" in refused.json()["detail"]
    document = (await visitor.get(f"{url}&format=json")).json()
    assert document["variables"]["flags"]["values"].count(1) == (INSIDE >= 0).sum()


async def test_a_box_that_is_a_block_needs_no_mask(visitor: httpx.AsyncClient) -> None:
    found = await opened(visitor, "/datasets/rotated/subset?var=flags&lat=50:65")
    assert found.flags.shape == (ROWS, COLUMNS)
    found = await opened(visitor, "/datasets/rotated/subset?var=tas&lon=7.9:8.01")
    np.testing.assert_array_equal(found.tas, VALUES[:2, :1])


async def test_a_place_is_the_cell_in_whose_reach_it_lies(
    visitor: httpx.AsyncClient,
) -> None:
    url = "/datasets/rotated/subset?var=tas&format=json"
    answer = await visitor.get(f"{url}&lat=56.4&lon=11.9")
    away = (LATITUDES - 56.4) ** 2 + ((LONGITUDES - 11.9) / 2) ** 2
    y, x = np.unravel_index(away.argmin(), away.shape)
    assert answer.json()["variables"]["tas"]["values"] == [VALUES[y, x]]
    given = f"lat={LATITUDES[y, x]:.10g}; lon={LONGITUDES[y, x]:.10g}"
    assert answer.headers["Gatewright-Nearest"] == given
    exact = await visitor.get(f"{url}&lat={LATITUDES[y, x]}&lon={LONGITUDES[y, x]}")
    assert "Gatewright-Nearest" not in exact.headers


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("lat=40&lon=10", "the nearest is at lat=52, lon=8"),
        ("lat=55", "ask for a place by both"),
        ("lat=55:56&lon=10", "ask for a place by both"),
        ("lat=55:x", "neither a number"),
        ("lat=95:99", "goes beyond 90 degrees"),
        ("lat=54:56&rlat=0:2", "narrowed twice"),
    ],
)
async def test_what_is_not_on_the_grid(
    visitor: httpx.AsyncClient, query: str, words: str
) -> None:
    answer = await visitor.get(f"/datasets/rotated/subset?var=tas&{query}")
    assert answer.status_code == 400
    assert words in answer.json()["detail"]


async def test_the_axes_of_the_grid_are_chosen_by_their_own_values(
    visitor: httpx.AsyncClient,
) -> None:
    found = await opened(visitor, "/datasets/projected/subset?var=tas&y=-1:3&x=9")
    np.testing.assert_array_equal(found.tas, VALUES[2:5, 7:])
    np.testing.assert_array_equal(found.lat, LATITUDES[2:5, 7:])
