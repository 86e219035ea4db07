"""Subsets of files with coordinates and attributes that are legal and rare."""

import csv
import io
import json
from pathlib import Path

import netCDF4
import numpy as np
import xarray
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


async def test_missing_values_of_integers_may_be_written_as_fractions(
    tmp_path: Path,
) -> None:
    """It took minutes to look for such a number among all integers of 32 bits."""
    with netCDF4.Dataset(tmp_path / "ens.nc", "w") as file:
        file.createDimension("x", 3)
        for kind in ("i4", "i8"):
            one = file.createVariable(kind, kind, ("x",))
            one.setncattr("missing_value", np.array([0.5, -9999.0]))
            one.set_auto_maskandscale(False)
            one[:] = [1, -9999, 3]
    table = await subset(datasets(tmp_path / "ens.nc"), format="csv")
    assert table.decode().split() == ["x,i4,i8", "0,1.0,1", "1,,", "2,3.0,3"]
    answer = await subset(datasets(tmp_path / "ens.nc"))
    with netCDF4.Dataset("out.nc", memory=answer) as found:
        found.set_auto_maskandscale(False)
        for kind in ("i4", "i8"):
            assert found[kind][:].tolist() == [1, -9999, 3]
            assert found[kind].missing_value.tolist() == [0.5, -9999.0]


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


async def test_times_in_nanoseconds_as_xarray_writes_them(tmp_path: Path) -> None:
    times = np.array(
        ["2018-03-04T05:06:08", "2018-03-04T05:06:08.001", "2018-03-05T00:00:00.5"],
        "datetime64[ns]",
    )
    made = xarray.Dataset({"v": ("time", [1.0, 2.0, 3.0])}, coords={"time": times})
    units = {"units": "nanoseconds since 1970-01-01", "dtype": "int64"}
    made.to_netcdf(tmp_path / "ens.nc", encoding={"time": units})
    catalogue = datasets(tmp_path / "ens.nc")
    table = await subset(catalogue, time="2018-03-04", format="csv")
    assert table.decode().split() == [
        "time,v",
        "2018-03-04T05:06:08,1.0",
        "2018-03-04T05:06:08.001000,2.0",
    ]
    data = await subset(catalogue, time="2018-03-05:2018-03-06")
    with xarray.open_dataset(io.BytesIO(data), engine="h5netcdf") as found:
        assert found.time.values.tolist() == times[2:].tolist()


def write_long(path: Path) -> None:
    """Write whole numbers that float64 does not have, with cells that are missing."""
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("id", 4)
        numbers = file.createVariable("id", "i8", ("id",))
        numbers[:] = [2**53 + 1, 2**53 + 3, 2**60 + 1, 2**63 - 1]
        signed = file.createVariable("signed", "i8", ("id",), fill_value=-(2**62))
        signed[:] = [2**53 + 1, -(2**62), 1 - 2**62, 5]
        unsigned = file.createVariable("unsigned", "u8", ("id",))
        unsigned[:3] = [2**64 - 1, 0, 2**53 + 1]
        ranged = file.createVariable("ranged", "i8", ("id",))
        ranged.set_auto_mask(False)
        ranged.valid_max = np.int64(2**53)
        ranged[:] = [2**53 + 1, 2**53, -1, 0]


LONG = {
    "id": [2**53 + 1, 2**53 + 3, 2**60 + 1, 2**63 - 1],
    "signed": [2**53 + 1, None, 1 - 2**62, 5],
    "unsigned": [2**64 - 1, 0, 2**53 + 1, None],
    "ranged": [None, 2**53, -1, 0],
}


async def test_whole_numbers_of_64_bits_keep_their_digits(tmp_path: Path) -> None:
    """A float64 has no more than 53 bits; the values are those of netCDF4."""
    write_long(tmp_path / "ens.nc")
    with netCDF4.Dataset(tmp_path / "ens.nc") as file:
        assert {name: file[name][:].tolist() for name in LONG} == LONG
    catalogue = datasets(tmp_path / "ens.nc")
    document = json.loads(await subset(catalogue, format="json"))
    found = {n: v["values"] for n, v in document["variables"].items()}
    assert document["coordinates"]["id"]["values"] == LONG["id"]
    assert found == {name: LONG[name] for name in ("signed", "unsigned", "ranged")}
    assert all(isinstance(n, int | None) for values in found.values() for n in values)
    table = (await subset(catalogue, format="csv")).decode().split()
    rows = zip(*LONG.values(), strict=True)
    assert table[0] == "id,signed,unsigned,ranged"
    assert table[1:] == [
        ",".join("" if number is None else str(number) for number in row)
        for row in rows
    ]


async def test_packed_whole_numbers_of_64_bits_are_no_whole_numbers(
    tmp_path: Path,
) -> None:
    with netCDF4.Dataset(tmp_path / "ens.nc", "w") as file:
        file.createDimension("id", 2)
        values = file.createVariable("v", "i8", ("id",))
        values.scale_factor = 0.5
        values.set_auto_scale(False)
        values[:] = [3, 4]
    table = await subset(datasets(tmp_path / "ens.nc"), format="csv")
    assert table.decode().split() == ["id,v", "0,1.5", "1,2.0"]


def write_squares(path: Path) -> None:
    """Write variables with one dimension twice: covariances, averaging kernels."""
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("lat", 9)
        file.createDimension("lev", 4)
        lev = file.createVariable("lev", "f4", ("lev",))
        lev.units = "hPa"
        lev[:] = [1000, 850, 500, 200]
        cov = file.createVariable("cov", "f8", ("lev", "lev"))
        cov[:] = np.arange(16).reshape(4, 4)
        kernel = file.createVariable("ak", "f4", ("lat", "lev", "lev"))
        kernel[:] = np.arange(144).reshape(9, 4, 4)


async def test_a_dimension_may_stand_twice(tmp_path: Path) -> None:
    write_squares(tmp_path / "ens.nc")
    catalogue = datasets(tmp_path / "ens.nc")
    square = np.arange(16).reshape(4, 4)[1:3, 1:3]
    document = json.loads(
        await subset(catalogue, var="cov", level="500:850", format="json")
    )
    assert document["variables"]["cov"]["dimensions"] == ["lev", "lev"]
    assert document["variables"]["cov"]["shape"] == [2, 2]
    assert document["variables"]["cov"]["values"] == square.reshape(-1).tolist()
    table = await subset(catalogue, var="cov", level="500:850", format="csv")
    assert table.decode().split() == [
        "lev,lev_2,cov",
        *("850.0,850.0,5.0", "850.0,500.0,6.0", "500.0,850.0,9.0", "500.0,500.0,10.0"),
    ]
    with netCDF4.Dataset(
        "out.nc", memory=await subset(catalogue, level="500:850")
    ) as found:
        assert found["cov"].dimensions == ("lev", "lev")
        assert found["cov"][:].tolist() == square.tolist()
        expected = np.arange(144).reshape(9, 4, 4)[:, 1:3, 1:3]
        assert found["ak"][:].tolist() == expected.tolist()
    picture = await subset(catalogue, var="cov", format="png")
    assert picture.startswith(b"\x89PNG")


async def test_labels_with_commas_and_quotes_are_quoted(tmp_path: Path) -> None:
    with netCDF4.Dataset(tmp_path / "ens.nc", "w") as file:
        file.createDimension("region", 2)
        names = file.createVariable("region", str, ("region",))
        names[:] = np.array(["Alps, west", 'the "north"'], object)
        file.createVariable("v", "f4", ("region",))[:] = [1, 2]
    catalogue = datasets(tmp_path / "ens.nc")
    table = await subset(catalogue, format="csv")
    rows = list(csv.reader(io.StringIO(table.decode())))
    assert rows[1:] == [["Alps, west", "1.0"], ['the "north"', "2.0"]]
    document = json.loads(await subset(catalogue, region="Alps, west", format="json"))
    assert document["coordinates"]["region"]["values"] == ["Alps, west"]


async def test_scalar_names_and_auxiliary_times(tmp_path: Path) -> None:
    """A scalar member by name (CF 5.7), times along a dimension of another name."""
    with netCDF4.Dataset(tmp_path / "ens.nc", "w") as file:
        file.createDimension("step", 3)
        file.createDimension("letters", 8)
        times = file.createVariable("valid_time", "f8", ("step",))
        times.units = "hours since 2000-01-01"
        times[:] = [0, 6, 12]
        run = file.createVariable("run", "S1", ("letters",))
        run.standard_name = "realization"
        run[:] = netCDF4.stringtochar(np.array("r1i1p1f1", "S8"))
        v = file.createVariable("v", "f4", ("step",))
        v.coordinates = "valid_time run"
        v[:] = [1, 2, 3]
    catalogue = datasets(tmp_path / "ens.nc")
    query = {"time": "2000-01-01T06:00", "member": "r1i1p1f1"}
    document = json.loads(await subset(catalogue, **query, format="json"))
    assert document["variables"]["v"]["values"] == [2]
    coordinates = document["coordinates"]
    assert coordinates["step"]["values"] == ["2000-01-01T06:00:00"]
    assert coordinates["run"]["values"] == ["r1i1p1f1"]
    with netCDF4.Dataset("out.nc", memory=await subset(catalogue, **query)) as found:
        assert found["valid_time"][:].tolist() == [6]
        assert netCDF4.chartostring(found["run"][:]) == "r1i1p1f1"
