"""Writes results as Apache Parquet: the columns and rows of the VOTable."""

from collections.abc import Sequence

from gatewright.faces.vo.votable.wire import Column, Value
from gatewright.web.parquet_table import ParquetColumn, ParquetTable

_KINDS = {"char": str, "int": int, "long": int, "double": float}
_ATTRIBUTES = ("description", "unit", "ucd", "utype", "xtype", "ref")


def parquet_document(
    columns: Sequence[Column], rows: Sequence[Sequence[Value]], *, overflow: bool
) -> bytes:
    """Return a Parquet file with one table of results.

    Each field of its Arrow schema has the attributes of the VOTable's FIELD as
    metadata. The metadata of the schema has ``QUERY_STATUS``: ``OVERFLOW`` if there are
    more results than rows, else ``OK`` (DALI 1.1, section 4.4).

    Raises
    ------
    NotImplementedHere
        pyarrow is not installed.
    """
    status = {"QUERY_STATUS": "OVERFLOW" if overflow else "OK"}
    table = ParquetTable(list(map(_parquet_column, columns)), status)
    values = {
        column.name: [row[place] for row in rows]
        for place, column in enumerate(columns)
    }
    return table.add(values) + table.end()


def _parquet_column(column: Column) -> ParquetColumn:
    """Return a column as the Parquet writer takes it, with what is said of it."""
    kind: object = _KINDS[column.datatype]
    if column.datatype != "char" and column.arraysize:
        kind = list[kind]  # type: ignore[valid-type]
    said = {name: str(getattr(column, name)) for name in _ATTRIBUTES}
    told = {name: text for name, text in said.items() if text}
    return ParquetColumn(column.name, kind, told)
