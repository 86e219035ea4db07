"""Divides a hyperslab into the windows in which it is read.

A window is a block along one axis, with the whole of the axes after it and one index of
the axes before it, so that the windows follow one another in row-major order. It has 1
to 2 MiB. In a chunked variable it is extended to the end of a row of chunks, if that
takes at most 16 MiB: then no chunk is decompressed for two windows.
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
    """Yield the windows of a hyperslab in row-major order; none for an empty one."""
    if not elements(slab):
        return
    if not slab:
        yield slab
        return
    sizes = counts(slab)
    bound = TARGET_BYTES if variable.chunks is None else LARGEST_BYTES
    # The first axis of which one index fits into a window is cut into blocks.
    axis, row_bytes = len(sizes) - 1, encoding.type.size
    for outer in range(len(sizes) - 1):
        row = encoding.type.size * math.prod(sizes[outer + 1 :])
        if row <= bound:
            axis, row_bytes = outer, row
            break
    rows = max(1, TARGET_BYTES // row_bytes)
    block = _Blocks(slab[axis], rows, rows, 0)
    if variable.chunks is not None:
        most = max(1, LARGEST_BYTES // row_bytes)
        block = _Blocks(slab[axis], rows, most, variable.chunks[axis])
    for position in positions(sizes[:axis]):
        fixed = tuple(
            part.part(index, 1) for part, index in zip(slab, position, strict=False)
        )
        for piece in block:
            yield (*fixed, piece, *slab[axis + 1 :])


class _Blocks:
    """The blocks of a range, made anew for each iteration to save a list of them."""

    def __init__(self, whole: Range, rows: int, most: int, chunk: int) -> None:
        self._whole = whole
        self._rows = rows
        self._most = most
        self._chunk = chunk

    def __iter__(self) -> Iterator[Range]:
        first = 0
        while first < self._whole.count:
            count = self._rows
            if self._chunk:
                # To the end of the row of chunks, where that is not too far.
                index = self._whole.start + first * self._whole.stride
                wanted = index + self._rows * self._whole.stride
                border = -(-wanted // self._chunk) * self._chunk
                to_border = -(-(border - index) // self._whole.stride)
                count = min(to_border, self._most)
            count = min(count, self._whole.count - first)
            yield self._whole.part(first, count)
            first += count
