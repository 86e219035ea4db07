"""A file that a worker opened, read by its user's own threads."""

import asyncio
import contextlib
import os
from concurrent.futures import Executor

from gatewright.backends.worker import meaning
from gatewright.domains.files import Entry


class OpenedFile:
    """The port `OpenFile`; it owns the descriptor.

    The descriptor's offset is shared with the worker, so reading says where.
    """

    def __init__(self, entry: Entry, descriptor: int | None, threads: Executor) -> None:
        self._entry = entry
        self._descriptor = descriptor
        self._threads = threads

    @property
    def entry(self) -> Entry:
        return self._entry

    @property
    def descriptor(self) -> int | None:
        return self._descriptor

    async def read(self, offset: int, count: int) -> bytes:
        assert self._descriptor is not None  # noqa: S101  # a folder is not read
        own = os.dup(self._descriptor)  # a read that hangs keeps its own descriptor
        loop = asyncio.get_running_loop()
        reading = loop.run_in_executor(self._threads, _read, own, count, offset)
        try:
            return await asyncio.shield(reading)
        except OSError as error:
            raise meaning(error.errno or 0) from error

    def detach(self) -> int:
        assert self._descriptor is not None  # noqa: S101  # a folder has none
        descriptor, self._descriptor = self._descriptor, None
        return descriptor

    def close(self) -> None:
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(self.detach())


def _read(descriptor: int, count: int, offset: int) -> bytes:
    try:
        return os.pread(descriptor, count, offset)
    finally:
        os.close(descriptor)
