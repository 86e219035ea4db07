"""Middleware that turns the credentials of a request into a ``Caller``.

A token in ``Authorization`` must be valid, or the request is refused. A session cookie
counts only where the request may come from the gateway's own pages (``own_pages``); a
cookie whose session has ended makes the caller a visitor. The session of a program
(begun without a browser) counts below the path of a face's own cookie, for requests
that no browser sends.
"""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from gatewright.composition import Services
from gatewright.core.caller import Caller, visitor
from gatewright.core.errors import GatewayError
from gatewright.domains.identity import is_program_secret
from gatewright.web.audit import note_caller
from gatewright.web.client_address import client_address
from gatewright.web.context import SCOPE_KEY, RequestContext
from gatewright.web.credentials import (
    SessionCookie,
    sent_token,
    session_cookie,
    session_secrets,
)
from gatewright.web.exchange import Exchange, exchange_of, refusal
from gatewright.web.fields import Fields
from gatewright.web.own_pages import SAFE_METHODS, OwnPages, refuse_a_browser
from gatewright.web.signed_in import UntilSignedOut

_CREDENTIALS = (b"authorization", b"cookie")
_BASIC = b'Basic realm="gatewright", charset="UTF-8"'


class Authentication:
    """ASGI middleware that puts the ``RequestContext`` into the scope.

    Parameters
    ----------
    paced
        Wraps an application in a rate limit. It is applied to refusals of credentials,
        which never reach the rate limit of the caller.
    cookies
        Session cookies of the faces that have their own.
    """

    def __init__(
        self,
        app: ASGIApp,
        services: Services,
        paced: Callable[[ASGIApp], ASGIApp] | None = None,
        cookies: Iterable[SessionCookie] = (),
    ) -> None:
        self._app = app
        self._paced = paced
        self._services = services
        self._identity = services.identity
        self._own_pages = OwnPages(services.config)
        self._cookie = session_cookie(services.config)
        self._face_cookies = tuple(cookies)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        for name, _ in scope["headers"]:
            if name in _CREDENTIALS:
                return self._authenticated(scope, receive, send)
        self._enter(scope, visitor(**_sender(scope)))
        return self._app(scope, receive, send)

    async def _authenticated(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            caller = await self._caller(scope, Headers(scope=scope))
        except GatewayError as error:
            answer: ASGIApp = refusal(error, Request(scope))
            if self._paced is not None:
                answer = self._paced(answer)
            await answer(scope, receive, send)
            return
        self._enter(scope, caller)
        if caller.signed_in:
            still = partial(self._identity.is_still, caller)
            receive = UntilSignedOut(scope, receive, still)
        with self._identity.asking(caller):
            await self._app(scope, receive, send)

    def _enter(self, scope: Scope, caller: Caller) -> None:
        """Store the caller for all inner middleware, handlers and logs."""
        scope[SCOPE_KEY] = RequestContext(self._services, caller, caller.request_id)
        exchange_of(scope).user = caller.user
        note_caller(scope, caller)

    async def _caller(self, scope: Scope, headers: Headers) -> Caller:
        sender = _sender(scope)
        token = sent_token(headers)
        if token is not None:
            return await self._identity.tokens.caller(token, **sender)
        for secret in self._secrets(scope, headers):
            caller = await self._identity.sessions.caller(secret, **sender)
            if caller is not None:
                return caller
        return visitor(**sender)

    def _secrets(self, scope: Scope, headers: Headers) -> list[str]:
        """Return the secrets in the session cookies that are valid for this request.

        Raises
        ------
        NotAllowed
            The request may be forged by another site's page (cross-site request
            forgery).
        """
        path = scope["path"]
        secrets = session_secrets(headers, self._cookie, path, self._face_cookies)
        programs = [secret for secret in secrets if is_program_secret(secret)]
        if programs and any(cookie.is_read_at(path) for cookie in self._face_cookies):
            refuse_a_browser(headers)
            return programs
        secrets = [secret for secret in secrets if secret not in programs]
        if not secrets:
            return []
        if scope["method"] not in SAFE_METHODS:
            self._own_pages.require_own_change(headers)
        return [] if self._own_pages.is_foreign(headers) else secrets


def _sender(scope: Scope) -> dict[str, str]:
    """Return the client's address and the request id, for callers and audit records."""
    return {
        "address": client_address(scope),
        "request_id": exchange_of(scope).request_id,
    }


def offer_basic(fields: Fields, exchange: Exchange) -> None:
    """Add a ``Basic`` challenge beside ``Bearer`` to a 401 response.

    netCDF-C sends its password only if challenged with ``Basic``. Browsers do not get
    the challenge, since they would ask the user for a password themselves.
    """
    if exchange.status == 401:
        headers = Headers(scope=exchange.scope)
        if not (
            "sec-fetch-mode" in headers
            or "x-requested-with" in headers
            or headers.get("user-agent", "").startswith("Mozilla/")
        ):
            fields.add(b"www-authenticate", _BASIC)
