"""Limits pauses in a request's body; the server itself limits the header's time."""

import asyncio
from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatewright.core.errors import RequestTimeout
from gatewright.web.exchange import refuse_body


class BodyTimeout:
    """ASGI middleware that refuses a request whose body stalls (408).

    Parameters
    ----------
    seconds
        Longest pause within a body.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle one request."""
        if has_body(scope):
            receive = _Timed(scope, receive, self._seconds)
        return self._app(scope, receive, send)


def has_body(scope: Scope) -> bool:
    """Return whether a request declares a body (RFC 9112, section 6)."""
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return True
        if name == b"content-length" and value != b"0":
            return True
    return False


class _Timed:
    """ASGI ``receive`` with a time limit for each part of the body."""

    __slots__ = ("_more", "_receive", "_scope", "_seconds")

    def __init__(self, scope: Scope, receive: Receive, seconds: float) -> None:
        self._scope = scope
        self._receive = receive
        self._seconds = seconds
        self._more = True

    async def __call__(self) -> Message:
        if not self._more:
            return await self._receive()
        try:
            async with asyncio.timeout(self._seconds):
                message = await self._receive()
        except TimeoutError as error:
            text = f"The body paused for more than {self._seconds:g} seconds."
            late = RequestTimeout(text, headers={"Connection": "close"})
            raise refuse_body(self._scope, late) from error
        self._more = message.get("more_body", False)
        return message
