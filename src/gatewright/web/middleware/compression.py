"""Gzip for answers that are text, large enough and sent as a whole.

The tag of a compressed answer is the resource's with ``-gzip`` before its end quote,
since the bytes differ; that mark is taken off the tags that a client sends back, so
``If-Match`` on the one form admits the other. ``If-Range`` keeps it: what a range holds
does not go on from a part of the compressed form.
"""

import asyncio
import zlib
from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SMALLEST = 1024
_INLINE = 65_536
_LEVEL = 1
_MARK = b'-gzip"'
_CONDITIONS = (b"if-match", b"if-none-match")
_TEXT = (
    "text/",
    "application/json",
    "application/problem+json",
    "application/javascript",
    "application/xml",
    "application/x-votable+xml",
    "application/vnd.oai.openapi",
    "image/svg+xml",
)
_STREAMS = ("text/event-stream",)
_GZIP_HEADER_BITS = 31


class Compression:
    """Compresses where it helps and ``Accept-Encoding`` admits it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        accepted, marked = _read(scope["headers"])
        if marked:
            scope["headers"] = [_unmarked(field) for field in scope["headers"]]
        gzip = accepted and scope["method"] != "HEAD"
        answer = _Answer(send, gzip=gzip, marked=marked)
        await self._app(scope, receive, answer.send)


def _read(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bool, str]:
    """Return whether gzip is accepted, and the conditions that have our mark."""
    accepted, marked = False, ""
    for name, value in headers:
        if name == b"accept-encoding":
            accepted = accepts_gzip(value.decode("latin-1"))
        elif name in _CONDITIONS and _MARK in value:
            marked += value.decode("latin-1")
    return accepted, marked


def _unmarked(field: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    name, value = field
    return (name, value.replace(_MARK, b'"') if name in _CONDITIONS else value)


def accepts_gzip(field: str) -> bool:
    """Return whether ``Accept-Encoding`` admits gzip (RFC 9110, section 12.5.3)."""
    weights = {}
    for part in field.lower().split(","):
        coding, _, parameter = part.partition(";")
        weights[coding.strip()] = _weight(parameter)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


class _Answer:
    """One answer, held back until it is known whether it is compressed."""

    __slots__ = ("_gzip", "_marked", "_send", "_start")

    def __init__(self, send: Send, *, gzip: bool, marked: str) -> None:
        self._send = send
        self._gzip = gzip
        self._marked = marked
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if message["status"] == 304:
                self._not_modified(headers)
            if not _is_compressible(message["status"], headers):
                await self._send(message)
                return
            _add_vary(headers)
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            await self._first(self._start, message)

    def _not_modified(self, headers: MutableHeaders) -> None:
        """Name the form that the client has, as 200 would (RFC 9110, 15.4.5)."""
        _add_vary(headers)
        tag = _with_mark(headers.get("etag", ""))
        if self._gzip and tag and tag in self._marked:
            headers["ETag"] = tag

    async def _first(self, start: Message, message: Message) -> None:
        """Send the start, and the body if that is all of it, compressed."""
        self._start = None
        if self._gzip and _is_whole(message):
            headers = MutableHeaders(scope=start)
            message = {**message, "body": await _compressed(message["body"])}
            _describe(headers, len(message["body"]))
        await self._send(start)
        await self._send(message)


def _is_compressible(status: int, headers: MutableHeaders) -> bool:
    kind = headers.get("content-type", "")
    return (
        kind.startswith(_TEXT)
        and not kind.startswith(_STREAMS)
        and status not in {204, 206, 304}
        and "content-encoding" not in headers
        and "no-transform" not in headers.get("cache-control", "")
    )


def _add_vary(headers: MutableHeaders) -> None:
    if "accept-encoding" not in headers.get("vary", "").lower():
        headers.add_vary_header("Accept-Encoding")


def _is_whole(message: Message) -> bool:
    return (
        message["type"] == "http.response.body"
        and not message.get("more_body", False)
        and len(message.get("body", b"")) >= _SMALLEST
    )


async def _compressed(body: bytes) -> bytes:
    """Return the body in gzip; a long one is left to a thread."""
    if len(body) < _INLINE:
        return _gzip(body)
    return await asyncio.to_thread(_gzip, body)


def _gzip(body: bytes) -> bytes:
    encoder = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_HEADER_BITS)
    return encoder.compress(body) + encoder.flush()


def _describe(headers: MutableHeaders, length: int) -> None:
    headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(length)
    tag = _with_mark(headers.get("etag", ""))
    if tag:
        headers["ETag"] = tag
    if "accept-ranges" in headers:
        del headers["accept-ranges"]


def _with_mark(tag: str) -> str:
    """Return the tag of the compressed form; empty where there is none."""
    return tag[:-1] + _MARK.decode() if tag.endswith('"') else ""
