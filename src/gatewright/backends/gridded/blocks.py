"""Divides the selected part of a variable into blocks that are read one at a time.

A block consists of whole storage chunks if they fit, and blocks from the same chunks
follow one another. Each chunk is then read and decompressed once, and the memory is
limited. Positions are counted within the selected part.
"""

import bisect
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gatewright.domains.arrays import Selected, Variable

BLOCK_BYTES = 16 << 20
"""Largest size of a block as unpacked numbers, bytes."""
PIECE_BYTES = 64 << 20
"""Largest total size of the chunks from which one block is taken, in bytes; all of them
are kept in memory while it is read."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks of a selected part."""

    axes: tuple[list[list[range]], ...]
    """Blocks along each axis, slowest axis first; those from the same chunks are in one
    list."""

    def __iter__(self) -> Iterator[tuple[range, ...]]:
        """Yield the blocks; those from the same chunks follow one another."""
        for together in itertools.product(*self.axes):
            yield from itertools.product(*together)

    @property
    def row_major(self) -> bool:
        """Whether the blocks in their order give the part in row-major order."""
        cut = [n for n, axis in enumerate(self.axes) if sum(map(len, axis)) > 1]
        return all(
            all(len(block) == 1 for block in itertools.chain(*self.axes[n]))
            and (
                all(len(together) == 1 for together in self.axes[n])
                or all(len(behind) == 1 for behind in self.axes[n + 1 :])
            )
            for n in range(cut[-1] if cut else 0)
        )


def blocks(
    variable: Variable,
    selected: Sequence[Selected],
    *,
    item: int,
    whole: int | None = None,
) -> Blocks:
    """Return the blocks of the selected part of a variable.

    Parameters
    ----------
    variable
        The stored variable.
    selected
        Selected indices along each of its dimensions.
    item
        Size of an unpacked number in bytes.
    whole
        Index of a dimension along which blocks are not divided; None if all are.
    """
    sizes = [one.count for one in selected]
    if not math.prod(sizes):
        return Blocks(tuple([] for _ in sizes))
    chunks = list(variable.chunks or [1] * len(sizes))
    borders = [_borders(one, n) for one, n in zip(selected, chunks, strict=True)]
    if whole is not None:
        borders[whole] = [0, sizes[whole]]
        chunks[whole] *= -(-sizes[whole] // chunks[whole])
    # The most positions that a stored piece has along each axis.
    widths = [
        1
        if isinstance(axis, range)
        else max(end - begin for begin, end in itertools.pairwise(axis))
        for axis in borders
    ]
    room = max(1, BLOCK_BYTES // item)
    if math.prod(widths) > room:
        # Parts of a piece, cut along the slowest axes.
        parts = list(widths)
        for axis, width in enumerate(widths):
            others = math.prod(parts) // width
            if axis != whole and others * width > room:
                parts[axis] = max(1, room // others)
    else:
        pieces = math.prod(chunks) * max(1, variable.type.size)
        most = PIECE_BYTES // pieces if variable.chunks else room
        parts = widths = _grown(widths, sizes, room, most)
    return Blocks(tuple(map(_along, borders, widths, parts)))


def _borders(selected: Selected, chunk: int) -> Sequence[int]:
    """Return the positions at which a new chunk begins, and the end position."""
    if chunk == 1:
        return range(selected.count + 1)
    found, begin, last = [0], 0, -1
    for part in selected.ranges:
        for number in range(part.start // chunk, (part.stop - 1) // chunk + 1):
            ahead = number * chunk - part.start
            at = begin + max(0, -(-ahead // part.stride))
            if number != last and at > found[-1]:
                found.append(at)
            last = number
        begin += part.count
    return [*found, begin]


def _grown(
    widths: Sequence[int], sizes: Sequence[int], room: int, most: int
) -> list[int]:
    """Return block widths that combine several chunks, along the fastest axes first.

    Together they have at most ``room`` positions and ``most`` chunks.
    """
    found = list(widths)
    for axis in reversed(range(len(found))):
        times = min(room // math.prod(found), most)
        if times <= 1:
            break
        width = found[axis]
        found[axis] = min(sizes[axis], width * times)
        most //= -(-found[axis] // width)
    return found


def _along(borders: Sequence[int], width: int, part: int) -> list[list[range]]:
    """Return the blocks along an axis, grouped by the chunks that they share.

    Chunks are combined up to ``width`` positions; a block has at most ``part`` of
    these.
    """
    found = []
    begin = 0
    while begin < borders[-1]:
        place = bisect.bisect_right(borders, begin + width) - 1
        end = max(borders[place], borders[bisect.bisect_right(borders, begin)])
        found.append([range(at, min(at + part, end)) for at in range(begin, end, part)])
        begin = end
    return found
