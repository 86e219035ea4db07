"""Checks JSON and form bodies before any framework decodes them."""

from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatewright.core.errors import InvalidRequest
from gatewright.web.exchange import exchange_of
from gatewright.web.json_body import decode_json, is_json
from gatewright.web.middleware.malformed import check_form

Check = Callable[[bytes], object]
_FORM = "application/x-www-form-urlencoded"


class StrictBodies:
    """ASGI middleware that reads a JSON or form body, checks it, and passes it on.

    `json_body` and `malformed` define what is refused; `Sizes` limits the size. Uploads
    are passed on unread.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle one request."""
        check = _check_of(scope)
        if check is None:
            return self._app(scope, receive, send)
        return self._checked(check, scope, receive, send)

    async def _checked(
        self, check: Check, scope: Scope, receive: Receive, send: Send
    ) -> None:
        await self._app(scope, await _checked(receive, check), send)


def _check_of(scope: Scope) -> Check | None:
    """Return the function that checks the body of a request, or None."""
    kind = ""
    for name, value in scope["headers"]:
        if name == b"content-type":
            kind = str(value, "latin-1")
            break
    if not kind or exchange_of(scope).upload:
        return None
    if is_json(kind):
        return decode_json
    return check_form if kind.partition(";")[0].strip().lower() == _FORM else None


async def _checked(receive: Receive, check: Check) -> Receive:
    """Read and check the body; return an ASGI ``receive`` that delivers it again."""
    parts = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidRequest("The client disconnected before the body's end.")
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"".join(parts)
    if body:
        check(body)
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
