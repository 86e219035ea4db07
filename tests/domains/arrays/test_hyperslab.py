"""Pieces by index, and the windows in which they are read."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.core.errors import InvalidRequest
from gatewright.domains.arrays import (
    ElementType,
    Encoding,
    Hyperslab,
    Range,
    Variable,
    check,
    counts,
    elements,
    encoded_size,
    positions,
    whole,
    windows,
    xdr,
)
from gatewright.domains.arrays.plan import LARGEST_BYTES, TARGET_BYTES


def variable(shape: tuple[int, ...], chunks: tuple[int, ...] | None = None) -> Variable:
    names = tuple(f"d{n}" for n in range(len(shape)))
    return Variable("v", ElementType.FLOAT32, names, shape, {}, chunks)


FLOAT = Encoding(ElementType.FLOAT32)


@pytest.mark.parametrize(
    "slab",
    [
        (Range(0, 1),),
        (Range(-1, 1), Range(0, 1)),
        (Range(0, 1), Range(0, 1, 0)),
        (Range(0, -1), Range(0, 1)),
        (Range(0, 4), Range(0, 1)),
        (Range(0, 2, 3), Range(0, 1)),
        (Range(2**63, 1), Range(0, 1)),
        (Range(0, 2, 2**63), Range(0, 1)),
        (Range(0, 2**64), Range(0, 2**64)),
    ],
)
def test_pieces_beyond_the_array_are_refused(slab: Hyperslab) -> None:
    with pytest.raises(InvalidRequest):
        check(variable((3, 4)), slab)


def test_pieces_within_the_array_are_taken() -> None:
    slab = (Range(0, 2, 2), Range(4, 0))
    assert check(variable((3, 4)), slab) == slab
    assert counts(slab) == (2, 0)
    assert elements(slab) == 0
    assert whole((3, 4)) == (Range(0, 3), Range(0, 4))


def test_sizes_do_not_overflow() -> None:
    slab = whole((2**40, 2**40))
    assert encoded_size(slab, FLOAT) == 4 * 2**80


def test_positions_are_in_row_major_order() -> None:
    assert list(positions((2, 3))) == list(np.ndindex(2, 3))
    assert list(positions(())) == [()]
    assert list(positions((2, 0))) == []


def test_the_encoding_of_dap2() -> None:
    sizes = {kind: xdr(kind).type.size for kind in ElementType if kind.numeric}
    assert sizes[ElementType.UINT8] == 1
    assert sizes[ElementType.INT8] == sizes[ElementType.UINT16] == 4
    assert sizes[ElementType.INT64] == sizes[ElementType.FLOAT64] == 8
    assert xdr(ElementType.INT16).dtype == np.dtype(">i4")
    assert Encoding(ElementType.INT16, "little").dtype == np.dtype("<i2")
    assert ElementType.STRING.size == 0
    assert ElementType.CHAR.size == 1


def test_the_windows_of_nothing_and_of_a_scalar() -> None:
    assert list(windows(variable(()), (), FLOAT)) == [()]
    assert list(windows(variable((0, 4)), whole((0, 4)), FLOAT)) == []


ranges = st.builds(Range, st.integers(0, 5), st.integers(1, 400), st.integers(1, 3))


@st.composite
def pieces(draw: st.DrawFn) -> tuple[Variable, Hyperslab]:
    slab = tuple(draw(st.lists(ranges, min_size=1, max_size=4)))
    shape = tuple(part.stop + draw(st.integers(0, 3)) for part in slab)
    chunked = draw(st.booleans())
    chunks = tuple(draw(st.integers(1, size)) for size in shape) if chunked else None
    return variable(shape, chunks), slab


@given(pieces())
def test_windows_are_the_piece_in_order(piece: tuple[Variable, Hyperslab]) -> None:
    array, slab = piece
    if elements(slab) > 20_000_000:
        slab = tuple(Range(p.start, min(p.count, 60), p.stride) for p in slab)
    done = 0
    for window in windows(array, slab, FLOAT):
        check(array, window)
        size = encoded_size(window, FLOAT)
        assert size <= LARGEST_BYTES
        if array.chunks is None:
            assert size <= TARGET_BYTES
        first = [
            (p.start - whole_.start) // whole_.stride
            for p, whole_ in zip(window, slab, strict=True)
        ]
        assert np.ravel_multi_index(first, counts(slab)) == done
        done += elements(window)
    assert done == elements(slab)


def test_chunked_windows_end_at_chunks() -> None:
    array = variable((1000, 100, 100), (30, 100, 100))
    found = list(windows(array, whole(array.shape), FLOAT))
    assert [w[0].count for w in found[:2]] == [60, 60]
    assert sum(w[0].count for w in found) == 1000
    strided = (Range(1, 400, 2), Range(0, 100), Range(0, 100))
    first = next(windows(array, strided, FLOAT))
    assert first[0].start == 1
    assert (first[0].stop - 1) // 30 == 3  # the last index before a border


def test_a_row_of_chunks_larger_than_a_slot_is_cut() -> None:
    array = variable((100, 1000, 1000), (100, 100, 100))
    sizes = [encoded_size(w, FLOAT) for w in windows(array, whole(array.shape), FLOAT)]
    assert max(sizes) <= LARGEST_BYTES
    assert sum(sizes) == array.size


def test_windows_are_not_made_ahead() -> None:
    array = variable((2**50, 2**20))
    first = next(windows(array, whole(array.shape), FLOAT))
    assert encoded_size(first, FLOAT) == TARGET_BYTES
    assert math.prod(array.shape) == array.elements
