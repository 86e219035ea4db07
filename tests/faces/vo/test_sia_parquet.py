"""Image search by SIA 2.0 as Parquet: the columns and rows of the VOTable."""

import io
import sys
from typing import Any

import httpx
import numpy as np
import pyarrow.parquet
import pytest
from astropy.io.votable import parse

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
]


def plain(row: Any) -> dict[str, Any]:
    """Return a row of a VOTable as JSON values; what is unknown is None."""
    found: dict[str, Any] = {}
    for name in row.dtype.names:
        value = row[name]
        if np.ma.is_masked(value) or (isinstance(value, str) and not value):
            found[name] = None
        else:
            found[name] = value.tolist() if hasattr(value, "tolist") else value
    return found


@pytest.mark.parametrize(
    "query",
    [
        "COLLECTION=field", "COLLECTION=cubes&POL=Q", "COLLECTION=times",
        "COLLECTION=kinds&KIND=any", "COLLECTION=packed&MAXREC=2",
        "COLLECTION=field&TARGET=none", "MAXREC=0",
    ],
)  # fmt: skip
async def test_parquet_has_the_columns_and_rows_of_the_votable(
    vo: httpx.AsyncClient, query: str
) -> None:
    answer = await vo.get(f"/sia/query?{query}")
    written = parse(io.BytesIO(answer.content), verify="exception")
    table = written.get_first_table()
    answer = await vo.get(f"/sia/query?{query}&RESPONSEFORMAT=parquet")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    read = pyarrow.parquet.read_table(io.BytesIO(answer.content))
    assert read.to_pylist() == list(map(plain, table.array))
    media = "Application/vnd.apache.parquet;version=1"
    again = await vo.get(f"/sia/query?{query}&RESPONSEFORMAT={media}")
    assert again.content == answer.content
    infos = written.resources[0].infos
    status = [one.value for one in infos if one.name == "QUERY_STATUS"][-1]
    assert read.schema.metadata[b"QUERY_STATUS"].decode() == status
    assert (status == "OVERFLOW") is ("MAXREC" in query)
    for field, column in zip(read.schema, table.fields, strict=True):
        told = {k.decode(): v.decode() for k, v in field.metadata.items()}
        assert (field.name, told["ucd"]) == (column.name, column.ucd)
        assert told["utype"] == column.utype
        assert told["description"] == column.description
        assert told.get("unit") == (column.unit and str(column.unit))
        assert told.get("xtype") == column.xtype
        assert told.get("ref") == column.ref
    assert read.schema.field("s_region").type.value_type == pyarrow.float64()


async def test_without_pyarrow_the_error_names_the_extra(
    vo: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answer = await vo.get("/sia/query?RESPONSEFORMAT=parquet")
    assert answer.status_code == 501
    assert answer.headers["content-type"] == "application/x-votable+xml"
    info = parse(io.BytesIO(answer.content)).resources[0].infos[0]
    assert (info.name, info.value) == ("QUERY_STATUS", "ERROR")
    assert info.content.startswith("FatalFault: ")
    assert "gatewright[parquet]" in info.content
