"""Responses of unknown length that are sent while they are produced."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from gatewright.core.errors import Unavailable
from gatewright.web.disconnect import stopping_of, until_gone


def live_response(
    pieces: AsyncIterator[bytes],
    media_type: str,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a response that sends pieces as the iterator yields them.

    It ends normally only when the iterator ends. If the client disconnects, the
    iterator is closed. If the server stops, the connection is broken, so that the
    client does not take a part for the whole.
    """
    return _Pieces(pieces, media_type, headers)


class LiveResponse(Response, ABC):
    """A response that is sent while it is produced, and neither kept nor held back.

    Parameters
    ----------
    media_type
        Value of ``Content-Type``.
    headers
        Further headers. A ``Cache-Control`` or ``X-Accel-Buffering`` in them replaces
        those that keep caches, and proxies such as nginx, from holding it back.
    """

    def __init__(self, media_type: str, headers: Mapping[str, str] | None) -> None:
        super().__init__(None, headers=headers, media_type=media_type)
        del self.headers["content-length"]
        self.headers.setdefault("Cache-Control", "no-store")
        self.headers.setdefault("X-Accel-Buffering", "no")

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        if scope["method"] == "HEAD" or await self.produce(scope, receive, send):
            await send(body_message(b"", more=False))

    @abstractmethod
    async def produce(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Send the body; return whether its end is to be sent, or the client left."""


class _Pieces(LiveResponse):
    def __init__(
        self,
        pieces: AsyncIterator[bytes],
        media_type: str,
        headers: Mapping[str, str] | None,
    ) -> None:
        self._pieces = pieces
        super().__init__(media_type, headers)

    @override
    async def produce(self, scope: Scope, receive: Receive, send: Send) -> bool:
        async def send_pieces() -> bool:
            pieces = cast("AsyncGenerator[bytes, None]", self._pieces)
            async with aclosing(pieces):
                async for piece in pieces:
                    if piece:
                        await send(body_message(piece))
            return True

        stopping = stopping_of(scope)
        if await until_gone(receive, send_pieces(), stopping):
            return True
        if stopping is not None and stopping.is_set():
            raise Unavailable("The server is stopping.")
        return False


def body_message(body: bytes, *, more: bool = True) -> dict[str, object]:
    """Return the ASGI message with a part of a body, by default not the last one."""
    return {"type": "http.response.body", "body": body, "more_body": more}
