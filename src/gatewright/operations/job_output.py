"""Opens the output of jobs as files: the port of ``compute`` on that of ``files``."""

import os

from gatewright.core.errors import Conflict, NotFound
from gatewright.domains.files import FileSystem, OpenFile

_NOT_WRITTEN = (
    "The job has not written this output. Try again when it runs, or look at its state."
)
_NO_FILE = "The job's output is not a regular file, so it is not kept anywhere."


class JobOutputFiles:
    """Implements :class:`gatewright.domains.compute.OutputFiles` on a file system.

    Parameters
    ----------
    files
        File system in which the paths of all systems' jobs are absolute, whatever root
        the files of a system have for its users: the systems' disks are mounted there.
    """

    def __init__(self, files: FileSystem) -> None:
        self._files = files

    async def open(self, system: str, user: str, path: str) -> "JobOutputFile":
        del system  # all are mounted on one machine
        try:
            opened = await self._files.open(user, os.fsencode(path))
        except NotFound as error:
            raise NotFound(_NOT_WRITTEN) from error
        except Conflict as error:
            raise NotFound(_NO_FILE) from error
        if opened.descriptor is None:
            raise NotFound(_NO_FILE)
        return JobOutputFile(opened)


class JobOutputFile:
    """Implements :class:`gatewright.domains.compute.OutputFile` for an open file."""

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
