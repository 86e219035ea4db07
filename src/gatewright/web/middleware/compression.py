"""Gzip compression of responses that are text, large enough and sent as a whole.

The entity tag of a compressed response is the resource's with ``-gzip`` before its end
quote, since the bytes differ. That suffix is removed from the entity tags that a client
sends back, so ``If-Match`` works with the tag of either form. In ``If-Range`` it stays,
since a range of the plain form cannot continue a part of the compressed form.
"""

import asyncio
import zlib
from collections.abc import Awaitable, Iterable
from functools import lru_cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatewright.web.exchange import Exchange
from gatewright.web.fields import Fields

_SMALLEST = 1024
_INLINE = 65_536
_LEVEL = 1
_MARK = b'-gzip"'
_CONDITIONS = (b"if-match", b"if-none-match")
_TEXT = (
    b"text/",
    b"application/json",
    b"application/problem+json",
    b"application/javascript",
    b"application/xml",
    b"application/x-votable+xml",
    b"application/vnd.oai.openapi",
    b"image/svg+xml",
)
_STREAMS = (b"text/event-stream",)
_SHORT = 128
_GZIP_HEADER_BITS = 31


class Compression:
    """ASGI middleware that compresses responses if ``Accept-Encoding`` admits gzip."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle one request."""
        accepted, marked = _read(scope["headers"])
        if marked:
            scope["headers"] = [
                (name, value.replace(_MARK, b'"') if name in _CONDITIONS else value)
                for name, value in scope["headers"]
            ]
        if accepted and scope["method"] != "HEAD":
            send = _Answer(send, marked).send
        return self._app(scope, receive, send)


def _read(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bool, str]:
    """Return whether gzip is accepted, and the conditions with a ``-gzip`` suffix."""
    accepted, marked = False, ""
    for name, value in headers:
        if name == b"accept-encoding":
            read = _accepts_gzip if len(value) <= _SHORT else accepts_gzip
            accepted = read(value.decode("latin-1"))
        elif name in _CONDITIONS and _MARK in value:
            marked += value.decode("latin-1")
    return accepted, marked


def accepts_gzip(field: str) -> bool:
    """Return whether ``Accept-Encoding`` admits gzip (RFC 9110, section 12.5.3)."""
    weights = {}
    for part in field.lower().split(","):
        coding, _, parameter = part.partition(";")
        name, _, value = parameter.partition("=")
        weight = 1.0
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                weight = 0.0
        weights[coding.strip()] = weight
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


_accepts_gzip = lru_cache(maxsize=256)(accepts_gzip)
"""The function with a cache, since browsers send only a few forms of the header."""


class _Answer:
    """A response, held back until it is known whether it is compressed."""

    __slots__ = ("_marked", "_send", "_start")

    def __init__(self, send: Send, marked: str) -> None:
        self._send = send
        self._marked = marked
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        start, self._start = self._start, None
        if message["type"] == "http.response.start":
            fields = Fields(message["headers"])
            if message["status"] == 304:
                # A 304 has the entity tag that a 200 would have: the tag of the form
                # that the client has (RFC 9110, section 15.4.5).
                tag = _with_mark(fields.get(b"etag"))
                if tag and tag.decode("latin-1") in self._marked:
                    fields.put(b"etag", tag)
                message = {**message, "headers": fields.finished()}
            elif not fields.get(b"content-encoding") and _may_be_coded(
                message["status"], fields
            ):
                self._start = message
                return
        elif start is not None:
            if (
                message["type"] == "http.response.body"
                and not message.get("more_body", False)
                and len(message.get("body", b"")) >= _SMALLEST
            ):
                body = message["body"]
                if len(body) < _INLINE:
                    body = _gzip(body)
                else:
                    body = await asyncio.to_thread(_gzip, body)
                message = {**message, "body": body}
                start = _start_of_gzip(start, len(body))
            await self._send(start)
        await self._send(message)


def vary_by_coding(fields: Fields, exchange: Exchange) -> None:
    """Add ``Vary: Accept-Encoding`` to text responses, compressed or not."""
    if exchange.status == 304 or _may_be_coded(exchange.status, fields):
        fields.vary(b"Accept-Encoding")


def _may_be_coded(status: int, fields: Fields) -> bool:
    kind = fields.get(b"content-type")
    return (
        kind.startswith(_TEXT)
        and not kind.startswith(_STREAMS)
        and status not in {204, 206, 304}
        and b"no-transform" not in fields.get(b"cache-control")
    )


def _gzip(body: bytes) -> bytes:
    encoder = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_HEADER_BITS)
    return encoder.compress(body) + encoder.flush()


def _start_of_gzip(start: Message, length: int) -> Message:
    """Return the start message of a response with a compressed body of some length."""
    fields = Fields(pair for pair in start["headers"] if pair[0] != b"accept-ranges")
    fields.add(b"content-encoding", b"gzip")
    fields.put(b"content-length", b"%d" % length)
    tag = _with_mark(fields.get(b"etag"))
    if tag:
        fields.put(b"etag", tag)
    return {**start, "headers": fields.finished()}


def _with_mark(tag: bytes) -> bytes:
    """Return the entity tag of the compressed form; empty without a tag."""
    return tag[:-1] + _MARK if tag.endswith(b'"') else b""
