"""Lists of images as CSV (RFC 4180) and Parquet: the rows and values of the JSON."""

import csv
import io
import json
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import httpx
import pyarrow.parquet
import pytest
import pytest_asyncio
from astropy import units
from astropy.io import fits
from astropy.table import Table
from tests.backends.fits.skies import pixels, tan_header, write
from tests.support.app import AsCaller, caller
from tests.support.skies import SkyServices, sky_services

from gatewright.core.config import SurveySource
from gatewright.core.errors import Unavailable
from gatewright.domains.sky import SkyService
from gatewright.faces.api import face
from gatewright.web import csv_table, parquet_table

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
]

ASKED = "/images?survey=made&kind=any"
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
        header["FILTER"] = "r" if number else "of no band"
        frame = fits.PrimaryHDU(pixels(40, 30, "f4"), header)
        write(folder / f"n {number}.fits", frame)
    made = SurveySource(id="made", images=f"{folder}/*.fits")
    async with sky_services(tmp_path_factory.mktemp("state"), [made]) as opened:
        yield opened


def csv_rows(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def parquet(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    return pyarrow.parquet.read_table(io.BytesIO(answer.content))


@dataclass(frozen=True)
class Form:
    name: str
    """Value of the parameter "format"."""
    rows: Callable[[httpx.Response], list[dict[str, Any]]]
    """Reads the rows of an answer with another implementation."""
    writer: ModuleType
    """Module whose PAGE is the number of rows that are written at once."""


@pytest.fixture(params=["csv", "parquet"])
def form(request: pytest.FixtureRequest) -> Form:
    if request.param == "csv":
        return Form("csv", csv_rows, csv_table)
    return Form("parquet", lambda answer: parquet(answer).to_pylist(), parquet_table)


async def test_pages_have_a_link_to_the_next(
    api: httpx.AsyncClient, form: Form
) -> None:
    whole = form.rows(await api.get(f"{ASKED}&format={form.name}"))
    assert len(whole) == 7
    path, rows = f"{ASKED}&format={form.name}&limit=4", []
    while path:
        answer = await api.get(path)
        rows += form.rows(answer)
        link = answer.headers.get("link", "")
        path = link[link.find("/images") : link.find(">")] if link else ""
    assert rows == whole


async def test_nothing_found_is_a_table_without_rows(
    api: httpx.AsyncClient, form: Form
) -> None:
    answer = await api.get(f"/images?survey=none&format={form.name}")
    assert form.rows(answer) == []
    if form.name == "csv":
        assert answer.text.startswith("id,survey,kind,calib_level,ra,dec,")
    else:
        assert "footprint" in parquet(answer).schema.names


async def test_a_failure_in_the_middle_is_no_end(
    services: Any, monkeypatch: pytest.MonkeyPatch, form: Form
) -> None:
    monkeypatch.setattr(form.writer, "PAGE", 3)
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
            await api.get(f"{ASKED}&format={form.name}")


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


async def test_csv_has_the_rows_of_the_json(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_table, "PAGE", 3)
    asked = {"survey": "made"}
    images = (await api.get("/images", params=asked)).json()["images"]
    answer = await api.get("/images", params={**asked, "format": "csv"})
    assert answer.headers["content-disposition"] == 'attachment; filename="images.csv"'
    assert "link" not in answer.headers
    rows = csv_rows(answer)
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
    assert sum(row["target"] == NASTY for row in csv_rows(answer)) == 1
    theirs = Table.read(answer.text, format="ascii.csv", fast_reader=False)
    assert list(theirs["target"]).count(NASTY) == 1
    assert set(theirs["exposure"].filled(0.0)) == {0.0, 60.1}


async def test_no_candidates_are_a_csv_of_names_alone(api: httpx.AsyncClient) -> None:
    answer = await api.get("/candidates?survey=made&format=csv")
    assert csv_rows(answer) == []
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
async def test_cells_of_csv(value: object, text: str) -> None:
    assert csv_table.cell_text(value) == text


@pytest.mark.parametrize("page", [3, 7, 10_000])
async def test_parquet_has_the_rows_of_the_json(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(parquet_table, "PAGE", page)
    images = (await api.get(ASKED)).json()["images"]
    answer = await api.get(f"{ASKED}&format=parquet")
    expected = 'attachment; filename="images.parquet"'
    assert answer.headers["content-disposition"] == expected
    assert "link" not in answer.headers
    found = parquet(answer)
    assert found.to_pylist() == images
    assert len(images) == 7
    assert found.schema.names == list(images[0])
    groups = pyarrow.parquet.ParquetFile(io.BytesIO(answer.content)).num_row_groups
    assert groups == -(-7 // page)


async def test_types_units_and_descriptions_of_parquet(api: httpx.AsyncClient) -> None:
    schema = parquet(await api.get(f"{ASKED}&format=parquet")).schema
    kinds = {field.name: str(field.type) for field in schema}
    assert kinds["id"] == kinds["band"] == kinds["started_at"] == "string"
    assert kinds["ra"] == kinds["t_min"] == kinds["depth"] == "double"
    assert kinds["width"] == kinds["file_size"] == "int64"
    assert kinds["time_assumed"] == "bool"
    assert schema.field("footprint").type.value_type.value_type == pyarrow.float64()
    told = {field.name: field.metadata for field in schema}
    assert all(metadata[b"description"] for metadata in told.values())
    of_unit: dict[str, set[str]] = {}
    for name, metadata in told.items():
        unit = metadata.get(b"unit", b"").decode()
        units.Unit(unit, format="vounit")
        of_unit.setdefault(unit, set()).add(name)
    assert of_unit.pop("deg") == {"ra", "dec", "fov", "footprint", "pieces"}
    assert of_unit.pop("d") == {"t_min", "t_max"}
    assert of_unit.pop("m") == {"em_min", "em_max"}
    assert of_unit.pop("s") == {"exposure"}
    assert of_unit.pop("arcsec") == {"seeing", "pixel_scale"}
    assert of_unit.pop("pixel") == {"width", "height"}
    assert (of_unit.pop("mag"), of_unit.pop("byte")) == ({"depth"}, {"file_size"})
    assert "band" in of_unit.pop("")
    assert not of_unit


async def test_without_pyarrow_the_answer_names_the_extra(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answer = await api.get(f"{ASKED}&format=parquet")
    assert answer.status_code == 501
    problem = answer.json()
    assert problem["extra"] == "parquet"
    assert "gatewright[parquet]" in problem["detail"]
    assert (await api.get(f"{ASKED}&format=csv")).status_code == 200
