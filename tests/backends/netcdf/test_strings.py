"""Strings and letters."""

from pathlib import Path

import netCDF4
import numpy as np
import pytest
from tests.support.netcdf import READER

from gatewright.backends.netcdf.files import NetcdfFormat
from gatewright.core.errors import BackendFailed
from gatewright.domains.arrays import (
    ElementType,
    Range,
)


async def test_strings_of_both_kinds(tmp_path: Path) -> None:
    path = tmp_path / "f.nc"
    words = ["alpha", "", "βήτα", "d\0e"]
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("n", 4)
        file.createDimension("length", 6)
        texts = file.createVariable("texts", str, ("n",))
        texts[:] = np.array([*words[:3], "d"], object)
        letters = file.createVariable("letters", "S1", ("n", "length"))
        letters[:] = np.array(
            [list("abc   "), list("      "), [b"d"] + [b"\0"] * 5, list("ghijkl")], "S1"
        )
        file.createVariable("one", "S1", ())[...] = b"z"
        file.createVariable("scalar", str, ())[...] = "whole"
        file.names = ["a", "b"]
        file.nothing = ""
    description = await READER.describe(READER.source(path))
    version = description.version

    async def strings(name: str, *slab: Range) -> list[str]:
        variable = description.variable(name)
        return await READER.strings(READER.source(path), version, variable, slab)

    assert await strings("texts", Range(0, 4)) == ["alpha", "", "βήτα", "d"]
    assert await strings("texts", Range(0, 2, 2)) == ["alpha", "βήτα"]
    assert await strings("letters", Range(0, 4)) == ["abc   ", " " * 6, "d", "ghijkl"]
    assert await strings("one") == ["z"]
    assert await strings("scalar") == ["whole"]
    assert description.attributes["names"].values == ("a", "b")
    assert description.attributes["nothing"].text == ""
    assert description.variable("letters").type is ElementType.CHAR


async def test_letters_of_netcdf3(tmp_path: Path) -> None:
    path = tmp_path / "f.nc"
    with netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC") as file:
        file.createDimension("n", 2)
        file.createDimension("length", 3)
        file.createVariable("v", "S1", ("n", "length"))[:] = np.array(
            [list("ab "), list("xyz")], "S1"
        )
    description = await READER.describe(READER.source(path))
    variable = description.variable("v")
    texts = await READER.strings(
        READER.source(path), description.version, variable, (Range(0, 2),)
    )
    assert texts == ["ab ", "xyz"]
    file_ = NetcdfFormat().open([bytes(path)])
    with pytest.raises(BackendFailed):
        file_.strings("v", ())
