"""Shared memory that is divided into slots: a reader fills one, the gateway sends it.

The gateway creates the memory (``memfd_create``) and seals its size; a reader that
could shrink it would kill the gateway by SIGBUS. The gateway maps it read-only, and
decides alone which slot a call may fill.
"""

import fcntl
import heapq
import mmap
import os
import weakref

import numpy as np
import numpy.typing as npt

SLOT_BYTES = 16 << 20
SLOTS = 8
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


class Ring:
    """The gateway's side of a reader's shared memory."""

    def __init__(self, slots: int = SLOTS, slot_bytes: int = SLOT_BYTES) -> None:
        self.slot_bytes = slot_bytes
        self.descriptor = os.memfd_create(
            "gatewright-ring", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
        )
        os.ftruncate(self.descriptor, slots * slot_bytes)
        fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, _SEALS)
        self._map = mmap.mmap(self.descriptor, slots * slot_bytes, prot=mmap.PROT_READ)
        self._free = list(range(slots))
        self._lent: dict[int, weakref.ref[npt.NDArray[np.uint8]]] = {}

    @property
    def free_slots(self) -> int:
        """Number of free slots."""
        return len(self._free)

    def take(self) -> int:
        """Take a free slot and return its number.

        The lowest first, to touch few pages.
        """
        return heapq.heappop(self._free)

    def give(self, slot: int) -> None:
        """Mark a slot as free."""
        heapq.heappush(self._free, slot)

    def view(self, slot: int, length: int) -> memoryview:
        """Return the first ``length`` bytes of a slot, read-only."""
        return self._array(slot, length).data

    def lend(self, slot: int, length: int) -> memoryview:
        """Return the first bytes of a slot, which is freed with its last view.

        Every memoryview made from the returned one counts, so that a slot is not filled
        again while a network transport still holds a part of it.
        """
        array = self._array(slot, length)

        def ended(_: object) -> None:
            del self._lent[slot]
            self.give(slot)

        self._lent[slot] = weakref.ref(array, ended)
        return array.data

    def _array(self, slot: int, length: int) -> npt.NDArray[np.uint8]:
        count = min(length, self.slot_bytes)
        return np.frombuffer(self._map, np.uint8, count, slot * self.slot_bytes)

    def close(self) -> None:
        """Close the descriptor; the memory is freed with its last view."""
        os.close(self.descriptor)


def map_ring(descriptor: int) -> mmap.mmap:
    """Return the shared memory as a writable map, and close the descriptor."""
    try:
        return mmap.mmap(descriptor, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)
