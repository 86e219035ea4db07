"""Checks the ``Host`` of requests, against DNS rebinding and forged links."""

import re
from collections.abc import Awaitable
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from gatewright.core.config import Config
from gatewright.core.errors import InvalidRequest

_HOST = re.compile(rb"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?", re.IGNORECASE)
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_MOST_KNOWN = 64
"""Most valid ``Host`` values that are remembered; clients keep sending the same
ones."""
_ANY_HOST = ("/health/",)
ABSOLUTE_FORM = "gatewright.absolute-form"
"""Key that the scope has if the request target named a host, as for a proxy (RFC 9112,
section 3.2.2)."""


def allowed_hosts(config: Config) -> frozenset[str]:
    """Return the host names of the configuration, and this machine's loopback names."""
    own = urlsplit(config.url).hostname or ""
    own = f"[{own}]" if ":" in own else own
    named = [name.lower() for name in config.gateway.allowed_hosts]
    return frozenset([own, *_LOOPBACK, *named]) - {""}


class Hosts:
    """ASGI middleware that refuses requests for other hosts.

    Parameters
    ----------
    names
        Host names without a port, in lower case; IPv6 addresses in brackets.
    """

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self._app = app
        self._names = names
        self._known: set[bytes] = set()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle one request; health probes may use any host name.

        A target with a host in it is checked even for health probes.

        Raises
        ------
        InvalidRequest
            ``Host`` is missing or malformed, or names another host.
        """
        if ABSOLUTE_FORM in scope or not scope["path"].startswith(_ANY_HOST):
            self._check(scope)
        return self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if not hosts and scope.get("http_version") == "1.0":
            return
        if len(hosts) == 1 and hosts[0] in self._known:
            return
        match = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if match is None:
            raise InvalidRequest("A request must have one valid “Host” header.")
        if match[1].decode().lower() not in self._names:
            raise InvalidRequest(
                "This gateway does not answer to that host name; its operator can add "
                "it to “allowed_hosts”."
            )
        if len(self._known) < _MOST_KNOWN:
            self._known.add(hosts[0])
