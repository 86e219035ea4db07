"""Finds the template of the route that a request is for, before a face handles it."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Scope

from gatewright.web.described_api import DescribedApi
from gatewright.web.prefixes import longest_first, prefix_of


class Templates:
    """The templates of all routes of the faces.

    Parameters
    ----------
    apps
        The faces' applications by prefix (``/api/v1``).
    """

    def __init__(self, apps: Mapping[str, ASGIApp]) -> None:
        self._apps = dict(apps)
        self._prefixes = longest_first(apps)

    def of(self, scope: Scope) -> str:
        """Return the template of a request, such as ``/api/v1/jobs/{system}/{job_id}``.

        It contains no text from the client. Where the face has no such path, or is an
        application of another kind than those of this package, it is the prefix with
        ``/*``. It is empty if no face has the path.
        """
        path = scope["path"]
        prefix = prefix_of(path, self._prefixes)
        if prefix is None:
            return ""
        below = path[len(prefix) :] or "/"
        app, template = self._apps[prefix], None
        if isinstance(app, DescribedApi):
            template = app.template(scope["method"], below)
        elif isinstance(app, Starlette):
            template = _declared(app, scope["method"], below)
        return f"{prefix}/*" if template is None else f"{prefix}{template}"


def _declared(app: Starlette, method: str, path: str) -> str | None:
    """Return the template of a Starlette application's route for a path, if any.

    A route that has the method is preferred, as by Starlette's router.
    """
    known = None
    for route in app.routes:
        if isinstance(route, Route) and route.path_regex.match(path):
            if method in (route.methods or ()):
                return route.path_format
            known = known or route.path_format
    return known
