"""Pages of other origins: by registered origin with a token, or public data.

Credentials (cookies) are never allowed across origins. Starlette's own middleware
would echo any origin for ``*`` with credentials, so this one is small and ours.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatewright.web.exchange import exchange_of

_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
_READ_METHODS = "GET, HEAD"
_REQUEST_FIELDS = (
    "Authorization, Content-Type, If-Match, If-None-Match, If-Range, Range, "
    "Idempotency-Key, Last-Event-ID, X-Requested-With, X-Request-Id, Tus-Resumable, "
    "Upload-Length, Upload-Offset, Upload-Metadata"
)
_READ_FIELDS = "Content-Type, If-None-Match, If-Range, Range, X-Request-Id"
_EXPOSED = (
    "ETag, Link, Location, Content-Range, Content-Disposition, Retry-After, "
    "RateLimit, RateLimit-Policy, Sunset, X-Request-Id, Server-Timing, Upload-Offset, "
    "Upload-Length, Tus-Resumable"
)
_MAXIMUM_AGE = "600"


class Cors:
    """Lets pages of other origins read answers.

    Parameters
    ----------
    origins
        Exact origins of registered applications; they call with a token.
    """

    def __init__(self, app: ASGIApp, origins: frozenset[str]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; a preflight is answered here."""
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        public = exchange_of(scope).public
        allowed = self._allowed(origin, public=public)
        if _is_preflight(scope, headers):
            await _preflight(allowed, public=public)(scope, receive, send)
            return

        async def send_with_fields(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add(MutableHeaders(scope=message), allowed)
            await send(message)

        await self._app(scope, receive, send_with_fields)

    def _allowed(self, origin: str, *, public: bool) -> str:
        """Return the value of ``Access-Control-Allow-Origin``, empty for none."""
        if origin and origin in self._origins:
            return origin
        return "*" if public else ""


def _is_preflight(scope: Scope, headers: Headers) -> bool:
    return (
        scope["method"] == "OPTIONS"
        and "origin" in headers
        and "access-control-request-method" in headers
    )


def _preflight(allowed: str, *, public: bool) -> Response:
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


def _add(headers: MutableHeaders, allowed: str) -> None:
    headers.add_vary_header("Origin")
    if allowed:
        headers["Access-Control-Allow-Origin"] = allowed
        headers["Access-Control-Expose-Headers"] = _EXPOSED
