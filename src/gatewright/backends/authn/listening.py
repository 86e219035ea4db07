"""The socket of ``authn``: connections of the gateway, and the calls on each."""

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import msgspec

from gatewright.backends.authn.messages import (
    ASKING_ELSEWHERE,
    MOST_REPLY,
    MOST_REQUEST,
    Call,
    Failure,
    MalformedMessage,
    Reply,
    packed,
    received,
)
from gatewright.backends.authn.server import Authority
from gatewright.core.errors import Conflict, GatewayError, Unavailable

_AT_ONCE = 256
_ELSEWHERE_AT_ONCE = 128
"""Calls of one connection that may wait for PAM or for an identity provider, which can
take long: the rest of the places is for the requests of those who are signed in."""
_PEER = struct.Struct("iII")

_log = logging.getLogger(__name__)


@asynccontextmanager
async def listening(
    authority: Authority, path: Path, gateway: int
) -> AsyncIterator[None]:
    """Answer the gateway's calls at a socket; refuse processes of other uids.

    Raises
    ------
    Conflict
        Another process listens there.
    OSError
        The socket cannot be made there.
    """
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # the server's own
        talks.add(task)
        try:
            peer = writer.get_extra_info("socket").getsockopt(
                socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size
            )
            if _PEER.unpack(peer)[1] == gateway:
                await _Connection(authority, reader, writer).run()
        finally:
            talks.discard(task)
            writer.close()

    with _bound(path) as sock:
        server = await asyncio.start_unix_server(talk, sock=sock)
        try:
            yield
        finally:
            server.close()
            for task in talks:
                task.cancel()
            await asyncio.gather(*talks, return_exceptions=True)


@contextmanager
def _bound(path: Path) -> Iterator[socket.socket]:
    """Yield a socket at a path, in place of that of a process that was killed."""
    with socket.socket(socket.AF_UNIX) as other:
        if other.connect_ex(str(path)) == 0:
            raise Conflict(f"Another authn is at work at “{path}”.")
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        path.chmod(0o666)  # the gateway is another account; its uid is looked at
        try:
            yield sock
        finally:
            path.unlink(missing_ok=True)


class _Connection:
    """One connection of the gateway, whose calls are answered concurrently."""

    def __init__(
        self,
        authority: Authority,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._authority = authority
        self._reader = reader
        self._writer = writer
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._elsewhere = 0

    async def run(self) -> None:
        """Answer until the gateway disconnects, or sends a malformed call."""
        async with asyncio.TaskGroup() as answers:
            while True:
                await self._slots.acquire()
                try:
                    call = await received(self._reader, Call, MOST_REQUEST)
                except MalformedMessage:
                    _log.warning("The gateway sent a malformed message.")
                    return
                except (OSError, asyncio.IncompleteReadError):
                    return
                answers.create_task(self._answer(call))

    async def _answer(self, call: Call) -> None:
        elsewhere = call.method in ASKING_ELSEWHERE
        self._elsewhere += elsewhere
        try:
            if elsewhere and self._elsewhere > _ELSEWHERE_AT_ONCE:
                reply = Reply(call.id, failure=Failure.of(_full()))
            else:
                reply = Reply(
                    call.id, msgspec.to_builtins(await self._authority.answer(call))
                )
        except GatewayError as error:
            reply = Reply(call.id, failure=Failure.of(error))
        except Exception:  # noqa: BLE001  # one call must not end the others
            _log.exception("The call %s failed.", call.method[:40])
            reply = Reply(call.id, failure=Failure("internal-error", ""))
        finally:
            self._elsewhere -= elsewhere
            self._slots.release()
        try:
            data = packed(reply, MOST_REPLY)
        except GatewayError as error:
            data = packed(Reply(call.id, failure=Failure.of(error)), MOST_REPLY)
        with contextlib.suppress(OSError):
            self._writer.write(data)
            await self._writer.drain()


def _full() -> Unavailable:
    return Unavailable(
        "Very many people are signing in. Try again in a moment.", retry_after=5
    )
