"""Places in searches, cut-outs and candidates: coordinates and names, over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from astropy.io import fits
from tests.backends.fits.skies import pixels, tan_header, write
from tests.support.skies import SkyServices, sky_services

from gatewright.composition.sky import places_of
from gatewright.core.config import Config, Gateway, SurveySource
from gatewright.core.config_file import load_config
from gatewright.core.errors import InvalidRequest

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
]

TABLE = "name,ra,dec,radius\nMy Field,150.1,2.2,0.001\nNova,10:00:24,+02:12:00,\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SkyServices]:
    folder = tmp_path_factory.mktemp("sky")
    write(folder / "a.fits", fits.PrimaryHDU(pixels(99, 99, "f4"), tan_header(99, 99)))
    table = folder / "places.csv"
    table.write_text(TABLE, encoding="utf-8")
    made = SurveySource(id="made", images=f"{folder}/*.fits")
    state = tmp_path_factory.mktemp("state")
    async with sky_services(state, [made], places=table) as opened:
        yield opened


WAYS = [
    "CIRCLE 150.1 2.2 0.001", "150.1,2.2,0.001", "150.1 2.2 0.001",
    "10:00:24 +02:12:00 0.001", "10h00m24s +2d12m00s, 0.001", "my field", "MyField",
]  # fmt: skip


@pytest.mark.parametrize("pos", WAYS)
async def test_each_way_to_write_a_place(api: httpx.AsyncClient, pos: str) -> None:
    found = await api.get("/images", params={"pos": pos, "survey": "made"})
    (image,) = found.json()["images"]
    path = f"/images/{image['id']}/cutout"
    cut = await api.get(path, params={"pos": pos})
    assert cut.content == (await api.get(path, params={"pos": WAYS[0]})).content
    stamps = await api.get("/cutouts", params={"pos": pos, "survey": "made"})
    assert stamps.status_code == 200
    assert (await api.get("/candidates", params={"pos": pos})).status_code == 200
    if pos != WAYS[0]:
        place = (await api.get("/place", params={"name": pos})).json()
        assert place["ra"] == pytest.approx(150.1)
        assert place["dec"] == pytest.approx(2.2)
        assert place["radius"] == pytest.approx(0.001)


async def test_a_place_without_a_radius_is_a_point(api: httpx.AsyncClient) -> None:
    place = (await api.get("/place", params={"name": "nova"})).json()
    assert place["radius"] is None
    assert place["pos"].endswith(" 0.0")
    found = await api.get("/images", params={"pos": "nova", "survey": "made"})
    assert len(found.json()["images"]) == 1
    away = await api.get("/images", params={"pos": "10:00:24 -02:12:00"})
    assert away.json()["images"] == []


@pytest.mark.parametrize(
    "path",
    [
        "/images?pos={}", "/images/made~a~0/cutout?pos={}", "/place?name={}",
        "/cutouts?pos={}", "/candidates?pos={}",
        "/colour?red=g&green=g&blue=g&pos={}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("pos", ["my+fiel", "nova+2", "", "150.1", "10:60:24+2:12:00"])
async def test_an_unknown_place_is_refused(
    api: httpx.AsyncClient, path: str, pos: str
) -> None:
    answer = await api.get(path.format(pos))
    assert answer.status_code == 400, answer.text
    words = "below 60" if "60" in pos else "no place"
    assert words in answer.json()["detail"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,ra,dec\nx,1,200\n", "Line 2: A declination"),
        ("object,ra,dec\nx,1,2\n", "Line 2: it needs a name"),
        (None, "cannot be read"),
    ],
)
async def test_a_wrong_table_is_reported_at_the_start(
    tmp_path: Path, text: str | None, words: str
) -> None:
    table = tmp_path / "places.csv"
    if text is not None:
        table.write_text(text, encoding="utf-8")
    config = Config(gateway=Gateway(places=table))
    with pytest.raises(InvalidRequest, match=words) as told:
        places_of(config)
    assert str(table) in told.value.text


async def test_tables_stand_beside_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "gatewright.toml"
    file.write_text(
        '[gateway]\nplaces = "names.csv"\n[[surveys]]\nid = "s"\nimages = "*.fits"\n'
        'times = "times.csv"\n',
        encoding="utf-8",
    )
    config = load_config(file)
    assert config.gateway.places == tmp_path / "names.csv"
    assert config.surveys[0].times == tmp_path / "times.csv"
