"""Which subsets are small: by what is unpacked for them, and what is written."""

import pytest

from gatewright.domains.arrays import (
    Description,
    ElementType,
    Range,
    Selected,
    SubsetFormat,
    SubsetOrder,
    Variable,
    Version,
)
from gatewright.domains.arrays.cost import is_small, unpacked_bytes
from gatewright.domains.arrays.subset import Estimate

MAPS = Variable(
    *("v", ElementType.FLOAT32, ("t", "y", "x"), (1000, 90, 180), {}, (1, 90, 180))
)
BLOCKS = Variable("v", ElementType.INT16, ("t", "y"), (100, 7), {}, (30, 4))
PLAIN = Variable("v", ElementType.FLOAT64, ("t", "y"), (100, 7))


def order(**selected: Range) -> SubsetOrder:
    chosen = {name: Selected((part,)) for name, part in selected.items()}
    return SubsetOrder(("v",), chosen, (), SubsetFormat.CSV, "", "")


@pytest.mark.parametrize(
    ("variable", "selected", "expected"),
    [
        (MAPS, {"y": Range(3, 1), "x": Range(5, 1)}, 4 * 1000 * 90 * 180),
        (MAPS, {"t": Range(3, 2)}, 4 * 2 * 90 * 180),
        (MAPS, {"t": Range(0, 100, 10)}, 4 * 100 * 90 * 180),
        (BLOCKS, {"t": Range(29, 2), "y": Range(0, 1)}, 2 * 60 * 4),
        (BLOCKS, {"t": Range(0, 3, 30)}, 2 * 90 * 8),
        (BLOCKS, {"t": Range(0, 4, 31)}, 2 * 120 * 8),
        (BLOCKS, {"t": Range(0, 0)}, 0),
        (BLOCKS, {}, 2 * 120 * 8),
        (PLAIN, {"y": Range(2, 3)}, 8 * 100 * 3),
    ],
)
def test_what_is_unpacked(
    variable: Variable, selected: dict[str, Range], expected: int
) -> None:
    assert unpacked_bytes(variable, order(**selected)) == expected


def test_a_piece_that_is_met_by_two_ranges_counts_once() -> None:
    both = SubsetOrder(
        *(("v",), {"y": Selected((Range(6, 1), Range(0, 2)))}, ()),
        *(SubsetFormat.CSV, "", ""),
    )
    assert unpacked_bytes(BLOCKS, both) == 2 * 120 * 8


def test_small_is_little_to_unpack_and_little_to_write() -> None:
    described = Description(Version("1"), "X", {}, {"v": MAPS})
    one, series = order(t=Range(0, 1)), order(y=Range(0, 1), x=Range(0, 1))
    assert is_small(described, one, Estimate(16_200, 64_800, 64_800))
    assert not is_small(described, one, Estimate(10**6, 64_800, 64_800))
    assert not is_small(described, series, Estimate(1000, 4000, 4000))
