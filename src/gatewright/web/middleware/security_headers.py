"""Header fields that keep a browser from doing what no page of ours asks for."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatewright.web.exchange import exchange_of

_ALWAYS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=()",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
}
_HTTPS = {b"strict-transport-security": b"max-age=31536000"}
_SHARED = {b"cross-origin-resource-policy": b"cross-origin"}


Pair = tuple[bytes, bytes]


class SecurityHeaders:
    """Adds each field that the answer does not set itself; redirects stay here.

    Parameters
    ----------
    secure
        Whether the gateway's own address is https.
    """

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        own = _ALWAYS | (_HTTPS if secure else {})
        self._own = tuple(own.items())
        self._shared = tuple((own | _SHARED).items())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        fields = self._shared if exchange_of(scope).public else self._own

        async def send_with_fields(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                if 300 <= message["status"] < 400:
                    headers = _staying(headers)
                there = {name.lower() for name, _ in headers}
                headers += [field for field in fields if field[0] not in there]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, send_with_fields)


def _staying(headers: Iterable[Pair]) -> list[Pair]:
    """Return the fields with a ``Location`` that is a path, without scheme and host.

    Starlette's redirects name those of the connection, which behind a proxy are not the
    gateway's own: they would lead from https to http, a password in the body as well.
    """
    return [
        (name, _path(value) if name.lower() == b"location" else value)
        for name, value in headers
    ]


def _path(location: bytes) -> bytes:
    parts = urlsplit(location)
    path = b"/" + parts.path.lstrip(b"/\\")  # two of them would begin a host's name
    return path + (b"?" + parts.query if parts.query else b"")
