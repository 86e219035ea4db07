"""In which windows a piece of an array is read.

A window is a block along one axis with the axes behind it whole and those before it at
one index, so that windows, one after another, are the piece in row-major order. It is
of 1 to 2 MiB, or, in a chunked variable, reaches to the end of a row of chunks where
that is within 16 MiB: no chunk is inflated for two windows then.
"""

import math
from collections.abc import Iterator

from gatewright.domains.arrays.hyperslab import counts, elements, positions
from gatewright.domains.arrays.model import Encoding, Hyperslab, Range, Variable

TARGET_BYTES = 2 << 20
LARGEST_BYTES = 16 << 20


def windows(
    variable: Variable, slab: Hyperslab, encoding: Encoding
) -> Iterator[Hyperslab]:
    """Yield the windows of a piece, in row-major order; none of an empty one."""
    if not elements(slab):
        return
    if not slab:
        yield slab
        return
    axis, row_bytes = _split_axis(variable, slab, encoding)
    block = _block(variable, slab, axis, row_bytes)
    for position in positions(counts(slab[:axis])):
        fixed = tuple(
            part.part(index, 1) for part, index in zip(slab, position, strict=False)
        )
        for piece in block:
            yield (*fixed, piece, *slab[axis + 1 :])


def _split_axis(
    variable: Variable, slab: Hyperslab, encoding: Encoding
) -> tuple[int, int]:
    """Return the axis that is cut into blocks and the bytes of one of its indices."""
    bound = TARGET_BYTES if variable.chunks is None else LARGEST_BYTES
    sizes = counts(slab)
    item = encoding.type.size
    for axis in range(len(sizes) - 1):
        row = item * math.prod(sizes[axis + 1 :])
        if row <= bound:
            return axis, row
    return len(sizes) - 1, item


def _block(variable: Variable, slab: Hyperslab, axis: int, row_bytes: int) -> "_Blocks":
    whole = slab[axis]
    rows = max(1, TARGET_BYTES // row_bytes)
    if variable.chunks is None:
        return _Blocks(whole, rows, rows, 0)
    chunk = variable.chunks[axis]
    most = max(1, LARGEST_BYTES // row_bytes)
    return _Blocks(whole, rows, most, chunk)


class _Blocks:
    """The parts of a range, again and again, without a list of them."""

    def __init__(self, whole: Range, rows: int, most: int, chunk: int) -> None:
        self._whole = whole
        self._rows = rows
        self._most = most
        self._chunk = chunk

    def __iter__(self) -> Iterator[Range]:
        first = 0
        while first < self._whole.count:
            count = min(self._count(first), self._whole.count - first)
            yield self._whole.part(first, count)
            first += count

    def _count(self, first: int) -> int:
        """Return how many indices the block takes that begins at position ``first``."""
        if not self._chunk:
            return self._rows
        index = self._whole.start + first * self._whole.stride
        wanted = index + self._rows * self._whole.stride
        border = -(-wanted // self._chunk) * self._chunk
        count = -(-(border - index) // self._whole.stride)
        if count <= self._most:
            return count
        return max(1, self._most)
