"""The contract of ``ArrayReader``, over real reader processes and within this one."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import h5py
import netCDF4
import numpy as np
import pytest
import pytest_asyncio
from tests.support.gridded import array_reader
from tests.support.inline_pool import InlinePool
from typing_extensions import override

from gatewright.backends.gridded import PooledArrayReader
from gatewright.core.errors import BackendFailed, TimedOut
from gatewright.domains.arrays import ArrayReader, SubsetFormat, SubsetOrder
from gatewright.testing.array_reader import ArrayReaderContract, Sample, SourceOf
from gatewright.testing.readers import open_array_reader

VALUES = np.random.default_rng(7).integers(-9999, 9999, (40, 120, 140)).astype("f4")


def netcdf(path: Path, form: Any, **options: Any) -> Sample:
    with netCDF4.Dataset(path, "w", format=form) as file:
        for name, size in zip(("time", "y", "x"), VALUES.shape, strict=True):
            file.createDimension(name, None if name == "time" else size)
        other = file.createVariable("other", "i2", ("time", "x"))
        variable = file.createVariable("v", "f4", ("time", "y", "x"), **options)
        variable[:] = VALUES
        other[:] = VALUES[:, 0]
    return Sample(path, "v", VALUES)


class OfFiles(ArrayReaderContract):
    @pytest.fixture
    def source_of(self, reader: PooledArrayReader) -> SourceOf:
        return reader.source


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def in_processes(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[ArrayReader]:
    """Yield a reader whose processes are the same for all tests."""
    async with open_array_reader(tmp_path_factory.getbasetemp()) as reader:
        yield reader


@pytest.mark.asyncio(loop_scope="module")
class WithProcesses(OfFiles):
    @pytest.fixture
    def reader(self, in_processes: ArrayReader) -> ArrayReader:
        return in_processes


class Inline(OfFiles):
    @pytest.fixture
    async def reader(self) -> ArrayReader:
        return array_reader()


class TestClassicInProcesses(WithProcesses):
    @pytest.fixture
    def sample(self, tmp_path: Path) -> Sample:
        return netcdf(tmp_path / "f.nc", "NETCDF3_CLASSIC")


class TestChunkedInProcesses(WithProcesses):
    @pytest.fixture
    def sample(self, tmp_path: Path) -> Sample:
        return netcdf(tmp_path / "f.nc", "NETCDF4", zlib=True, chunksizes=(5, 100, 100))


class TestClassic(Inline):
    @pytest.fixture
    def sample(self, tmp_path: Path) -> Sample:
        return netcdf(tmp_path / "f.nc", "NETCDF3_64BIT_OFFSET")


class TestClassic64BitData(Inline):
    @pytest.fixture
    def sample(self, tmp_path: Path) -> Sample:
        return netcdf(tmp_path / "f.nc", "NETCDF3_64BIT_DATA")


class TestChunked(Inline):
    @pytest.fixture
    def sample(self, tmp_path: Path) -> Sample:
        return netcdf(
            *(tmp_path / "f.nc", "NETCDF4"),
            zlib=True,
            fletcher32=True,
            chunksizes=(5, 100, 100),
        )


class TestContiguousBigEndian(Inline):
    @pytest.fixture
    def sample(self, tmp_path: Path) -> Sample:
        with h5py.File(tmp_path / "f.h5", "w") as file:
            file["v"] = VALUES.astype(">f4")
        return Sample(tmp_path / "f.h5", "v", VALUES)


async def test_a_reader_that_gives_no_description(tmp_path: Path) -> None:
    class Odd(InlinePool):
        @override
        async def call(self, *_: Any, **__: Any) -> dict[str, Any]:
            return {"dimensions": 7}

    reader = array_reader(Odd())
    with pytest.raises(BackendFailed):
        await reader.describe(reader.source(tmp_path))


class SlowPool(InlinePool):
    """A pool in which a look into a file never ends in time."""

    @override
    async def call(self, function: str, *rest: Any, **more: Any) -> dict[str, Any]:
        if not function.endswith(":describe"):
            return await super().call(function, *rest, **more)
        self.calls.append(function)
        await asyncio.sleep(0)
        raise TimedOut("Too late.")


async def test_those_who_look_at_once_share_one_look(tmp_path: Path) -> None:
    pool = InlinePool()
    reader = array_reader(pool)
    source = reader.source(netcdf(tmp_path / "f.nc", "NETCDF3_CLASSIC").path)
    looks = [asyncio.create_task(reader.describe(source)) for _ in range(5)]
    await asyncio.sleep(0)
    looks[0].cancel()
    found = await asyncio.gather(*looks[1:])
    assert all(one is found[0] for one in found)
    assert len(pool.calls) == 1


async def test_a_look_that_took_too_long_is_remembered_until_the_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = SlowPool()
    reader = array_reader(pool)
    path = netcdf(tmp_path / "f.nc", "NETCDF3_CLASSIC").path
    source = reader.source(path)

    async def looks() -> int:
        pool.calls.clear()
        with pytest.raises(TimedOut, match="split it") as caught:
            await reader.describe(source)
        assert caught.value.retry_after
        return sum(call.endswith(":describe") for call in pool.calls)

    assert [await looks() for _ in range(3)] == [1, 0, 0]
    os.utime(path, (1, 1))
    assert [await looks() for _ in range(2)] == [1, 0]
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 700)
    assert await looks() == 1
    unwanted = asyncio.create_task(reader.describe(source))
    await asyncio.sleep(0)
    unwanted.cancel()  # nobody is told, and nothing is left over
    await asyncio.wait([unwanted])


async def test_a_subset_that_takes_too_long_is_refused_with_advice(
    tmp_path: Path,
) -> None:
    class Late(InlinePool):
        @override
        async def file(self, *_: Any, **__: Any) -> tuple[int, int]:
            raise TimedOut("Too late.")

    reader = array_reader(Late())
    source = reader.source(netcdf(tmp_path / "f.nc", "NETCDF3_CLASSIC").path)
    order = SubsetOrder(("v",), {}, (), SubsetFormat.CSV, "", "")
    with pytest.raises(TimedOut, match=r"120 seconds\. Ask for a smaller box"):
        await reader.subset(source, await reader.version(source), order)
