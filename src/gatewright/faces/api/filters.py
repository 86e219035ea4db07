"""Saved filters of candidates: ``/filters`` and ``/filters/{filter}``."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from gatewright.core.access import access_of
from gatewright.core.clock import timestamp
from gatewright.core.errors import InvalidContent, InvalidRequest
from gatewright.core.pages import MAXIMUM_LARGE_LIMIT, page_limit
from gatewright.domains.discovery import (
    LONGEST_CONDITION,
    LONGEST_DESCRIPTION,
    MOST_NAMES,
    FilterDraft,
    SavedFilter,
)
from gatewright.faces.api.product_answers import BASE
from gatewright.web.context import Context
from gatewright.web.form_text import EMPTY_IS_NONE
from gatewright.web.json_model import json_body, read_model
from gatewright.web.listing import Cursor, LargeLimit, json_response, listing

router = APIRouter(tags=["discovery"])

_GONE: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such filter, or you may not use it."}
}
_CHANGING: dict[int | str, dict[str, Any]] = {
    401: {"description": "You are not signed in."},
    403: {"description": "The filter is not yours, or you may not vote."},
}
_WHERE = (
    "Condition that candidates must fulfil, such as “snr > 8 and votes.bogus == 0”. "
    "The page “Filters of candidates” has the grammar and all columns."
)

FilterName = Annotated[
    Annotated[str, Field(max_length=64)] | None,
    EMPTY_IS_NONE,
    Query(
        title="Filter",
        description="Only candidates that fulfil this saved filter.",
        examples=["bright-and-new"],
    ),
]
"""Annotation of the parameter ``filter`` of a listing of candidates."""

WhereText = Annotated[
    Annotated[str, Field(max_length=LONGEST_CONDITION)] | None,
    EMPTY_IS_NONE,
    Query(
        title="Condition",
        description=_WHERE,
        examples=['snr > 8 and score >= 0.6 and band == "r"'],
    ),
]
"""Annotation of the parameter ``where`` of a listing of candidates."""

FilterPath = Annotated[
    str,
    Path(
        title="Filter",
        description="Name of a filter: 1 to 64 ASCII letters, digits, “.”, “_”, “-”.",
        max_length=64,
        examples=["bright-and-new"],
    ),
]


class FilterBody(BaseModel):
    """A filter as you save it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    where: str = Field(max_length=LONGEST_CONDITION, description=_WHERE)
    description: str = Field(
        default="",
        max_length=LONGEST_DESCRIPTION,
        description="What it is for, in at most 500 characters.",
    )
    access: str | Annotated[list[str], Field(max_length=MOST_NAMES)] = Field(
        default=[],
        description="Who may use it beside its owner: a list of your groups, whose "
        "members may change it too, “users” for every account, or “public”.",
    )


class FilterLinks(BaseModel):
    """URLs of a filter."""

    self: str = Field(description="The filter.")
    candidates: str = Field(description="The candidates that fulfil it.")


class FilterAnswer(BaseModel):
    """A saved filter."""

    name: str = Field(description="Name in URLs.")
    where: str = Field(description="Condition that candidates must fulfil.")
    description: str = Field(description="What it is for; may be empty.")
    owner: str = Field(description="Account that made it.")
    access: str | list[str] = Field(description="Who may use it beside its owner.")
    changed_by: str = Field(description="Account that changed it last.")
    changed_at: str = Field(description="Time of the last change, RFC 3339.")
    links: FilterLinks = Field(description="URLs of the filter.")


class FilterList(BaseModel):
    """A page of saved filters."""

    filters: list[FilterAnswer] = Field(description="Filters, sorted by name.")
    next: str | None = Field(description="Cursor of the next page; null on the last.")


@router.get(
    "/filters",
    operation_id="listFilters",
    response_model=FilterList,
    summary="Saved filters",
)
async def list_filters(
    request: Request,
    context: Context,
    limit: LargeLimit = None,
    cursor: Cursor = None,
) -> Response:
    """List the filters that you may use: your own, your groups' and public ones."""
    services = context.services
    page = await services.images.filters.page(
        context.caller,
        limit=page_limit(limit, MAXIMUM_LARGE_LIMIT),
        cursor=cursor,
    )
    prefix = services.config.prefix
    return listing(request, "filters", page.map(lambda one: filter_answer(one, prefix)))


@router.get(
    "/filters/{filter}",
    operation_id="getFilter",
    response_model=FilterAnswer,
    summary="One filter",
    responses=_GONE,
)
async def one_filter(
    context: Context,
    filter: FilterPath,  # noqa: A002  # the path's name
) -> Response:
    """Return a saved filter."""
    services = context.services
    found = await services.images.filters.filter(context.caller, filter)
    return json_response(filter_answer(found, services.config.prefix))


@router.put(
    "/filters/{filter}",
    operation_id="saveFilter",
    response_model=FilterAnswer,
    summary="Save a filter",
    openapi_extra=json_body(FilterBody),
    responses={
        **_CHANGING,
        201: {"description": "The new filter.", "model": FilterAnswer},
        409: {
            "description": "The name is taken, you have too many filters, or somebody "
            "else changed it just now."
        },
    },
)
async def save_filter(
    request: Request,
    context: Context,
    filter: FilterPath,  # noqa: A002  # the path's name
) -> Response:
    """Make a filter, or change one of yours or of your groups.

    The status is 201 for a new filter and 200 for a changed one. A condition that is
    wrong is refused with the place of the mistake as the member “at” of the problem.
    """
    body = await read_model(request, FilterBody)
    try:
        access = access_of(body.access)
    except InvalidRequest as error:
        raise InvalidContent(str(error)) from error
    services = context.services
    draft = FilterDraft(body.where, body.description, access)
    saved, new = await services.images.filters.save(context.caller, filter, draft)
    answer = filter_answer(saved, services.config.prefix)
    return json_response(answer, 201 if new else 200)


@router.delete(
    "/filters/{filter}",
    operation_id="removeFilter",
    status_code=204,
    summary="Remove a filter",
    responses={**_CHANGING, **_GONE},
)
async def remove_filter(
    context: Context,
    filter: FilterPath,  # noqa: A002  # the path's name
) -> Response:
    """Remove a filter of yours or of your groups."""
    await context.services.images.filters.remove(context.caller, filter)
    return Response(status_code=204)


def filter_answer(saved: SavedFilter, prefix: str) -> dict[str, object]:
    """Return a filter as JSON values."""
    name = quote(saved.name)
    return {
        "name": saved.name,
        "where": saved.condition,
        "description": saved.description,
        "owner": saved.owner,
        "access": saved.access.setting,
        "changed_by": saved.changed_by,
        "changed_at": timestamp(saved.changed_at),
        "links": {
            "self": f"{prefix}{BASE}/filters/{name}",
            "candidates": f"{prefix}{BASE}/candidates?filter={name}",
        },
    }
