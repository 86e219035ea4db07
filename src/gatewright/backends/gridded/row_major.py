"""The values of an answer in row-major order, for the forms that are text.

What is not made in that order, or is needed one variable after another, goes through a
scratch file, so that nothing is read twice and memory is bounded.
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
    """Variables of the answer that come from one stored variable.

    Parameters
    ----------
    cut
        The subset.
    group
        The variables, as :meth:`Cut.groups` has them together.
    scratch
        An empty file, or one that others of these use too.
    beside
        How many variables are read side by side, which share the memory.
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
        """Yield the numbers of one of the variables, as :meth:`Cut.digits` has them."""
        series = self._group[number]
        if self._kept is None:
            for place, (values,) in self._cut.made(self._group):
                yield self._cut.digits(series, place, values).reshape(-1)
            return
        for place in _windows(series.shape, self._elements):
            values = self._gathered(number, place)
            yield self._cut.digits(series, place, values).reshape(-1)

    def _gathered(self, number: int, window: Place) -> Values:
        """Return a window, put together from the blocks that have some of it."""
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
    """A stream of flat arrays, taken in pieces of other lengths."""

    def __init__(self, arrays: Iterator[Numbers]) -> None:
        self._arrays = arrays
        self._left: Numbers | None = None

    def take(self, count: int) -> Numbers:
        """Return the next numbers, so many."""
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
    """Yield windows of at most so many elements that make up an array, in order."""
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
