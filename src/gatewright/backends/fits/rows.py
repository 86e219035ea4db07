"""Reads rows of stored pixels from files that are not compressed as a whole.

Rows of a box are copied from a map of the image in memory: from there, 256 rows of 256
pixels take a tenth of the time. Each read of a row is a system call, and the next rows
lie too close for it or too far apart to be read with it. Maps are kept, and hold some
files open.

If a file is cut short while its rows are copied, the process ends (SIGBUS, mmap(2)).
The pool of readers then calls another, which finds that the file has changed.
"""

import mmap
import os
import resource
from collections import OrderedDict
from functools import lru_cache

import numpy as np

from gatewright.backends.fits.files import identity, read_descriptor
from gatewright.core.errors import InvalidContent

_GAP = 16 << 10
"""Bytes between rows up to which several are read together."""
_TOGETHER = 1 << 20
"""Bytes that are then read at once."""
_MAPPED, _SHARE = 96 << 20, 8
"""Most bytes of files that a process maps; and at most this part, one divided by it, of
an address space that is limited."""
_FILES = 32
"""Most maps of a process: each has a file descriptor."""


class Maps:
    """Parts of files that are mapped into memory; those used last are kept.

    Parameters
    ----------
    most
        Most bytes of all of them.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0
        self._kept: OrderedDict[tuple[str, int, int], mmap.mmap] = OrderedDict()

    def part(
        self, descriptor: int, known: str, start: int, length: int
    ) -> tuple[mmap.mmap, int] | None:
        """Return a map with a part of an open file, and where in it the part begins.

        None if it is larger than all maps may be, or the file is shorter or cannot be
        mapped. ``known`` is the identity of the file.
        """
        key = (known, start, length)
        before = start % mmap.ALLOCATIONGRANULARITY
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found, before
        size = before + length
        if size > self._most:
            return None
        while self._kept and (self._held + size > self._most or len(self) >= _FILES):
            # The memory is given back when nothing refers to it any more.
            self._held -= len(self._kept.popitem(last=False)[1])
        try:
            made = mmap.mmap(
                descriptor, size, prot=mmap.PROT_READ, offset=start - before
            )
        except (OSError, ValueError):
            return None
        self._kept[key] = made
        self._held += size
        return made, before

    def __len__(self) -> int:
        """Return the number of maps that are kept."""
        return len(self._kept)


@lru_cache(maxsize=1)
def process_maps() -> Maps:
    """Return the maps of this process."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    own = _MAPPED if limit == resource.RLIM_INFINITY else limit // _SHARE
    return Maps(min(own, _MAPPED))


class Rows:
    """The rows of an image in an open file that is not compressed.

    Parameters
    ----------
    descriptor
        File descriptor of the file.
    known
        Identity of the file; empty to find it out.
    start
        Offset of the first row in bytes.
    stride
        Bytes of a row.
    count
        Number of rows, of all planes.
    maps
        Maps of this process.
    """

    def __init__(
        self,
        descriptor: int,
        known: str,
        start: int,
        stride: int,
        count: int,
        maps: Maps,
    ) -> None:
        self._descriptor = descriptor
        self._known = known
        self._start = start
        self._stride = stride
        self._count = count
        self._maps = maps

    def read(self, row: int, first: int, length: int, count: int) -> bytearray:
        """Return ``length`` bytes from the byte ``first`` on, of ``count`` rows.

        ``row`` is the number of the first of them.

        Raises
        ------
        InvalidContent
            The file ends before that.
        """
        data = bytearray(length * count)
        self.fill(data, row, first, length)
        return data

    def fill(
        self, data: bytearray | memoryview, row: int, first: int, length: int
    ) -> None:
        """Fill memory with ``length`` bytes from the byte ``first`` on, of some rows.

        There are as many rows as the memory takes, from the number ``row`` on.

        Raises
        ------
        InvalidContent
            The file ends before that.
        """
        offset, stride = row * self._stride + first, self._stride
        if length == stride:
            self._copy_each_row(data, self._start + offset, len(data))
            return
        mapped = self._maps.part(
            self._descriptor,
            self._known or identity(self._descriptor),
            self._start,
            stride * self._count,
        )
        if mapped is not None:
            # A row is one element: NumPy copies it at once, in three quarters of the
            # time that its bytes take.
            view = np.frombuffer(data, f"V{length}")
            whole, before = mapped
            view[:] = np.ndarray(
                view.shape, view.dtype, whole, before + offset, (stride,)
            )
        elif stride - length <= _GAP:
            self._copy_whole_rows(data, self._start + offset, length)
        else:
            self._copy_each_row(data, self._start + offset, length)

    def _copy_whole_rows(
        self, data: bytearray | memoryview, offset: int, length: int
    ) -> None:
        """Fill ``data`` with pieces of rows; what lies between is read as well.

        A system call costs as much as a copy of some thousand bytes.
        """
        stride = self._stride
        rows = np.frombuffer(data, np.uint8).reshape(-1, length)
        step = max(1, _TOGETHER // stride)
        for n in range(0, len(rows), step):
            some = rows[n : n + step]
            size = (len(some) - 1) * stride + length
            whole = read_descriptor(self._descriptor, offset + n * stride, size)
            some[:] = np.ndarray(some.shape, np.uint8, whole, 0, (stride, 1))

    def _copy_each_row(
        self, data: bytearray | memoryview, offset: int, length: int
    ) -> None:
        """Fill ``data`` with pieces of rows, each read by itself."""
        view, preadv = memoryview(data), os.preadv
        for place in range(0, len(data), length):
            row = view[place : place + length]
            if preadv(self._descriptor, [row], offset) != length:
                raise InvalidContent("The file of this image ends too soon.")
            offset += self._stride
