"""Blocks are the selected part, once, and no stored piece is in two that are apart."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.backends.gridded import blocks as module
from gatewright.backends.gridded.blocks import blocks
from gatewright.domains.arrays import ElementType, Range, Selected, Variable


@st.composite
def cases(draw: Any) -> tuple[Variable, list[Selected], int | None, int]:
    rank = draw(st.integers(0, 4))
    shape = tuple(draw(st.integers(1, 9)) for _ in range(rank))
    chunks = tuple(draw(st.integers(1, 5)) for _ in range(rank))
    variable = Variable(
        *("v", ElementType.FLOAT32, tuple(f"d{n}" for n in range(rank)), shape),
        chunks=draw(st.sampled_from([None, chunks])),
    )
    selected = []
    for size in shape:
        start = draw(st.integers(0, size - 1))
        stride = draw(st.integers(1, 3))
        count = draw(
            st.integers(0 if rank > 1 else 1, (size - 1 - start) // stride + 1)
        )
        ranges = [Range(start, count, stride)] if count else []
        if draw(st.booleans()) and start:
            ranges.append(Range(0, draw(st.integers(1, start))))  # over the seam
        selected.append(Selected(tuple(ranges)))
    whole = draw(st.sampled_from([None, *range(rank)]))
    return variable, selected, whole, draw(st.integers(1, 40))


@given(cases())
def test_blocks_are_the_part_and_pieces_are_read_once(
    case: tuple[Variable, list[Selected], int | None, int],
) -> None:
    variable, selected, whole, room = case
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK_BYTES", room)
        patch.setattr(module, "PIECE_BYTES", 40 * room)
        planned = blocks(variable, selected, item=1, whole=whole)
    sizes = [one.count for one in selected]
    seen = np.zeros(sizes, int)
    numbers = np.arange(math.prod(sizes)).reshape(sizes)
    order: list[int] = []
    pieces: list[set[Any]] = []
    indices = [
        [i for r in one.ranges for i in range(r.start, r.stop, r.stride)]
        for one in selected
    ]
    for block in planned:
        place = tuple(slice(part.start, part.stop) for part in block)
        seen[place] += 1
        order += numbers[place].reshape(-1).tolist()
        lengths = [len(p) for n, p in enumerate(block) if n != whole]
        assert math.prod(lengths) <= room or whole is not None
        chunks = variable.chunks or (1,) * len(sizes)
        touched = [
            {indices[n][i] // c for i in part}
            for n, (part, c) in enumerate(zip(block, chunks, strict=True))
        ]
        pieces.append(set(itertools.product(*touched)))
    assert (seen == 1).all()
    in_order = order == sorted(order)
    assert in_order or not planned.row_major
    if variable.chunks and all(len(one.ranges) == 1 for one in selected):
        for piece in set().union(*pieces) if pieces else ():
            has = [number for number, touched in enumerate(pieces) if piece in touched]
            between = set().union(*pieces[has[0] : has[-1] + 1])
            # Where a piece is larger than a block, it stays among its neighbours.
            assert len(has) == 1 or len(between) <= 2 ** len(sizes)


@pytest.mark.parametrize(
    ("chunks", "row_major"),
    [((1, 4, 6), True), ((4, 4, 6), True), ((40, 2, 6), False), (None, True)],
)
def test_whether_the_order_is_that_of_rows(
    monkeypatch: pytest.MonkeyPatch, chunks: tuple[int, ...] | None, row_major: bool
) -> None:
    monkeypatch.setattr(module, "BLOCK_BYTES", 40 * 12)
    variable = Variable("v", ElementType.INT8, ("t", "y", "x"), (40, 4, 6), {}, chunks)
    selected = [Selected((Range(0, size),)) for size in variable.shape]
    assert blocks(variable, selected, item=1).row_major == row_major
