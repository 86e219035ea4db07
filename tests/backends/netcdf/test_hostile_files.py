"""Damaged files in real reader processes: clear errors, and the pool lives on.

``GATEWRIGHT_MUTANTS`` says how many mutants of each kind are tried.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import h5py
import netCDF4
import numpy as np
import pytest

from gatewright.backends.gridded import PooledArrayReader
from gatewright.backends.plugin import array_formats, reader_programs
from gatewright.backends.readers import PoolSettings, open_pool
from gatewright.core.errors import GatewayError
from gatewright.domains.arrays import ElementType, Encoding, Range

MUTANTS = int(os.environ.get("GATEWRIGHT_MUTANTS", "150"))


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[PooledArrayReader]:
    settings = PoolSettings(
        *(reader_programs(), (tmp_path,), tmp_path),
        memory_bytes=400 << 20,
        seconds=10,
    )
    async with open_pool(settings) as pool:
        # To start them takes longer than reading may.
        await pool.call("gatewright.backends.readers.checks:ping", {}, seconds=100)
        yield PooledArrayReader(pool, array_formats())


def write_classic(path: Path) -> None:
    with netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC") as file:
        file.createDimension("t", None)
        file.createDimension("x", 30)
        file.title = "title"
        file.createVariable("v", "f4", ("t", "x"))[:] = np.ones((9, 30))


def write_hdf5(path: Path) -> None:
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("t", None)
        file.createDimension("x", 30)
        file.title = "title"
        options: dict[str, Any] = {"zlib": True, "fletcher32": True}
        file.createVariable("v", "f4", ("t", "x"), **options)[:] = np.ones((9, 30))
        file.createVariable("w", "i2", ("x",))[:] = 1
        file.createVariable("s", str, ("x",))[0] = "text"


async def use(reader: PooledArrayReader, path: Path) -> bool:
    """Describe a file and read some of all; return False for a clear error."""
    try:
        description = await reader.describe(reader.source(path))
        for variable in description.variables.values():
            slab = tuple(Range(0, min(size, 10)) for size in variable.shape)
            if variable.type.numeric:
                views = reader.read(
                    *(reader.source(path), description.version, variable, slab),
                    Encoding(ElementType.FLOAT64),
                )
                [bytes(view) async for view in views]
            elif variable.type is ElementType.STRING:
                await reader.strings(
                    reader.source(path), description.version, variable, slab
                )
    except GatewayError as error:
        if error.status == 500:
            raise
        return False
    return True


@pytest.mark.parametrize("write", [write_classic, write_hdf5])
async def test_mutants_are_errors_or_read(
    reader: PooledArrayReader, tmp_path: Path, write: Any
) -> None:
    sound, mutant = tmp_path / "sound.nc", tmp_path / "mutant.nc"
    write(sound)
    content = sound.read_bytes()
    random = np.random.default_rng(5)
    refused = 0
    for number in range(MUTANTS):
        changed = bytearray(content)
        for _ in range(random.integers(1, 9)):
            changed[random.integers(8, min(len(changed), 6000))] = random.integers(256)
        mutant.write_bytes(
            changed[: random.integers(8, len(changed))] if number % 9 == 0 else changed
        )
        refused += not await asyncio.wait_for(use(reader, mutant), 60)
    assert refused > 0
    assert await use(reader, sound)


async def test_a_bomb_stays_within_the_memory(
    reader: PooledArrayReader, tmp_path: Path
) -> None:
    """A chunk of 512 MiB of zeros, which is 3 MB in the file."""
    path = tmp_path / "bomb.h5"
    with h5py.File(path, "w") as file:
        shape = (1 << 26,)
        made = file.create_dataset("v", shape, "f8", chunks=shape, compression=9)
        made.id.write_direct_chunk((0,), _zeros(8 << 26))
    assert path.stat().st_size < 10 << 20
    description = await reader.describe(reader.source(path))
    views = reader.read(
        *(reader.source(path), description.version, description.variable("v")),
        *((Range(0, 10),), Encoding(ElementType.FLOAT64)),
    )
    with pytest.raises(GatewayError):
        [bytes(view) async for view in views]
    write_hdf5(tmp_path / "sound.nc")
    assert await use(reader, tmp_path / "sound.nc")


def _zeros(size: int) -> bytes:
    import zlib

    packer = zlib.compressobj(1)
    block = bytes(1 << 20)
    return (
        b"".join([packer.compress(block) for _ in range(size >> 20)]) + packer.flush()
    )


async def test_files_are_not_locked(reader: PooledArrayReader, tmp_path: Path) -> None:
    path = tmp_path / "f.nc"
    write_hdf5(path)
    assert await use(reader, path)
    with h5py.File(path, "r+") as file:
        file["w"][0] = 5
    os.utime(path, (1, 1))  # another time, however coarse those of the file system are
    description = await reader.describe(reader.source(path))
    views = reader.read(
        *(reader.source(path), description.version, description.variable("w")),
        *((Range(0, 1),), Encoding(ElementType.INT32)),
    )
    assert [bytes(view) async for view in views] == [b"\0\0\0\5"]
