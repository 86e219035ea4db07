"""Responses whose body is an open file, or byte ranges of it.

The bytes are sent by the ASGI extension ``http.response.zerocopysend`` if the server
has it, else in blocks that a thread reads. A response has an exact length; if the file
turns out shorter, the connection is closed instead of ending the response normally.
Sending stops when the client disconnects. The descriptor is closed in every case.

A file that others may overwrite meanwhile (see `changing_files`) is checked before the
last bytes leave, and the last bytes are copied: what the kernel sends from the page
cache remains the file's memory, which a writer can change, until the client receives
it.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from gatewright.core.errors import GatewayError, Unavailable
from gatewright.web.conditional import check_preconditions, not_modified, validators
from gatewright.web.disconnect import until_gone
from gatewright.web.live import body_message
from gatewright.web.ranges import (
    Piece,
    Span,
    length,
    multipart,
    parse_range,
    range_applies,
    split,
    windows,
)

EXTENSION = "http.response.zerocopysend"
BLOCK = 1 << 20
_SMALL = 1 << 16
"""Bytes up to which reading and sending in one go is cheaper than the extension."""
_COPIED = 8 << 20
"""Number of bytes at the end of a changing file that are copied before they are sent.
It is more than the buffers of a connection hold (4 to 6 MiB with the kernel's usual
limits)."""
_WINDOW = 64 << 20
"""Bytes between two checks of a file that may change."""
_log = logging.getLogger(__name__)


class BodyCutShort(Exception):
    """The response has begun but cannot be completed, so the connection is closed."""


def being_changed() -> Unavailable:
    """Return the error for a file that others change while it is read."""
    return Unavailable("The file is being changed; try again.", retry_after=1)


class ByteFile(Protocol):
    """An open regular file whose bytes are sent."""

    @property
    def descriptor(self) -> int | None:
        """The file descriptor, or None if the file is closed or held in memory."""

    async def read(self, offset: int, count: int) -> bytes:
        """Return at most ``count`` bytes from ``offset`` on; none at the file's end."""

    def close(self) -> None:
        """Close the descriptor; further calls do nothing."""


class DescriptorFile:
    """A `ByteFile` that owns a file descriptor.

    Parameters
    ----------
    descriptor
        Descriptor of a regular file opened for reading.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor
        self._closing: asyncio.Future[None] | None = None

    @property
    def descriptor(self) -> int | None:
        return self._descriptor

    async def read(self, offset: int, count: int) -> bytes:
        assert self._descriptor is not None  # noqa: S101  # never read after close
        own = os.dup(self._descriptor)  # a read that hangs keeps its own descriptor

        def read() -> bytes:
            try:
                return os.pread(own, count, offset)
            finally:
                os.close(own)

        loop = asyncio.get_running_loop()
        return await asyncio.shield(loop.run_in_executor(None, read))

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return

        def close() -> None:
            with suppress(OSError):
                os.close(descriptor)

        # In a thread, since close(2) on a network file system may hang.
        loop = asyncio.get_running_loop()
        self._closing = loop.run_in_executor(None, close)


class DescriptorResponse(Response):
    """A response whose body is made of parts of an open file.

    Parameters
    ----------
    file
        The file, which is closed when the response has been sent or has failed.
    pieces
        Parts of the file, and bytes to send between them.
    holds
        Returns whether the file still has the content it had when it was opened; None
        for a file that nobody changes.
    """

    def __init__(
        self,
        file: ByteFile,
        pieces: Sequence[Piece],
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        holds: Callable[[], bool] | None = None,
    ) -> None:
        super().__init__(status_code=status, headers=headers)
        self._file = file
        self._holds = holds
        self._pieces = tuple(pieces)
        self.headers["Content-Length"] = str(length(self._pieces))

    @property
    def body_bytes(self) -> int:
        """Number of bytes of the body."""
        return length(self._pieces)

    async def read_ahead(self) -> None:
        """Read the whole body, so that the file can be closed before it is sent.

        Raises
        ------
        Unavailable
            The file has become shorter.
        """
        parts = [
            piece
            if isinstance(piece, bytes)
            else await self._file.read(piece.offset, piece.count)
            for piece in self._pieces
        ]
        body = b"".join(parts)
        if len(body) < self.body_bytes:
            raise being_changed()
        self._pieces = (body,)

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] == "HEAD":
                await self._start(send)
                await send({"type": "http.response.body", "body": b""})
            elif self._file.descriptor is None:
                # The body is in memory: there is nothing to wait for that a client who
                # goes could spare.
                await self._send(scope, send)
            else:
                await until_gone(receive, self._send(scope, send))
        finally:
            self._file.close()

    async def _start(self, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )

    async def _send(self, scope: Scope, send: Send) -> None:
        total = length(self._pieces)
        from_kernel = 0
        if total > _SMALL and EXTENSION in (scope.get("extensions") or {}):
            from_kernel = total if self._holds is None else max(0, total - _COPIED)
        first, last = split(self._pieces, from_kernel)
        await self._start(send)
        await self._send_descriptor(first, send, more=bool(last))
        if last or not first:
            held = b""
            async for block in self._blocks(last):
                if held:
                    await send(body_message(held, more=True))
                held = block
            await send(body_message(held, more=False))

    async def _send_descriptor(
        self, pieces: Sequence[Piece], send: Send, *, more: bool
    ) -> None:
        if self._holds is not None:
            pieces = windows(pieces, _WINDOW)
        goes_on = [True] * len(pieces)
        goes_on[-1:] = [more] * len(goes_on[-1:])
        for piece, more_body in zip(pieces, goes_on, strict=True):
            self._check()
            if isinstance(piece, bytes):
                await send(body_message(piece, more=more_body))
                continue
            await send(
                {
                    "type": EXTENSION,
                    "file": self._file.descriptor,
                    "offset": piece.offset,
                    "count": piece.count,
                    "more_body": more_body,
                }
            )

    def _check(self) -> None:
        if self._holds is not None and not self._holds():
            _log.warning("A file was overwritten while it was sent.")
            raise BodyCutShort

    async def _blocks(self, pieces: Sequence[Piece]) -> AsyncIterator[bytes]:
        for piece in pieces:
            if isinstance(piece, bytes):
                yield piece
                continue
            offset = piece.offset
            while offset < piece.end:
                try:
                    count = min(BLOCK, piece.end - offset)
                    block = await self._file.read(offset, count)
                except (OSError, GatewayError) as error:
                    raise BodyCutShort from error
                if not block:
                    _log.warning("A file became shorter while it was sent.")
                    raise BodyCutShort
                self._check()
                offset += len(block)
                yield block


def file_response(
    request: Request,
    file: ByteFile,
    size: int,
    *,
    media_type: str,
    etag: str | None = None,
    modified_at: float | None = None,
    headers: Mapping[str, str] | None = None,
    holds: Callable[[], bool] | None = None,
) -> Response:
    """Return the response to GET or HEAD of a file, with status 200, 206 or 304.

    The request's conditions and ranges are evaluated (RFC 9110, sections 13 and 14);
    several ranges are sent as ``multipart/byteranges``. The file is closed in every
    case.

    Parameters
    ----------
    size
        Size of the file in bytes; bytes that are appended later are not sent.
    media_type
        ``Content-Type`` of the whole file.
    etag
        Strong entity tag, with its quotes.
    modified_at
        Time of the last change, in seconds since 1970-01-01 UTC.
    headers
        More headers of the response.
    holds
        Returns whether the file still has the content it had when it was opened; if
        not, the connection is closed before the end of the response.

    Raises
    ------
    PreconditionFailed
        The file is not in the state that the request's conditions name (412).
    RangeNotSatisfiable
        The byte range is outside the file (416).
    """
    fields = validators(etag, modified_at) | dict(headers or {})
    try:
        if check_preconditions(request, etag, modified_at):
            file.close()
            return not_modified(etag, modified_at, headers)
        spans: list[Span] | None = None
        if request.method == "GET" and range_applies(
            request.headers, etag, modified_at
        ):
            spans = parse_range(request.headers.get("range"), size)
    except BaseException:
        file.close()
        raise
    fields |= {"Accept-Ranges": "bytes", "Content-Type": media_type}
    status = 206
    if spans is None:
        status = 200
        pieces: Sequence[Piece] = [Span(0, size)] if size else []
    elif len(spans) == 1:
        pieces = spans
        fields["Content-Range"] = spans[0].content_range(size)
    else:
        parts = multipart(spans, size, media_type)
        pieces = parts.pieces
        fields["Content-Type"] = parts.content_type
    return DescriptorResponse(file, pieces, status=status, headers=fields, holds=holds)
