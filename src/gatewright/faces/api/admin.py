"""What administrators see and change of everybody: ``/admin``."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from gatewright.core.clock import optional_timestamp, timestamp
from gatewright.core.pages import Page
from gatewright.domains.identity import User
from gatewright.faces.api.session import SessionList, session_answer
from gatewright.faces.api.tokens import Key, TokenList, token_answers
from gatewright.web.audit import note_text
from gatewright.web.context import Context
from gatewright.web.form_text import EMPTY_IS_NONE
from gatewright.web.json_model import json_body, read_model
from gatewright.web.listing import Cursor, LargeLimit, json_response, listing

router = APIRouter(tags=["administration"])

_FRESH = {"Cache-Control": "no-store"}

Name = Annotated[
    str, Path(title="Person", description="Account name.", examples=["ada"])
]


class PersonAnswer(BaseModel):
    """An account, as administrators see it."""

    name: str = Field(description="Account name.")
    role: str = Field(description="“owner”, “user” or “guest”.")
    groups: list[str] = Field(description="Groups that the account belongs to.")
    source: str = Field(
        description="Directory that the account comes from; “local” is the gateway."
    )
    has_password: bool = Field(description="Whether the gateway keeps its password.")
    created_at: str = Field(description="When it was created, RFC 3339 in UTC.")
    seen_at: str | None = Field(
        description="Last sign-in or use, to about a minute; null for never."
    )
    disabled_at: str | None = Field(
        description="When it was disabled; null if it is not."
    )


class PersonList(BaseModel):
    """A page of accounts."""

    people: list[PersonAnswer] = Field(description="Accounts by name.")
    next: str | None = Field(description="Cursor of the next page, null on the last.")


class PersonEdit(BaseModel):
    """Changes that an administrator makes to an account."""

    model_config = ConfigDict(extra="forbid", strict=True)

    disabled: bool = Field(description="Whether nobody may sign in to it or use it.")


class PartAnswer(BaseModel):
    """A part that the gateway needs."""

    name: str = Field(
        description="Its name; parts of a system begin with “systems/<name>/”.",
        examples=["systems/local/jobs"],
    )
    up: bool = Field(description="Whether it answered within two seconds.")
    vital: bool = Field(
        description="Whether the gateway answers no request at all without it."
    )


class PartList(BaseModel):
    """All parts that the gateway needs."""

    parts: list[PartAnswer] = Field(description="The parts by name.")
    next: str | None = Field(description="Always null: there is one page.")


@router.get(
    "/admin/people",
    operation_id="listPeople",
    response_model=PersonList,
    summary="All accounts",
)
async def people(
    request: Request, context: Context, limit: LargeLimit = None, cursor: Cursor = None
) -> Response:
    """List the accounts by name: the gateway's own, and those that have signed in."""
    users = context.services.identity.users
    page = await users.page(context.caller, limit, cursor)
    return listing(request, "people", page.map(_person), headers=_FRESH)


@router.patch(
    "/admin/people/{name}",
    operation_id="changePerson",
    response_model=PersonAnswer,
    summary="Disable or enable an account",
    openapi_extra=json_body(PersonEdit),
    responses={
        404: {"description": "There is no such account."},
        409: {"description": "It is the owner's account, or your own."},
    },
)
async def change_person(request: Request, context: Context, name: Name) -> Response:
    """Disable an account, or enable it again.

    Nobody can sign in to a disabled account, its sessions end, and its tokens are
    refused until it is enabled again. Its jobs go on.
    """
    body = await read_model(request, PersonEdit)
    user = await context.services.identity.users.set_disabled(
        context.caller, name, disabled=body.disabled
    )
    note_text(request.scope, f"{'disabled' if body.disabled else 'enabled'}: {name}")
    return json_response(_person(user), headers=_FRESH)


@router.get(
    "/admin/people/{name}/sessions",
    operation_id="listSessionsOfPerson",
    response_model=SessionList,
    summary="Sessions of a person",
    responses={404: {"description": "There is no such account."}},
)
async def sessions(request: Request, context: Context, name: Name) -> Response:
    """List where a person is signed in."""
    found = await context.services.identity.sessions.of(context.caller, name)
    items = [session_answer(session, context.caller) for session in found]
    return listing(request, "sessions", Page(items), headers=_FRESH)


@router.delete(
    "/admin/people/{name}/sessions/{session}",
    operation_id="endSessionOfPerson",
    status_code=204,
    summary="End a session of a person",
    responses={404: {"description": "The person has no such session."}},
)
async def end_session(
    context: Context,
    name: Name,
    session: Annotated[str, Path(description="“key” of a session in the list.")],
) -> Response:
    """End a session of any account at once."""
    await context.services.identity.sessions.end(context.caller, session, name)
    return Response(status_code=204)


@router.get(
    "/admin/tokens",
    operation_id="listAllTokens",
    response_model=TokenList,
    summary="Tokens of everybody",
)
async def tokens(
    request: Request,
    context: Context,
    user: Annotated[
        Annotated[str, Field(max_length=128)] | None,
        EMPTY_IS_NONE,
        Query(description="Only those of this account."),
    ] = None,
    limit: LargeLimit = None,
    cursor: Cursor = None,
) -> Response:
    """List the personal tokens of everybody, oldest first, without their secrets."""
    page = await context.services.identity.tokens.page(
        context.caller, limit, cursor, everyone=True, user=user
    )
    items = await token_answers(context, page.items)
    return listing(request, "tokens", Page(items, page.next), headers=_FRESH)


@router.delete(
    "/admin/tokens/{key}",
    operation_id="revokeAnyToken",
    status_code=204,
    summary="Revoke a token of anybody",
    responses={404: {"description": "There is no such token."}},
)
async def revoke(context: Context, key: Key) -> Response:
    """Revoke a token of any account at once, with all that were created with it."""
    tokens = context.services.identity.tokens
    await tokens.revoke(context.caller, key, anyone=True)
    return Response(status_code=204)


@router.get(
    "/admin/health",
    operation_id="listParts",
    response_model=PartList,
    summary="Which parts of the gateway work",
)
async def parts(request: Request, context: Context) -> Response:
    """List the parts that the gateway needs, such as each system's files and jobs."""
    health = context.services.health
    items = [
        {"name": name, "up": up, "vital": health.is_vital(name)}
        for name, up in sorted((await health.look()).items())
    ]
    return listing(request, "parts", Page(items), headers=_FRESH)


def _person(user: User) -> dict[str, object]:
    return {
        "name": user.name,
        "role": user.role,
        "groups": sorted(user.groups),
        "source": user.source,
        "has_password": user.has_password,
        "created_at": timestamp(user.created_at),
        "seen_at": optional_timestamp(user.seen_at),
        "disabled_at": optional_timestamp(user.disabled_at),
    }
