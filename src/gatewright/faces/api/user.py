"""Accounts: ``/user/{name}``."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from gatewright.core.clock import timestamp
from gatewright.web.context import Context
from gatewright.web.listing import json_response

router = APIRouter(tags=["identity"])


class UserAnswer(BaseModel):
    """An account."""

    name: str = Field(description="Account name.", examples=["ada"])
    role: str = Field(
        description="“owner” or “user” (files, commands and jobs run as that person), "
        "or “guest”."
    )
    groups: list[str] = Field(description="Groups that the account belongs to.")
    created_at: str = Field(description="When it was created, RFC 3339 in UTC.")
    has_password: bool = Field(description="Whether it can sign in with a password.")


@router.get(
    "/user/{name}",
    operation_id="getUser",
    response_model=UserAnswer,
    summary="An account",
)
async def one_user(
    context: Context,
    name: Annotated[
        str, Path(title="User", description="Account name.", examples=["ada"])
    ],
) -> Response:
    """Return an account: your own, or any for the owner; others are not found."""
    user = await context.services.identity.users.get(context.caller, name)
    return json_response(
        {
            "name": user.name,
            "role": user.role,
            "groups": sorted(user.groups),
            "created_at": timestamp(user.created_at),
            "has_password": user.has_password,
        },
        headers={"Cache-Control": "no-store"},
    )
