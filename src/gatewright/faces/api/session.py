"""Sign-in and sign-out: ``/session`` and ``/sessions``."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from gatewright.core.caller import Caller
from gatewright.core.clock import optional_timestamp, timestamp
from gatewright.core.pages import Page
from gatewright.domains.identity import Session
from gatewright.web.context import Context
from gatewright.web.credentials import cookie_fields, no_cookie_fields
from gatewright.web.json_model import json_body, read_model
from gatewright.web.listing import json_response, listing
from gatewright.web.sign_in import sign_in

router = APIRouter(tags=["identity"])


class Credentials(BaseModel):
    """Account name and password."""

    model_config = ConfigDict(extra="forbid", strict=True)

    user: str = Field(description="Account name.", max_length=128, examples=["ada"])
    password: str = Field(
        description="The account's password.",
        max_length=1024,
        examples=["correct horse battery staple"],
    )


class SessionAnswer(BaseModel):
    """The caller's account, role and scopes."""

    user: str | None = Field(description="Account name; null for a visitor.")
    role: str | None = Field(
        description="“owner”, “user” or “guest”; null for a visitor."
    )
    scopes: list[str] = Field(description="Scopes of the caller.")
    expires_at: str | None = Field(
        description="Latest end of the session or token, RFC 3339 in UTC."
    )


class OneSession(BaseModel):
    """A session of a browser or program that has signed in."""

    key: str = Field(description="Identifier; it is not a secret.")
    created_at: str = Field(description="When the user signed in.")
    used_at: str = Field(description="Time of the last request, to about a minute.")
    expires_at: str = Field(description="Latest end of the session.")
    address: str = Field(description="IP address that signed in.")
    made_by: str = Field(
        description="“password”, “link”, or “provider:NAME”; empty if it is not known."
    )
    current: bool = Field(description="Whether this request uses the session.")


class OneProvider(BaseModel):
    """An identity provider."""

    name: str = Field(description="Name in URLs.")
    title: str = Field(description="Name for people: “Sign in with TITLE”.")
    url: str = Field(
        description="Address to open in the browser. The query parameter “next” is a "
        "path of the gateway to go to in the end."
    )


class WaysToSignIn(BaseModel):
    """How people can sign in."""

    providers: list[OneProvider] = Field(
        description="Identity providers, beside name and password."
    )


class SignedOut(BaseModel):
    """Identity provider where the person is still signed in."""

    provider: str = Field(description="Identity provider that began the session.")
    url: str = Field(description="Address to open to sign out of it too.")


class SessionList(BaseModel):
    """The caller's sessions."""

    sessions: list[OneSession] = Field(description="Sessions, oldest first.")
    next: str | None = Field(description="Always null: there is one page.")


@router.get(
    "/session",
    operation_id="getSession",
    response_model=SessionAnswer,
    summary="Who am I?",
)
async def who_am_i(context: Context) -> Response:
    """Return the account and the scopes of the request; a visitor's account is null."""
    caller, identity = context.caller, context.services.identity
    ends_at = None
    if caller.token:
        ends_at = await identity.tokens.end_of(caller)
    elif caller.session:
        session = await identity.sessions.current(caller)
        ends_at = session.expires_at if session else None
    return json_response(_answer(caller, ends_at), headers=_FRESH)


@router.post(
    "/session",
    operation_id="beginSession",
    response_model=SessionAnswer,
    status_code=201,
    summary="Sign in",
    openapi_extra=json_body(Credentials),
    responses={
        401: {"description": "The name or the password is wrong."},
        403: {"description": "The request comes from a page of another origin."},
        415: {"description": "The body is not JSON."},
        429: {"description": "Too many failures; wait as “Retry-After” says."},
        504: {"description": "The directory of accounts did not answer in time."},
    },
)
async def begin_session(request: Request, context: Context) -> Response:
    """Begin a session; the response sets its cookie.

    A session that the request already has ends. After three failures within two minutes
    you must wait for five minutes, then longer.
    """
    asked = await read_model(request, Credentials)
    new = await sign_in(request, context, asked.user, asked.password)
    config = context.services.config
    caller = await context.services.identity.sessions.caller(new.secret)
    assert caller is not None  # noqa: S101  # the session is new
    headers = {**_FRESH, **cookie_fields(config, new.secret)}
    return json_response(_answer(caller, new.session.expires_at), 201, headers)


@router.delete(
    "/session",
    operation_id="endSession",
    status_code=204,
    summary="Sign out",
    responses={
        200: {
            "description": "Signed out; the identity provider that began the session "
            "still knows you.",
            "model": SignedOut,
        }
    },
)
async def end_session(context: Context) -> Response:
    """End the session of the request's cookie, and delete the cookie.

    The response says where to sign out of an identity provider too, if one began the
    session.
    """
    identity = context.services.identity
    elsewhere = await identity.providers.sign_out_address(context.caller)
    await identity.sessions.sign_out(context.caller)
    headers = {**_FRESH, **no_cookie_fields(context.services.config)}
    if elsewhere is None:
        return Response(status_code=204, headers=headers)
    title, url = elsewhere
    return json_response({"provider": title, "url": url}, headers=headers)


@router.get(
    "/sign-in",
    operation_id="listWaysToSignIn",
    response_model=WaysToSignIn,
    summary="How can I sign in?",
)
async def list_ways(context: Context) -> Response:
    """List the identity providers by which people can sign in from a browser."""
    url = context.services.config.url
    providers = [
        {"name": name, "title": title, "url": f"{url}/sign-in/with/{name}"}
        for name, title in context.services.identity.providers.titles.items()
    ]
    return json_response({"providers": providers}, headers=_FRESH)


@router.get(
    "/sessions",
    operation_id="listSessions",
    response_model=SessionList,
    summary="My sessions",
)
async def list_sessions(request: Request, context: Context) -> Response:
    """List the sessions of your account."""
    sessions = await context.services.identity.sessions.of(context.caller)
    items = [session_answer(session, context.caller) for session in sessions]
    return listing(request, "sessions", Page(items), headers=_FRESH)


def session_answer(session: Session, caller: Caller) -> dict[str, object]:
    """Return a session without its secret as JSON values."""
    return {
        "key": session.key,
        "created_at": timestamp(session.created_at),
        "used_at": timestamp(session.used_at),
        "expires_at": timestamp(session.expires_at),
        "address": session.address,
        "made_by": session.made_by,
        "current": session.key == caller.session,
    }


@router.delete(
    "/sessions/{key}",
    operation_id="endOtherSession",
    status_code=204,
    summary="End one of my sessions",
)
async def end_other_session(
    context: Context,
    key: Annotated[
        str,
        Path(
            title="Session",
            description="“key” of a session in the list.",
            examples=["01m820ey12dx15nr28qrdeeqz7"],
        ),
    ],
) -> Response:
    """End a session of your account."""
    await context.services.identity.sessions.end(context.caller, key)
    return Response(status_code=204)


_FRESH = {"Cache-Control": "no-store"}


def _answer(caller: Caller, expires_at: float | None) -> dict[str, object]:
    return {
        "user": caller.user or None,
        "role": caller.role,
        "scopes": sorted(caller.scopes),
        "expires_at": optional_timestamp(expires_at),
    }
