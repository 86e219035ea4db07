"""The HTTP methods of a resource, for the ``Allow`` header."""

from starlette.requests import Request
from starlette.routing import Match

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""The methods that routes may have, in the order in which ``Allow`` lists them."""


def allowed_methods(request: Request) -> str:
    """Return the methods of the requested resource for ``Allow`` (RFC 9110, 10.2.1).

    Each method of a resource may have a route of its own, so all routes are tested.
    """
    found = []
    for method in METHODS:
        scope = {**request.scope, "method": method}
        if any(r.matches(scope)[0] is Match.FULL for r in request.app.routes):
            found.append(method)
    return ", ".join(found)
