"""The single-use sign-in link, and the page to sign in on."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatewright.core.errors import NotSignedIn
from gatewright.faces.site.portal import Portal
from gatewright.web.context import request_context
from gatewright.web.credentials import cookie_fields
from gatewright.web.own_pages import OwnPages
from gatewright.web.sign_in import sign_in_by_link

NEVER_STORED = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


class SignIn:
    """Answers ``/sign-in``.

    Parameters
    ----------
    portal
        Holds the pages.
    """

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    async def answer(self, request: Request) -> Response:
        """Use the code up and lead to the portal; without a code, show the form.

        Another's page may lead here with a link of its own, so that what is done next
        is done in its account (login CSRF: Barth, Jackson and Mitchell, CCS 2008); the
        person who comes from there is asked first. A code that is used up, opened again
        by who is signed in already (from a bookmark, a terminal, the history of the
        browser), leads on to the portal.
        """
        code = request.query_params.get("code")
        if code is None:
            return await self._portal.shell(request)
        context = request_context(request)
        if OwnPages(context.services.config).is_foreign_link(request.headers):
            return self._page("foreign-link.html", request, 200)
        try:
            session = await sign_in_by_link(request, context, code)
        except NotSignedIn as error:
            if context.caller.signed_in:
                return RedirectResponse("/", 303, headers=NEVER_STORED)
            return self._page("used-link.html", request, error.status)
        cookie = cookie_fields(context.services.config, session.secret)
        return RedirectResponse("/", 303, headers=NEVER_STORED | dict(cookie))

    def _page(self, name: str, request: Request, status: int) -> Response:
        answer = self._portal.page(name, request, status)
        answer.headers.update(NEVER_STORED)
        return answer
