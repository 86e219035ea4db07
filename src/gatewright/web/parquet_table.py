"""Tables as Apache Parquet, such as listings with the values and names of their JSON.

The types of a listing's columns follow from the model of its items. Each field of the
Arrow schema has metadata: ``description``, and ``unit`` where the value has one, in the
notation of VOUnits (IVOA). Values that are null in JSON are null.

The library pyarrow is optional. It is imported when the first table is asked for.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from starlette.requests import HTTPConnection
from starlette.responses import Response, StreamingResponse
from typing_extensions import override

from gatewright.core.errors import NotImplementedHere
from gatewright.core.pages import MAXIMUM_LIMIT
from gatewright.web.listing import next_link

MEDIA_TYPE = "application/vnd.apache.parquet"
PAGE = MAXIMUM_LIMIT
"""Rows that are fetched at a time where no limit is given."""
Columns = Mapping[str, Sequence[Any]]
"""The values of a page, by the name of the column."""


@dataclass(frozen=True, slots=True)
class ParquetColumn:
    """A column of a Parquet table."""

    name: str
    """Name of the column."""
    kind: Any
    """Type of its values as an annotation: a list is a list, and a model a struct."""
    told: Mapping[str, str]
    """Metadata of its field in the Arrow schema, such as ``unit``."""


def model_columns(
    model: type[BaseModel], units: Mapping[str, str]
) -> Sequence[ParquetColumn]:
    """Return a column for each field of a model, with units by name."""
    return [
        ParquetColumn(
            name,
            field.annotation,
            {"description": field.description or ""}
            | ({"unit": units[name]} if name in units else {}),
        )
        for name, field in model.model_fields.items()
    ]


class ParquetTable(io.RawIOBase):
    """Makes a Parquet file part by part; it is the file that pyarrow writes to.

    Parameters
    ----------
    columns
        Columns of the table.
    about
        Metadata of the whole table.

    Raises
    ------
    NotImplementedHere
        pyarrow is not installed.
    """

    def __init__(
        self,
        columns: Sequence[ParquetColumn],
        about: Mapping[str, str] | None = None,
    ) -> None:
        try:
            import pyarrow as pa
            from pyarrow.parquet import ParquetWriter
        except ImportError as error:
            raise NotImplementedHere(
                "Parquet needs the extra “parquet”, which is not installed here. Ask "
                "for another format, such as csv, or ask the operator to install "
                "gatewright[parquet].",
                extra="parquet",
            ) from error
        self._arrow = pa
        self._parts: list[bytes] = []
        fields = [
            pa.field(column.name, _type_of(pa, column.kind), metadata=column.told)
            for column in columns
        ]
        self._schema = pa.schema(fields, metadata=dict(about or {}))
        self._writer = ParquetWriter(self, self._schema)

    def add(self, columns: Columns) -> bytes:
        """Add rows, as one row group; return the next bytes of the file."""
        arrays = [
            # NaN is unknown, as in JSON.
            self._arrow.array(columns[field.name], field.type, from_pandas=True)
            for field in self._schema
        ]
        self._writer.write_table(self._arrow.table(arrays, schema=self._schema))
        return self._taken()

    def end(self) -> bytes:
        """Return the last bytes of the file."""
        self._writer.close()
        return self._taken()

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, part: Any) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def _taken(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def _struct_of(pa: Any, model: type[BaseModel]) -> Any:
    """Return the Arrow struct of a model's values."""
    fields = model.model_fields.items()
    return pa.struct([(name, _type_of(pa, f.annotation)) for name, f in fields])


def _type_of(pa: Any, annotation: Any) -> Any:
    """Return the Arrow type of an annotation of a model's field."""
    plain = {
        str: pa.string(),
        bool: pa.bool_(),
        int: pa.int64(),
        float: pa.float64(),
    }
    if annotation in plain:
        return plain[annotation]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _struct_of(pa, annotation)
    if get_origin(annotation) is Literal:
        return pa.string()
    item = _type_of(pa, get_args(annotation)[0])
    # One that may be unknown, or else a list, or a position, which is a tuple.
    return item if get_origin(annotation) is UnionType else pa.list_(item)


def columns_of_rows(
    model: type[BaseModel], rows: Sequence[Mapping[str, object]]
) -> Columns:
    """Return the JSON values of some items by the name of the column."""
    return {name: [row[name] for row in rows] for name in model.model_fields}


async def parquet_response(
    model: type[BaseModel],
    units: Mapping[str, str],
    columns: Columns,
    name: str,
    about: Mapping[str, str],
) -> Response:
    """Return a response with a whole table, in the file ``name``.parquet.

    Raises
    ------
    NotImplementedHere
        pyarrow is not installed.
    """

    def body() -> bytes:
        table = ParquetTable(model_columns(model, units), about)
        return table.add(columns) + table.end()

    return Response(
        await asyncio.to_thread(body), headers=_headers(name), media_type=MEDIA_TYPE
    )


async def parquet_listing(
    connection: HTTPConnection,
    name: str,
    model: type[BaseModel],
    units: Mapping[str, str],
    page: Callable[[int, str | None], Awaitable[tuple[Columns, str | None]]],
    limit: int | None,
    cursor: str | None,
) -> StreamingResponse:
    """Return a response with a listing as Parquet, in the file ``name``.parquet.

    It has one page with a ``Link`` header to the next if there is a ``limit``, and
    otherwise all rows from ``cursor`` on, one row group for each page. A failure after
    the first page ends the connection before the file's end, without which it is no
    Parquet.

    Parameters
    ----------
    page
        Returns the values of at most so many items that begin at a cursor, and the
        cursor of the next page.

    Raises
    ------
    NotImplementedHere
        pyarrow is not installed.
    """
    table = await asyncio.to_thread(ParquetTable, model_columns(model, units))
    first, following = await page(limit or PAGE, cursor)

    async def parts() -> AsyncIterator[bytes]:
        yield await asyncio.to_thread(table.add, first)
        after = None if limit else following
        while after is not None:
            columns, after = await page(PAGE, after)
            yield await asyncio.to_thread(table.add, columns)
        yield table.end()

    headers = _headers(name)
    if limit and following is not None:
        headers["Link"] = next_link(connection, following)
    return StreamingResponse(parts(), headers=headers, media_type=MEDIA_TYPE)


def _headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}.parquet"'}
