"""A file that a worker opened, and that threads of its user read."""

import asyncio
import os
from concurrent.futures import Executor

from gatewright.backends.worker import close_in_thread, meaning, state_of
from gatewright.domains.files import Entry


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
