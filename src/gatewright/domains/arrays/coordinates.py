"""Reads the values of coordinates, and caches the most recently used."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from gatewright.core.errors import TooLarge
from gatewright.domains.arrays.axes import Axis, axes, extent
from gatewright.domains.arrays.grids import Box, Horizontal, place
from gatewright.domains.arrays.hyperslab import whole
from gatewright.domains.arrays.model import (
    AxisKind,
    ElementType,
    Encoding,
    Hyperslab,
    Published,
    Variable,
)
from gatewright.domains.arrays.packing import packing, unpack
from gatewright.domains.arrays.selection import Selected, Values, select
from gatewright.domains.arrays.texts import readable

_KEPT_BYTES = 64 << 20
_LARGEST_COORDINATE = 64 << 20
_MOST_LABELS = 1_000_000
_BYTES_OF_A_LABEL = 64


@dataclass(frozen=True, slots=True)
class AxisValues:
    """An axis with its values."""

    axis: Axis
    """The axis."""
    values: Values
    """Values as float64, NaN where missing; for an axis of text, the indices from 0."""
    labels: tuple[str, ...] = ()
    """Values of an axis of text; empty for an axis of numbers."""


class Reads(Protocol):
    """What is needed to read arrays of a data set."""

    def read(
        self,
        published: Published,
        variable: Variable,
        slab: Hyperslab,
        encoding: Encoding,
    ) -> AsyncIterator[memoryview]:
        """Yield the bytes of a hyperslab of a numeric variable."""
        ...

    async def strings(
        self, published: Published, variable: Variable, slab: Hyperslab
    ) -> list[str]:
        """Return a hyperslab of a variable of text, in row-major order."""
        ...


class Coordinates:
    """Reads coordinate variables, and caches up to 64 MiB of the most recently used."""

    def __init__(self, datasets: Reads) -> None:
        self._datasets = datasets
        self._kept: OrderedDict[tuple[object, ...], Values | tuple[str, ...]] = (
            OrderedDict()
        )
        self._bytes = 0

    async def axes(self, published: Published) -> Mapping[str, AxisValues]:
        """Return the axes of a data set with their values.

        The keys are those of ``axes.axes``.
        """
        known = axes(published.description).items()
        return {name: await self.of(published, name, axis) for name, axis in known}

    async def of(self, published: Published, name: str, axis: Axis) -> AxisValues:
        """Return an axis with its values.

        Raises
        ------
        TooLarge
            It has more values than can be searched: above 64 MiB, or a million labels.
        """
        if axis.coordinate is None:
            size = published.description.dimensions[name].size
            return AxisValues(axis, np.arange(size, dtype=np.float64))
        variable = published.description.variable(axis.coordinate)
        if not axis.text:
            return AxisValues(axis, await self._numbers(published, variable))
        labels = await self._labels(published, variable)
        return AxisValues(axis, np.arange(len(labels), dtype=np.float64), labels)

    async def selected(
        self, published: Published, name: str, axis: Axis, text: str
    ) -> Selected:
        """Return the indices that a request's text selects.

        See ``selection.select``.
        """
        found = await self.of(published, name, axis)
        return select(axis, found.values, text, found.labels)

    async def place(
        self, published: Published, at: Horizontal, wanted: dict[AxisKind, str]
    ) -> tuple[dict[str, Selected], Box | None]:
        """Return the cells of a curved grid that a request selects.

        See ``grids.place``.
        """
        latitudes, longitudes = await self.arrays(published, at)
        # A grid of a million cells takes tens of milliseconds: not in the event loop.
        return await asyncio.to_thread(place, at, latitudes, longitudes, wanted)

    async def arrays(self, published: Published, at: Horizontal) -> tuple[Values, ...]:
        """Return the latitudes and longitudes of a grid in degrees, in its shape."""
        variables = [
            published.description.variable(name) for name in (at.latitude, at.longitude)
        ]
        return tuple(
            [(await self._numbers(published, v)).reshape(v.shape) for v in variables]
        )

    async def _numbers(self, published: Published, variable: Variable) -> Values:
        kept = self._find(published, variable)
        if isinstance(kept, np.ndarray):
            return kept
        if variable.elements * 8 > _LARGEST_COORDINATE:
            raise TooLarge(
                f"The coordinate “{variable.name}” has too many values to search."
            )
        encoding = Encoding(variable.type, "little")
        windows = self._datasets.read(
            published, variable, whole(variable.shape), encoding
        )
        data = b"".join([bytes(window) async for window in windows])
        how = replace(packing(variable), type=ElementType.FLOAT64)
        found = unpack(np.frombuffer(data, encoding.dtype), how).astype(np.float64)
        self._keep(published, variable, found)
        return found

    async def _labels(
        self, published: Published, variable: Variable
    ) -> tuple[str, ...]:
        kept = self._find(published, variable)
        if isinstance(kept, tuple):
            return kept
        shape = variable.shape[: len(extent(variable))]
        if variable.elements > _MOST_LABELS:
            raise TooLarge(
                f"The coordinate “{variable.name}” has too many values to search."
            )
        texts = await self._datasets.strings(published, variable, whole(shape))
        found = tuple(readable(text).rstrip("\0 ") for text in texts)
        self._keep(published, variable, found)
        return found

    def _find(
        self, published: Published, variable: Variable
    ) -> Values | tuple[str, ...] | None:
        key = (published.dataset.source, published.description.version, variable.name)
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def _keep(
        self,
        published: Published,
        variable: Variable,
        found: Values | tuple[str, ...],
    ) -> None:
        key = (published.dataset.source, published.description.version, variable.name)
        # Others may have read it at the same time: it is kept, and counted, once.
        self._bytes += _size(found) - _size(self._kept.pop(key, ()))
        self._kept[key] = found
        while self._bytes > _KEPT_BYTES and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= _size(oldest)


def _size(kept: Values | tuple[str, ...]) -> int:
    """Return the size in bytes at which the cache counts a coordinate's values."""
    return (
        kept.nbytes if isinstance(kept, np.ndarray) else _BYTES_OF_A_LABEL * len(kept)
    )
