"""The real faces over ASGI, with the caller given by the test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from gatewright.composition import Services
from gatewright.core.caller import ROLE_SCOPES, Caller, Role
from gatewright.web.context import SCOPE_KEY, RequestContext


def caller(user: str = "ada", role: Role = Role.OWNER, *groups: str) -> Caller:
    """Return a signed-in caller with all scopes of the role."""
    scopes = frozenset(str(scope) for scope in ROLE_SCOPES[role])
    return Caller(user, scopes, frozenset(groups), role)


class AsCaller:
    """Gives every request the one caller, as the identity middleware would."""

    def __init__(self, app: ASGIApp, services: Services, who: Caller) -> None:
        self._app = app
        self._context = RequestContext(services, who, "test-request")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, SCOPE_KEY: self._context}, receive, send)


@asynccontextmanager
async def client(
    app: ASGIApp, services: Services, who: Caller
) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client whose requests reach a face's application as ``who``."""
    transport = httpx.ASGITransport(
        app=AsCaller(app, services, who), raise_app_exceptions=False
    )
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as c:
        yield c
