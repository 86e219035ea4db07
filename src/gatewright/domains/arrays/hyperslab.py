"""Hyperslabs: parts of arrays given by a range of indices along each dimension.

All numbers are Python integers, which do not overflow.
"""

import math
from collections.abc import Iterator, Sequence

from gatewright.core.errors import InvalidRequest
from gatewright.domains.arrays.model import Encoding, Hyperslab, Range, Variable


def whole(shape: Sequence[int]) -> Hyperslab:
    """Return the hyperslab that covers an array of this shape."""
    return tuple(Range(0, size) for size in shape)


def counts(slab: Hyperslab) -> tuple[int, ...]:
    """Return the shape of a hyperslab's values."""
    return tuple(part.count for part in slab)


def positions(sizes: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield the index tuples of an array of these sizes in row-major order.

    ``itertools.product`` would first build a list for each axis, which may be very
    long.
    """
    if not sizes:
        yield ()
        return
    for index in range(sizes[0]):
        for rest in positions(sizes[1:]):
            yield (index, *rest)


def elements(slab: Hyperslab) -> int:
    """Return the number of values in a hyperslab."""
    return math.prod(counts(slab))


def check(variable: Variable, slab: Hyperslab) -> Hyperslab:
    """Return the hyperslab unchanged if it lies within the variable.

    Raises
    ------
    InvalidRequest
        It has another number of dimensions, or reaches beyond one.
    """
    if len(slab) != len(variable.shape):
        raise InvalidRequest(
            f"“{variable.name}” has {len(variable.shape)} dimensions, and ranges for "
            f"{len(slab)} were given."
        )
    for name, size, part in zip(variable.dimensions, variable.shape, slab, strict=True):
        what = f"A range of “{name}” of “{variable.name}”"
        if part.start < 0 or part.count < 0 or part.stride < 1:
            raise InvalidRequest(f"{what} counts from 0, in steps of 1 or more.")
        if part.count and part.stop > size:
            raise InvalidRequest(
                f"{what} ends at {part.stop - 1}, and the last index is {size - 1}."
            )
    return slab


def encoded_size(slab: Hyperslab, encoding: Encoding) -> int:
    """Return the size in bytes of a hyperslab in an encoding, without reading it."""
    return elements(slab) * encoding.type.size
