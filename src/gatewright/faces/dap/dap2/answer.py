"""Produces the values of a DAP2 response, at the rate at which the client receives."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatewright.domains.arrays import (
    Datasets,
    ElementType,
    Encoding,
    Hyperslab,
    Published,
    Range,
    Variable,
    whole,
    xdr,
)
from gatewright.faces.dap.dap2 import wire
from gatewright.faces.dap.dap2.mapping import shown_as
from gatewright.faces.dap.dap2.model import Kind, Leaf, Projection, Slab

PIECE = 1 << 20
"""Bytes that are passed to the server at once."""

_LINES = 16_384


@dataclass(frozen=True, slots=True)
class Source:
    """An open data set, from which the values of a response are read."""

    datasets: Datasets
    """The service that reads the arrays."""
    published: Published
    """The data set and the description of its file."""

    def variable(self, leaf: Leaf) -> Variable:
        """Return the variable that a leaf is a part of."""
        return self.published.description.variables[leaf.array.name]

    def values(self, leaf: Leaf, encoding: Encoding) -> AsyncIterator[memoryview]:
        """Yield the values of a numeric leaf as encoded bytes."""
        return self.datasets.read(
            self.published, self.variable(leaf), ranges(leaf.slabs), encoding
        )

    async def strings(self, leaf: Leaf) -> list[str]:
        """Return the values of a leaf of strings."""
        return await self.datasets.strings(
            self.published, self.variable(leaf), ranges(leaf.slabs)
        )

    async def longest(self, variable: Variable) -> int:
        """Return the bytes of the longest value of a variable of strings."""
        slab = whole(variable.shape)
        texts = await self.datasets.strings(self.published, variable, slab)
        return max(len(text.encode("utf-8", "surrogateescape")) for text in texts)


def ranges(slabs: tuple[Slab, ...]) -> Hyperslab:
    """Return DAP2 slabs as a hyperslab of the arrays domain."""
    return tuple(Range(slab.start, slab.count, slab.stride) for slab in slabs)


async def gathered(
    parts: AsyncIterator[bytes] | AsyncIterator[bytes | memoryview],
) -> AsyncIterator[bytes]:
    """Yield the same bytes joined to pieces of about :data:`PIECE` bytes."""
    pending = bytearray()
    async for part in parts:
        pending += part
        if len(pending) >= PIECE:
            yield bytes(pending)
            pending.clear()
    yield bytes(pending)


class Data:
    """A data response (``.dods``): the declarations, then the values as XDR.

    Strings are read before the response begins, so that its length is known.
    """

    def __init__(
        self, projection: Projection, source: Source, texts: dict[int, bytes]
    ) -> None:
        self._projection = projection
        self._source = source
        self._texts = texts

    @classmethod
    async def prepare(cls, projection: Projection, source: Source) -> "Data":
        """Read the strings, and return the response."""
        texts = {
            number: wire.count_prefix(leaf.array)
            + b"".join(map(wire.string, await source.strings(leaf)))
            for number, leaf in enumerate(projection.leaves)
            if leaf.array.kind is Kind.STRING
        }
        return cls(projection, source, texts)

    @property
    def size(self) -> int:
        """Size of the whole response in bytes."""
        sizes = [wire.values_size(leaf.array) or 0 for leaf in self._projection.leaves]
        texts = sum(len(text) for text in self._texts.values())
        return len(wire.head(self._projection)) + sum(sizes) + texts

    def pieces(self) -> AsyncIterator[bytes]:
        """Yield the bytes of the response."""
        return gathered(self._parts())

    async def _parts(self) -> AsyncIterator[bytes | memoryview]:
        yield wire.head(self._projection)
        for number, leaf in enumerate(self._projection.leaves):
            if number in self._texts:
                yield self._texts[number]
                continue
            if leaf.array.kind is Kind.BYTE and not leaf.array.dimensions:
                yield bytes(3)  # XDR pads a scalar byte to four bytes
            yield wire.count_prefix(leaf.array)
            encoding = xdr(shown_as(self._source.variable(leaf)))
            async for window in self._source.values(leaf, encoding):
                for start in range(0, len(window), PIECE):
                    yield window[start : start + PIECE]
            yield wire.trailer(leaf.array)


class Text:
    """An ASCII response: the declarations, then the values as rows of text."""

    def __init__(self, projection: Projection, source: Source) -> None:
        self._projection = projection
        self._source = source

    def pieces(self) -> AsyncIterator[bytes]:
        """Yield the bytes of the response."""
        return gathered(self._parts())

    async def _parts(self) -> AsyncIterator[bytes]:
        yield wire.ascii_head(self._projection).encode()
        for leaf in self._projection.leaves:
            yield ("\n" + wire.ascii_title(leaf.array)).encode()
            rows = wire.AsciiRows(leaf.array)
            async for values in self._values(leaf):
                yield rows.feed(values).encode("utf-8", "surrogateescape")

    async def _values(self, leaf: Leaf) -> AsyncIterator[list[str]]:
        if leaf.array.kind is Kind.STRING:
            yield [wire.quoted(text) for text in await self._source.strings(leaf)]
            return
        kind = shown_as(self._source.variable(leaf))
        encoding = Encoding(kind)
        async for window in self._source.values(leaf, encoding):
            numbers = np.frombuffer(window, encoding.dtype)
            for start in range(0, len(numbers), _LINES):
                part = numbers[start : start + _LINES]
                yield await asyncio.to_thread(_texts, part, kind)


def _texts(numbers: NDArray[Any], kind: ElementType) -> list[str]:
    """Return numbers as text with all their digits."""
    digits = {ElementType.FLOAT32: 9, ElementType.FLOAT64: 17}.get(kind)
    if digits is None:
        return [str(number) for number in numbers.tolist()]
    return [wire.float_text(number, digits) for number in numbers.tolist()]
