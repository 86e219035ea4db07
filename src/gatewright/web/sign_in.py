"""Signing in, as all faces that offer it do."""

from dataclasses import replace

from starlette.requests import Request

from gatewright.core.errors import GatewayError, MethodNotAllowed
from gatewright.domains.identity import NewSession
from gatewright.web.audit import audit_entry, note_text
from gatewright.web.context import RequestContext
from gatewright.web.own_pages import OwnPages


async def sign_in(
    request: Request,
    context: RequestContext,
    user: str,
    password: str,
    *,
    program: bool = False,
) -> NewSession:
    """Begin a session for who knows a password; the audit record says whose.

    ``program`` begins one that counts only for requests that no browser sends.

    Raises
    ------
    NotSignedIn
        The name or the password is not right.
    NotAllowed
        The request comes from another's page.
    TooManyRequests
        There were too many failures.
    """
    OwnPages(context.services.config).refuse_foreign_sign_in(request.headers)
    identity = context.services.identity
    # What was typed may be a password, so only the name of an account is written.
    name = user if await identity.users.exists(user) else "a name that is no account"
    try:
        session = await identity.sessions.sign_in(
            context.caller, user, password, program=program
        )
    except GatewayError:
        note_text(request.scope, f"sign-in refused: {name}")
        raise
    note_text(request.scope, f"signed in: {name}")
    return session


async def sign_in_by_link(
    request: Request, context: RequestContext, code: str
) -> NewSession:
    """Begin a session for who brings a sign-in code, with its audit record.

    Raises
    ------
    NotSignedIn
        The code is unknown, was used, or has expired.
    MethodNotAllowed
        The request is not a GET: a look at a link (HEAD) must not use it up.
    Unavailable
        The audit log cannot be written.
    """
    if request.method != "GET":
        raise MethodNotAllowed("A sign-in link is followed with GET.")
    identity = context.services.identity
    entry = audit_entry(request.scope, context.caller)
    intent = await identity.audit.begin(entry)
    try:
        session = await identity.sessions.sign_in_by_link(context.caller, code)
    except GatewayError as error:
        refused = replace(entry, status=error.status, note="sign-in by link refused")
        await identity.audit.record(refused, intent=intent)
        raise
    done = f"signed in by link: {session.user.name}"
    await identity.audit.record(replace(entry, status=303, note=done), intent=intent)
    return session


async def sign_out_by_link(request: Request, context: RequestContext) -> None:
    """End the request's session where a protocol does so by GET, with its audit record.

    Raises
    ------
    NotAllowed
        A page of another site leads here.
    Unavailable
        The audit log cannot be written.
    """
    OwnPages(context.services.config).refuse_foreign_link(request.headers)
    identity = context.services.identity
    entry = audit_entry(request.scope, context.caller)
    intent = await identity.audit.begin(entry)
    await identity.sessions.sign_out(context.caller)
    done = replace(entry, status=200, note="signed out by link")
    await identity.audit.record(done, intent=intent)
