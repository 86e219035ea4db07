"""Support for a public URL with a path, such as ``https://example.org/gateway``.

The proxy in front may remove the path or not. Middleware sees paths without it; faces
see the whole path, with the prefix in their ``root_path``.
"""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from gatewright.web.exchange import Exchange
from gatewright.web.fields import Fields


class BelowPrefix:
    """Removes the path of the public URL from requests and adds it to redirects.

    Parameters
    ----------
    prefix
        The path (``/gateway``), without a slash at its end.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._start = prefix.encode()

    def answering(self, app: ASGIApp) -> ASGIApp:
        """Return an application that passes requests to ``app`` without the prefix."""

        def without(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
            raw: bytes = scope.get("raw_path") or scope["path"].encode()
            if f"{raw.decode('latin-1')}/".startswith(f"{self._prefix}/"):
                scope["raw_path"] = raw[len(self._start) :] or b"/"
                scope["path"] = scope["path"][len(self._prefix) :] or "/"
            scope["root_path"] = self._prefix
            return app(scope, receive, send)

        return without

    def add(self, fields: Fields, exchange: Exchange) -> None:
        """Add the prefix to a ``Location`` header with a path of this gateway."""
        location = fields.get(b"location")
        known = location + b"/"
        if location.startswith(b"/") and not known.startswith(self._start + b"/"):
            fields.put(b"location", self._start + location)
