"""Health probes and the page of metrics.

``/health/live`` says that the process responds. ``/health/ready`` says which parts that
the gateway needs work. Without a vital part (the database) the gateway is not ready
(503). Without another part (a system, space on the disk, a writable database) it is
degraded, and serves what does not need that part. Both are for machines, and tell only
the names of parts. ``/metrics`` needs the scope ``admin``; if the gateway serves only
its own machine, requests from that machine need no credentials.
"""

from collections.abc import Awaitable, Mapping
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gatewright.core.caller import Scope as Permission
from gatewright.core.config import Config
from gatewright.core.errors import MethodNotAllowed
from gatewright.core.health import Health
from gatewright.core.measures import Measure, taken
from gatewright.web.client_address import client_address
from gatewright.web.context import request_context
from gatewright.web.disconnect import STOPPING
from gatewright.web.listing import json_response
from gatewright.web.middleware.metrics import Meters

_LOOPBACK = ("127.0.0.1", "::1")
_LOOPBACK_NAMES = (*_LOOPBACK, "localhost")
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


class Probes:
    """ASGI middleware that answers the health probes without authentication.

    Parameters
    ----------
    health
        The checks that ``/health/ready`` runs.
    """

    def __init__(self, app: ASGIApp, health: Health) -> None:
        self._app = app
        self._health = health

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle one request."""
        probed = scope["path"] in {"/health/live", "/health/ready"}
        answer = self._probe if probed else self._app
        return answer(scope, receive, send)

    async def _probe(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in {"GET", "HEAD"}:
            raise MethodNotAllowed(headers={"Allow": "GET, HEAD"})
        answer = json_response({"status": "live"})
        if scope["path"] == "/health/ready":
            answer = await self._ready(scope)
        answer.headers["Cache-Control"] = "no-store"
        await answer(scope, receive, send)

    async def _ready(self, scope: Scope) -> Response:
        stopping = scope.get("state", {}).get(STOPPING)
        if stopping is not None and stopping.is_set():
            return _not_ready(["stopping"], {})
        parts = await self._health.look()
        down = [name for name, up in parts.items() if not up]
        told = {name: "up" if up else "down" for name, up in parts.items()}
        if any(map(self._health.is_vital, down)):
            return _not_ready(down, told)
        status = {"status": "degraded", "not_ready": down} if down else _READY
        return json_response(status | {"parts": told})


_READY: dict[str, object] = {"status": "ready"}


def _not_ready(names: list[str], parts: Mapping[str, str]) -> Response:
    body = {"status": "not ready", "not_ready": names, "parts": parts}
    return json_response(body, 503, {"Retry-After": "5"})


class MetricsPage:
    """ASGI application for the page ``/metrics``.

    Parameters
    ----------
    meters
        Counters of requests.
    measures
        Gauges that are measured when the page is requested.
    local
        Whether requests from this machine need no credentials.
    """

    def __init__(
        self, meters: Meters, measures: Mapping[str, Measure], *, local: bool
    ) -> None:
        self._meters = meters
        self._measures = measures
        self._local = local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request.

        Raises
        ------
        NotSignedIn, NotAllowed
            The caller does not have the scope ``admin``, and the request does not come
            from this machine (if that is enough).
        MethodNotAllowed
            The method is neither GET nor HEAD.
        """
        request = Request(scope, receive)
        if request.method not in {"GET", "HEAD"}:
            raise MethodNotAllowed(headers={"Allow": "GET, HEAD"})
        # From loopback, and without a header of a proxy.
        near = client_address(scope) in _LOOPBACK and not any(
            name in request.headers for name in _FORWARDED
        )
        if not (self._local and near):
            request_context(request).caller.require(Permission.ADMIN)
        media_type = "text/plain; version=0.0.4; charset=utf-8"
        text = self._meters.render(await taken(self._measures))
        response = Response(text, media_type=media_type)
        await response(scope, receive, send)


def is_for_this_machine_alone(config: Config) -> bool:
    """Return whether the gateway's public URL shows that only this machine uses it.

    The address of the connection is not enough: behind a reverse proxy on this machine
    that adds no header (nginx's plain ``proxy_pass``), all requests come from loopback.
    """
    host = urlsplit(config.url).hostname or ""
    return host in _LOOPBACK_NAMES and not config.gateway.trusted_proxies
