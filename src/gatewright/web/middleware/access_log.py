"""Access log: one JSON line for each request, without secrets.

Of query parameters only names are logged, since a URL may contain a secret; values are
logged for a few names that are known to be harmless.
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
    """A `Watcher` that logs each request to ``gatewright.access`` when it ends."""

    def began(self, exchange: Exchange) -> None:
        """Do nothing; a request is logged when it ends."""

    def ended(self, exchange: Exchange) -> None:
        """Log a request."""
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
        # Logger.info() would look up the caller's line of code, which takes time.
        record = {"name": _log.name, "levelno": logging.INFO, "levelname": "INFO"}
        _log.handle(logging.makeLogRecord(record | {"fields": entry}))


def _cut(raw: bytes) -> str:
    return raw[:_MAXIMUM].decode("ascii", "backslashreplace")
