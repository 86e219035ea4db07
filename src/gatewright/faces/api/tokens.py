"""Personal tokens: ``/tokens`` and ``/tokens/{key}``."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from gatewright.core.clock import optional_timestamp, timestamp
from gatewright.core.pages import Page
from gatewright.domains.identity import Token
from gatewright.web.context import Context, RequestContext
from gatewright.web.json_model import json_body, read_model
from gatewright.web.listing import Cursor, Limit, json_response, listing

router = APIRouter(tags=["identity"])

_YEAR = 366 * 86_400
_FRESH = {"Cache-Control": "no-store"}

Key = Annotated[
    str,
    Path(
        title="Token",
        description="Key of the token: the part between “gw_” and the dot.",
        examples=["01m820ey9p3vbh4aeaaw5hsda0"],
    ),
]


class NewTokenBody(BaseModel):
    """Settings of a new token."""

    model_config = ConfigDict(extra="forbid", strict=True)

    label: str = Field(
        "", description="Your name for it.", max_length=200, examples=["notebook"]
    )
    scopes: list[str] | None = Field(
        None,
        description="Scopes of the token; by default all of yours.",
        max_length=64,
        examples=[["data:read", "files:read"]],
    )
    expires_in: int | None = Field(
        None,
        description="Seconds until it expires; by default 90 days (7776000), but never "
        "longer than the token that creates it.",
        ge=1,
        le=_YEAR,
        examples=[604_800],
    )


class TokenJobAnswer(BaseModel):
    """The job that has a token."""

    system: str = Field(description="Name of the system that runs it.")
    id: str = Field(description="Id of the job or the array.", examples=["17"])


class TokenAnswer(BaseModel):
    """A token without its secret."""

    key: str = Field(description="Identifier, the public part of the token.")
    user: str = Field(description="Account that it acts for.")
    label: str = Field(description="Its user's name for it.")
    scopes: list[str] = Field(description="Scopes of the token.")
    created_at: str = Field(description="When it was created, RFC 3339 in UTC.")
    expires_at: str = Field(description="When it expires.")
    last_used_at: str | None = Field(description="Last use, to about a minute.")
    last_used_from: str | None = Field(description="IP address of the last use.")
    parent: str | None = Field(
        description="Key of the token that created it; revoking that revokes this one."
    )
    delegated: bool = Field(
        description="Whether it is the token of a job, which ends with the job."
    )
    job: TokenJobAnswer | None = Field(
        description="The job whose token it is; null for other tokens."
    )


class NewTokenAnswer(TokenAnswer):
    """A token with its secret, which is shown only once."""

    token: str = Field(
        description="The whole token; send it as “Authorization: Bearer <token>”."
    )


class TokenList(BaseModel):
    """A page of tokens."""

    tokens: list[TokenAnswer] = Field(description="Tokens, oldest first.")
    next: str | None = Field(description="Cursor of the next page, null on the last.")


@router.post(
    "/tokens",
    operation_id="createToken",
    response_model=NewTokenAnswer,
    status_code=201,
    summary="Create a token",
    openapi_extra=json_body(NewTokenBody),
    responses={
        403: {
            "description": "You do not have a requested scope, or the token would "
            "outlive the one that creates it."
        },
        422: {"description": "There is no such scope."},
    },
)
async def make_token(request: Request, context: Context) -> Response:
    """Create a personal token for programs; its secret is shown only once."""
    asked = await read_model(request, NewTokenBody)
    new = await context.services.identity.tokens.issue(
        context.caller,
        label=asked.label,
        scopes=asked.scopes,
        seconds=asked.expires_in,
    )
    headers = {**_FRESH, "Location": f"/api/v1/tokens/{new.token.key}"}
    (answer,) = await token_answers(context, [new.token])
    answer = {"token": new.text, **answer}
    return json_response(answer, 201, headers)


@router.get(
    "/tokens", operation_id="listTokens", response_model=TokenList, summary="My tokens"
)
async def list_tokens(
    request: Request, context: Context, limit: Limit = None, cursor: Cursor = None
) -> Response:
    """List your tokens with their last use, without their secrets."""
    page = await context.services.identity.tokens.page(context.caller, limit, cursor)
    items = await token_answers(context, page.items)
    return listing(request, "tokens", Page(items, page.next), headers=_FRESH)


@router.get(
    "/tokens/{key}",
    operation_id="getToken",
    response_model=TokenAnswer,
    summary="One of my tokens",
)
async def one_token(context: Context, key: Key) -> Response:
    """Return one of your tokens, without its secret."""
    token = await context.services.identity.tokens.get(context.caller, key)
    (answer,) = await token_answers(context, [token])
    return json_response(answer, headers=_FRESH)


@router.delete(
    "/tokens/{key}",
    operation_id="revokeToken",
    status_code=204,
    summary="Revoke a token",
)
async def revoke_token(context: Context, key: Key) -> Response:
    """Revoke a token at once, with all tokens that were created with it."""
    await context.services.identity.tokens.revoke(context.caller, key)
    return Response(status_code=204)


async def token_answers(
    context: RequestContext, tokens: Sequence[Token]
) -> list[dict[str, object]]:
    """Return tokens of any accounts as JSON values, with the jobs of delegated ones."""
    delegated: dict[str, list[str]] = {}
    for token in tokens:
        if token.delegated:
            delegated.setdefault(token.user, []).append(token.key)
    jobs: dict[str, tuple[str, str]] = {}
    for user, keys in delegated.items():
        jobs |= await context.services.job_tokens.jobs_of(user, keys)
    return [_answer(token, jobs.get(token.key)) for token in tokens]


def _answer(token: Token, job: tuple[str, str] | None) -> dict[str, object]:
    return {
        "key": token.key,
        "user": token.user,
        "label": token.label,
        "scopes": sorted(token.scopes),
        "created_at": timestamp(token.created_at),
        "expires_at": timestamp(token.expires_at),
        "last_used_at": optional_timestamp(token.used_at),
        "last_used_from": token.used_from or None,
        "parent": token.parent or None,
        "delegated": token.delegated,
        "job": {"system": job[0], "id": job[1]} if job else None,
    }
