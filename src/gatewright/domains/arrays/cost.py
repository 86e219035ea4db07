"""Whether a subset is small: made in a moment, while others' large ones are made."""

import math

from gatewright.domains.arrays.model import Description, Range, Variable
from gatewright.domains.arrays.selection import everything
from gatewright.domains.arrays.subset import Estimate, SubsetOrder

SMALL_BYTES = 8 << 20
"""Most bytes that are unpacked for a small subset."""
SMALL_ELEMENTS = 200_000
"""Most values in a small subset: written as text they take a tenth of a second."""


def is_small(description: Description, order: SubsetOrder, cost: Estimate) -> bool:
    """Return whether a subset is made within about a tenth of a second."""
    read = sum(
        unpacked_bytes(description.variable(name), order) for name in order.variables
    )
    return read <= SMALL_BYTES and cost.elements <= SMALL_ELEMENTS


def unpacked_bytes(variable: Variable, order: SubsetOrder) -> int:
    """Return the bytes of the stored pieces that a subset has some of, unpacked.

    A series of one cell through compressed maps reads every map.
    """
    found = variable.type.size
    chunks = variable.chunks or (1,) * len(variable.shape)
    for name, size, chunk in zip(
        variable.dimensions, variable.shape, chunks, strict=True
    ):
        ranges = order.selected.get(name, everything(size)).ranges
        pieces = sum(_pieces(part, chunk) for part in ranges)
        found *= min(pieces, math.ceil(size / chunk)) * chunk
    return found


def _pieces(part: Range, chunk: int) -> int:
    """Return how many pieces of a length a range has some of."""
    if part.stride >= chunk:
        return part.count
    return (part.stop - 1) // chunk - part.start // chunk + 1 if part.count else 0
