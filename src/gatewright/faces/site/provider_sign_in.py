"""Sign-in by an identity provider: to it, and back from it."""

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatewright.core.errors import GatewayError, MethodNotAllowed, NotFound
from gatewright.domains.identity import ProviderAnswer, is_secret
from gatewright.domains.identity.providers import BEGUN_SECONDS
from gatewright.faces.site.portal import Portal
from gatewright.faces.site.sign_in import NEVER_STORED
from gatewright.web.context import request_context
from gatewright.web.credentials import (
    begun_cookie,
    begun_cookie_field,
    cookie_fields,
    session_secrets,
)
from gatewright.web.exchange import exchange_of
from gatewright.web.own_pages import OwnPages
from gatewright.web.own_paths import own_path
from gatewright.web.problems import error_headers
from gatewright.web.sign_in import sign_in_by_provider

_LONGEST = 4096


class ProviderSignIn:
    """Handles ``/sign-in/with/NAME``, and ``/sign-in/with/NAME/done`` on the way back.

    Parameters
    ----------
    portal
        Serves the pages.
    prefix
        Path of the public URL.
    """

    def __init__(self, portal: Portal, prefix: str) -> None:
        self._portal = portal
        self._prefix = prefix

    def routes(self) -> list[Route]:
        """Return the two routes."""
        begin, finish = (
            partial(self._told, self.begin),
            partial(self._told, self.finish),
        )
        return [
            Route("/sign-in/with/{name}", begin),
            Route("/sign-in/with/{name}/done", finish),
        ]

    async def begin(self, request: Request) -> Response:
        """Send the browser to the provider, with a cookie for the way back.

        People who come from another site's page are asked first.
        """
        context, name = request_context(request), request.path_params["name"]
        identity, config = context.services.identity, context.services.config
        title = identity.providers.titles.get(name)
        if title is None:
            raise NotFound("There is no such provider to sign in with.")
        if OwnPages(config).is_foreign_link(request.headers):
            return self._page(
                request,
                200,
                heading=f"Sign in with {title}?",
                text="Another page led you here. Go on if you wanted to sign in.",
                href="",
                link="Sign in",
            )
        path = own_path(request.query_params.get("next", ""))
        redirect = await identity.providers.begin(context.caller, name, path)
        cookie = begun_cookie_field(
            config, redirect.state, redirect.secret, int(BEGUN_SECONDS)
        )
        headers = {**NEVER_STORED, "Set-Cookie": cookie}
        response = RedirectResponse(redirect.address, 303, headers=headers)
        exchange_of(request.scope).leads_to = response.headers["Location"]
        return response

    async def finish(self, request: Request) -> Response:
        """Begin the session, and lead to the page that was wanted at first."""
        context, name = request_context(request), request.path_params["name"]
        config, query = context.services.config, request.query_params
        answer = ProviderAnswer(
            state=query.get("state", ""),
            code=query.get("code", "")[:_LONGEST],
            error=query.get("error", ""),
            issuer=query.get("iss"),
        )
        secret, forget = "", ""
        if is_secret(answer.state):
            cookie = begun_cookie(config, answer.state)
            found = session_secrets(request.headers, cookie, request.url.path)
            secret = found[0] if found else ""
            forget = begun_cookie_field(config, answer.state, "", 0)
        try:
            finished = await sign_in_by_provider(request, context, name, secret, answer)
        except GatewayError as error:
            if forget:
                error.headers["Set-Cookie"] = forget
            raise
        headers = {**NEVER_STORED, **cookie_fields(config, finished.session.secret)}
        response = RedirectResponse(finished.path, 303, headers=headers)
        response.headers.append("Set-Cookie", forget)
        return response

    async def _told(
        self, handler: Callable[[Request], Awaitable[Response]], request: Request
    ) -> Response:
        """Answer a GET, and show an error as a page with its words.

        A HEAD must not begin a sign-in or use up an answer.
        """
        try:
            if request.method != "GET":
                raise MethodNotAllowed("Sign in with GET.", headers={"Allow": "GET"})
            return await handler(request)
        except GatewayError as error:
            if error.status == 500:
                raise
            page = self._page(
                request,
                error.status,
                heading="You are not signed in",
                text=error.text,
                href=f"{self._prefix}/sign-in",
                link="Sign in",
            )
            page.headers.update(error_headers(error))
            return page

    def _page(self, request: Request, status: int, **words: str) -> Response:
        page = self._portal.message(request, status, words)
        page.headers.update(NEVER_STORED)
        return page
