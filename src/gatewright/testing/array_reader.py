"""Contract tests of ``ArrayReader``; subclass them and provide three fixtures.

``gatewright.testing.readers.open_array_reader`` provides the reader of a package's
format, in real reader processes.
"""

import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from gatewright.core.errors import (
    BackendFailed,
    Conflict,
    GatewayError,
    InvalidRequest,
    NotFound,
)
from gatewright.domains.arrays import (
    ArrayReader,
    Description,
    ElementType,
    Encoding,
    Hyperslab,
    Range,
    Source,
    SubsetFormat,
    SubsetOrder,
    elements,
    whole,
    xdr,
)

SourceOf = Callable[[Path], Source]


@dataclass(frozen=True, slots=True)
class Sample:
    """A file that the reader under test can read, and that the test may change."""

    path: Path
    """Path of the file."""
    variable: str
    """Name of a numeric variable with at least two dimensions, each of length three or
    more."""
    values: npt.NDArray[Any]
    """Stored values of the variable; more than 600,000."""


class ArrayReaderContract:
    """Tests that every reader of arrays passes.

    The fixtures are ``reader``, ``sample``, and ``source_of``, which returns the
    reader's handle for a path.
    """

    async def test_describes_the_variable(
        self, reader: ArrayReader, sample: Sample, source_of: SourceOf
    ) -> None:
        description = await reader.describe(source_of(sample.path))
        variable = description.variable(sample.variable)
        assert variable.shape == sample.values.shape
        assert variable.type.value == sample.values.dtype.name
        assert all(name in description.dimensions for name in variable.dimensions)
        assert description.version == await reader.version(source_of(sample.path))
        assert description.stored_bytes == sample.path.stat().st_size
        assert description.modified == sample.path.stat().st_mtime

    async def test_reads_the_whole_in_windows(
        self, reader: ArrayReader, sample: Sample, source_of: SourceOf
    ) -> None:
        description = await reader.describe(source_of(sample.path))
        slab = whole(sample.values.shape)
        variable = description.variable(sample.variable)
        sizes, data = [], b""
        views = reader.read(
            *(source_of(sample.path), description.version, variable, slab),
            xdr(variable.type),
        )
        async for view in views:
            sizes.append(len(view))
            data += view
        dtype = xdr(variable.type).dtype
        np.testing.assert_array_equal(
            np.frombuffer(data, dtype), sample.values.reshape(-1).astype(dtype)
        )
        assert max(sizes) <= 16 << 20

    @pytest.mark.parametrize("order", ["big", "little"])
    @pytest.mark.parametrize("kind", ["float32", "float64", "int32"])
    async def test_reads_any_piece_in_any_encoding(
        self,
        reader: ArrayReader,
        sample: Sample,
        source_of: SourceOf,
        order: Any,
        kind: str,
    ) -> None:
        encoding = Encoding(ElementType(kind), order)
        description = await reader.describe(source_of(sample.path))
        shape = sample.values.shape
        pieces = [
            tuple(Range(size - 1, 1) for size in shape),
            tuple(Range(1, (size - 1) // 2, 2) for size in shape),
            (*(Range(0, 1) for _ in shape[:-1]), Range(0, shape[-1])),
            (Range(0, shape[0]), *(Range(1, 1) for _ in shape[1:])),
            (Range(0, 0), *(Range(0, size) for size in shape[1:])),
        ]
        for slab in pieces:
            data = await self.data(
                *(reader, source_of(sample.path), description, sample.variable),
                *(slab, encoding),
            )
            expected = sample.values[
                tuple(slice(p.start, p.stop, p.stride) for p in slab)
            ]
            found = np.frombuffer(data, encoding.dtype)
            assert found.size == elements(slab)
            np.testing.assert_array_equal(
                found, expected.astype(encoding.dtype).reshape(-1)
            )

    async def data(
        self,
        reader: ArrayReader,
        source: Source,
        description: Description,
        variable: str,
        slab: Hyperslab,
        encoding: Encoding,
    ) -> bytes:
        """Return the bytes of a hyperslab."""
        views = reader.read(
            source,
            description.version,
            description.variable(variable),
            slab,
            encoding,
        )
        return b"".join([bytes(view) async for view in views])

    async def test_refuses_what_lies_beyond(
        self, reader: ArrayReader, sample: Sample, source_of: SourceOf
    ) -> None:
        description = await reader.describe(source_of(sample.path))
        slab = tuple(Range(0, size + 1) for size in sample.values.shape)
        with pytest.raises(InvalidRequest):
            await self.data(
                *(reader, source_of(sample.path), description, sample.variable),
                *(slab, Encoding(ElementType.FLOAT32)),
            )

    async def test_a_file_that_is_not_there(
        self, reader: ArrayReader, sample: Sample, source_of: SourceOf
    ) -> None:
        for path in (sample.path.parent / "absent", sample.path.parent):
            with pytest.raises(NotFound):
                await reader.describe(source_of(path))
            with pytest.raises(NotFound):
                await reader.version(source_of(path))

    async def test_a_file_of_no_known_kind(
        self, reader: ArrayReader, sample: Sample, source_of: SourceOf
    ) -> None:
        for content in (b"", b"CDF", b"CDF\x01", b"\x89HDF\r\n\x1a\n", os.urandom(999)):
            sample.path.write_bytes(content)
            with pytest.raises(BackendFailed):
                await reader.describe(source_of(sample.path))

    async def test_a_file_that_changed_is_an_error(
        self, reader: ArrayReader, sample: Sample, source_of: SourceOf
    ) -> None:
        description = await reader.describe(source_of(sample.path))
        slab = whole(sample.values.shape)
        encoding = Encoding(ElementType.FLOAT32)
        os.utime(sample.path, (1, 1))
        with pytest.raises(Conflict):
            await self.data(
                *(reader, source_of(sample.path), description, sample.variable),
                *(slab, encoding),
            )

    async def test_a_file_that_changes_ends_the_reading(
        self, reader: ArrayReader, sample: Sample, source_of: SourceOf
    ) -> None:
        description = await reader.describe(source_of(sample.path))
        variable = description.variable(sample.variable)
        views = reader.read(
            *(source_of(sample.path), description.version, variable),
            *(whole(variable.shape), Encoding(ElementType.FLOAT64)),
        )
        first = await anext(views)
        assert len(first) < 8 * variable.elements
        os.truncate(sample.path, sample.path.stat().st_size // 2)
        # One window may have been read ahead before the change; no more follow.
        with pytest.raises(GatewayError):
            await self.rest(views)

    async def rest(self, views: AsyncIterator[memoryview]) -> int:
        """Return the number of bytes in the remaining windows."""
        return sum([len(view) async for view in views])

    async def test_reading_may_be_given_up(
        self, reader: ArrayReader, sample: Sample, source_of: SourceOf
    ) -> None:
        description = await reader.describe(source_of(sample.path))
        variable = description.variable(sample.variable)
        for _ in range(20):
            views = reader.read(
                *(source_of(sample.path), description.version, variable),
                *(whole(variable.shape), Encoding(ElementType.FLOAT64)),
            )
            assert len(await anext(views)) > 0
            await views.aclose()  # type: ignore[attr-defined]  # a generator
        assert await reader.version(source_of(sample.path)) == description.version

    async def test_makes_a_subset(
        self, reader: ArrayReader, sample: Sample, source_of: SourceOf
    ) -> None:
        description = await reader.describe(source_of(sample.path))
        order = SubsetOrder(
            *((sample.variable,), {}, ()),
            *(SubsetFormat.JSON, "title", "history"),
        )
        descriptor, size = await reader.subset(
            source_of(sample.path), description.version, order
        )
        try:
            assert os.fstat(descriptor).st_size == size > 0
            assert os.pread(descriptor, 9, 0) == b'{"title":'
        finally:
            os.close(descriptor)
