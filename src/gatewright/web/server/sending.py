"""Sends one response; extends uvicorn's ``send``.

It writes the head with `heads`, and with it the body if that is short and comes at
once: each write to a socket costs more than most headers. It sends parts of files
without copying them (the ASGI extension for zero-copy), and keeps a connection open for
a while when the response ends before the request's body, so that the client can read
the response. A client of HTTP/1.0 gets a body of unknown length without chunks: its end
is the end of the connection (RFC 9112, section 6.3).
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable
from typing import Any, Protocol

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gatewright.web.fields import Pair
from gatewright.web.server.cold_files import ColdFiles
from gatewright.web.server.heads import checked, head
from gatewright.web.server.zero_copy import (
    Connection,
    TruncatedFileError,
    ZeroCopy,
    span,
)

EXTENSION = "http.response.zerocopysend"
_START = "http.response.start"
_BODY = "http.response.body"
_CLOSE: Pair = (b"connection", b"close")
_CHUNKED: Pair = (b"transfer-encoding", b"chunked")
_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"connection"})
_BODILESS = (204, 304)
_SHORT = 1 << 16
"""Longest body, in bytes, that is copied to be sent with its head."""
_RESET = struct.pack("ii", 1, 0)
"""Value of SO_LINGER with which a closed connection is reset, not ended."""


class LingeringConnection(Connection, Protocol):
    """A connection that the server can close before the client has sent all."""

    def linger(self) -> None:
        """Close the connection for writing, and continue reading for a while."""
        ...


class Sending:
    """The ASGI application of one request, and the sending of its response.

    Parameters
    ----------
    connection
        Connection of the client.
    cycle
        Uvicorn's record of the request and the response.
    app
        The ASGI application.
    cold
        Threads for files that are not in memory.
    """

    __slots__ = ("_app", "_cold", "_connection", "_cycle", "_head", "_until_close")

    def __init__(
        self,
        connection: LingeringConnection,
        cycle: RequestResponseCycle,
        app: Any,
        cold: ColdFiles,
    ) -> None:
        self._connection = connection
        self._cycle = cycle
        self._app = app
        self._cold = cold
        self._head = b""
        self._until_close = False

    def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        """Call the application, with the zero-copy extension in its scope."""
        scope["extensions"] = {EXTENSION: {}}
        return self._answer(scope, receive)

    async def _answer(self, scope: Any, receive: Any) -> None:
        """Call the application; if its body has no end mark and breaks off, reset.

        To a client of HTTP/1.0 the end of the connection would be the end of the body.
        """
        cycle = self._cycle
        try:
            await self._app(scope, receive, self._send)
        finally:
            # Uvicorn closes the connection if the application failed. A client that had
            # received nothing might send its request again.
            self._write_head()
            if self._until_close and not cycle.response_complete:
                own = self._connection.transport.get_extra_info("socket")
                if own is not None and not self._connection.is_gone():
                    own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                self._connection.transport.abort()

    def _send(self, message: Any) -> Awaitable[None]:
        cycle = self._cycle
        kind = message["type"]
        if kind == _START and not cycle.response_started:
            return self._send_head(message)
        if kind == EXTENSION:
            self._write_head()
            return self._send_file(message)
        if self._head:
            message = self._with_head(message)
        if self._until_close and kind == _BODY:
            # Uvicorn compares with the length that was announced; here is none.
            cycle.expected_content_length = len(message.get("body", b""))
        if (
            # The response and the connection end before the request's body.
            kind == _BODY
            and cycle.more_body
            and not cycle.keep_alive
            and cycle.response_started
            and not message.get("more_body", False)
        ):
            return self._send_and_linger(message)
        return cycle.send(message)

    async def _send_head(self, message: Any) -> None:
        """Write the head, and store how the body is framed in uvicorn's record."""
        cycle = self._cycle
        if cycle.flow.write_paused and not cycle.disconnected:
            await cycle.flow.drain()
        if cycle.disconnected:
            return
        cycle.response_started = True
        cycle.waiting_for_100_continue = False
        status = message["status"]
        fields = checked([*cycle.default_headers, *message.get("headers", ())])
        said_to_close = False
        for name, value in [field for field in fields if field[0] in _FRAMING]:
            if name == b"content-length" and cycle.chunked_encoding is None:
                cycle.expected_content_length = int(value)
                cycle.chunked_encoding = False
            elif name == b"transfer-encoding" and value.lower() == b"chunked":
                cycle.expected_content_length = 0
                cycle.chunked_encoding = True
            elif name == b"connection" and b"close" in map(
                bytes.strip, value.lower().split(b",")
            ):
                cycle.keep_alive = False
                said_to_close = True
        added = [] if cycle.keep_alive or said_to_close else [_CLOSE]
        bodiless = status in _BODILESS or cycle.scope["method"] == "HEAD"
        if cycle.chunked_encoding is None and not bodiless:
            self._until_close = cycle.scope["http_version"] == "1.0"
            cycle.chunked_encoding = not self._until_close
            if cycle.chunked_encoding:
                added.append(_CHUNKED)
        self._head = head(status, [*fields, *added])
        if cycle.chunked_encoding is False and not bodiless:
            # The body of most responses is the next message, in the same step.
            asyncio.get_running_loop().call_soon(self._write_head)
        else:
            self._write_head()

    def _write_head(self) -> None:
        """Write the head, unless it was written, alone or with the body."""
        if self._head and not self._connection.is_gone():
            self._cycle.transport.write(self._head)
        self._head = b""

    def _with_head(self, message: Any) -> Any:
        """Return a message with the head before its body, as uvicorn will write it.

        A longer body is written here, with its head in one system call and not copied.
        One that is longer than its Content-Length is not written: uvicorn raises.
        """
        body, cycle = message.get("body", b""), self._cycle
        if message["type"] != _BODY or (
            not 0 < len(body) <= cycle.expected_content_length
        ):
            self._write_head()
            return message
        before, self._head = self._head, b""
        if len(body) <= _SHORT:
            cycle.expected_content_length += len(before)
            return {**message, "body": b"".join((before, body))}
        if not self._connection.is_gone():
            cycle.transport.writelines((before, body))
        cycle.expected_content_length -= len(body)
        return {**message, "body": b""}

    async def _send_and_linger(self, message: Any) -> None:
        self._cycle.keep_alive = True  # else the connection is closed at once
        await self._cycle.send(message)
        self._connection.linger()

    async def _send_file(self, message: Any) -> None:
        cycle = self._cycle
        file, offset, count = span(message)
        more_body = message.get("more_body", False)
        if cycle.scope["method"] != "HEAD" and not cycle.disconnected:
            if not cycle.response_started or cycle.chunked_encoding is not False:
                raise RuntimeError("A file is sent after a start with Content-Length.")
            if count > cycle.expected_content_length:
                raise RuntimeError("The file is longer than Content-Length.")
            cycle.expected_content_length -= count
            try:
                await ZeroCopy(self._connection, self._cold).send(file, offset, count)
            except TruncatedFileError:
                # Close the connection, so that no client takes a part for the whole.
                cycle.disconnected = True
                cycle.logger.warning("A file shrank while it was sent (at %d).", offset)
                self._connection.transport.abort()
                return
        if self._connection.is_gone():
            cycle.disconnected = True
        else:
            await self._send({"type": _BODY, "more_body": more_body})
