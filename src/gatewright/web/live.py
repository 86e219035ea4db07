"""Responses of unknown length that are sent while they are produced."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from gatewright.core.errors import Unavailable
from gatewright.web.departure import stopping_of, until_gone


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
    return _Live(pieces, media_type, headers)


class _Live(Response):
    def __init__(
        self,
        pieces: AsyncIterator[bytes],
        media_type: str,
        headers: Mapping[str, str] | None,
    ) -> None:
        self._pieces = pieces
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
        if scope["method"] != "HEAD":
            stopping = stopping_of(scope)
            if await until_gone(receive, self._send(send), stopping) is None:
                if stopping is not None and stopping.is_set():
                    raise Unavailable("The server is stopping.")
                return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send(self, send: Send) -> bool:
        pieces = cast("AsyncGenerator[bytes, None]", self._pieces)
        async with aclosing(pieces):
            async for piece in pieces:
                if piece:
                    await send(
                        {
                            "type": "http.response.body",
                            "body": piece,
                            "more_body": True,
                        }
                    )
        return True
