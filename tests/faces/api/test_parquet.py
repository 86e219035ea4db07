"""Lists of images as Parquet, read back by pyarrow and compared with the JSON."""

import io
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pyarrow.parquet
import pytest
import pytest_asyncio
from astropy import units
from astropy.io import fits
from tests.backends.fits.skies import pixels, tan_header, write
from tests.support.app import AsCaller, caller
from tests.support.skies import SkyServices, sky_services

from gatewright.core.config import SurveySource
from gatewright.core.errors import Unavailable
from gatewright.domains.sky import SkyService
from gatewright.faces.api import face
from gatewright.web import parquet_table

pytestmark = pytest.mark.asyncio(loop_scope="module")
ASKED = "/images?survey=made&kind=any"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SkyServices]:
    folder = tmp_path_factory.mktemp("sky")
    for number in range(7):
        header = tan_header(40, 30)
        header["OBJECT"] = '=1+1, "said" @SUM'
        if number != 5:
            header["DATE-OBS"], header["EXPTIME"] = f"2020-01-0{number + 1}", 60.1
        header["FILTER"] = "r" if number else "of no band"
        frame = fits.PrimaryHDU(pixels(40, 30, "f4"), header)
        write(folder / f"n {number}.fits", frame)
    made = SurveySource(id="made", images=f"{folder}/*.fits")
    async with sky_services(tmp_path_factory.mktemp("state"), [made]) as opened:
        yield opened


def table(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    return pyarrow.parquet.read_table(io.BytesIO(answer.content))


@pytest.mark.parametrize("page", [3, 7, 10_000])
async def test_all_rows_are_those_of_the_json(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(parquet_table, "PAGE", page)
    images = (await api.get(ASKED)).json()["images"]
    answer = await api.get(f"{ASKED}&format=parquet")
    expected = 'attachment; filename="images.parquet"'
    assert answer.headers["content-disposition"] == expected
    assert "link" not in answer.headers
    found = table(answer)
    assert found.to_pylist() == images
    assert len(images) == 7
    assert found.schema.names == list(images[0])
    groups = pyarrow.parquet.ParquetFile(io.BytesIO(answer.content)).num_row_groups
    assert groups == -(-7 // page)


async def test_types_units_and_descriptions(api: httpx.AsyncClient) -> None:
    schema = table(await api.get(f"{ASKED}&format=parquet")).schema
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


async def test_pages_have_a_link_to_the_next(api: httpx.AsyncClient) -> None:
    whole = table(await api.get(f"{ASKED}&format=parquet"))
    path, rows = f"{ASKED}&format=parquet&limit=4", []
    while path:
        answer = await api.get(path)
        rows += table(answer).to_pylist()
        link = answer.headers.get("link", "")
        path = link[link.find("/images") : link.find(">")] if link else ""
    assert rows == whole.to_pylist()


async def test_nothing_found_is_a_table_without_rows(api: httpx.AsyncClient) -> None:
    found = table(await api.get("/images?survey=none&format=parquet"))
    assert found.num_rows == 0
    assert "footprint" in found.schema.names


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


async def test_a_failure_in_the_middle_is_no_end(
    services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_table, "PAGE", 3)
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
            await api.get(f"{ASKED}&format=parquet")
