"""Arrays that stand in a file without compression, read by ``pread``.

An array is rows (the first dimension) at a fixed distance, and each row is one run of
bytes in row-major order: NetCDF-3, records included, and contiguous HDF5.
"""

import itertools
import math
import operator
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gatewright.core.errors import BackendFailed
from gatewright.domains.arrays import Hyperslab, counts

_SMALL_HULL = 65_536
"""A span of bytes that is read whole, however little of it is wanted."""
_HULL_BYTES = 8 << 20
"""Largest span of which some is read in vain."""
_HULL_WASTE = 16
"""Most bytes of a span for one that is wanted."""


@dataclass(frozen=True, slots=True)
class Plain:
    """Where an array stands."""

    offset: int
    """Byte at which it begins."""
    dtype: np.dtype[np.generic]
    """Type of the elements, with the byte order."""
    shape: tuple[int, ...]
    """Its shape."""
    row_bytes: int
    """Bytes from one index of the first dimension to the next."""

    @property
    def one_run(self) -> bool:
        """Whether the rows follow one another without anything between."""
        inner = math.prod(self.shape[1:]) * self.dtype.itemsize
        return self.row_bytes == inner or not self.shape


def read_exactly(descriptor: int, target: memoryview, offset: int) -> None:
    """Fill ``target`` from a file.

    Raises
    ------
    BackendFailed
        The file ends before: it was truncated, or its header lies.
    """
    done = 0
    while done < len(target):
        got = os.preadv(descriptor, [target[done:]], offset + done)
        if not got:
            raise BackendFailed("The file is shorter than its header says.")
        done += got


def read_into(
    descriptor: int, plain: Plain, slab: Hyperslab, target: npt.NDArray[np.generic]
) -> None:
    """Read a piece into an array of its shape, converted to the array's type."""
    if not target.size:
        return
    if target.dtype == plain.dtype and _is_run(plain, slab):
        start = plain.offset + _position(plain, [part.start for part in slab])
        read_exactly(descriptor, target.reshape(-1).view(np.uint8).data, start)
        return
    _gather(descriptor, plain, slab, target)


def _gather(
    descriptor: int, plain: Plain, slab: Hyperslab, target: npt.NDArray[np.generic]
) -> None:
    """Read span after span, each for one position of the outer axes."""
    axis = _hull_axis(plain, slab)
    strides = _strides(plain)
    steps = [part.stride * step for part, step in zip(slab, strides, strict=True)]
    begin = plain.offset + _position(plain, [part.start for part in slab])
    span = bytearray(_span(slab, strides, axis, plain.dtype.itemsize))
    shape = counts(slab)
    part = np.ndarray(shape[axis:], plain.dtype, span, strides=steps[axis:])
    view = memoryview(span)
    for position in itertools.product(*map(range, shape[:axis])):
        offset = begin + sum(map(operator.mul, position, steps))
        read_exactly(descriptor, view, offset)
        target[position] = part


def _is_run(plain: Plain, slab: Hyperslab) -> bool:
    """Return whether the piece is one run of bytes in the file."""
    whole_behind = True
    for axis in reversed(range(len(slab))):
        part, size = slab[axis], plain.shape[axis]
        if part.count > 1 and (part.stride > 1 or not whole_behind):
            return False
        if axis == 0 and part.count > 1 and not plain.one_run:
            return False
        whole_behind = whole_behind and part.count == size
    return True


def _strides(plain: Plain) -> tuple[int, ...]:
    strides = [
        math.prod(plain.shape[axis + 1 :]) * plain.dtype.itemsize
        for axis in range(len(plain.shape))
    ]
    return (plain.row_bytes, *strides[1:]) if strides else ()


def _position(plain: Plain, index: Sequence[int]) -> int:
    return sum(i * s for i, s in zip(index, _strides(plain), strict=True))


def _hull_axis(plain: Plain, slab: Hyperslab) -> int:
    """Return the first axis from which on the span of bytes is worth reading whole."""
    strides = _strides(plain)
    first = 0 if plain.one_run else 1
    for axis in range(min(first, len(slab)), len(slab)):
        span = _span(slab, strides, axis, plain.dtype.itemsize)
        wanted = math.prod(counts(slab)[axis:]) * plain.dtype.itemsize
        limit = max(_SMALL_HULL, min(_HULL_BYTES, wanted * _HULL_WASTE))
        if span <= max(limit, wanted):
            return axis
    return len(slab)


def _span(slab: Hyperslab, strides: Sequence[int], axis: int, item: int) -> int:
    return item + sum(
        (part.count - 1) * part.stride * step
        for part, step in zip(slab[axis:], strides[axis:], strict=True)
    )
