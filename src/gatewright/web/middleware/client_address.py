"""Middleware that handles requests from trusted reverse proxies."""

from collections import Counter
from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from gatewright.core.errors import TooManyRequests
from gatewright.web.client_address import (
    CONNECTIONS_PER_ADDRESS,
    TrustedProxies,
    client_address,
)

_FORWARDED = "gatewright.forwarded"


class ClientAddress:
    """ASGI middleware that replaces a trusted proxy's address by the client's.

    Parameters
    ----------
    proxies
        The proxies whose ``X-Forwarded-For`` header is believed.
    """

    def __init__(self, app: ASGIApp, proxies: TrustedProxies) -> None:
        self._app = app
        self._proxies = proxies

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle one request."""
        peer = client_address(scope)
        if self._proxies.trusts(peer):
            fields = [v for name, v in scope["headers"] if name == b"x-forwarded-for"]
            scope["client"] = (self._proxies.client(peer, fields), 0)
            scope[_FORWARDED] = True
        return self._app(scope, receive, send)


class ForwardedRequests:
    """ASGI middleware that limits a client's running requests through trusted proxies.

    The gateway does not see the connections of such a client, so it counts its
    requests.
    """

    def __init__(self, app: ASGIApp, most: int = CONNECTIONS_PER_ADDRESS) -> None:
        self._app = app
        self._most = most
        self._running: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request.

        Raises
        ------
        TooManyRequests
            The client has as many requests running as allowed.
        """
        if _FORWARDED not in scope:
            await self._app(scope, receive, send)
            return
        address = client_address(scope)
        if self._running[address] >= self._most:
            raise TooManyRequests(
                f"This address has {self._most} requests open. Close some of them."
            )
        self._running[address] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._running[address] -= 1
            if not self._running[address]:
                del self._running[address]
