"""Until there is authentication: every caller is a visitor."""

from starlette.types import ASGIApp, Receive, Scope, Send

from gatewright.composition import Services
from gatewright.core.caller import visitor
from gatewright.web.context import SCOPE_KEY, RequestContext
from gatewright.web.middleware.request_id import SCOPE_KEY as REQUEST_ID


class Visitors:
    """Gives every request the visitor's rights."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        request_id = scope[REQUEST_ID]
        caller = visitor(request_id=request_id)
        scope[SCOPE_KEY] = RequestContext(self._services, caller, request_id)
        await self._app(scope, receive, send)
