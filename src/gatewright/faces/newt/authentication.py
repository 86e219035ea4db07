"""NEWT's ``/auth``, ``/login`` and ``/logout``."""

from starlette.requests import Request

from gatewright.core.errors import NotAllowed, NotSignedIn
from gatewright.domains.identity import is_program_secret
from gatewright.faces.newt.answers import Answer
from gatewright.faces.newt.forms import read_form
from gatewright.web.context import RequestContext, request_context
from gatewright.web.credentials import (
    SessionCookie,
    cookie_fields,
    no_cookie_fields,
)
from gatewright.web.own_pages import OWN_HEADER, OwnPages, shows_a_browser
from gatewright.web.sign_in import sign_in as begin_session
from gatewright.web.sign_in import sign_out_by_link

COOKIE = SessionCookie(name="newt_sessionid", path="/newt", seconds=43_200)
"""The session cookie that NEWT's clients expect; it lives at most twelve hours."""

NOBODY = {
    "username": None,
    "session_lifetime": 0,
    "auth": False,
    "newt_sessionid": None,
}


async def who(request: Request) -> object:
    """Return the user of the cookie.

    ``newt_sessionid`` is only the session's id; its secret is sent only at sign-in.
    """
    context = request_context(request)
    caller = context.caller
    if not caller.signed_in:
        return NOBODY
    return {
        "username": caller.user,
        "session_lifetime": COOKIE.lifetime(context.services.config),
        "auth": True,
        "newt_sessionid": caller.session or None,
    }


async def sign_in(request: Request) -> object:
    """Begin a session; after a wrong password return ``auth`` false, not an error.

    A request that no browser sends begins a program's session. Such a session may make
    changes without the headers of a page, and is refused in requests of browsers.
    """
    context = request_context(request)
    form = await read_form(request)
    name, password = form.get("username", ""), form.get("password", "")
    try:
        new = await begin_session(
            request,
            context,
            name,
            password,
            program=not shows_a_browser(request.headers),
        )
    except NotSignedIn:
        return NOBODY
    shape = {
        "username": new.user.name,
        "session_lifetime": COOKIE.lifetime(context.services.config),
        "auth": True,
        "newt_sessionid": new.secret,
    }
    return Answer(shape, cookie_fields(context.services.config, new.secret, COOKIE))


async def sign_out(request: Request) -> object:
    """End the session of the cookie."""
    context = request_context(request)
    if context.caller.session:
        await context.services.identity.sessions.sign_out(context.caller)
    return _signed_out(context)


async def log_out(request: Request) -> object:
    """End the session of the cookie by GET, as NEWT does.

    Links and requests from pages of other sites are refused, since they would sign the
    user out. Where a browser does not tell which page led here (plain http,
    ``no-referrer``), only a script of the gateway's own pages can end its session.
    """
    context = request_context(request)
    headers = request.headers
    OwnPages(context.services.config).refuse_foreign_link(headers)
    program = is_program_secret(request.cookies.get(COOKIE.name, ""))
    shown = program or shows_a_browser(headers) or OWN_HEADER in headers
    if context.caller.session and not shown:
        raise NotAllowed("Sign out from one of the gateway's pages.")
    if context.caller.session:
        await sign_out_by_link(request, context)
    return _signed_out(context)


def _signed_out(context: RequestContext) -> Answer:
    return Answer(NOBODY, no_cookie_fields(context.services.config, COOKIE))
