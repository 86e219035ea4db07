"""Sends files that are not in the page cache from threads.

A slow disk thus does not block the event loop.
"""

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
    """Threads that send files, with a limit for each mounted file system.

    A file system that hangs blocks only its own share of the threads.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, "cold-file")
        self._mounts: dict[str, asyncio.Semaphore] = {}

    async def send(self, socket: int, file: int, offset: int, count: int) -> int:
        """Send bytes of a file to a socket from a thread.

        Returns the number of bytes sent, 0 at the end of the file.

        Raises
        ------
        BlockingIOError
            The socket's buffer is full.
        """
        limit = self._mounts.setdefault(
            mount_of(file), asyncio.Semaphore(_THREADS_PER_MOUNT)
        )
        async with limit:
            # The thread uses duplicates, since a cancelled request closes its own
            # descriptors while the thread may still read.
            own = os.dup(socket), os.dup(file)
            work = self._threads.submit(os.sendfile, *own, offset, count)
            work.add_done_callback(lambda _: _close(*own))
            return await asyncio.wrap_future(work)

    def close(self) -> None:
        """Let the threads end, without waiting for them."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def mount_of(file: int) -> str:
    """Return the mount id of an open file; empty if the kernel does not tell it.

    It is read from ``/proc``, since fstat(2) asks the file system, which may hang.
    """
    try:
        text = Path(f"/proc/self/fdinfo/{file}").read_text(encoding="ascii")
    except OSError:
        return ""
    found = _MOUNT.search(text)
    return "" if found is None else found[1]


def is_cold(file: int, offset: int, end: int) -> bool:
    """Return whether reading bytes ``offset`` to ``end`` might wait for a disk.

    One byte in 2 MiB is read with ``RWF_NOWAIT``. On file systems without that flag,
    such as network file systems, files always count as cold.
    """
    byte = bytearray(1)
    try:
        for place in (*range(offset, end, _PROBE_STEP), end - 1):
            os.preadv(file, [byte], place, os.RWF_NOWAIT)
    except OSError:
        return True
    return False
