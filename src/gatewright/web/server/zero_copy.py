"""The ASGI extension ``http.response.zerocopysend``: sends files with ``sendfile``.

The kernel copies the bytes from the page cache to the socket. This bypasses the
transport, so its write buffer is flushed first, and the socket's descriptor is
duplicated, since an event loop does not accept callbacks for a transport's descriptor.
Parts of a file that are not in the page cache are sent from a thread (``cold_files``).
"""

import asyncio
import errno
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from socket import IPPROTO_TCP, TCP_CORK
from typing import Any, Protocol

from gatewright.web.server.cold_files import ColdFiles, is_cold

WINDOW_BYTES = 4 << 20
"""Bytes of a response after which the event loop checks again whether the file is
cached."""
_COLD_BYTES = 1 << 20
"""Bytes of an uncached file that a thread sends at a time."""
_BUFFER_POLL_SECONDS = 0.05
_GONE = (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN, errno.ETIMEDOUT)


class TruncatedFileError(Exception):
    """The file ended before the announced number of bytes was sent."""


class Connection(Protocol):
    """The part of the server's connection that sending a file needs."""

    transport: asyncio.Transport
    """The transport of the connection."""

    def is_gone(self) -> bool:
        """Return whether the client has closed the connection."""
        ...

    def on_gone(self, callback: Callable[[], None] | None) -> None:
        """Set what to call when the client closes the connection; None removes it."""
        ...

    async def drain(self) -> None:
        """Wait until the transport accepts more bytes."""
        ...


def span(message: Mapping[str, Any]) -> tuple[int, int, int]:
    """Return the descriptor, offset and number of bytes of a zero-copy message.

    Without ``offset`` the file's current position is used, without ``count`` the rest
    of the file.
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


@dataclass(slots=True)
class _Transfer:
    """Progress of one transfer from a file to a socket."""

    socket: int
    """Descriptor of the socket, a duplicate for this transfer."""
    file: int
    """Descriptor of the file."""
    offset: int
    """Position of the next byte to send."""
    end: int
    """Position after the last byte to send."""
    warm_until: int = 0
    """Position up to which the file was in the page cache when last checked."""


class ZeroCopy:
    """Sends one part of a file on a connection.

    Parameters
    ----------
    connection
        The connection; nothing else may be written to it meanwhile.
    cold
        Threads that send uncached parts.
    """

    def __init__(self, connection: Connection, cold: ColdFiles) -> None:
        self._connection = connection
        self._cold = cold

    async def send(self, file: int, offset: int, count: int) -> None:
        """Send ``count`` bytes from ``offset``; return early if the client disconnects.

        Raises
        ------
        TruncatedFileError
            The file is shorter, so the response is incomplete.
        """
        if not await self._emptied() or not count:
            return
        plug = self._connection.transport.get_extra_info("socket")
        transfer = _Transfer(os.dup(plug.fileno()), file, offset, offset + count)
        step = partial(_send_warm, transfer)
        try:
            _cork(plug, corked=True)
            while transfer.offset < transfer.end and not self._connection.is_gone():
                if is_cold(transfer.file, transfer.offset, _window(transfer)):
                    await self._send_cold(transfer)
                else:
                    await self._while_writable(transfer.socket, step)
        except OSError as error:
            self._connection.transport.abort()
            if error.errno not in _GONE:  # not because the client left
                raise
        finally:
            _cork(plug, corked=False)
            os.close(transfer.socket)

    async def _emptied(self) -> bool:
        """Wait for the transport's buffer to empty; return False if the client left."""
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

    async def _send_cold(self, transfer: _Transfer) -> None:
        count = min(transfer.end - transfer.offset, _COLD_BYTES)
        try:
            sent = await self._cold.send(
                transfer.socket, transfer.file, transfer.offset, count
            )
        except BlockingIOError:
            await self._while_writable(transfer.socket, lambda: False)
        else:
            transfer.offset += _some(sent)

    async def _while_writable(self, socket: int, step: Callable[[], bool]) -> None:
        """Call ``step`` each time the socket accepts bytes, until it returns False.

        The event loop calls it directly: waking this task for each step would cost more
        than the step. It also ends when the client disconnects.
        """
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        self._connection.on_gone(partial(_end, ended))
        loop.add_writer(socket, _take, step, ended)
        try:
            await ended
        finally:
            self._connection.on_gone(None)
            loop.remove_writer(socket)


def _end(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)


def _take(step: Callable[[], bool], ended: asyncio.Future[None]) -> None:
    """Run a step; complete the future if it was the last or failed."""
    if ended.done():
        return
    try:
        goes_on = step()
    except (OSError, TruncatedFileError) as error:
        ended.set_exception(error)
    else:
        if not goes_on:
            ended.set_result(None)


def _send_warm(transfer: _Transfer) -> bool:
    """Send what the socket accepts; return whether more is in the page cache."""
    if transfer.offset >= transfer.warm_until:
        if transfer.offset == transfer.end or is_cold(
            transfer.file, transfer.offset, _window(transfer)
        ):
            return False
        transfer.warm_until = _window(transfer)
    count = transfer.warm_until - transfer.offset
    with suppress(BlockingIOError):
        transfer.offset += _some(
            os.sendfile(transfer.socket, transfer.file, transfer.offset, count)
        )
    return True


def _window(transfer: _Transfer) -> int:
    return min(transfer.end, transfer.offset + WINDOW_BYTES)


def _cork(socket: Any, *, corked: bool) -> None:
    """Set or clear TCP_CORK, which makes the kernel send only full segments (tcp(7)).

    ``sendfile`` hands over 64 KiB at a time, and each would end with a small segment.
    """
    with suppress(OSError):  # the client has gone, or the socket is not TCP
        socket.setsockopt(IPPROTO_TCP, TCP_CORK, int(corked))


def _some(count: int) -> int:
    if count == 0:
        raise TruncatedFileError
    return count
