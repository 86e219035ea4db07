"""A file that a worker opened, and that threads of its user read."""

import asyncio
import os
from concurrent.futures import Executor

from gatewright.backends.worker import close_in_thread, meaning, state_of
from gatewright.domains.files import Entry

_AT_ONCE = 1 << 16
"""Bytes up to which reading from memory takes less time than to wake a thread."""


class OpenedFile:
    """Implements the port `OpenFile`; it owns the file descriptor.

    The descriptor's offset is shared with the worker, so each read gives its own
    offset.
    """

    def __init__(self, entry: Entry, descriptor: int | None, threads: Executor) -> None:
        self._entry = entry
        self._seen = (entry.size, entry.modified_ns, entry.changed_ns)
        self._descriptor = descriptor
        self._threads = threads

    @property
    def entry(self) -> Entry:
        return self._entry

    @property
    def descriptor(self) -> int | None:
        return self._descriptor

    def size_now(self) -> int | None:
        assert self._descriptor is not None  # noqa: S101  # a folder has no bytes
        found = state_of(self._descriptor)
        now = (found.size, found.modified_ns, found.changed_ns)
        before, self._seen = self._seen, now
        return found.size if now == before or now[0] > before[0] else None

    async def read(self, offset: int, count: int) -> bytes:
        assert self._descriptor is not None  # noqa: S101  # a folder is not read
        if count <= _AT_ONCE:
            cached = _cached(self._descriptor, offset, count)
            if cached is not None:
                return cached
        own = os.dup(self._descriptor)  # a read that hangs keeps its own descriptor
        loop = asyncio.get_running_loop()

        def pread() -> bytes:
            try:
                return os.pread(own, count, offset)
            finally:
                os.close(own)

        reading = loop.run_in_executor(self._threads, pread)
        try:
            return await asyncio.shield(reading)
        except OSError as error:
            raise meaning(error.errno or 0) from error

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            close_in_thread(descriptor, self._threads)


def _cached(descriptor: int, offset: int, count: int) -> bytes | None:
    """Return bytes of a file that are in the page cache; None if some are not.

    With ``RWF_NOWAIT`` this waits for no disk. Network and user-space file systems do
    not have that flag, so it never waits for them either.
    """
    block = bytearray(count)
    try:
        found = os.preadv(descriptor, [block], offset, os.RWF_NOWAIT)
    except OSError:
        return None
    return bytes(block) if found == count else None
