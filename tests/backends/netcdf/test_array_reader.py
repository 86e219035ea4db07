"""The contract of ``ArrayReader``, over real reader processes and within this one."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import h5py
import netCDF4
import numpy as np
import pytest
from tests.support.gridded import array_reader
from tests.support.inline_pool import InlinePool
from typing_extensions import override

from gatewright.backends.gridded import PooledArrayReader
from gatewright.core.errors import BackendFailed
from gatewright.domains.arrays import ArrayReader
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


class WithProcesses(OfFiles):
    @pytest.fixture
    async def reader(self, tmp_path: Path) -> AsyncIterator[ArrayReader]:
        async with open_array_reader(tmp_path) as reader:
            yield reader


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
