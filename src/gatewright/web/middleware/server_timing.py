"""How long the gateway took until its answer began, for the browser's own tools."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class ServerTiming:
    """Adds ``Server-Timing: total;dur=`` in milliseconds (W3C Server Timing)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        began = time.perf_counter()

        async def send_with_time(message: Message) -> None:
            if message["type"] == "http.response.start":
                took = (time.perf_counter() - began) * 1000
                field = (b"server-timing", b"total;dur=%.2f" % took)
                message["headers"] = [*message.get("headers", ()), field]
            await send(message)

        await self._app(scope, receive, send_with_time)
