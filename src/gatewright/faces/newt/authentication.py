"""NEWT's ``/auth``, ``/login`` and ``/logout``."""

from starlette.requests import Request

from gatewright.core.caller import Caller
from gatewright.core.errors import NotSignedIn
from gatewright.faces.newt.answers import Answer
from gatewright.faces.newt.forms import read_form
from gatewright.web.context import RequestContext, request_context
from gatewright.web.credentials import cookie_fields, newt_seconds, no_cookie_fields
from gatewright.web.own_pages import OwnPages
from gatewright.web.sign_in import sign_in as begin_session
from gatewright.web.sign_in import sign_out_by_link

NOBODY = {
    "username": None,
    "session_lifetime": 0,
    "auth": False,
    "newt_sessionid": None,
}


async def who(request: Request) -> object:
    """Say who the cookie is."""
    context = request_context(request)
    return _shape(context.caller, newt_seconds(context.services.config))


def _shape(caller: Caller, seconds: int) -> object:
    """Return the answer for a caller; the session's secret is told at sign-in only."""
    if not caller.signed_in:
        return NOBODY
    return {
        "username": caller.user,
        "session_lifetime": seconds,
        "auth": True,
        "newt_sessionid": caller.session or None,
    }


async def sign_in(request: Request) -> object:
    """Begin a session; a wrong password is no error, but ``auth`` is false."""
    context = request_context(request)
    form = await read_form(request)
    name, password = form.get("username", ""), form.get("password", "")
    try:
        new = await begin_session(request, context, name, password)
    except NotSignedIn:
        return NOBODY
    shape = {
        "username": new.user.name,
        "session_lifetime": newt_seconds(context.services.config),
        "auth": True,
        "newt_sessionid": new.secret,
    }
    return Answer(shape, cookie_fields(context.services.config, new.secret, newt=True))


async def sign_out(request: Request) -> object:
    """End the session of the cookie."""
    context = request_context(request)
    if context.caller.session:
        await context.services.identity.sessions.sign_out(context.caller)
    return _signed_out(context)


async def log_out(request: Request) -> object:
    """End the session of the cookie by GET, as NEWT does.

    A page of another site cannot: a link there is refused, and so is whatever else it
    asks for, since the answer takes the cookie away.
    """
    context = request_context(request)
    OwnPages(context.services.config).refuse_foreign_link(request.headers)
    if context.caller.session:
        await sign_out_by_link(request, context)
    return _signed_out(context)


def _signed_out(context: RequestContext) -> Answer:
    return Answer(NOBODY, no_cookie_fields(context.services.config, newt=True))
