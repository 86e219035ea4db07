"""The methods that a resource has, for ``Allow`` and for HEAD."""

from starlette.requests import Request
from starlette.routing import Match

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""The methods that routes here may have, in the order of ``Allow``."""


def allowed_methods(request: Request) -> str:
    """Return the methods of the resource that was asked for (RFC 9110, 10.2.1).

    A resource may have a route for each of its methods, so all routes are asked.
    """
    found = []
    for method in METHODS:
        scope = {**request.scope, "method": method}
        if any(r.matches(scope)[0] is Match.FULL for r in request.app.routes):
            found.append(method)
    return ", ".join(found)
