"""Lists of candidates as CSV, VOTable and Parquet, read by other libraries."""

import csv
import io
from collections.abc import AsyncIterator

import numpy as np
import pyarrow.parquet
import pytest
import pytest_asyncio
from astropy.io import votable
from tests.support.night import Night, decam_night

from gatewright.web import csv_table, parquet_table, votable_table

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def night(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Night]:
    async with decam_night(tmp_path_factory.mktemp("candidates")) as opened:
        yield opened


@pytest.mark.parametrize("page", [2, 1000])
async def test_a_list_as_a_table(
    night: Night, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """VOTable and Parquet have the values of the JSON, and name their units."""
    for module in (csv_table, votable_table, parquet_table):
        monkeypatch.setattr(module, "PAGE", page)
    bob = await night.client("bob")
    asked = {"difference": night.difference}
    found = (await bob.get("/candidates", params=asked)).json()["candidates"]
    assert len(found) > 2
    answer = await bob.get("/candidates", params={**asked, "format": "votable"})
    assert answer.headers["content-type"] == "application/x-votable+xml"
    (table,) = votable.parse(
        io.BytesIO(answer.content), verify="exception"
    ).iter_tables()
    columns = {field.name: field for field in table.fields}
    assert str(columns["ra"].unit) == str(columns["dec"].unit) == "deg"
    assert (str(columns["mjd"].unit), columns["snr"].unit) == ("d", None)
    assert columns["ra"].ucd == "pos.eq.ra;meta.main"
    assert all(field.description for field in table.fields)
    rows = table.to_table(use_names_over_ids=True)
    for name in ("id", "ra", "dec", "snr", "flux", "flux_error", "mjd", "band"):
        assert list(rows[name]) == [one[name] for one in found], name
    assert list(rows["votes.real"]) == [one["votes"]["real"] for one in found]
    assert list(rows["time_assumed"]) == [one["time_assumed"] for one in found]
    assert [text or None for text in rows["reason"]] == [o["reason"] for o in found]
    assert np.isnan(np.ma.filled(rows["score"].astype(float), np.nan)).all()
    answer = await bob.get("/candidates", params={**asked, "format": "parquet"})
    read = pyarrow.parquet.read_table(io.BytesIO(answer.content))
    assert read.to_pylist() == found
    assert read.schema.field("ra").metadata[b"unit"] == b"deg"
    answer = await bob.get("/candidates", params={**asked, "format": "csv"})
    texts = csv.DictReader(io.StringIO(answer.text))
    assert [row["id"] for row in texts] == [one["id"] for one in found]
    for form in ("csv", "votable", "parquet"):
        one = {**asked, "format": form, "limit": 1}
        answer = await bob.get("/candidates", params=one)
        assert 'rel="next"' in answer.headers["link"]
