"""JSON and form bodies, checked before any framework's own decoder reads them."""

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatewright.core.errors import InvalidRequest
from gatewright.web.exchange import exchange_of
from gatewright.web.json_body import decode_json, is_json
from gatewright.web.middleware.malformed import check_form

_FORM = "application/x-www-form-urlencoded"


class StrictBodies:
    """Reads a JSON or form body whole, refuses what `json_body` does, and passes it on.

    Its size is bounded by the middleware above. Uploads are not looked at.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        content_type = _content_type(scope)
        if content_type and not exchange_of(scope).upload:
            if is_json(content_type):
                receive = await _checked(receive, decode_json)
            elif content_type.partition(";")[0].strip().lower() == _FORM:
                receive = await _checked(receive, check_form)
        await self._app(scope, receive, send)


def _content_type(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"content-type":
            return str(value, "latin-1")
    return ""


async def _checked(receive: Receive, check: Callable[[bytes], object]) -> Receive:
    """Return a receiver that gives the whole body again, once it was found good."""
    body = await _whole(receive)
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


async def _whole(receive: Receive) -> bytes:
    parts = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidRequest("The client went away within the body.")
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)
