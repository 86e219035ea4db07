"""One JSON line for each request, with nothing in it that a request should hide.

Values of the query are shown for a few names that are known to be harmless; of all
others only the name is, so that no secret in a URL reaches the log.
"""

import logging
import time
from urllib.parse import parse_qsl

from gatewright.web.client_address import client_address
from gatewright.web.exchange import Exchange

_log = logging.getLogger("gatewright.access")
_MAXIMUM = 256
_SHOWN = frozenset(
    {"limit", "format", "view", "state", "op", "var", "stat", "lat", "lon", "time"}
    | {"level", "member", "pos", "band", "radius", "estimate", "follow", "algorithm"}
)


class AccessLog:
    """Logs each request to ``gatewright.access`` when it has ended (a `Watcher`)."""

    def began(self, exchange: Exchange) -> None:
        """Nothing is told before the end."""

    def ended(self, exchange: Exchange) -> None:
        """Write the line of a request."""
        if not _log.isEnabledFor(logging.INFO):
            return
        scope = exchange.scope
        seconds = time.perf_counter() - exchange.began
        query = scope.get("query_string", b"")[: 4 * _MAXIMUM]
        pairs = parse_qsl(
            query.decode("ascii", "backslashreplace"), keep_blank_values=True
        )
        shown = "&".join(f"{n}={v if n in _SHOWN else '...'}" for n, v in pairs)
        shown = _cut(shown.encode("ascii", "backslashreplace"))
        entry = {
            "method": scope["method"],
            "path": _cut(scope.get("raw_path") or scope["path"].encode()),
            "query": shown,
            "status": exchange.status,
            "bytes": exchange.size,
            "whole": exchange.ended,
            "milliseconds": round(seconds * 1000, 2),
            "user": _cut((exchange.user or "").encode()),
            "address": client_address(scope),
            "request_id": exchange.request_id,
        }
        # The logger would look for the line of code that calls it.
        record = {"name": _log.name, "levelno": logging.INFO, "levelname": "INFO"}
        _log.handle(logging.makeLogRecord(record | {"fields": entry}))


def _cut(raw: bytes) -> str:
    return raw[:_MAXIMUM].decode("ascii", "backslashreplace")
