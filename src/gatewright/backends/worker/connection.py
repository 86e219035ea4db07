"""The gateway's end of a worker's socket; what the worker sends is not trusted."""

import asyncio
import contextlib
import math
import os
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from gatewright.backends.worker.descriptors import is_plain_file
from gatewright.backends.worker.program.frames import (
    PROTOCOL,
    Assembler,
    Frame,
    FrameError,
    pack,
)
from gatewright.backends.worker.program.sockets import receive, rights

_FORGOTTEN_AT_MOST = 4096


class _Hello(msgspec.Struct):
    protocol: int
    pid: int


class _Message(msgspec.Struct):
    id: int
    ok: msgspec.Raw = msgspec.Raw(b"")
    errno: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer of a worker."""

    body: bytes
    """JSON value, not yet decoded."""
    errno: int
    """``errno`` of the failure; 0 for success."""
    descriptor: int | None
    """Descriptor of a regular file, which the receiver closes; None without one."""


class ConnectionEnded(Exception):
    """The worker has ended or violated the protocol."""


@dataclass(slots=True)
class _Pending:
    future: "asyncio.Future[Answer]"
    access: int | None
    """How a descriptor in the answer must be opened; None if there must be none."""


class Connection:
    """Matches answers to requests by id; an invalid message ends the connection.

    Parameters
    ----------
    sock
        Socket of the worker.
    on_end
        Called once, when the connection has ended.
    close_in_thread
        Closes a descriptor that came and that nobody takes, elsewhere: it may be a file
        of a file system on which that blocks.
    """

    def __init__(
        self,
        sock: socket.socket,
        on_end: Callable[[], None],
        close_in_thread: Callable[[int], object],
    ) -> None:
        sock.setblocking(False)  # noqa: FBT003  # the socket's own signature
        self._socket = sock
        self._loop = asyncio.get_running_loop()
        self._on_end = on_end
        self._let_go = close_in_thread
        self._frames = Assembler()
        self._hello: asyncio.Future[None] = self._loop.create_future()
        self._pending: dict[int, _Pending] = {}
        self._forgotten: set[int] = set()
        self._unsent: deque[tuple[bytes, int | None]] = deque()
        self._number = 0
        self._blocked = False
        self.heard_at = self._loop.time()
        """Time, on the loop's clock, of the last frame that came."""
        self.permitted_until = -math.inf
        """End of the last ticket that the worker took, seconds of the monotonic clock.
        """
        self.ended = False
        self._loop.add_reader(sock.fileno(), self._on_readable)

    async def ready(self) -> None:
        """Wait for the worker's first message, which has the protocol version.

        Raises
        ------
        ConnectionEnded
            The worker uses another version or another protocol.
        """
        await asyncio.shield(self._hello)

    async def request(
        self,
        message: dict[str, object],
        access: int | None,
        descriptor: int | None = None,
    ) -> Answer:
        """Send a request and return its answer.

        Raises
        ------
        ConnectionEnded
            The worker ended before it answered.
        FrameError
            The request exceeds the largest size of a message.
        """
        if self.ended:
            raise ConnectionEnded
        self._number += 1
        number = self._number
        frame = pack({"id": number, **message}, int(descriptor is not None))
        pending = _Pending(self._loop.create_future(), access)
        self._pending[number] = pending
        self._send(frame, None if descriptor is None else os.dup(descriptor))
        try:
            return await pending.future
        except asyncio.CancelledError:
            self._abandon(number, pending)
            raise

    def _abandon(self, number: int, pending: _Pending) -> None:
        """Cancel a request whose answer is not needed, or discard its answer."""
        if self._pending.pop(number, None) is not None:
            self._forgotten.add(number)
            if len(self._forgotten) > _FORGOTTEN_AT_MOST:
                self.end()
            else:
                self._send(pack({"id": number, "op": "cancel"}), None)
        elif not pending.future.cancelled() and not pending.future.exception():
            self._close(pending.future.result().descriptor)

    def _send(self, frame: bytes, descriptor: int | None) -> None:
        self._unsent.append((frame, descriptor))
        if len(self._unsent) == 1:
            self._flush()

    def _flush(self) -> None:
        """Send as much as the socket accepts; continue when it accepts more."""
        try:
            while self._unsent:
                frame, descriptor = self._unsent[0]
                sent = self._socket.sendmsg([frame], rights(descriptor))
                _close(descriptor)
                self._unsent.popleft()
                if sent < len(frame):
                    self._unsent.appendleft((frame[sent:], None))
            if self._blocked:
                self._loop.remove_writer(self._socket.fileno())
                self._blocked = False
        except BlockingIOError:
            if not self._blocked:
                self._loop.add_writer(self._socket.fileno(), self._flush)
                self._blocked = True
        except OSError:
            self.end()

    def _on_readable(self) -> None:
        try:
            data, descriptors = receive(self._socket)
            self._frames.feed(data, descriptors)
            while not self.ended and (frame := self._frames.take()) is not None:
                self._on_frame(frame)
            if not data:
                self.end()
        except BlockingIOError:
            return
        except (OSError, FrameError, ValueError, RecursionError):
            self.end()

    def _on_frame(self, frame: Frame) -> None:
        body, descriptor = frame
        self.heard_at = self._loop.time()
        try:
            if not self._hello.done():
                self._greet(body, descriptor)
            else:
                self._answer(body, descriptor)
        except BaseException:
            self._close(descriptor)
            raise

    def _greet(self, body: bytes, descriptor: int | None) -> None:
        hello = msgspec.json.decode(body, type=_Hello)
        if hello.protocol != PROTOCOL or descriptor is not None:
            raise FrameError("another version of the protocol")
        self._hello.set_result(None)

    def _answer(self, body: bytes, descriptor: int | None) -> None:
        message = msgspec.json.decode(body, type=_Message)
        pending = self._pending.get(message.id)
        if pending is None and message.id in self._forgotten:
            self._forgotten.remove(message.id)
            self._close(descriptor)
            return
        if pending is None:
            raise FrameError("an answer to no request")
        if descriptor is not None and (
            pending.access is None or not is_plain_file(descriptor, pending.access)
        ):
            raise FrameError("a descriptor that was not asked for")
        del self._pending[message.id]
        if pending.future.done():
            # Cancelled in the same turn of the loop: who waited does not know yet.
            self._close(descriptor)
            return
        answer = Answer(bytes(message.ok), message.errno, descriptor)
        pending.future.set_result(answer)

    def end(self) -> None:
        """Close the socket and fail all pending requests; further calls do nothing."""
        if self.ended:
            return
        self.ended = True
        self._loop.remove_reader(self._socket.fileno())
        self._loop.remove_writer(self._socket.fileno())
        self._socket.close()
        for descriptor in self._frames.leftover():
            self._close(descriptor)
        for _, own in self._unsent:
            _close(own)
        self._unsent.clear()
        for pending in self._pending.values():
            _fail(pending.future)
        self._pending.clear()
        _fail(self._hello)
        self._on_end()

    def _close(self, descriptor: int | None) -> None:
        """Close a descriptor that came from the worker."""
        if descriptor is not None:
            self._let_go(descriptor)


def _fail(future: "asyncio.Future[Answer] | asyncio.Future[None]") -> None:
    if not future.done():
        future.set_exception(ConnectionEnded())
        future.exception()  # seen, should nobody wait for it


def _close(descriptor: int | None) -> None:
    if descriptor is not None:
        with contextlib.suppress(OSError):
            os.close(descriptor)
