"""Answers that depend on who asks are kept by no cache for anybody else.

A cache in front of the gateway that is told nothing may keep what a session's cookie
admitted, and give it to the next (RFC 9111, sections 3 and 4.1).
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatewright.web.context import SCOPE_KEY

_FOR_ONE = "private, no-cache"
_DEPENDS_ON = "Authorization, Cookie"


class PrivateAnswers:
    """Adds ``Vary``, and ``Cache-Control`` to what a signed-in caller is told.

    An answer that says itself that it is public, or for how long it is kept, stays as
    it is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        signed_in = scope[SCOPE_KEY].caller.signed_in

        async def send_with_fields(message: Message) -> None:
            if message["type"] == "http.response.start":
                _mark(MutableHeaders(scope=message), signed_in=signed_in)
            await send(message)

        await self._app(scope, receive, send_with_fields)


def _mark(headers: MutableHeaders, *, signed_in: bool) -> None:
    kept = headers.get("cache-control", "")
    if "public" in kept.replace(" ", "").split(","):
        return
    headers.add_vary_header(_DEPENDS_ON)
    if signed_in and not kept:
        headers["Cache-Control"] = _FOR_ONE
