"""An answer that is sent as it comes to be, and that ends normally only when whole."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from gatewright.core.errors import Unavailable
from gatewright.web.events import STOPPING


def live_response(
    pieces: AsyncIterator[bytes],
    media_type: str,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an answer of unknown length that sends the pieces as they come.

    It ends when the iterator does. A client that goes away stops the iterator; a
    server that stops breaks the connection, so that no client takes what it has for
    the whole.
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
        if scope["method"] != "HEAD" and not await self._run(scope, receive, send):
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Send the pieces; return whether all were sent."""
        sending = asyncio.ensure_future(self._send(send))
        gone = asyncio.ensure_future(_gone(receive))
        stopping = asyncio.ensure_future(_stopping(scope))
        tasks = (sending, gone, stopping)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if sending.done() and not sending.cancelled():
            sending.result()
            return True
        if not stopping.cancelled():
            raise Unavailable("The server stops.")
        return False

    async def _send(self, send: Send) -> None:
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


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _stopping(scope: Scope) -> None:
    event = scope.get("state", {}).get(STOPPING)
    await (event or asyncio.Event()).wait()
