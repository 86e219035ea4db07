"""A page of a listing as an answer: JSON with ``next``, and the ``Link`` header."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote, urlencode

import msgspec
from fastapi import Query
from pydantic import Field
from starlette.datastructures import QueryParams
from starlette.requests import HTTPConnection
from starlette.responses import Response

from gatewright.core.pages import DEFAULT_LIMIT, MAXIMUM_LIMIT, Page
from gatewright.web.form_text import EMPTY_IS_NONE

Limit = Annotated[
    Annotated[int, Field(ge=1, le=MAXIMUM_LIMIT)] | None,
    EMPTY_IS_NONE,
    Query(
        title="Items on a page",
        description=f"Most items to return; {DEFAULT_LIMIT} if not said.",
        examples=[50],
    ),
]
"""Annotation of a listing's parameter ``limit``."""

Cursor = Annotated[
    Annotated[str, Field(max_length=4096)] | None,
    EMPTY_IS_NONE,
    Query(
        title="Where the page begins",
        description="What “next” of the page before said; leave it out for the first.",
    ),
]
"""Annotation of a listing's parameter ``cursor``."""


def listing(
    connection: HTTPConnection,
    plural: str,
    page: Page[object],
    *,
    extra: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return ``{plural: [...], "next": ...}`` with a ``Link`` to the next page.

    The items are what msgspec writes (mappings, Structs, dataclasses); ``extra`` are
    further members.
    """
    body = {plural: page.items, "next": page.next, **(extra or {})}
    response = json_response(body, headers=headers)
    if page.next is not None:
        response.headers["Link"] = next_link(connection, page.next)
    return response


def next_link(connection: HTTPConnection, cursor: str) -> str:
    """Return the ``Link`` field that leads to the next page (RFC 8288)."""
    path = connection.scope.get("raw_path") or quote(connection.scope["path"]).encode()
    query = QueryParams(connection.scope.get("query_string", b"")).multi_items()
    pairs = [(name, value) for name, value in query if name != "cursor"]
    reference = f"{path.decode('latin-1')}?{urlencode([*pairs, ('cursor', cursor)])}"
    return f'<{reference}>; rel="next"'


def json_response(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a JSON answer written by msgspec (numbers that are not finite as null)."""
    return Response(
        msgspec.json.encode(content),
        status_code=status,
        headers=headers,
        media_type="application/json",
    )
