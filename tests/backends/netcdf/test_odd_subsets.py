"""Subsets of files with coordinates and attributes that are legal and rare."""

import json
from pathlib import Path

import netCDF4
import numpy as np
from tests.support.gridded import datasets, subset


def write_packed(path: Path) -> None:
    """Write longitudes and their bounds as packed numbers: 0, 30 ... 330 degrees."""
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("lat", 3), ("lon", 12), ("two", 2)):
            file.createDimension(name, size)
        lat = file.createVariable("lat", "i2", ("lat",))
        lat.setncatts({"units": "degrees_north", "scale_factor": 0.01})
        lat[:] = [-45.5, 0.0, 45.5]
        lon = file.createVariable("lon", "i2", ("lon",), fill_value=-1)
        packed = {"scale_factor": 0.01, "add_offset": 180.0}
        lon.setncatts({"units": "degrees_east", "bounds": "lon_bnds", **packed})
        lon[:] = 30.0 * np.arange(12)
        bounds = file.createVariable("lon_bnds", "i2", ("lon", "two"))
        bounds.setncatts(packed)
        bounds[:] = np.stack([lon[:] - 15.0, lon[:] + 15.0], -1)
        values = file.createVariable("v", "f4", ("lat", "lon"))
        values[:] = np.arange(36).reshape(3, 12)


async def test_packed_coordinates_are_unpacked_in_text(tmp_path: Path) -> None:
    write_packed(tmp_path / "ens.nc")
    catalogue = datasets(tmp_path / "ens.nc")
    query = {"lat": "45:46", "lon": "-30:30"}
    table = await subset(catalogue, **query, format="csv")
    assert table.decode().split() == [
        "lat,lon,v",
        "45.5,-30.0,35.0",
        "45.5,0.0,24.0",
        "45.5,30.0,25.0",
    ]
    document = json.loads(await subset(catalogue, **query, format="json"))
    assert document["coordinates"]["lat"]["values"] == [45.5]
    assert document["coordinates"]["lon"]["values"] == [-30.0, 0.0, 30.0]


async def test_packed_longitudes_are_turned_as_numbers(tmp_path: Path) -> None:
    write_packed(tmp_path / "ens.nc")
    data = await subset(datasets(tmp_path / "ens.nc"), lat="0:46", lon="-30:30")
    with netCDF4.Dataset("out.nc", memory=data) as found:
        np.testing.assert_allclose(found["lon"][:], [-30, 0, 30])
        expected = [[-45, -15], [-15, 15], [15, 45]]
        np.testing.assert_allclose(found["lon_bnds"][:], expected)
        assert found["lon"].ncattrs() == ["units", "bounds"]
        assert found["lat"].dtype == "i2"
        np.testing.assert_allclose(found["lat"][:], [0, 45.5])
        assert found["v"][:].tolist() == [[23, 12, 13], [35, 24, 25]]


async def test_a_coordinate_that_was_not_written_is_missing(tmp_path: Path) -> None:
    with netCDF4.Dataset(tmp_path / "ens.nc", "w") as file:
        file.createDimension("time", 2)
        time = file.createVariable("time", "f8", ("time",))
        time.units = "days since 2000-01-01"
        time[0] = 1.5
        file.createVariable("v", "f4", ("time",))[0] = 7
    table = await subset(datasets(tmp_path / "ens.nc"), format="csv")
    assert table == b"time,v\r\n2000-01-02T12:00:00,7.0\r\n,\r\n"


async def test_the_mean_leaves_out_cells_that_nobody_wrote(tmp_path: Path) -> None:
    with netCDF4.Dataset(tmp_path / "ens.nc", "w") as file:
        file.createDimension("member", 3)
        file.createDimension("x", 2)
        file.createVariable("v", "f4", ("member", "x"))[:2, 0] = [1, 2]
    table = await subset(
        datasets(tmp_path / "ens.nc"), stat="mean,spread", format="csv"
    )
    assert table.decode().split() == ["x,v_mean,v_spread", "0,1.5,0.70710677", "1,,"]


async def test_a_table_of_a_single_number(tmp_path: Path) -> None:
    with netCDF4.Dataset(tmp_path / "ens.nc", "w") as file:
        file.createVariable("v", "f4", ())[...] = 3.5
        file.createVariable("w", "i2", ())[...] = 4
    table = await subset(datasets(tmp_path / "ens.nc"), var="v,w", format="csv")
    assert table == b"v,w\r\n3.5,4.0\r\n"


async def test_bounds_of_a_climatology_come_along(tmp_path: Path) -> None:
    with netCDF4.Dataset(tmp_path / "ens.nc", "w") as file:
        file.createDimension("time", 3)
        file.createDimension("two", 2)
        time = file.createVariable("time", "f8", ("time",))
        time.units, time.climatology = "days since 2000-01-01", "periods"
        time[:] = [15, 45, 75]
        file.createVariable("periods", "f8", ("time", "two"))[:] = [
            *([0, 31], [31, 60], [60, 91])
        ]
        file.createVariable("v", "f4", ("time",))[:] = [1, 2, 3]
    data = await subset(datasets(tmp_path / "ens.nc"), var="v", time="2000-02")
    with netCDF4.Dataset("out.nc", memory=data) as found:
        assert found["periods"][:].tolist() == [[31, 60]]
        assert found["time"].climatology == "periods"


async def test_attributes_that_only_netcdf_3_can_have(tmp_path: Path) -> None:
    names = ["NAME", "CLASS", "units"]
    with netCDF4.Dataset(tmp_path / "ens.nc", "w", format="NETCDF3_CLASSIC") as file:
        file.createDimension("x", 2)
        for name in ("x", "v"):
            made = file.createVariable(name, "f4", ("x",))
            made.setncatts(dict.fromkeys(names, "m"))
            made[:] = [1, 2]
        file.setncatts(dict.fromkeys(names, "m"))
    data = await subset(datasets(tmp_path / "ens.nc"))
    with netCDF4.Dataset("out.nc", memory=data) as found:
        assert found["v"].ncattrs() == found["x"].ncattrs() == ["units"]
        assert found["v"][:].tolist() == [1, 2]


async def test_scalar_coordinates_are_those_of_the_variable(tmp_path: Path) -> None:
    with netCDF4.Dataset(tmp_path / "ens.nc", "w") as file:
        file.createDimension("plev", 2)
        file.createVariable("plev", "f8", ("plev",)).units = "Pa"
        file["plev"][:] = [85000, 50000]
        height = file.createVariable("height", "f8", ())
        height.setncatts({"units": "m", "positive": "up"})
        height[...] = 2.0
        file.createVariable("ta", "f4", ("plev",))[:] = [280, 250]
        surface = file.createVariable("tas", "f4", ())
        surface.coordinates = "height"
        surface[...] = 285
    catalogue = datasets(tmp_path / "ens.nc")
    for name, coordinates in (("ta", ["plev"]), ("tas", ["height"])):
        document = json.loads(await subset(catalogue, var=name, format="json"))
        assert list(document["coordinates"]) == coordinates
