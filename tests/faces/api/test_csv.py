"""Listings as CSV: the rows of the JSON listings, quoted as RFC 4180 says."""

import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from astropy.io import fits
from astropy.table import Table
from tests.backends.fits.skies import pixels, tan_header, write
from tests.support.app import AsCaller, caller
from tests.support.skies import SkyServices, sky_services

from gatewright.core.config import SurveySource
from gatewright.core.errors import Unavailable
from gatewright.domains.sky import SkyService
from gatewright.faces.api import face
from gatewright.web import csv_table

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
]

NASTY = '=1+1, "said" @SUM'
NESTED = ("footprint", "pieces", "links")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SkyServices]:
    folder = tmp_path_factory.mktemp("sky")
    for number in range(7):
        header = tan_header(40, 30)
        header["OBJECT"] = NASTY if number == 3 else f"field {number}"
        if number != 5:
            header["DATE-OBS"], header["EXPTIME"] = f"2020-01-0{number + 1}", 60.1
        header["FILTER"] = "r"
        name = folder / f"n{number}.fits"
        write(name, fits.PrimaryHDU(pixels(40, 30, "f4"), header))
    made = SurveySource(id="made", images=f"{folder}/*.fits")
    async with sky_services(tmp_path_factory.mktemp("state"), [made]) as opened:
        yield opened


def table(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def plain(row: dict[str, str]) -> dict[str, Any]:
    """Return the values of a row as JSON has them, without what is nested."""
    found: dict[str, Any] = {}
    for name, text in row.items():
        if name.partition(".")[0] in NESTED:
            continue
        try:
            found[name] = json.loads(text) if text else None
        except ValueError:
            found[name] = text
    return found


async def test_the_rows_are_those_of_the_json_listing(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_table, "PAGE", 3)
    asked = {"survey": "made"}
    images = (await api.get("/images", params=asked)).json()["images"]
    answer = await api.get("/images", params={**asked, "format": "csv"})
    assert answer.headers["content-disposition"] == 'attachment; filename="images.csv"'
    assert "link" not in answer.headers
    rows = table(answer)
    assert len(rows) == len(images) == 7
    for row, image in zip(rows, images, strict=True):
        flat = {name: value for name, value in image.items() if name not in NESTED}
        assert plain(row) == flat
        corners = list(map(float, row["footprint"].split()))
        assert corners == [number for corner in image["footprint"] for number in corner]
        assert row["links.cutout"] == image["links"]["cutout"]


async def test_texts_are_quoted_and_not_changed(api: httpx.AsyncClient) -> None:
    answer = await api.get("/images?survey=made&format=csv")
    assert '"=1+1, ""said"" @SUM"' in answer.text
    assert answer.text.count("\r\n") == 8
    assert sum(row["target"] == NASTY for row in table(answer)) == 1
    theirs = Table.read(answer.text, format="ascii.csv", fast_reader=False)
    assert list(theirs["target"]).count(NASTY) == 1
    assert set(theirs["exposure"].filled(0.0)) == {0.0, 60.1}


async def test_a_page_of_so_many_has_a_link_to_the_next(api: httpx.AsyncClient) -> None:
    whole = table(await api.get("/images?survey=made&format=csv"))
    path, rows = "/images?survey=made&format=csv&limit=4", []
    while path:
        answer = await api.get(path)
        rows += table(answer)
        link = answer.headers.get("link", "")
        path = link[link.find("?") - 7 : link.find(">")] if link else ""
    assert rows == whole


async def test_nothing_found_is_a_table_without_rows(api: httpx.AsyncClient) -> None:
    answer = await api.get("/images?survey=none&format=csv")
    assert table(answer) == []
    assert answer.text.startswith("id,survey,kind,calib_level,ra,dec,")


async def test_a_failure_in_the_middle_is_no_end(
    services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_table, "PAGE", 3)
    read = SkyService.table

    async def failing(sky: SkyService, *given: Any, **named: Any) -> Any:
        if named.get("cursor"):
            raise Unavailable("The database is gone.")
        return await read(sky, *given, **named)

    monkeypatch.setattr(SkyService, "table", failing)
    app = AsCaller(face.build(services), services, caller())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://a") as api:
        with pytest.raises(Unavailable):  # the server closes the connection then
            await api.get("/images?survey=made&format=csv")


async def test_candidates_without_any(api: httpx.AsyncClient) -> None:
    answer = await api.get("/candidates?survey=made&format=csv")
    assert table(answer) == []
    assert "votes.real,votes.bogus,votes.unsure,mine" in answer.text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (float("nan"), ""), (True, "true"), (False, "false"), (7, "7"),
        (0.1, "0.1"), (1e-12, "1e-12"), (["a", "b"], "a b"), ([], ""),
        ([(1.5, 2.0), (3.0, 4.0)], "1.5 2.0 3.0 4.0"),
        ([[(1.0, 2.0)], [(3.0, 4.0)]], "1.0 2.0;3.0 4.0"),
    ],
)  # fmt: skip
async def test_cells(value: object, text: str) -> None:
    assert csv_table.cell_text(value) == text
