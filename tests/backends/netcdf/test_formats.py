"""Files of every kind, read by this and by netCDF4-python."""

from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import needs
from tests.support.gridded import FORMATS
from tests.support.netcdf import READER, Form, data, names

from gatewright.backends.gridded.sources import Place, Sources
from gatewright.domains.arrays import (
    Description,
    ElementType,
    Range,
    xdr,
)

FORMS: list[Form] = [
    *("NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA", "NETCDF4"),
]

CLASSIC_TYPES = ["i1", "i2", "i4", "f4", "f8"]
WIDE_TYPES = [*CLASSIC_TYPES, "u1", "u2", "u4", "i8", "u8"]


async def compare(path: Path) -> Description:
    """Check all that a file says and holds against netCDF4-python."""
    description = await READER.describe(READER.source(path))
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        file.set_auto_chartostring(False)
        found = {d.name: (d.size, d.unlimited) for d in description.dimensions.values()}
        assert found == {
            name: (len(d), d.isunlimited()) for name, d in file.dimensions.items()
        }
        assert list(description.variables) == list(file.variables)
        assert _plain(description.attributes) == _expected(file)
        for name, variable in description.variables.items():
            expected = file.variables[name]
            assert variable.dimensions == expected.dimensions
            assert variable.shape == expected.shape
            assert _plain(variable.attributes) == _expected(expected)
            if variable.type is not ElementType.STRING:
                np.testing.assert_array_equal(
                    await data(path, description, variable), expected[...]
                )
    return description


def _plain(attributes: Any) -> dict[str, Any]:
    return {
        name: a.values[0] if len(a.values) == 1 else list(a.values)
        for name, a in attributes.items()
    }


def _expected(item: Any) -> dict[str, Any]:
    return {
        name: value.tolist() if hasattr(value, "tolist") else value
        for name in item.ncattrs()
        for value in [item.getncattr(name)]
    }


@st.composite
def files(draw: st.DrawFn) -> tuple[Form, dict[str, Any]]:
    form = draw(st.sampled_from(FORMS))
    wide = form in {"NETCDF3_64BIT_DATA", "NETCDF4"}
    types = WIDE_TYPES if wide else CLASSIC_TYPES
    dimensions = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    variables = draw(
        st.lists(
            st.tuples(
                st.sampled_from([*types, "S1"]),
                st.booleans(),
                st.lists(st.integers(0, len(dimensions) - 1), max_size=3),
            ),
            max_size=5,
        )
    )
    attributes = draw(
        st.dictionaries(
            names,
            st.one_of(
                st.text("abc é", min_size=1, max_size=7),
                st.tuples(
                    st.sampled_from(types),
                    st.lists(st.integers(0, 99), min_size=1, max_size=4),
                ),
            ),
            max_size=3,
        )
    )
    return form, {
        "dimensions": dimensions,
        "records": draw(st.integers(0, 4)),
        "variables": variables,
        "attributes": attributes,
    }


@settings(max_examples=40)
@given(files())
async def test_what_netcdf4_wrote_is_read(
    tmp_path_factory: pytest.TempPathFactory, made: tuple[Form, dict[str, Any]]
) -> None:
    form, content = made
    path = tmp_path_factory.mktemp("made") / "f.nc"
    random = np.random.default_rng(3)
    with netCDF4.Dataset(path, "w", format=form) as file:
        file.set_fill_on()
        file.createDimension("record", None)
        for number, size in enumerate(content["dimensions"]):
            file.createDimension(f"d{number}", size)
        for name, value in content["attributes"].items():
            file.setncattr(
                name, value if isinstance(value, str) else np.array(value[1], value[0])
            )
        for number, (kind, record, axes) in enumerate(content["variables"]):
            dimensions = [f"d{axis}" for axis in axes]
            variable = file.createVariable(
                f"v{number}", kind, (["record"] if record else []) + dimensions
            )
            variable.setncattr("note", "é")
            sizes = [content["dimensions"][axis] for axis in axes]
            shape = ([content["records"]] if record else []) + sizes
            if int(np.prod(shape)):
                values = random.integers(1, 99, shape)
                variable[...] = (
                    values.astype(kind) if kind != "S1" else np.full(shape, b"x", "S1")
                )
    description = await compare(path)
    assert len(description.variables) == len(content["variables"])


@pytest.mark.parametrize(
    "name",
    [
        "20CR2c.1987101606.prmsl.nc",
        "20CR2c.1987101606.prate.nc",
        "TREFHT.B06.57.atm.1890-1999ANN.nc",
        "coads_climatology.nc",
        "eraint_uvz.nc",
        "ncep_air.mon.mean_wws-api.nc",
    ],
)
async def test_real_files_are_those_of_netcdf4(name: str) -> None:
    path = needs.shared_data("climate", name)
    description = await READER.describe(READER.source(path))
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        assert list(description.variables) == list(file.variables)
        for name_, variable in description.variables.items():
            np.testing.assert_array_equal(
                await data(path, description, variable), file.variables[name_][...]
            )


async def test_the_known_value_of_the_20cr_file() -> None:
    path = needs.shared_data("climate", "20CR2c.1987101606.prmsl.nc")
    description = await READER.describe(READER.source(path))
    variable = description.variable("prmsl")
    slab = (Range(0, 3, 4), Range(45, 1), Range(90, 1))
    views = READER.read(
        READER.source(path), description.version, variable, slab, xdr(variable.type)
    )
    values = np.frombuffer(b"".join([bytes(v) async for v in views]), ">f4")
    assert values.tolist() == [100801, 100763, 100720]


async def test_shorter_variables_along_an_unlimited_dimension(tmp_path: Path) -> None:
    path = tmp_path / "f.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("t", None)
        file.createVariable("long", "f4", ("t",))[:] = np.arange(5)
        file.createVariable("short", "i2", ("t",), fill_value=-9)[:] = np.arange(3)
        file.createVariable("none", "f8", ("t",))
        file.createVariable("text", str, ("t",))[:] = np.array(["a"], object)
    description = await compare(path)
    variable = description.variable("short")
    assert (await data(path, description, variable)).tolist() == [0, 1, 2, -9, -9]
    texts = await READER.strings(
        READER.source(path),
        description.version,
        description.variable("text"),
        (Range(0, 5),),
    )
    assert texts == ["a", "", "", "", ""]
    late = await READER.strings(
        READER.source(path),
        description.version,
        description.variable("text"),
        (Range(3, 2),),
    )
    assert late == ["", ""]


async def test_coordinates_of_two_dimensions_and_odd_names(tmp_path: Path) -> None:
    path = tmp_path / "f.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("x", 3)
        file.createDimension("station", 2)
        file.createVariable("station", "f4", ("station", "x"))[:] = np.arange(
            6
        ).reshape(2, 3)
        file.createVariable("x", "f4", ("station",))[:] = [1, 2]
        file.createVariable(
            "enumerated", file.createEnumType("i1", "e", {"a": 1}), ("x",)
        )
    description = await READER.describe(READER.source(path))
    assert description.variable("station").dimensions == ("station", "x")
    assert description.variable("x").dimensions == ("station",)
    assert description.variable("enumerated").dimensions == ("x",)


def test_the_least_recently_used_file_is_closed(tmp_path: Path) -> None:
    sources = Sources(most=2)
    paths = []
    for number in range(3):
        paths.append(tmp_path / f"{number}.nc")
        form: Form = "NETCDF4" if number else "NETCDF3_CLASSIC"
        with netCDF4.Dataset(paths[-1], "w", format=form) as file:
            file.createDimension("x", 2)
            for name in "abcdef":
                file.createVariable(name, "f4", ("x",))[:] = 1
    first = sources.get(place(paths[0]))
    assert sources.get(place(paths[0])) is first
    for path in paths[1:]:
        target = np.empty(2, "f4")
        opened = sources.get(place(path))
        for name in "abcdef":
            opened.read(name, (Range(0, 2),), target)
    with pytest.raises(OSError, match="descriptor"):
        first.version()
    sources.close()
    sources.close()


def place(path: Path) -> Place:
    return Place(str(path), [bytes(path)], list(FORMATS.values()))
