"""Files that are not in memory, sent by threads: a slow disk holds up no others."""

import asyncio
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_PROBE_STEP = 2 << 20
_THREADS = 32
_THREADS_PER_MOUNT = 8
_MOUNT = re.compile(r"^mnt_id:\s*(\d+)$", re.MULTILINE)


class ColdFiles:
    """Threads for files that are not in memory, a few for each file system.

    A file system that hangs holds its own threads and no others.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, "cold-file")
        self._mounts: dict[str, asyncio.Semaphore] = {}

    async def send(self, socket: int, file: int, offset: int, count: int) -> int:
        """Send bytes from a thread; return how many, 0 at the end of the file.

        Raises
        ------
        BlockingIOError
            The socket is full.
        """
        limit = self._mounts.setdefault(
            mount_of(file), asyncio.Semaphore(_THREADS_PER_MOUNT)
        )
        async with limit:
            # The thread has its own descriptors: a request that is cancelled closes
            # those of the request while the thread still reads.
            own = os.dup(socket), os.dup(file)
            work = self._threads.submit(os.sendfile, *own, offset, count)
            work.add_done_callback(lambda _: _close(*own))
            return await asyncio.wrap_future(work)

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def mount_of(file: int) -> str:
    """Return the mount that an open file is on, "" where the kernel does not tell.

    ``/proc`` knows it without a question to the file system, which may hang (fstat(2)
    asks it).
    """
    try:
        text = Path(f"/proc/self/fdinfo/{file}").read_text(encoding="ascii")
    except OSError:
        return ""
    found = _MOUNT.search(text)
    return "" if found is None else found[1]


def is_cold(file: int, offset: int, end: int) -> bool:
    """Return whether a read of bytes ``offset`` to ``end`` might wait for a disk.

    One byte in 2 MiB is read with ``RWF_NOWAIT``; a file system without that (a
    network's) always counts as cold.
    """
    byte = bytearray(1)
    try:
        for place in (*range(offset, end, _PROBE_STEP), end - 1):
            os.preadv(file, [byte], place, os.RWF_NOWAIT)
    except OSError:
        return True
    return False
