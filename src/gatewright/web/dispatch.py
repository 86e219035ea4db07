"""From a path to the face that answers it: the longest prefix wins."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from gatewright.core.errors import NotFound
from gatewright.web.exchange import exchange_of
from gatewright.web.prefixes import longest_first, prefix_of


class Dispatch:
    """Calls the application whose prefix begins the path.

    The application sees the prefix as its ``root_path``, and the prefix alone as the
    prefix with a slash.

    Parameters
    ----------
    apps
        Applications by prefix (``/api/v1``); the empty prefix takes what is left.
    """

    def __init__(self, apps: Mapping[str, ASGIApp]) -> None:
        self._apps = dict(apps)
        self._prefixes = longest_first(apps)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request.

        Raises
        ------
        NotFound
            No application has the path.
        """
        prefix = prefix_of(scope["path"], self._prefixes)
        if prefix is None:
            raise NotFound("There is nothing at this address.")
        inner = _inner(scope, prefix)
        try:
            await self._apps[prefix](inner, receive, send)
        finally:
            exchange_of(scope).route = _template(inner, prefix)


def _inner(scope: Scope, prefix: str) -> Scope:
    inner = dict(scope)
    inner["root_path"] = scope.get("root_path", "") + prefix
    if scope["path"] == prefix:
        inner["path"] = f"{prefix}/"
    return inner


def _template(scope: Scope, prefix: str) -> str:
    """Return the route's template, without what a client wrote."""
    path = getattr(scope.get("route"), "path", None)
    return f"{prefix}/*" if path is None else f"{prefix}{path}"
