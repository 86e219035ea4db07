"""Cross-origin resource sharing (CORS) for pages of other origins.

Registered origins may call the API with a token; pages of any origin may read what
visitors see. Credentials (cookies) are never allowed across origins. Starlette's own
middleware would echo any origin for ``*`` with credentials, so it is not used.
"""

from collections.abc import Awaitable

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gatewright.web.exchange import Exchange, exchange_of
from gatewright.web.fields import Fields

_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
_READ_METHODS = "GET, HEAD"
_REQUEST_FIELDS = (
    "Authorization, Content-Type, If-Match, If-None-Match, If-Range, Range, "
    "Idempotency-Key, Last-Event-ID, Repr-Digest, X-Requested-With, X-Request-Id"
)
_READ_FIELDS = "Content-Type, If-None-Match, If-Range, Range, X-Request-Id"
_EXPOSED = (
    b"ETag, Link, Location, Content-Range, Content-Disposition, Retry-After, "
    b"RateLimit, RateLimit-Policy, Repr-Digest, Sunset, X-Request-Id, Server-Timing, "
    b"Gatewright-Nearest, Gatewright-Left-Out"
)
_MAXIMUM_AGE = "600"


class Cors:
    """Answers preflight requests and adds the CORS headers.

    Parameters
    ----------
    origins
        Exact origins of registered applications, which call with a token.
    """

    def __init__(self, origins: frozenset[str]) -> None:
        self._origins = origins

    def answering(self, app: ASGIApp) -> ASGIApp:
        """Return an application that answers preflights and passes on the rest."""

        def preflight_or_app(
            scope: Scope, receive: Receive, send: Send
        ) -> Awaitable[None]:
            if scope["method"] == "OPTIONS":
                headers = Headers(scope=scope)
                if "origin" in headers and "access-control-request-method" in headers:
                    exchange = exchange_of(scope)
                    allowed = self._allowed(exchange)
                    answer = _preflight(allowed)
                    return answer(scope, receive, send)
            return app(scope, receive, send)

        return preflight_or_app

    def add(self, fields: Fields, exchange: Exchange) -> None:
        """Add the headers that say which origins may read the response."""
        fields.vary(b"Origin")
        allowed = self._allowed(exchange)
        if allowed:
            fields.put(b"access-control-allow-origin", allowed.encode("latin-1"))
            fields.put(b"access-control-expose-headers", _EXPOSED)

    def _allowed(self, exchange: Exchange) -> str:
        """Return the value of ``Access-Control-Allow-Origin``, empty for none."""
        if self._origins:
            for name, value in exchange.scope["headers"]:
                if name == b"origin":
                    origin = str(value, "latin-1")
                    if origin in self._origins:
                        return origin
                    break
        return "*" if exchange.shared else ""


def _preflight(allowed: str) -> Response:
    response = Response(status_code=204)
    response.headers["Vary"] = "Origin"
    if allowed:
        wide = allowed != "*"
        response.headers["Access-Control-Allow-Origin"] = allowed
        response.headers["Access-Control-Allow-Methods"] = (
            _METHODS if wide else _READ_METHODS
        )
        response.headers["Access-Control-Allow-Headers"] = (
            _REQUEST_FIELDS if wide else _READ_FIELDS
        )
        response.headers["Access-Control-Max-Age"] = _MAXIMUM_AGE
    return response
