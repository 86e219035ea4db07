"""Listings as CSV (RFC 4180): the rows of the JSON listing, streamed page by page."""

import csv
import io
import math
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from typing import Any

from pydantic import BaseModel
from starlette.requests import HTTPConnection
from starlette.responses import StreamingResponse

from gatewright.core.pages import Page
from gatewright.web.listing import next_link

MEDIA_TYPE = "text/csv"
PAGE = 1000
"""Rows that are fetched at a time where no limit is given."""
Row = Mapping[str, object]
"""The JSON values of one item."""


async def csv_listing(
    connection: HTTPConnection,
    name: str,
    model: type[BaseModel],
    page: Callable[[int, str | None], Awaitable[Page[Row]]],
    limit: int | None,
    cursor: str | None,
) -> StreamingResponse:
    """Return a response with a listing as CSV, in the file ``name``.csv.

    It has one page with a ``Link`` header to the next if there is a ``limit``, and
    otherwise all rows from ``cursor`` on. The columns are the fields of ``model``;
    those of a member have names such as ``links.self``. A failure after the first page
    ends the connection before the end mark.

    Parameters
    ----------
    page
        Returns the page of at most so many items that begins at a cursor.
    """
    columns = columns_of(model)
    paths = [column.split(".") for column in columns]
    first = await page(limit or PAGE, cursor)

    async def parts() -> AsyncIterator[str]:
        yield csv_text([columns])
        yield csv_text(cells(item, paths) for item in first.items)
        following = None if limit else first.next
        while following is not None:
            more = await page(PAGE, following)
            yield csv_text(cells(item, paths) for item in more.items)
            following = more.next

    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    if limit and first.next is not None:
        headers["Link"] = next_link(connection, first.next)
    media_type = f"{MEDIA_TYPE}; charset=utf-8; header=present"
    return StreamingResponse(parts(), headers=headers, media_type=media_type)


def columns_of(model: type[BaseModel]) -> Sequence[str]:
    """Return the names of a model's fields, and of its members as ``member.field``."""
    names: list[str] = []
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names += [f"{name}.{inner}" for inner in columns_of(kind)]
        else:
            names.append(name)
    return names


def cells(item: Row, paths: Sequence[Sequence[str]]) -> list[object]:
    """Return the cells of an item; one that is unknown or no number is empty.

    ``paths`` have the name of a field, or that of a member and of a field in it.
    """
    found: list[object] = []
    for path in paths:
        value: Any = item[path[0]]
        for name in path[1:]:
            assert isinstance(value, Mapping)  # noqa: S101  # by its model
            value = value[name]
        kind = type(value)
        # The writer writes texts and numbers itself, floats in full.
        plain = kind is str or kind is int or (kind is float and value - value == 0)
        found.append(value if plain else cell_text(value))
    return found


def cell_text(value: object) -> str:
    """Return the text of a cell.

    Lists have spaces between their items, and lists of lists semicolons between theirs.
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        deep = bool(value) and isinstance(value[0], list | tuple)
        nested = deep and bool(value[0]) and isinstance(value[0][0], list | tuple)
        return (";" if nested else " ").join(map(cell_text, value))
    return str(value)


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Return rows of cells as CSV, with quotes where RFC 4180 needs them."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
