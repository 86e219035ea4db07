"""Passes each request to the face (protocol) with the longest prefix of its path."""

from collections.abc import Awaitable, Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from gatewright.core.errors import NotFound
from gatewright.web.exchange import exchange_of
from gatewright.web.prefixes import longest_first, prefix_of


class Dispatch:
    """ASGI application that calls the application with the path's longest prefix.

    The inner application sees the prefix as its ``root_path``. A path equal to the
    prefix is passed on with a slash at its end.

    Parameters
    ----------
    apps
        Applications by prefix (``/api/v1``); the one with the empty prefix gets all
        other paths.
    """

    def __init__(self, apps: Mapping[str, ASGIApp]) -> None:
        self._apps = dict(apps)
        self._prefixes = longest_first(apps)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle one request.

        Raises
        ------
        NotFound
            No application has a prefix of the path.
        """
        prefix = prefix_of(scope["path"], self._prefixes)
        if prefix is None:
            raise NotFound("There is nothing at this address.")
        exchange = exchange_of(scope)
        root = scope.get("root_path", "")
        if root or scope["path"] == prefix:
            # Starlette expects paths that include the root_path.
            path = f"{prefix}/" if scope["path"] == prefix else scope["path"]
            scope = {**scope, "path": root + path}
            if scope.get("raw_path"):
                scope["raw_path"] = root.encode() + scope["raw_path"]
        scope["root_path"] = root + prefix
        exchange.prefix, exchange.inner = prefix, scope
        return self._apps[prefix](scope, receive, send)
