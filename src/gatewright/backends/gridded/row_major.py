"""Yields the values of a subset in row-major order, for the text formats.

Values that are made in another order, or that are needed one variable after another, go
through a temporary file, so that nothing is read twice and the memory is limited.
"""

import math
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np

from gatewright.backends.gridded.blocks import BLOCK_BYTES
from gatewright.backends.gridded.cut import Cut, Numbers, Place, Series, Values
from gatewright.backends.gridded.layout import Plain, read_into
from gatewright.domains.arrays import Range, positions


class RowMajor:
    """The output variables that come from one stored variable, in row-major order.

    Parameters
    ----------
    cut
        The subset.
    group
        The output variables, as one group of :meth:`Cut.groups`.
    scratch
        A temporary file, which other groups may use too.
    beside
        Number of variables that are read in parallel and share the memory.
    """

    def __init__(
        self, cut: Cut, group: Sequence[Series], scratch: BinaryIO, beside: int = 1
    ) -> None:
        self._cut = cut
        self._group = group
        self._scratch = scratch
        self._elements = BLOCK_BYTES // 8 // beside
        self._kept: list[tuple[Place, list[Plain]]] | None = None
        if max(len(group), beside) > 1 or not cut.plan(group).row_major:
            self._kept = []
            for place, blocks in cut.made(group):
                written = []
                for values in blocks:
                    row = math.prod(values.shape[1:]) * values.itemsize
                    at = scratch.tell()
                    written.append(Plain(at, values.dtype, values.shape, row))
                    scratch.write(np.ascontiguousarray(values).data)
                self._kept.append((place, written))
            scratch.flush()

    def flat(self, number: int) -> Iterator[Numbers]:
        """Yield the values of one variable as flat arrays; see ``Cut.digits``."""
        series = self._group[number]
        if self._kept is None:
            for place, (values,) in self._cut.made(self._group):
                yield self._cut.digits(series, place, values).reshape(-1)
            return
        for place in _windows(series.shape, self._elements):
            values = self._gathered(number, place)
            yield self._cut.digits(series, place, values).reshape(-1)

    def _gathered(self, number: int, window: Place) -> Values:
        """Return a window, assembled from the blocks that overlap with it."""
        kept = self._kept or []
        target = np.empty([len(part) for part in window], kept[0][1][number].dtype)
        for place, blocks in kept:
            shared = [
                range(max(w.start, p.start), min(w.stop, p.stop))
                for w, p in zip(window, place, strict=True)
            ]
            if not all(shared):
                continue
            slab = tuple(
                Range(s.start - p.start, len(s))
                for s, p in zip(shared, place, strict=True)
            )
            piece = np.empty([len(part) for part in shared], target.dtype)
            read_into(self._scratch.fileno(), blocks[number], slab, piece)
            where = (
                slice(s.start - w.start, s.stop - w.start)
                for s, w in zip(shared, window, strict=True)
            )
            target[tuple(where)] = piece
        return target


class Pieces:
    """A stream of flat arrays from which any number of values can be taken."""

    def __init__(self, arrays: Iterator[Numbers]) -> None:
        self._arrays = arrays
        self._left: Numbers | None = None

    def take(self, count: int) -> Numbers:
        """Return the next ``count`` values."""
        parts: list[Numbers] = []
        while count:
            if self._left is None or not self._left.size:
                self._left = next(self._arrays)
            parts.append(self._left[:count])
            self._left = self._left[count:]
            count -= parts[-1].size
        masked = any(isinstance(part, np.ma.MaskedArray) for part in parts)
        if masked:
            return np.ma.concatenate(parts)  # type: ignore[no-untyped-call,no-any-return]
        return np.concatenate(parts)


def _windows(sizes: Sequence[int], elements: int) -> Iterator[Place]:
    """Yield windows of at most ``elements`` values that cover an array, in order."""
    if not math.prod(sizes):
        return
    axis, row = len(sizes), 1
    while axis and row * sizes[axis - 1] <= elements:
        axis -= 1
        row *= sizes[axis]
    behind = tuple(range(size) for size in sizes[axis:])
    if not axis:
        yield behind
        return
    rows = max(1, elements // row)
    for outer in positions(sizes[: axis - 1]):
        fixed = tuple(range(index, index + 1) for index in outer)
        for first in range(0, sizes[axis - 1], rows):
            last = min(first + rows, sizes[axis - 1])
            yield (*fixed, range(first, last), *behind)
