"""Subsets as files, against xarray over the whole file."""

import csv
import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray
from tests.support import needs
from tests.support.gridded import datasets, field, subset, write_ensemble

from gatewright.backends.gridded.write_text import shortest, texts


@pytest.fixture(params=["NETCDF4", "NETCDF3_CLASSIC"])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return write_ensemble(tmp_path / "ens.nc", request.param)


def opened(data: bytes, path: Path, **options: Any) -> xarray.Dataset:
    path.write_bytes(data)
    with xarray.open_dataset(path, **options) as file:
        return file.load()


async def test_a_box_over_the_seam_keeps_stored_values(path: Path) -> None:
    data = await subset(
        datasets(path), lat="-20:20", lon="-25:15", time="1987-10-16T06"
    )
    found = opened(data, path.parent / "out.nc")
    with xarray.open_dataset(path) as whole:
        turned = whole.assign_coords(lon=(whole.lon + 180) % 360 - 180).sortby("lon")
        expected = turned.sel(lat=slice(20, -20), lon=slice(-25, 15)).isel(time=[1])
        assert found.lon.values.tolist() == [-20, -10, 0, 10]
        for name in ("t2m", "prmsl", "orog"):
            np.testing.assert_array_equal(found[name], expected[name])
    assert found.t2m.attrs["units"] == "K"
    assert found.title == "Simulated ensemble"
    assert found.history == (
        "2027-01-15: Gatewright subset of ens: time=1987-10-16T06&lat=-20:20&lon=-25:15"
        "\nmade by a test"
    )
    assert found.crs.attrs["grid_mapping_name"] == "latitude_longitude"
    assert float(found.height) == 2.0
    np.testing.assert_array_equal(found.lon_bnds[:, 0], found.lon - 5)


async def test_packed_variables_stay_packed(path: Path) -> None:
    data = await subset(datasets(path), var="prmsl")
    raw = opened(data, path.parent / "out.nc", mask_and_scale=False)
    with xarray.open_dataset(path, mask_and_scale=False) as whole:
        assert raw.prmsl.dtype == "int16"
        np.testing.assert_array_equal(raw.prmsl, whole.prmsl)
        assert raw.prmsl.attrs == whole.prmsl.attrs


async def test_statistics_over_the_members(path: Path) -> None:
    data = await subset(
        *(datasets(path),),
        var="t2m,prmsl",
        stat="mean,spread,p90,median",
        lon="350:20",
    )
    found = opened(data, path.parent / "out.nc")
    with xarray.open_dataset(path) as whole:
        for name in ("t2m", "prmsl"):
            part = whole[name].isel(lon=[35, 0, 1, 2])
            for word, expected in {
                "mean": part.mean("member"),
                "spread": part.std("member", ddof=1),
                "p90": part.quantile(0.9, "member"),
                "median": part.median("member"),
            }.items():
                np.testing.assert_allclose(
                    found[f"{name}_{word}"].values,
                    expected.values,
                    rtol=2e-6,
                    atol=1e-4,
                )
    assert found.t2m_mean.attrs["cell_methods"] == "time: mean realization: mean"
    assert found.prmsl_spread.attrs["cell_methods"] == "realization: standard_deviation"
    assert found.t2m_p90.attrs["long_name"] == "temperature, p90 over 5 members"
    assert "member" not in found.dims
    assert "scale_factor" not in found.prmsl_mean.encoding


async def test_a_table(path: Path) -> None:
    data = await subset(
        datasets(path),
        var="t2m,prmsl",
        lat="0:10",
        lon="0",
        time="1987",
        member="1:2",
        format="csv",
    )
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    assert list(rows[0]) == ["time", "member", "lat", "lon", "t2m", "prmsl"]
    assert len(rows) == 4 * 2 * 2
    assert rows[1] == {
        "time": "1987-10-16T00:00:00",
        "member": "1",
        "lat": "0.0",
        "lon": "0.0",
        "t2m": "4.5",
        "prmsl": "1004.5",
    }


async def test_missing_values_in_text(path: Path) -> None:
    query = {
        "var": "prmsl",
        "lat": "90",
        "lon": "0:10",
        "time": "1987-10-16T00",
        "member": "1",
    }
    table = await subset(datasets(path), **query, format="csv")
    assert table.decode().splitlines()[1].endswith(",0.0,")
    document = json.loads(await subset(datasets(path), **query, format="json"))
    assert document["variables"]["prmsl"]["values"] == [None, 1000.0]


async def test_a_document(path: Path) -> None:
    document = json.loads(
        await subset(
            datasets(path), var="t2m", stat="mean", lon="-10:10", format="json"
        )
    )
    assert document["title"] == "Simulated ensemble"
    assert document["coordinates"]["lon"]["values"] == [-10.0, 0.0, 10.0]
    assert document["coordinates"]["time"]["values"][1] == "1987-10-16T06:00:00"
    assert document["coordinates"]["height"]["values"] == [2.0]
    made = document["variables"]["t2m_mean"]
    assert made["dimensions"] == ["time", "lat", "lon"]
    assert made["shape"] == [4, 19, 3]
    expected = field().mean(1)[:, :, [35, 0, 1]]
    np.testing.assert_allclose(
        np.reshape(made["values"], made["shape"]), expected, rtol=1e-6
    )


async def test_several_variables_of_several_shapes(path: Path) -> None:
    document = json.loads(await subset(datasets(path), lat="0", lon="0", format="json"))
    assert {n: v["shape"] for n, v in document["variables"].items()} == {
        "t2m": [4, 5, 1, 1],
        "prmsl": [4, 5, 1, 1],
        "orog": [1, 1],
    }


def decoded(data: bytes) -> tuple[np.ndarray[Any, Any], dict[bytes, bytes]]:
    """Read a PNG by its specification, checking each checksum."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + body) == int.from_bytes(
            data[at + 8 + length : at + 12 + length], "big"
        )
        chunks[kind] = chunks.get(kind, b"") + body
        at += 12 + length
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colour) == (8, 2)
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, 3), chunks


MAPS = [
    {"var": "t2m", "time": "1987-10-16T00", "stat": "mean"},
    {"var": "t2m", "time": "1987-10-16T00", "member": "1", "lon": "-90:90"},
    {"var": "orog"},
    {"var": "t2m", "lat": "0", "lon": "0"},
    {"var": "t2m", "lat": "0", "member": "2"},
    {"var": "t2m", "lon": "0", "member": "2"},
    {"var": "t2m", "lat": "0", "lon": "0", "member": "2"},
    {"var": "t2m", "lat": "0", "time": "1987-10-16T00", "member": "2"},
    {"var": "t2m", "lat": "0:10", "time": "1987-10-16T00", "member": "2"},
]


@pytest.mark.parametrize("query", MAPS, ids=str)
async def test_pictures(tmp_path: Path, query: dict[str, str]) -> None:
    catalogue = datasets(write_ensemble(tmp_path / "ens.nc"))
    pixels, chunks = decoded(await subset(catalogue, **query, format="png"))
    assert b"Simulated ensemble" in chunks.get(b"tEXt", b"") + chunks.get(b"iTXt", b"")
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) >= 3


async def test_north_is_up_and_east_is_right(tmp_path: Path) -> None:
    """The value of ``orog`` grows southward by 0.5 and eastward by 0.01."""
    catalogue = datasets(write_ensemble(tmp_path / "ens.nc"))
    pixels, _ = decoded(await subset(catalogue, var="orog", format="png"))
    left, right, top = 112, 856, 66
    bottom = pixels.shape[0] - 122
    assert pixels[top, left].tolist() == [68, 1, 84]
    assert pixels[bottom, left, 0] > 150  # yellow: the largest values
    assert pixels[bottom, right].sum() >= pixels[bottom, left].sum()


async def test_a_map_without_values_and_a_flat_one(tmp_path: Path) -> None:
    with netCDF4.Dataset(tmp_path / "ens.nc", "w") as file:
        for name, size in (("p", 3000), ("height", 4), ("time", 3)):
            file.createDimension(name, size)
        height = file.createVariable("height", "f8", ("height",))
        height.setncatts({"positive": "up", "units": "m"})
        height[:] = [4, 3, 2, 1]
        file.createVariable("none", "f4", ("height", "p"), fill_value=-1)
        file.createVariable("flat", "f4", ("p", "height"))[:] = 5
        line = file.createVariable("line", "f4", ("p",), fill_value=-1)
        line[:1000] = np.arange(1000)
        file.createVariable("bare", "f4", ("p",), fill_value=-1)
        time = file.createVariable("time", "f8", ("time",))
        time[:] = [1, 2, 3]
        time.units = "days since 2000-01-01"
        file.createVariable("when", "f4", ("time", "height"))[:] = np.arange(
            12
        ).reshape(3, 4)
    catalogue = datasets(tmp_path / "ens.nc")
    for name in ("none", "flat", "line", "bare", "when"):
        pixels, _ = decoded(await subset(catalogue, var=name, format="png"))
        assert pixels.shape[1] < 1000


async def test_more_than_one_block(tmp_path: Path) -> None:
    values = np.random.default_rng(2).normal(size=(3, 1200, 1300)).astype("f4")
    with netCDF4.Dataset(tmp_path / "ens.nc", "w") as file:
        for name, size in zip(("member", "y", "x"), values.shape, strict=True):
            file.createDimension(name, size)
        file.createVariable("v", "f4", ("member", "y", "x"))[:] = values
    data = await subset(
        datasets(tmp_path / "ens.nc"), var="v", stat="max", member="0:1"
    )
    found = opened(data, tmp_path / "out.nc")
    np.testing.assert_array_equal(found.v_max, values[:2].max(0))


async def test_attributes_of_odd_kinds_are_kept(tmp_path: Path) -> None:
    with netCDF4.Dataset(tmp_path / "ens.nc", "w") as file:
        file.createDimension("x", 3)
        file.words = ["a", "b"]
        variable = file.createVariable("v", "i2", ("x",))
        variable.numbers = np.array([1.5, 2.5], "f4")
        variable.coordinates = "names letter v"
        variable[:] = [1, 2, 3]
        file.createVariable("names", str, ("x",))[:] = np.array(list("abc"), object)
        file.createVariable("letter", "S1", ())[...] = b"q"
        file.createVariable("empty", "f4", ("x",))[:] = [1, 2, 3]
    found = opened(await subset(datasets(tmp_path / "ens.nc")), tmp_path / "out.nc")
    assert found.attrs["words"] == ["a", "b"]
    assert found.v.attrs["numbers"].tolist() == [1.5, 2.5]
    assert found.names.values.tolist() == ["a", "b", "c"]
    assert found.v.values.tolist() == [1, 2, 3]


async def test_known_values_of_real_files() -> None:
    path = needs.shared_data("climate", "eraint_uvz.nc")
    document = json.loads(
        await subset(
            datasets(path),
            "eraint_uvz",
            var="u",
            level="200",
            format="json",
            lat="15",
            lon="75",
        )
    )
    with netCDF4.Dataset(path) as file:
        y = int(np.argmin(abs(file["latitude"][:] - 15)))
        x = int(np.argmin(abs(file["longitude"][:] - 75)))
        file.set_auto_maskandscale(False)
        u = file["u"]
        expected = u[:, 0, y, x] * u.scale_factor + u.add_offset
    np.testing.assert_allclose(document["variables"]["u"]["values"], expected)


async def test_the_member_mean_of_the_20cr_file(tmp_path: Path) -> None:
    path = needs.shared_data("climate", "20CR2c.1987101606.prmsl.nc")
    name = path.stem
    data = await subset(
        datasets(path),
        name,
        var="prmsl",
        stat="mean,spread",
        lat="30:60",
        lon="-20:40",
        time="1987-10-16",
    )
    found = opened(data, tmp_path / "out.nc", decode_times=False)
    with xarray.open_dataset(path, decode_times=False) as whole:
        turned = whole.assign_coords(lon=(whole.lon + 180) % 360 - 180).sortby("lon")
        box = turned.prmsl.sortby("lat").sel(lat=slice(30, 60), lon=slice(-20, 40))
        found = found.sortby("lat")
        np.testing.assert_allclose(found.prmsl_mean, box.mean("member"), rtol=1e-6)
        np.testing.assert_allclose(
            found.prmsl_spread, box.std("member", ddof=1), rtol=1e-4
        )


def test_numbers_have_as_few_digits_as_give_them_back() -> None:
    values = np.array([0.1, 98467.93, 1e-40, 3e38, 0, np.nan, -np.inf, 16777217], "f4")
    assert np.array_equal(shortest(values).astype("f4"), values, equal_nan=True)
    assert texts(values)[:2] == ["0.1", "98467.93"]
    assert texts(values)[5:7] == ["", ""]
    assert texts(np.array([3, 4])) == ["3", "4"]
