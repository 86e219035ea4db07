"""Decides which subsets are small and need not wait for other people's large ones."""

import math

from gatewright.domains.arrays.model import Description, Variable
from gatewright.domains.arrays.selection import everything
from gatewright.domains.arrays.subset import Estimate, SubsetOrder

SMALL_BYTES = 8 << 20
"""Most bytes that are decompressed for a small subset."""
SMALL_ELEMENTS = 200_000
"""Most values in a small subset; writing so many as text takes a tenth of a second."""


def is_small(description: Description, order: SubsetOrder, cost: Estimate) -> bool:
    """Return whether a subset is made within about a tenth of a second."""
    read = sum(
        unpacked_bytes(description.variable(name), order) for name in order.variables
    )
    return read <= SMALL_BYTES and cost.elements <= SMALL_ELEMENTS


def unpacked_bytes(variable: Variable, order: SubsetOrder) -> int:
    """Return the decompressed size of all chunks from which a subset takes values.

    This can be far more than the subset itself: a time series at one grid point reads
    every chunk of compressed maps.
    """
    found = variable.type.size
    chunks = variable.chunks or (1,) * len(variable.shape)
    for name, size, chunk in zip(
        variable.dimensions, variable.shape, chunks, strict=True
    ):
        ranges = order.selected.get(name, everything(size)).ranges
        pieces = sum(
            part.count
            if part.stride >= chunk
            else (part.stop - 1) // chunk - part.start // chunk + 1
            for part in ranges
            if part.count
        )
        found *= min(pieces, math.ceil(size / chunk)) * chunk
    return found
