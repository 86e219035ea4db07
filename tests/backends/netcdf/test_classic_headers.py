"""Headers of classic files: long, streamed, damaged and mutated ones."""

import os
import struct
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from tests.support.netcdf import READER, Form

from gatewright.backends.netcdf import classic
from gatewright.backends.netcdf.files import NetcdfFormat
from gatewright.core.errors import BackendFailed, GatewayError
from gatewright.domains.arrays import (
    ElementType,
    Encoding,
    Range,
)


def header(*parts: bytes | int) -> bytes:
    return b"".join(p if isinstance(p, bytes) else struct.pack(">I", p) for p in parts)


X = header(1, b"x\0\0\0")
EMPTY = header(0, 0)


@pytest.mark.parametrize(
    "content",
    [
        header(b"CDF\1", 0, 10, 2**31),
        header(b"CDF\1", 0, 99, 1, X, 3, EMPTY, EMPTY),
        header(b"CDF\1", 0, 10, 2, X, 0, X, 0, EMPTY, EMPTY),
        header(b"CDF\1", 0, EMPTY, 12, 1, X, 99, 1, 0, EMPTY),
        header(b"CDF\1", 0, EMPTY, 12, 1, X, 5, 2**30, EMPTY),
        header(b"CDF\1", 0, 10, 1, X, 3, EMPTY, 11, 1, X, 1, 1, EMPTY, 5, 4, 0),
        header(b"CDF\1", 0, 10, 1, X, 3, EMPTY, 11, 1, X, 2000, bytes(8000)),
        header(
            b"CDF\1", 0, 10, 2, X, 3, X, 0, EMPTY, 11, 1, X, 2, 0, 1, EMPTY, 5, 4, 0
        ),
        header(b"CDF\1", 99999, 10, 1, X, 0, EMPTY, 11, 1, X, 1, 0, EMPTY, 5, 4, 90),
        header(b"CDF\1", 2**31, 10, 1, X, 0, EMPTY, EMPTY),
        header(b"CDF\2", 0, 10, 1, 2**24),
    ],
)
async def test_damaged_headers(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "f.nc"
    path.write_bytes(content)
    with pytest.raises(BackendFailed):
        await READER.describe(READER.source(path))


def test_a_streamed_file_counts_its_records() -> None:
    variable = header(1, b"v\0\0\0", 1, 0, EMPTY, 5, 4, 72)
    content = header(b"CDF\1", 2**32 - 1, 10, 1, X, 0, EMPTY, 11, 1, variable)
    assert classic.parse(content, 72 + 12).variables[0].shape == (3,)
    content = header(b"CDF\1", 2**32 - 1, 10, 1, X, 0, EMPTY, EMPTY)
    assert classic.parse(content, 100).dimensions == (("x", 0, True),)
    with pytest.raises(BackendFailed):
        classic.parse(b"none", 4)


def test_a_long_header_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "f.nc"
    with netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC") as file:
        file.setncattr("long", "x" * 300_000)
    assert (
        len(NetcdfFormat().open([bytes(path)]).description.attributes["long"].text)
        == 300_000
    )


MUTANTS = int(os.environ.get("GATEWRIGHT_MUTANTS", "40"))


@pytest.mark.parametrize("form", ["NETCDF3_CLASSIC", "NETCDF3_64BIT_DATA"])
async def test_mutated_headers_never_break_the_parser(
    tmp_path: Path, form: Form
) -> None:
    """In this process; files of HDF5 are mutated in ``test_hostile_files``."""
    path = tmp_path / "f.nc"
    with netCDF4.Dataset(path, "w", format=form) as file:
        file.createDimension("t", None)
        file.createDimension("x", 3)
        file.title = "title"
        file.createVariable("v", "f4", ("t", "x"))[:] = np.ones((2, 3))
        file.createVariable("w", "i2", ("x",))[:] = 1
    content = path.read_bytes()
    random = np.random.default_rng(11)
    refused = 0
    for _ in range(10 * MUTANTS):
        mutant = bytearray(content)
        for _ in range(random.integers(1, 4)):
            mutant[random.integers(4, len(mutant))] = int(
                random.choice([0, 1, 127, 255])
            ) ^ int(random.integers(2))
        path.write_bytes(
            mutant[: random.integers(4, len(mutant) + 1)]
            if random.random() < 0.2
            else mutant
        )
        try:
            description = await READER.describe(READER.source(path))
            for variable in description.variables.values():
                slab = tuple(Range(0, min(size, 10)) for size in variable.shape)
                encoding = Encoding(ElementType.FLOAT64)
                views = READER.read(
                    READER.source(path), description.version, variable, slab, encoding
                )
                [bytes(view) async for view in views]
        except GatewayError:
            refused += 1
    assert 0 < refused < 10 * MUTANTS  # any other error would have ended the test
