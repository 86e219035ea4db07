"""HDF5 files as archives have them: groups, odd types and odd storage."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

import h5netcdf
import h5py
import netCDF4
import numpy as np
import pytest
from tests.support.netcdf import READER, data

from gatewright.backends.netcdf import hdf5_describe, hdf5_groups
from gatewright.core.errors import InvalidRequest
from gatewright.domains.arrays import Attribute, ElementType, Range, xdr

_SQUEEZED = (
    "The variable “squeezed” is left out: its compression (unknown, HDF5 filter 40000) "
    "is not read here; “nccopy -d 4” writes the file anew with one that is."
)


def _with_unknown_filter(file: Any) -> None:
    """Make a variable whose compression no library here has (it is optional)."""
    how = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    how.set_chunk((2,))
    how.set_filter(40_000, h5py.h5z.FLAG_OPTIONAL)
    h5py.h5d.create(
        file.id, b"squeezed", h5py.h5t.NATIVE_INT32, h5py.h5s.create_simple((4,)), how
    )


async def test_storage_of_hdf5(tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    values = np.arange(60, dtype="f8").reshape(6, 10)
    with h5py.File(path, "w") as file:
        file.attrs["empty"] = h5py.Empty("f4")
        file.attrs["no text"] = h5py.Empty("S1")
        file.attrs["no pair"] = h5py.Empty([("a", "i4"), ("b", "f4")])
        file.attrs["nothing"] = np.zeros(0, "i2")
        file.attrs["large"] = np.zeros(200)
        file["big"] = values.astype(">f8")
        file["little"] = values.astype("<i4")
        file.create_dataset("chunked", data=values, chunks=(4, 3), compression="lzf")
        file.create_dataset(
            "shuffled",
            data=values,
            chunks=(4, 3),
            compression=4,
            shuffle=True,
            fletcher32=True,
        )
        file.create_dataset("sparse", (6, 10), "f4", chunks=(2, 2), fillvalue=7)
        file.create_dataset("late", (6, 10), "f4", fillvalue=8)
        file["scalar"] = 3.5
        file["half"] = values.astype("f2")
        file["flags"] = values > 4
        file["pairs"] = np.zeros(3, [("a", "i4"), ("b", "f4")])
        file["opaque"] = np.array([b"abc"], "V3")
        file["empty"] = h5py.Empty("f4")
        file["fixed"] = np.array([b"ab", b"c"], "S4")
        file.create_group("inner")["deep"] = values
        file["inner/loop"] = file["/"]
        file["ragged"] = np.array([], h5py.vlen_dtype("i4"))
        file["references"] = np.array([], h5py.ref_dtype)
        file.create_dataset("vectors", (2,), np.dtype("(3,)i4"))
        _with_unknown_filter(file)
        file.attrs["pair"] = np.zeros((), [("a", "i4"), ("b", "f4")])
        ragged = np.empty(1, object)
        ragged[0] = np.zeros(2, "i4")
        file.attrs.create("ragged", ragged, dtype=h5py.vlen_dtype("i4"))
        file["link"] = h5py.SoftLink("/absent")
        file["outside"] = h5py.ExternalLink("/etc/passwd", "/x")
    description = await READER.describe(READER.source(path))
    assert description.format == "HDF5"
    assert set(description.variables) == {
        *("big", "little", "chunked", "shuffled", "sparse", "late", "scalar", "fixed"),
        *("half", "flags", "inner_deep"),
    }
    assert sorted(description.warnings) == [
        "The attribute “no pair” is left out: it is not read.",
        "The attribute “pair” is left out: it is not read.",
        "The attribute “ragged” is left out: it is not read.",
        "The variable “empty” is left out: it has no values at all.",
        "The variable “opaque” is left out: opaque values are not read here.",
        "The variable “pairs” is left out: compound values are not read here.",
        "The variable “ragged” is left out: lists of varying length are not read here.",
        "The variable “references” is left out: references are not read here.",
        _SQUEEZED,
        "The variable “vectors” is left out: values that are arrays are not read here.",
        "“outside” is left out: it is a link to another file.",
    ]
    empty = {n: a.values for n, a in description.attributes.items() if n != "large"}
    assert empty == {"empty": (), "no text": ("",), "nothing": ()}
    for name in ("big", "little", "chunked", "shuffled", "half", "inner_deep"):
        variable = description.variable(name)
        found = await data(path, description, variable)
        np.testing.assert_array_equal(found, values)
    for name, value in (("sparse", 7), ("late", 8), ("scalar", 3.5)):
        assert (
            await data(path, description, description.variable(name)) == value
        ).all()
    assert list(description.dimensions) == ["phony_dim_0", "phony_dim_1", "phony_dim_2"]
    fixed = await READER.strings(
        READER.source(path),
        description.version,
        description.variable("fixed"),
        (Range(0, 2),),
    )
    assert fixed == ["ab", "c"]


async def test_groups_are_flattened(tmp_path: Path) -> None:
    path = tmp_path / "f.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("time", None)
        file.createVariable("time", "f8", ("time",))[:] = np.arange(3)
        file.createVariable("swath_lat", "i4", ())[...] = 7
        swath = file.createGroup("swath")
        swath.platform = "simulated"
        swath.createDimension("x", 4)
        swath.createVariable("x", "f4", ("x",))[:] = np.arange(4) / 2
        swath.createVariable("lat", "f4", ("time", "x"), zlib=True)[:] = np.arange(
            12
        ).reshape(3, 4)
        deep = swath.createGroup("deep")
        deep.createVariable("lat", "i2", ("x",))[:] = 5
        deep.createVariable("words", str, ("x",))[:] = np.array(list("abcd"), object)
    description = await READER.describe(READER.source(path))
    assert {n: v.dimensions for n, v in description.variables.items()} == {
        "time": ("time",),
        "swath_lat": (),
        "swath_x": ("swath_x",),
        "swath_lat_": ("time", "swath_x"),
        "swath_deep_lat": ("swath_x",),
        "swath_deep_words": ("swath_x",),
    }
    assert description.attributes["swath.platform"].text == "simulated"
    assert not description.warnings
    paths = {"swath_lat_": "/swath/lat", "swath_deep_lat": "/swath/deep/lat"}
    for name, where in paths.items():
        variable = description.variable(name)
        assert variable.text("fullnamepath") == where
        with netCDF4.Dataset(path) as file:
            expected = file[where][:]
        np.testing.assert_array_equal(await data(path, description, variable), expected)
    words = description.variable("swath_deep_words")
    assert await READER.strings(
        READER.source(path), description.version, words, (Range(0, 2, 3),)
    ) == ["a", "d"]


def test_the_names_of_scales_are_not_searched_in_the_file(tmp_path: Path) -> None:
    """HDF5 searches the whole file for each: 1,500 variables took nine seconds."""
    with netCDF4.Dataset(tmp_path / "f.nc", "w") as file:
        file.createDimension("time", 3)
        file.createDimension("x", 2)
        file.createVariable("time", "f8", ("time",))
        for number in range(5):
            file.createVariable(f"v{number}", "f4", ("time", "x"))
        file.createGroup("inner").createVariable("w", "f4", ("x",))
    with (
        h5py.File(tmp_path / "f.nc") as made,
        patch.object(h5py.h5i, "get_name", side_effect=AssertionError),
    ):
        found = hdf5_describe.read(made)
    assert {n: v.dimensions for n, v in found.variables.items()} == {
        "time": ("time",),
        **{f"v{number}": ("time", "x") for number in range(5)},
        "inner_w": ("x",),
    }


async def test_a_tree_that_is_too_large_is_cut_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    with h5py.File(path, "w") as file:
        file["/".join(["g"] * 40 + ["v"])] = 1.0
    description = await READER.describe(READER.source(path))
    assert not description.variables
    (warning,) = description.warnings
    assert warning.endswith("is left out: it lies too deep.")
    with (
        patch.object(hdf5_groups, "_MOST_OBJECTS", 3),
        h5py.File(tmp_path / "wide.h5", "w") as file,
    ):
        for number in range(5):
            file[f"v{number}"] = number
        found = hdf5_describe.read(file)
    assert list(found.variables) == ["v0", "v1", "v2"]
    assert found.warnings == ["The file has too many objects: the rest is left out."]


async def test_enumerated_values_are_integers_with_meanings(tmp_path: Path) -> None:
    path = tmp_path / "f.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("x", 4)
        clouds = file.createEnumType("u1", "clouds", {"clear": 0, "thin ice": 3})
        made = file.createVariable("sky", clouds, ("x",), fill_value=0, zlib=True)
        made[:] = np.array([0, 3, 3, 0], "u1")
    with h5py.File(path, "a") as other:
        other["truth"] = np.array([True, False])
        other["truth"].attrs["sure"] = True
    description = await READER.describe(READER.source(path))
    sky, truth = description.variable("sky"), description.variable("truth")
    assert (sky.type, sky.text("flag_values")) == (ElementType.UINT8, "0, 3")
    assert sky.text("flag_meanings") == "clear thin_ice"
    assert sky.attributes["_FillValue"].values == (0,)
    assert (await data(path, description, sky)).tolist() == [0, 3, 3, 0]
    assert (truth.type, truth.text("flag_meanings")) == (ElementType.INT8, "false true")
    assert (await data(path, description, truth)).tolist() == [1, 0]
    assert truth.attributes["sure"].values == (1,)


@pytest.mark.parametrize(("kind", "fill"), [("i8", -(2**63) + 2), ("u8", 2**64 - 2)])
async def test_integers_that_float64_does_not_hold_are_an_error(
    tmp_path: Path, kind: str, fill: int
) -> None:
    path = tmp_path / "f.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("x", 4)
        made = file.createVariable("v", kind, ("x",))
        made.missing_value = np.array(2**60 + 1, kind)
        made[:] = np.array([7, 2**53 + 1, 2**60 + 1, fill], kind)
    description = await READER.describe(READER.source(path))
    variable = description.variable("v")

    async def read(*slab: Range) -> list[float]:
        views = READER.read(
            *(READER.source(path), description.version, variable, slab),
            xdr(variable.type),
        )
        return list(np.frombuffer(b"".join([bytes(v) async for v in views]), ">f8"))

    assert await read(Range(0, 2, 3)) == [7.0, float(fill)]
    assert await read(Range(2, 1)) == [float(2**60)]
    with pytest.raises(InvalidRequest, match="Float64"):
        await read(Range(0, 4))


async def test_text_that_h5netcdf_and_others_write_is_text(tmp_path: Path) -> None:
    """h5py gives NumPy's own kind of text for some attributes, and bytes for others."""
    with h5netcdf.File(tmp_path / "a.nc", "w") as file:
        file.dimensions["x"] = 2
        file.attrs["title"] = "Größe"
        file.attrs["words"] = ["a", "b"]
        made = file.create_variable("v", ("x",), "f4")
        made.attrs["units"] = np.bytes_(b"\xb0C")
        made.attrs["pair"] = np.array([b"\xb0C", "°".encode()], "S4")
    found = await READER.describe(READER.source(tmp_path / "a.nc"))
    assert found.attributes["title"].values == ("Größe",)
    assert found.attributes["words"].values == ("a", "b")
    attributes = found.variables["v"].attributes
    assert attributes["units"] == Attribute(ElementType.CHAR, ("°C",), latin1=True)
    assert attributes["pair"].values == ("°C", "Â°")


async def test_attributes_name_what_stands_in_groups_by_its_flat_name(
    tmp_path: Path,
) -> None:
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as file:
        file.createDimension("x", 2)
        file.createVariable("height", "f4", ())[...] = 2
        forecast = file.createGroup("fc")
        inner = forecast.createGroup("in")
        for group, name in ((forecast, "ref"), (inner, "flag"), (forecast, "area")):
            group.createVariable(name, "f4", ("x",))[:] = [1, 2]
        t = inner.createVariable("t", "f4", ("x",))
        t.setncatts({"coordinates": "ref height gone", "units": "ref"})
        t.setncatts({"ancillary_variables": "flag", "grid_mapping": "/height: ref"})
        t.cell_measures = "area: ../area volume: /fc/gone"
        t[:] = [1, 2]
    found = (await READER.describe(READER.source(tmp_path / "a.nc"))).variables
    about = found["fc_in_t"].attributes
    assert about["coordinates"].text == "fc_ref height gone"
    assert about["ancillary_variables"].text == "fc_in_flag"
    assert about["grid_mapping"].text == "height: fc_ref"
    assert about["cell_measures"].text == "area: fc_area volume: /fc/gone"
    assert about["units"].text == "ref"
