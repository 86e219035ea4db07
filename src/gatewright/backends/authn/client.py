"""The gateway's client of ``authn``."""

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from gatewright.backends.authn.messages import (
    ASKING_ELSEWHERE,
    MOST_REPLY,
    MOST_REQUEST,
    Call,
    MalformedMessage,
    Reply,
    packed,
    received,
)
from gatewright.core.caller import Caller, visitor
from gatewright.core.errors import BackendFailed, Unavailable

T = TypeVar("T")

_SECONDS = 20.0
_SIGN_IN_SECONDS = 180.0
_RETRY_SECONDS = 5
_MOST_UNSENT = 1 << 20
"""Bytes of calls that may wait for an ``authn`` that reads none."""
_NOBODY = visitor()


class AuthnClient:
    """Calls ``authn`` over its socket, and reconnects after ``authn`` was restarted.

    Parameters
    ----------
    path
        Path of the socket.
    seconds
        Longest time for an answer, other than to a sign-in.
    """

    def __init__(self, path: Path, seconds: float = _SECONDS) -> None:
        self._path = path
        self._seconds = seconds
        self._number = 0
        self._connecting = asyncio.Lock()
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[Reply]] = {}

    async def call(
        self,
        method: str,
        kind: Any,
        arguments: Mapping[str, object] | None = None,
        *,
        caller: Caller = _NOBODY,
        proof: str = "",
    ) -> Any:
        """Return the result of a method, as the type ``kind``.

        Parameters
        ----------
        method
            Name of the method.
        kind
            Type of the result.
        arguments
            Arguments by name.
        caller
            Who makes the request. Only its proof and its address count.
        proof
            The secret, if it is not that of the caller.

        Raises
        ------
        Unavailable
            ``authn`` does not run or does not answer.
        GatewayError
            ``authn`` refuses the call.
        """
        self._number += 1
        call = Call(
            id=self._number,
            method=method,
            proof=proof or caller.proof,
            address=caller.address,
            request_id=caller.request_id,
            arguments=dict(arguments or {}),
        )
        data = packed(call, MOST_REQUEST)
        slow = method in ASKING_ELSEWHERE
        limit = _SIGN_IN_SECONDS if slow else self._seconds
        answer = self._waiting[call.id] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(limit):
                writer = await self._connected()
                if writer.transport.get_write_buffer_size() > _MOST_UNSENT:
                    raise _away()
                writer.write(data)
                reply = await answer
        except (TimeoutError, OSError) as error:
            raise _away() from error
        finally:
            self._waiting.pop(call.id, None)
        if reply.failure is not None:
            raise reply.failure.error()
        try:
            return msgspec.convert(reply.value, kind)
        except msgspec.ValidationError as error:
            raise BackendFailed("The answer of authn is not valid.") from error

    async def ready(self) -> None:
        """Return if it answers.

        Raises
        ------
        Unavailable
            ``authn`` does not run.
        """
        await self.call("ping", type(None))

    async def close(self) -> None:
        """Close the connection."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _connected(self) -> asyncio.StreamWriter:
        async with self._connecting:
            if self._writer is None:
                reader, writer = await asyncio.open_unix_connection(self._path)
                self._writer = writer
                self._reading = asyncio.create_task(self._read(reader, writer))
            return self._writer

    async def _read(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Pass replies on; when the connection ends, all that wait for one fail."""
        try:
            while True:
                reply = await received(reader, Reply, MOST_REPLY)
                answer = self._waiting.get(reply.id)
                if answer is not None and not answer.done():
                    answer.set_result(reply)
        except (OSError, EOFError, MalformedMessage):
            pass
        finally:
            self._writer = None
            writer.transport.abort()  # what is not sent yet has no one to wait for it
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(ConnectionResetError())
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def _away() -> Unavailable:
    return Unavailable(
        "The gateway's authn does not run, so no sign-in can be checked and no change "
        "be recorded, without which none is made. Try again in a moment.",
        retry_after=_RETRY_SECONDS,
    )


class AuthnGranter:
    """Gets the grants for workers from ``authn``; its method blocks, in a thread.

    With ``service`` these are grants for the service account, whoever asks.
    """

    def __init__(
        self,
        client: AuthnClient,
        loop: asyncio.AbstractEventLoop,
        *,
        service: bool = False,
    ) -> None:
        self._client = client
        self._loop = loop
        self._service = service

    def grant(self, challenge: bytes, user: str) -> bytes:
        text = challenge.decode("ascii", "replace")
        getting = (
            self._client.call("service.grant", str, {"challenge": text})
            if self._service
            else self._client.call("grant", str, {"user": user, "challenge": text})
        )
        made: str = asyncio.run_coroutine_threadsafe(getting, self._loop).result()
        return made.encode()
