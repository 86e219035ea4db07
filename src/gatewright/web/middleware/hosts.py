"""Host names that the gateway answers to, so that no other site can point at it."""

import re
from collections.abc import Awaitable
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from gatewright.core.config import Config
from gatewright.core.errors import InvalidRequest

_HOST = re.compile(rb"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?", re.IGNORECASE)
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_MOST_KNOWN = 64
"""Fields that were found good and are remembered: clients write the same one."""
_ANY_HOST = ("/health/",)
ABSOLUTE_FORM = "gatewright.absolute-form"
"""Key in the scope of a request whose target named the host, as for a proxy."""


def allowed_hosts(config: Config) -> frozenset[str]:
    """Return the configured names, and the loopback names of this machine."""
    own = urlsplit(config.url).hostname or ""
    own = f"[{own}]" if ":" in own else own
    named = [name.lower() for name in config.gateway.allowed_hosts]
    return frozenset([own, *_LOOPBACK, *named]) - {""}


class Hosts:
    """Refuses requests for other hosts (DNS rebinding, forged links).

    Parameters
    ----------
    names
        Names without a port, in lower case; IPv6 addresses in brackets.
    """

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self._app = app
        self._names = names
        self._known: set[bytes] = set()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle one request; a probe of health may come by any name.

        What is asked of another host, as of a proxy, is refused of health too.
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
            raise InvalidRequest("A request names one host, in the field “Host”.")
        if match[1].decode().lower() not in self._names:
            raise InvalidRequest(
                "This gateway does not answer to that host name; its operator can add "
                "it to “allowed_hosts”."
            )
        if len(self._known) < _MOST_KNOWN:
            self._known.add(hosts[0])
