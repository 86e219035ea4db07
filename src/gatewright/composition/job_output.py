"""Opens and reads the output of jobs in their users' workers."""

import os

from gatewright.backends.posix import PosixFileSystem
from gatewright.backends.worker import Workers
from gatewright.core.errors import Conflict, NotFound
from gatewright.domains.files import OpenFile

_NOT_WRITTEN = "The job has not written this output (yet)."
_NO_FILE = "The job's output is not a regular file."


class WorkerOutputFiles:
    """Opens the output of jobs in the workers of their users.

    Paths are absolute on the machine where the workers run, for every system, whatever
    root its files have: the systems' file systems are mounted there.
    """

    def __init__(self, workers: Workers) -> None:
        self._files = PosixFileSystem(workers, b"/")

    async def open(self, system: str, user: str, path: str) -> "WorkerOutputFile":
        try:
            opened = await self._files.open(user, os.fsencode(path))
        except NotFound as error:
            raise NotFound(_NOT_WRITTEN) from error
        except Conflict as error:
            raise NotFound(_NO_FILE) from error
        if opened.descriptor is None:
            raise NotFound(_NO_FILE)
        return WorkerOutputFile(opened)


class WorkerOutputFile:
    """Implements the port ``OutputFile`` for a file that a worker opened."""

    def __init__(self, opened: OpenFile) -> None:
        self._opened = opened

    @property
    def size(self) -> int:
        return self._opened.entry.size

    @property
    def modified_at(self) -> float:
        return self._opened.entry.modified_at

    @property
    def etag(self) -> str:
        return self._opened.entry.etag

    @property
    def descriptor(self) -> int | None:
        return self._opened.descriptor

    async def read(self, offset: int, count: int) -> bytes:
        return await self._opened.read(offset, count)

    def size_now(self) -> int | None:
        return self._opened.size_now()

    def close(self) -> None:
        self._opened.close()
