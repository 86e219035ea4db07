"""Reads arrays that a file stores without compression, with ``pread``.

An array consists of rows (along the first dimension) at a fixed distance, and each row
is contiguous in row-major order. This covers NetCDF-3, also with records, and
contiguous HDF5.
"""

import itertools
import math
import operator
import os
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gatewright.core.errors import BackendFailed
from gatewright.domains.arrays import Hyperslab, counts

_SMALL_HULL = 65_536
"""Span of bytes that is read whole, however little of it is needed."""
_HULL_BYTES = 8 << 20
"""Largest span of bytes that is read whole although only a part of it is needed."""
_HULL_WASTE = 16
"""Largest ratio of the bytes of such a span to the bytes that are needed."""


@dataclass(frozen=True, slots=True)
class Plain:
    """Location and layout of an array in a file."""

    offset: int
    """Offset of its first byte."""
    dtype: np.dtype[np.generic]
    """Type of the values, with byte order."""
    shape: tuple[int, ...]
    """Its shape."""
    row_bytes: int
    """Distance in bytes between two indices of the first dimension."""

    @property
    def one_run(self) -> bool:
        """Whether the rows are contiguous."""
        inner = math.prod(self.shape[1:]) * self.dtype.itemsize
        return self.row_bytes == inner or not self.shape

    @property
    def strides(self) -> tuple[int, ...]:
        """Distance in bytes between two indices of each dimension."""
        inner = (
            math.prod(self.shape[axis + 1 :]) * self.dtype.itemsize
            for axis in range(1, len(self.shape))
        )
        return (self.row_bytes, *inner) if self.shape else ()

    def is_run(self, slab: Hyperslab) -> bool:
        """Return whether a hyperslab is contiguous in the file."""
        whole_behind = True
        for axis in reversed(range(len(slab))):
            part, size = slab[axis], self.shape[axis]
            if part.count > 1 and (part.stride > 1 or not whole_behind):
                return False
            if axis == 0 and part.count > 1 and not self.one_run:
                return False
            whole_behind = whole_behind and part.count == size
        return True


def read_exactly(descriptor: int, target: memoryview, offset: int) -> None:
    """Fill ``target`` from a file.

    Raises
    ------
    BackendFailed
        The file is too short: it was truncated, or its header is wrong.
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
    """Read a hyperslab into an array of its shape, converted to the array's type.

    Raises
    ------
    BackendFailed
        The file is too short.
    """
    if not target.size:
        return
    begin = plain.offset + sum(
        part.start * stride for part, stride in zip(slab, plain.strides, strict=True)
    )
    if target.dtype == plain.dtype and plain.is_run(slab):
        read_exactly(descriptor, target.reshape(-1).view(np.uint8).data, begin)
        return
    # Span after span, each for one position of the outer axes.
    axis = _hull_axis(plain, slab)
    steps = [part.stride * step for part, step in zip(slab, plain.strides, strict=True)]
    span = bytearray(_span(plain, slab, axis))
    shape = counts(slab)
    part = np.ndarray(shape[axis:], plain.dtype, span, strides=steps[axis:])
    view = memoryview(span)
    for position in itertools.product(*map(range, shape[:axis])):
        offset = begin + sum(map(operator.mul, position, steps))
        read_exactly(descriptor, view, offset)
        target[position] = part


def _hull_axis(plain: Plain, slab: Hyperslab) -> int:
    """Return the first axis from which on a span of bytes is worth reading whole."""
    first = 0 if plain.one_run else 1
    for axis in range(min(first, len(slab)), len(slab)):
        wanted = math.prod(counts(slab)[axis:]) * plain.dtype.itemsize
        limit = max(_SMALL_HULL, min(_HULL_BYTES, wanted * _HULL_WASTE))
        if _span(plain, slab, axis) <= max(limit, wanted):
            return axis
    return len(slab)


def _span(plain: Plain, slab: Hyperslab, axis: int) -> int:
    """Return the bytes that a hyperslab spans along ``axis`` and the axes after it."""
    return plain.dtype.itemsize + sum(
        (part.count - 1) * part.stride * step
        for part, step in zip(slab[axis:], plain.strides[axis:], strict=True)
    )
