"""Sign-in and sign-out with audit records, shared by the faces."""

from dataclasses import replace

from starlette.requests import Request

from gatewright.core.errors import GatewayError, MethodNotAllowed
from gatewright.domains.identity import FinishedSignIn, NewSession, ProviderAnswer
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
    """Begin a session for a user name and password; note it in the audit record.

    If ``program`` is true, the session counts only in requests that no browser sends.

    Raises
    ------
    NotSignedIn
        The user name or the password is wrong.
    NotAllowed
        The request comes from another site's page.
    TooManyRequests
        There were too many failed attempts.
    """
    OwnPages(context.services.config).refuse_foreign_sign_in(request.headers)
    identity = context.services.identity
    # A user name may be a mistyped password, so only names of accounts are recorded.
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
    """Begin a session for a sign-in code, and write the audit record.

    Raises
    ------
    NotSignedIn
        The code is unknown, was used, or has expired.
    MethodNotAllowed
        The request is not a GET. A HEAD of the link must not use up the code.
    Unavailable
        The audit log cannot be written.
    """
    if request.method != "GET":
        raise MethodNotAllowed("Open a sign-in link with GET.")
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


async def sign_in_by_provider(
    request: Request,
    context: RequestContext,
    name: str,
    secret: str,
    answer: ProviderAnswer,
) -> FinishedSignIn:
    """Begin a session for a person whom a provider sent back, and record it.

    Parameters
    ----------
    name
        Name of the provider.
    secret
        Secret in the cookie of the sign-in; empty without one.
    answer
        What the browser brings back.

    Raises
    ------
    GatewayError
        The errors of :meth:`gatewright.domains.identity.Providers.finish`, or that the
        audit log cannot be written.
    """
    identity = context.services.identity
    entry = audit_entry(request.scope, context.caller)
    intent = await identity.audit.begin(entry)
    try:
        finished = await identity.providers.finish(context.caller, name, secret, answer)
    except GatewayError as error:
        person = error.details.get("subject")
        about = f"{error.code}: {person}" if person else error.code
        note = f"sign-in by {name} refused: {about}"
        refused = replace(entry, status=error.status, note=note)
        await identity.audit.record(refused, intent=intent)
        raise
    done = f"signed in by {name}: {finished.session.user.name}"
    await identity.audit.record(replace(entry, status=303, note=done), intent=intent)
    return finished


async def sign_out_by_link(request: Request, context: RequestContext) -> None:
    """End the request's session and record it, for protocols that sign out by GET.

    Raises
    ------
    NotAllowed
        Another site's page led here.
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
