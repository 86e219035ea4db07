"""The ASGI extension ``http.response.zerocopysend``: from a file to the network.

The bytes go from the page cache to the socket in the kernel (``sendfile``), past the
transport: its write buffer is empty first, and the socket's descriptor is duplicated,
since an event loop watches one of its own descriptors for itself. A window of a file
that is not in memory is sent from a thread, so that a slow disk holds up its own
answer and no other.
"""

import asyncio
import errno
import os
import select
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from socket import IPPROTO_TCP, TCP_CORK
from typing import Any, Protocol

WINDOW_BYTES = 4 << 20
"""The loop turns to others after so many bytes of one answer."""
_SEND_BYTES = 512 << 10
"""One call sends so many; the CPU for a GB is the same up to 4 MiB."""
_COLD_BYTES = 1 << 20
"""A thread sends so many bytes of a cold file at a time."""
_PROBE_STEP = 2 << 20
_THREADS = 32
_THREADS_PER_DEVICE = 8
_BUFFER_POLL_SECONDS = 0.05
_GONE = (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN, errno.ETIMEDOUT)


class TruncatedFileError(Exception):
    """The file ended before the bytes that were promised."""


class Connection(Protocol):
    """What is needed of the server's connection."""

    transport: asyncio.Transport
    """The transport of the connection."""

    def is_gone(self) -> bool:
        """Return whether the client has closed the connection."""
        ...

    def on_gone(self, callback: Callable[[], None] | None) -> None:
        """Call back when the client closes the connection; None takes it back."""
        ...

    async def drain(self) -> None:
        """Wait until the transport takes more bytes."""
        ...


class ColdFiles:
    """Threads for files that are not in memory, a few for each file system.

    A file system that hangs holds its own threads and no others.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, "cold-file")
        self._devices: dict[int, asyncio.Semaphore] = {}

    async def send(self, socket: int, file: int, offset: int, count: int) -> int:
        """Send bytes from a thread; return how many, 0 at the end of the file.

        Raises
        ------
        BlockingIOError
            The socket takes no more for now.
        """
        device = os.fstat(file).st_dev
        limit = self._devices.setdefault(device, asyncio.Semaphore(_THREADS_PER_DEVICE))
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


def span(message: Mapping[str, Any]) -> tuple[int, int, int]:
    """Return the descriptor, first byte and number of bytes of a message.

    Without ``offset`` the file's own position counts, without ``count`` its end.
    """
    file = message["file"]
    descriptor = file if isinstance(file, int) else file.fileno()
    offset = message.get("offset")
    if offset is None:
        offset = os.lseek(descriptor, 0, os.SEEK_CUR)
    count = message.get("count")
    if count is None:
        count = max(0, os.fstat(descriptor).st_size - offset)
    return descriptor, offset, count


class _Room:
    """Tells when a socket takes bytes again, or its client has gone.

    The socket is watched for edges by an epoll of its own, which the loop watches: so
    that each wait costs no call to begin and to end it.
    """

    def __init__(self, socket: int, connection: Connection) -> None:
        self._socket = socket
        self._connection = connection
        self._news = asyncio.Event()
        self._epoll: select.epoll | None = None

    async def wait(self) -> None:
        """Wait for room; it may return when there is none."""
        if self._epoll is None:
            self._epoll = self._opened()
        await self._news.wait()
        self._news.clear()

    def _opened(self) -> select.epoll:
        epoll = select.epoll(1)
        epoll.register(self._socket, select.EPOLLOUT | select.EPOLLET)
        loop = asyncio.get_running_loop()
        loop.add_reader(epoll.fileno(), self._edge, epoll)
        self._connection.on_gone(self._news.set)
        return epoll

    def _edge(self, epoll: select.epoll) -> None:
        epoll.poll(0)
        self._news.set()

    def close(self) -> None:
        """Watch no longer."""
        if self._epoll is not None:
            self._connection.on_gone(None)
            asyncio.get_running_loop().remove_reader(self._epoll.fileno())
            self._epoll.close()


class ZeroCopy:
    """Sends one span of a file on a connection.

    Parameters
    ----------
    connection
        Where to; nothing else is written to it meanwhile.
    cold
        Threads for what is not in memory.
    """

    def __init__(self, connection: Connection, cold: ColdFiles) -> None:
        self._connection = connection
        self._cold = cold

    async def send(self, file: int, offset: int, count: int) -> None:
        """Send the bytes; return early when the client goes.

        Raises
        ------
        TruncatedFileError
            The file is shorter; what was sent is no whole answer.
        """
        if not await self._emptied() or not count:
            return
        plug = self._connection.transport.get_extra_info("socket")
        socket = os.dup(plug.fileno())
        self._room = _Room(socket, self._connection)
        try:
            _cork(plug, corked=True)
            await self._send(socket, file, offset, offset + count)
        finally:
            _cork(plug, corked=False)
            self._room.close()
            os.close(socket)

    async def _emptied(self) -> bool:
        """Wait until nothing is left in the transport's buffer."""
        transport = self._connection.transport
        transport.set_write_buffer_limits(0)
        try:
            while transport.get_write_buffer_size() and not self._connection.is_gone():
                with suppress(TimeoutError):
                    async with asyncio.timeout(_BUFFER_POLL_SECONDS):
                        await self._connection.drain()
                await asyncio.sleep(0)
        finally:
            transport.set_write_buffer_limits()
        return not self._connection.is_gone()

    async def _send(self, socket: int, file: int, offset: int, end: int) -> None:
        while offset < end and not self._connection.is_gone():
            window = min(end, offset + WINDOW_BYTES)
            if self._is_cold(file, offset, window):
                offset = await self._send_cold(socket, file, offset, window)
            else:
                offset = await self._send_warm(socket, file, offset, window)
                await asyncio.sleep(0)

    async def _send_warm(self, socket: int, file: int, offset: int, end: int) -> int:
        while offset < end and not self._connection.is_gone():
            try:
                count = min(end - offset, _SEND_BYTES)
                offset += _sent(os.sendfile(socket, file, offset, count))
            except BlockingIOError:
                await self._room.wait()
            except OSError as error:
                self._abandon(error)
        return offset

    async def _send_cold(self, socket: int, file: int, offset: int, end: int) -> int:
        count = min(end - offset, _COLD_BYTES)
        try:
            return offset + _sent(await self._cold.send(socket, file, offset, count))
        except BlockingIOError:
            await self._room.wait()
        except OSError as error:
            self._abandon(error)
        return offset

    def _abandon(self, error: OSError) -> None:
        """Close a connection whose client has gone; other errors are passed on."""
        self._connection.transport.abort()
        if error.errno not in _GONE:
            raise error

    def _is_cold(self, file: int, offset: int, end: int) -> bool:
        """Return whether a read of the window might wait for a disk.

        One byte in 2 MiB is read with ``RWF_NOWAIT``; a file system without that
        (a network's) always counts as cold.
        """
        byte = bytearray(1)
        try:
            for place in (*range(offset, end, _PROBE_STEP), end - 1):
                os.preadv(file, [byte], place, os.RWF_NOWAIT)
        except OSError:
            return True
        return False


def _cork(socket: Any, *, corked: bool) -> None:
    """Let the kernel send full segments only, until the cork is drawn (tcp(7)).

    ``sendfile`` hands over 64 KiB at a time; each would go out with a small rest.
    """
    with suppress(OSError):  # the client has gone, or it is no TCP
        socket.setsockopt(IPPROTO_TCP, TCP_CORK, int(corked))


def _sent(count: int) -> int:
    if count == 0:
        raise TruncatedFileError
    return count
