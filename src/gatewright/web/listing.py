"""Responses with a page of a listing: JSON with ``next``, and a ``Link`` header."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote, urlencode

import msgspec
from fastapi import Query
from pydantic import Field
from starlette.datastructures import QueryParams
from starlette.requests import HTTPConnection
from starlette.responses import Response

from gatewright.core.pages import (
    DEFAULT_LIMIT,
    MAXIMUM_LARGE_LIMIT,
    MAXIMUM_LIMIT,
    Page,
)
from gatewright.web.form_text import EMPTY_IS_NONE

_LIMIT = Query(
    title="Items on a page",
    description=f"Most items to return; {DEFAULT_LIMIT} by default.",
    examples=[50],
)

Limit = Annotated[
    Annotated[int, Field(ge=1, le=MAXIMUM_LIMIT)] | None, EMPTY_IS_NONE, _LIMIT
]
"""Annotation of a listing's parameter ``limit``."""

LargeLimit = Annotated[
    Annotated[int, Field(ge=1, le=MAXIMUM_LARGE_LIMIT)] | None, EMPTY_IS_NONE, _LIMIT
]
"""Annotation of the parameter ``limit`` of a listing whose items are large."""

Cursor = Annotated[
    Annotated[str, Field(max_length=4096)] | None,
    EMPTY_IS_NONE,
    Query(
        title="Where the page begins",
        description="“next” of the previous page; leave it out for the first page.",
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
    """Return the response ``{plural: [...], "next": ...}`` for a page of a listing.

    It has a ``Link`` header to the next page if there is one. The items must be of
    types that msgspec can encode (mappings, Structs, dataclasses); ``extra`` has more
    members.
    """
    body = {plural: page.items, "next": page.next, **(extra or {})}
    response = json_response(body, headers=headers)
    if page.next is not None:
        response.headers["Link"] = next_link(connection, page.next)
    return response


def encoded_listing(
    connection: HTTPConnection, body: bytes, following: str | None
) -> Response:
    """Return the response of :func:`listing` from a JSON text that is already made.

    ``following`` is the cursor of the next page, the member ``next`` of the text.
    """
    response = Response(body, media_type="application/json")
    if following is not None:
        response.headers["Link"] = next_link(connection, following)
    return response


def next_link(connection: HTTPConnection, cursor: str) -> str:
    """Return the value of a ``Link`` header to the next page (RFC 8288)."""
    path = connection.scope.get("raw_path") or quote(connection.scope["path"]).encode()
    query = QueryParams(connection.scope.get("query_string", b"")).multi_items()
    pairs = [(name, value) for name, value in query if name != "cursor"]
    reference = f"{path.decode('latin-1')}?{urlencode([*pairs, ('cursor', cursor)])}"
    return f'<{reference}>; rel="next"'


def json_response(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a JSON response encoded by msgspec, with null for NaN and infinities."""
    return Response(
        msgspec.json.encode(content),
        status_code=status,
        headers=headers,
        media_type="application/json",
    )
