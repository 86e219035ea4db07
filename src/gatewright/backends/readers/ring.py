"""A ring of slots in shared memory: a reader fills a slot, the gateway sends it.

The gateway makes the memory (``memfd_create``) and seals its size, since a reader
that could shrink it would kill the gateway by SIGBUS. The gateway maps it for reading
only and alone says which slot a call may fill.
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
    """The gateway's side of one reader's ring."""

    def __init__(self, slots: int = SLOTS, slot_bytes: int = SLOT_BYTES) -> None:
        self.slot_bytes = slot_bytes
        self.descriptor = os.memfd_create(
            "gatewright-ring", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
        )
        os.ftruncate(self.descriptor, slots * slot_bytes)
        fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, _SEALS)
        self._map = mmap.mmap(self.descriptor, slots * slot_bytes, prot=mmap.PROT_READ)
        self._free = list(range(slots))

    @property
    def free_slots(self) -> int:
        """Number of slots that nobody uses."""
        return len(self._free)

    @property
    def first_free(self) -> int:
        """The slot that would be taken next."""
        return self._free[0]

    def take(self) -> int:
        """Return the number of a free slot; low numbers first, to touch few pages."""
        return heapq.heappop(self._free)

    def give(self, slot: int) -> None:
        """Mark a slot as free."""
        heapq.heappush(self._free, slot)

    def view(self, slot: int, length: int) -> memoryview:
        """Return the first ``length`` bytes of a slot, read-only."""
        return self._array(slot, length).data

    def lend(self, slot: int, length: int) -> memoryview:
        """Return the bytes; the slot is free when their last piece is gone.

        A piece is any memoryview made of the returned one, wherever it is kept: a
        slot is never filled again while a transport still has some of it.
        """
        array = self._array(slot, length)
        weakref.finalize(array, self.give, slot).atexit = False
        return array.data

    def _array(self, slot: int, length: int) -> npt.NDArray[np.uint8]:
        count = min(length, self.slot_bytes)
        return np.frombuffer(self._map, np.uint8, count, slot * self.slot_bytes)

    def close(self) -> None:
        """Close the descriptor; the memory is freed with its last view."""
        os.close(self.descriptor)


def map_ring(descriptor: int) -> mmap.mmap:
    """Return a ring as a reader sees it, writable, and close the descriptor."""
    try:
        return mmap.mmap(descriptor, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)
