"""One JSON line for each request, with nothing in it that a request should hide.

Values of the query are shown for a few names that are known to be harmless; of all
others only the name is, so that no secret in a URL reaches the log.
"""

import logging
import time
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatewright.web.client_address import client_address
from gatewright.web.exchange import exchange_of
from gatewright.web.middleware.request_id import SCOPE_KEY as REQUEST_ID

_log = logging.getLogger("gatewright.access")
_MAXIMUM = 256
_SHOWN = frozenset(
    {"limit", "format", "view", "state", "op", "var", "stat", "lat", "lon", "time"}
    | {"level", "member", "pos", "band", "radius", "estimate", "follow", "algorithm"}
)


class AccessLog:
    """Logs each request to ``gatewright.access`` when it has ended."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if not _log.isEnabledFor(logging.INFO):
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = size = 0
        whole = False

        async def count(message: Message) -> None:
            nonlocal status, size, whole
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                size += len(message.get("body", b"")) + message.get("count", 0)
                whole = not message.get("more_body", False)
            await send(message)

        try:
            await self._app(scope, receive, count)
        finally:
            seconds = time.perf_counter() - began
            fields = {"status": status, "bytes": size, "whole": whole}
            _write(scope, fields | {"milliseconds": round(seconds * 1000, 2)})


def _write(scope: Scope, fields: dict[str, object]) -> None:
    entry = {
        "method": scope["method"],
        "path": _cut(scope.get("raw_path") or scope["path"].encode()),
        "query": _query(scope.get("query_string", b"")),
        **fields,
        "user": _cut(exchange_of(scope).user.encode()),
        "address": client_address(scope),
        "request_id": scope.get(REQUEST_ID, ""),
    }
    _log.info("", extra={"fields": entry})


def _cut(raw: bytes) -> str:
    return raw[:_MAXIMUM].decode("ascii", "backslashreplace")


def _query(raw: bytes) -> str:
    """Return the query with the values of most names left out."""
    text = raw[: 4 * _MAXIMUM].decode("ascii", "backslashreplace")
    pairs = parse_qsl(text, keep_blank_values=True)
    shown = (f"{n}={v}" if n in _SHOWN else f"{n}=..." for n, v in pairs)
    return _cut("&".join(shown).encode("ascii", "backslashreplace"))
