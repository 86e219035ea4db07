"""Access log: one JSON line for each request, without secrets.

Of query parameters only names are logged, since a URL may contain a secret; values are
logged for a few names that are known to be harmless. Of a token that somebody put in
the path, its key is logged.
"""

import logging
import time
from collections.abc import Mapping
from urllib.parse import parse_qsl

from gatewright.domains.identity import without_token_secrets
from gatewright.web.client_address import client_address
from gatewright.web.exchange import Exchange

_log = logging.getLogger("gatewright.access")
_MAXIMUM = 256
_LONGEST_NAME = 32
_SHOWN = frozenset(
    {"limit", "format", "view", "state", "op", "var", "stat", "lat", "lon", "time"}
    | {"level", "member", "pos", "band", "radius", "estimate", "follow", "algorithm"}
)


_FORM = vars(
    logging.makeLogRecord(
        {"name": _log.name, "levelno": logging.INFO, "levelname": "INFO"}
    )
)


class _Record(logging.LogRecord):
    """The log record of one request.

    `logging.LogRecord` looks up the file, the thread and the process of the caller,
    which takes longer than all the rest of the log line. This record copies them from
    one that was made before.
    """

    def __init__(self, fields: Mapping[str, object]) -> None:
        now = time.time()
        vars(self).update(_FORM, created=now, msecs=now % 1 * 1000, fields=fields)


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
        query = scope.get("query_string", b"")
        entry = {
            "method": scope["method"],
            "path": _path(scope.get("raw_path") or scope["path"].encode()),
            "query": _shown(query) if query else "",
            "status": exchange.status,
            "bytes": exchange.size,
            "whole": exchange.ended,
            "milliseconds": round(seconds * 1000, 2),
            "user": _cut(exchange.user.encode()) if exchange.user else "",
            "address": client_address(scope),
            "request_id": exchange.request_id,
        }
        _log.handle(_Record(entry))


def _shown(query: bytes) -> str:
    """Return a query without the values that may be secret."""
    text = query[: 4 * _MAXIMUM].decode("ascii", "backslashreplace")
    if "%" in text or "+" in text:
        pairs = parse_qsl(text, keep_blank_values=True)
    else:  # as most are, and there is nothing to decode
        parts = [part.partition("=") for part in text.split("&") if part]
        pairs = [(name, value) for name, _, value in parts]
    shown = "&".join(f"{n}={v}" if n in _SHOWN else f"{_name(n)}=..." for n, v in pairs)
    return _cut(without_token_secrets(shown).encode("ascii", "backslashreplace"))


def _name(text: str) -> str:
    """Return a parameter's name; one that is longer than any may be a secret."""
    return text if len(text) <= _LONGEST_NAME else "..."


def _path(raw: bytes) -> str:
    return without_token_secrets(_cut(raw))


def _cut(raw: bytes) -> str:
    return raw[:_MAXIMUM].decode("ascii", "backslashreplace")
