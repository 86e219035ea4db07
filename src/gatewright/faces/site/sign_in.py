"""The single-use sign-in link, and the page with the sign-in form."""

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
    """Handles ``/sign-in``.

    Parameters
    ----------
    portal
        Serves the pages.
    """

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    async def answer(self, request: Request) -> Response:
        """Use up the code in a sign-in link; without a code, show the sign-in form.

        Another site's page may link here with a code of its own, so that the user works
        in its account (login CSRF: Barth, Jackson and Mitchell, CCS 2008); users who
        come from other sites are asked first. A signed-in user who opens a used link
        again, such as from a bookmark or the history, is redirected to the portal.
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
