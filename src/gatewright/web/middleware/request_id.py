"""An id for each request, in the scope, the answer and every log line."""

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatewright.core.ids import new_id

SCOPE_KEY = "gatewright.request_id"
_SANE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")


class RequestId:
    """Takes the client's ``X-Request-Id`` if it is sane, or makes one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        request_id = _given(scope) or new_id()
        scope[SCOPE_KEY] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        await self._app(scope, receive, send_with_id)


def _given(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE.fullmatch(value):
            return str(value, "ascii")
    return ""
