"""Merging and splitting objects by hand, and undoing it."""

from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from gatewright.core.clock import timestamp
from gatewright.core.errors import InvalidContent
from gatewright.core.pages import MAXIMUM_LARGE_LIMIT, page_limit
from gatewright.domains.discovery import ObjectChange
from gatewright.faces.api.candidates import GONE, SAYING
from gatewright.faces.api.objects import ObjectId
from gatewright.faces.api.product_answers import BASE
from gatewright.web.context import Context
from gatewright.web.json_model import json_body, read_model
from gatewright.web.listing import Cursor, LargeLimit, json_response, listing

router = APIRouter(tags=["discovery"])


class ObjectChangeBody(BaseModel):
    """A change of an object; exactly one of the two members."""

    model_config = ConfigDict(extra="forbid", strict=True)

    merge: str | None = Field(
        default=None,
        max_length=80,
        description="Id of an object whose candidates move to this one; it must be at "
        "most 30 arcseconds away.",
    )
    split: list[str] | None = Field(
        default=None,
        max_length=1000,
        description="Ids of candidates of this object that move to a new object.",
    )


class ObjectChangeLinks(BaseModel):
    """URLs of a change and its objects."""

    self: str = Field(description="The change; DELETE undoes it.")
    source: str = Field(description="The object that the candidates belonged to.")
    target: str = Field(description="The object that they moved to.")


class ObjectChangeAnswer(BaseModel):
    """A move of candidates from one object to another, by a person."""

    id: str = Field(description="Name in URLs.")
    kind: Literal["merge", "split"] = Field(description="Kind of change.")
    source: str = Field(description="Id of the object that they belonged to.")
    target: str = Field(description="Id of the object that they moved to.")
    candidates: list[str] = Field(description="Ids of the moved candidates.")
    person: str = Field(description="Account that made the change.")
    at: str = Field(description="Time of the change, RFC 3339.")
    undone_by: str | None = Field(description="Account that undid it, or null.")
    links: ObjectChangeLinks = Field(description="URLs of the change and its objects.")


class ObjectChangeList(BaseModel):
    """A page of the merges and splits of an object."""

    changes: list[ObjectChangeAnswer] = Field(description="Changes, oldest first.")
    next: str | None = Field(description="Cursor of the next page; null on the last.")


@router.get(
    "/objects/{object}/changes",
    operation_id="listObjectChanges",
    response_model=ObjectChangeList,
    summary="What was merged and split",
    responses={**GONE, 401: SAYING[401]},
)
async def list_changes(
    request: Request,
    context: Context,
    object: ObjectId,  # noqa: A002  # the path's name
    limit: LargeLimit = None,
    cursor: Cursor = None,
) -> Response:
    """List the merges and splits of an object, even one that was merged away.

    Those that you may not see are left out, so that a page may be short.
    """
    services = context.services
    page = await services.images.object_changes.changes(
        context.caller,
        object,
        limit=page_limit(limit, MAXIMUM_LARGE_LIMIT),
        cursor=cursor,
    )
    prefix = services.config.prefix
    return listing(request, "changes", page.map(lambda one: change_answer(one, prefix)))


@router.post(
    "/objects/{object}/changes",
    operation_id="changeObject",
    status_code=201,
    response_model=ObjectChangeAnswer,
    summary="Merge with another object, or split",
    openapi_extra=json_body(ObjectChangeBody),
    responses={**SAYING, 409: {"description": "Somebody else changed it just now."}},
)
async def change_object(
    request: Request,
    context: Context,
    object: ObjectId,  # noqa: A002  # the path's name
) -> Response:
    """Move another object's candidates to this one, or some of its own to a new one.

    Candidates that you may not see stay where they are. The response names the object
    that the moved candidates now belong to.
    """
    body = await read_model(request, ObjectChangeBody)
    services = context.services
    changes = services.images.object_changes
    if (body.merge is None) == (body.split is None):
        raise InvalidContent("Say either “merge” or “split”.")
    if body.merge is not None:
        made = await changes.merge(context.caller, object, body.merge)
    else:
        made = await changes.split(context.caller, object, body.split or [])
    return json_response(change_answer(made, services.config.prefix), 201)


@router.delete(
    "/objects/{object}/changes/{change}",
    operation_id="undoObjectChange",
    status_code=204,
    summary="Undo a merge or split",
    responses={
        **GONE,
        401: SAYING[401],
        403: SAYING[403],
        409: {"description": "It was undone, or a later one has to be first."},
    },
)
async def undo_change(
    context: Context,
    object: ObjectId,  # noqa: A002  # the path's name
    change: Annotated[
        str, Path(title="Change", description="“id” of the change.", max_length=80)
    ],
) -> Response:
    """Undo a change by moving the candidates back.

    Everybody who may vote and may see the candidates can do so.
    """
    await context.services.images.object_changes.undo(context.caller, object, change)
    return Response(status_code=204)


def change_answer(change: ObjectChange, prefix: str) -> dict[str, object]:
    """Return a change as JSON values."""
    base = f"{prefix}{BASE}/objects"
    target = f"{base}/{quote(change.target)}"
    return {
        "id": change.id,
        "kind": str(change.kind),
        "source": change.source,
        "target": change.target,
        "candidates": list(change.candidates),
        "person": change.person,
        "at": timestamp(change.at),
        "undone_by": change.undone_by,
        "links": {
            "self": f"{target}/changes/{quote(change.id)}",
            "source": f"{base}/{quote(change.source)}",
            "target": target,
        },
    }
