"""Dimensions named lat, lon, time or level that have no coordinate variable.

CF (5) lets a dimension stand without one: its cells have positions only.
"""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import netCDF4
import numpy as np
import pytest
from PIL import Image
from tests.support.visited import visited

SHAPE = (3, 2, 4, 5, 6)
VALUES = np.arange(720.0).reshape(SHAPE)
URL = "/datasets/bare/subset"


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    with netCDF4.Dataset(tmp_path / "bare.nc", "w") as file:
        names = ("time", "level", "member", "lat", "lon")
        for name, size in zip(names, SHAPE, strict=True):
            file.createDimension(name, size)
        file.createVariable("t", "f4", names)[:] = VALUES
        file.createDimension("Latitude", 5)
        file.createDimension("lev", 2)
        file.createDimension("x", 6)
        other = file.createVariable("u", "f4", ("lev", "Latitude", "x"))
        other[:] = VALUES[0, :, 0]
    async with visited(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("var", "name", "text"),
    [
        *(("t", "lat", text) for text in ("3", "1:3", "45.5")),
        *(("t", "lon", text) for text in ("3", "-20:40")),
        *(("t", "time", text) for text in ("1", "2000", "2000-01-01T00:00")),
        *(("t", "level", text) for text in ("1", "850")),
        *(("u", "lev", text) for text in ("1", "0:1")),
        *(("u", "Latitude", text) for text in ("3", "45.5")),
    ],
)
async def test_values_are_refused_where_only_positions_are(
    visitor: httpx.AsyncClient, var: str, name: str, text: str
) -> None:
    """``lat=3`` would be a latitude, and the fourth row is none."""
    answer = await visitor.get(URL, params={"var": var, name: text})
    assert answer.status_code == 400
    assert f"“{name}” is a dimension" in answer.json()["detail"]
    assert f"{name}=index:0:9" in answer.json()["detail"]


async def test_positions_choose(visitor: httpx.AsyncClient) -> None:
    asked = {
        "var": "t", "time": "index:1", "level": "index:0:1", "member": "2",
        "lat": "index:3", "lon": "index:2:4", "format": "json",
    }  # fmt: skip
    answer = (await visitor.get(URL, params=asked)).json()
    found = answer["variables"]["t"]
    assert found["shape"] == [1, 2, 1, 1, 3]
    np.testing.assert_array_equal(found["values"], VALUES[1, :, 2, 3, 2:5].ravel())
    assert answer["coordinates"]["lon"]["values"] == [2, 3, 4]
    mean = await visitor.get(URL, params={**asked, "member": "0:3", "stat": "mean"})
    np.testing.assert_allclose(
        mean.json()["variables"]["t_mean"]["values"],
        VALUES[1, :, :, 3, 2:5].mean(axis=1).ravel(),
    )
    other = {"var": "u", "lev": "index:1", "Latitude": "index:4", "x": "5"}
    one = (await visitor.get(URL, params={**other, "format": "json"})).json()
    assert one["variables"]["u"]["values"] == [VALUES[0, 1, 0, 4, 5]]
    beyond = await visitor.get(URL, params={"var": "t", "lat": "index:5"})
    assert beyond.status_code == 400
    assert "indices 0 to 4" in beyond.json()["detail"]


async def test_the_description_says_how_to_choose(visitor: httpx.AsyncClient) -> None:
    axes = (await visitor.get("/datasets/bare")).json()["axes"]
    told = {axis["name"]: (axis["kind"], axis["values"]) for axis in axes}
    assert told["lat"] == ("other", [0, 1, 2, 3, 4])
    assert all(axis["by_position"] for axis in axes)
    for axis in axes:
        last = f"index:{axis['size'] - 1}"
        params = {
            "var": "u" if axis["name"] in {"lev", "Latitude", "x"} else "t",
            axis["parameter"]: last,
            "format": "json",
        }
        answer = await visitor.get(URL, params=params)
        assert answer.json()["coordinates"][axis["name"]]["values"] == [axis["last"]]


async def test_they_are_drawn(visitor: httpx.AsyncClient) -> None:
    where = {"time": "index:0", "level": "index:0", "member": "index:0"}
    answer = await visitor.get(URL, params={"var": "t", "format": "png", **where})
    assert answer.status_code == 200
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert picture.width == 900
