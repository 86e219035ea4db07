"""Listings as VOTable 1.4 (IVOA): the values of the JSON listing, as TABLEDATA.

The columns are those of the CSV. Each FIELD has the description of its value, its type,
and unit and UCD where it has them. Unknown values are empty cells.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin
from xml.sax.saxutils import escape, quoteattr

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from starlette.requests import HTTPConnection
from starlette.responses import StreamingResponse

from gatewright.core.pages import Page
from gatewright.web.csv_table import PAGE, Row, cell_text, cells, columns_of
from gatewright.web.listing import next_link

VOTABLE = "application/x-votable+xml"
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n'
    '<RESOURCE type="results"><INFO name="QUERY_STATUS" value="OK"/>\n<TABLE>\n'
)
_END = "</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>\n"
_TYPES = {float: "double", int: "long", bool: "boolean"}


@dataclass(frozen=True, slots=True)
class VotableColumns:
    """What the columns of a table are."""

    model: type[BaseModel]
    """Model of a row, whose fields are the columns."""
    units: Mapping[str, str]
    """Units by name of the column, as VOUnits writes them."""
    ucds: Mapping[str, str]
    """UCDs by name of the column."""

    def fields(self) -> str:
        """Return the FIELD elements."""
        return "".join(map(self._field, columns_of(self.model)))

    def _field(self, column: str) -> str:
        info = _field_of(self.model, column)
        name = column.replace(".", "_")
        told = f"<FIELD ID={quoteattr(name)} name={quoteattr(column)}"
        datatype = _TYPES.get(_plain(info.annotation))
        told += (
            f' datatype="{datatype}"' if datatype else ' datatype="char" arraysize="*"'
        )
        for key, values in (("unit", self.units), ("ucd", self.ucds)):
            if column in values:
                told += f" {key}={quoteattr(values[column])}"
        words = escape(info.description or "")
        return f"{told}><DESCRIPTION>{words}</DESCRIPTION></FIELD>\n"


async def votable_listing(
    connection: HTTPConnection,
    name: str,
    columns: VotableColumns,
    page: Callable[[int, str | None], Awaitable[Page[Row]]],
    limit: int | None,
    cursor: str | None,
) -> StreamingResponse:
    """Return a response with a listing as VOTable, in the file ``name``.vot.

    It has one page with a ``Link`` header to the next if there is a ``limit``, and
    otherwise all rows from ``cursor`` on. A failure after the first page ends the
    connection before the document's end, without which it is no XML.

    Parameters
    ----------
    page
        Returns the page of at most so many items that begins at a cursor.
    """
    paths = [column.split(".") for column in columns_of(columns.model)]
    first = await page(limit or PAGE, cursor)

    def rows(found: Page[Row]) -> str:
        lines = []
        for item in found.items:
            texts = (escape(cell_text(cell)) for cell in cells(item, paths))
            lines.append(f"<TR><TD>{'</TD><TD>'.join(texts)}</TD></TR>\n")
        return "".join(lines)

    async def parts() -> AsyncIterator[str]:
        yield f"{_HEAD}{columns.fields()}<DATA><TABLEDATA>\n{rows(first)}"
        following = None if limit else first.next
        while following is not None:
            more = await page(PAGE, following)
            yield rows(more)
            following = more.next
        yield _END

    headers = {"Content-Disposition": f'attachment; filename="{name}.vot"'}
    if limit and first.next is not None:
        headers["Link"] = next_link(connection, first.next)
    return StreamingResponse(parts(), headers=headers, media_type=VOTABLE)


def _field_of(model: type[BaseModel], column: str) -> FieldInfo:
    """Return the field of a column, whose name has dots between members."""
    first, _, rest = column.partition(".")
    field = model.model_fields[first]
    inner: Any = field.annotation
    return _field_of(inner, rest) if rest else field


def _plain(annotation: Any) -> Any:
    """Return the type of a value that may be unknown."""
    if get_origin(annotation) in {UnionType, Union}:
        return next(one for one in get_args(annotation) if one is not type(None))
    return annotation
