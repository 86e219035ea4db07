"""Limits the length of URLs and bodies; bodies are counted as they arrive."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatewright.core.config import Limits
from gatewright.core.errors import (
    InvalidRequest,
    TooLarge,
    UnsupportedMediaType,
    UriTooLong,
)
from gatewright.web.exchange import exchange_of, refuse_body
from gatewright.web.middleware.timeouts import has_body


class Sizes:
    """ASGI middleware that refuses long URLs, large bodies and compressed bodies.

    Parameters
    ----------
    limits
        Configuration with ``url_bytes``, ``body_bytes``, and ``upload_bytes`` for
        uploads.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle one request."""
        path = scope.get("raw_path") or scope["path"].encode()
        if len(path) + len(scope.get("query_string", b"")) > self._limits.url_bytes:
            raise UriTooLong(f"The URL is longer than {self._limits.url_bytes} bytes.")
        upload = exchange_of(scope).upload
        limit = self._limits.upload_bytes if upload else self._limits.body_bytes
        for name, value in scope["headers"]:
            if name == b"content-length":
                if not value.isdigit():
                    raise InvalidRequest("“Content-Length” is not a number.")
                if len(value) > 18 or int(value) > limit:
                    raise too_large(limit)
            elif name == b"content-encoding" and not (
                upload or value.strip().lower() in {b"", b"identity"}
            ):
                raise UnsupportedMediaType("Send the body without Content-Encoding.")
        if scope["method"] not in {"GET", "HEAD"} or has_body(scope):
            receive = _Counted(scope, receive, limit)
        return self._app(scope, receive, send)


def too_large(limit: int) -> TooLarge:
    """Return the error for a body above its limit, which also closes the connection."""
    return TooLarge(
        f"The body is larger than {limit} bytes.",
        headers={"Connection": "close"},
        limit=limit,
    )


class _Counted:
    """ASGI ``receive`` that counts the body and fails above the limit."""

    __slots__ = ("_left", "_limit", "_receive", "_scope")

    def __init__(self, scope: Scope, receive: Receive, limit: int) -> None:
        self._scope = scope
        self._receive = receive
        self._limit = self._left = limit

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise refuse_body(self._scope, too_large(self._limit))
        return message
