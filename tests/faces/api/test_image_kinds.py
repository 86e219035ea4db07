"""Kinds of images, rules of surveys, maps of the whole sky and places, over HTTP."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from astropy.io import fits
from astropy.wcs import WCS
from tests.backends.fits.skies import pixels, tan_header, write
from tests.support.skies import SkyServices, sky_services

from gatewright.core.config import Config, SurveySource
from gatewright.faces.api import application

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
]


def sources(folder: Path) -> list[SurveySource]:
    data, header = pixels(60, 50, "f4"), tan_header(60, 50)
    header["FILTER"] = "V"
    (folder / "kinds").mkdir()
    for word in ("refimg", "scimrefdiffimg", "mskimg", "refunc", "refcov", "sciimg"):
        small = fits.PrimaryHDU(data, header)
        write(folder / "kinds" / f"ztf_2018_zg_c01_o_q2_{word}.fits", small)
    sky = fits.Header()
    sky["CTYPE1"], sky["CTYPE2"] = "RA---AIT", "DEC--AIT"
    sky["CRPIX1"], sky["CRPIX2"], sky["CDELT1"], sky["CDELT2"] = 90.5, 45.5, -2.0, 2.0
    (folder / "allsky").mkdir()
    write(folder / "allsky" / "map.fits", fits.PrimaryHDU(pixels(180, 90, "f4"), sky))
    (folder / "field").mkdir()
    write(folder / "field" / "a.fits", fits.PrimaryHDU(data, header))
    return [
        SurveySource(id="field", images=str(folder / "field")),
        SurveySource(id="kinds", images=str(folder / "kinds")),
        SurveySource(
            id="ruled",
            images=f"{folder}/kinds/*sciimg.fits",
            filters={"V": "640-660"},
            kinds={"*sci*": "weight"},
            calib_level=4,
        ),
        SurveySource(id="allsky", images=str(folder / "allsky")),
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SkyServices]:
    folder = tmp_path_factory.mktemp("kinds")
    async with sky_services(folder, sources(folder)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("", ["sciimg"]),
        ("science", ["sciimg"]),
        ("reference", ["refimg"]),
        ("difference", ["scimrefdiffimg"]),
        ("uncertainty", ["refunc"]),
        ("exposure", ["refcov"]),
        ("mask", ["mskimg"]),
        ("other", []),
    ],
)
async def test_a_search_gives_science_unless_asked(
    api: httpx.AsyncClient, kind: str, names: list[str]
) -> None:
    found = (await api.get(f"/images?survey=kinds&kind={kind}")).json()["images"]
    assert [one["observation"][21:-5] for one in found] == names
    levels = {"reference": 3, "difference": 3}
    assert all(one["calib_level"] == levels.get(kind, 2) for one in found)


async def test_the_rules_of_a_survey(api: httpx.AsyncClient) -> None:
    (image,) = (await api.get("/images?survey=ruled&kind=any")).json()["images"]
    assert (image["kind"], image["filter"], image["band"]) == ("weight", "V", "V")
    assert [image["em_min"], image["em_max"]] == pytest.approx([6.4e-7, 6.6e-7])


async def test_a_map_of_the_whole_sky(api: httpx.AsyncClient) -> None:
    image: dict[str, Any] = {}
    for place in ("CIRCLE+77+-33+0", "RANGE+0+1+89+90", "POLYGON+5+5+6+5+6+6"):
        found = (await api.get(f"/images?survey=allsky&pos={place}")).json()["images"]
        (image,) = found
        assert image["id"] == "allsky~map~0"
    assert image["footprint"] == []
    assert len(image["pieces"]) == 8
    cut = await api.get("/images/allsky~map~0/cutout?ra=77&dec=-33&radius=5")
    assert cut.status_code == 200
    with fits.open(io.BytesIO(cut.content)) as hdus:
        x, y = WCS(hdus[0].header).all_world2pix(77, -33, 0)
        height, width = hdus[0].shape
    assert 0 < x < width
    assert 0 < y < height
    detail = (await api.get("/surveys/allsky")).json()
    assert detail["cells"] == 49152
    assert detail["area"] == pytest.approx(41253, rel=1e-3)
    assert detail["reading"] is None


async def test_places_by_numbers(api: httpx.AsyncClient) -> None:
    by_region = await api.get("/images?pos=CIRCLE+150.1+2.2+0.001")
    by_numbers = await api.get("/images?ra=150.1&dec=2.2&radius=0.001")
    assert by_numbers.json() == by_region.json()
    assert "field~a~0" in [one["id"] for one in by_numbers.json()["images"]]
    point = await api.get("/images?ra=150.1&dec=2.2&survey=field")
    assert [one["id"] for one in point.json()["images"]] == ["field~a~0"]
    url = "/images/field~a~0/cutout"
    cuts = [
        await api.get(f"{url}?{place}")
        for place in ("pos=CIRCLE+150.1+2.2+0.002", "ra=150.1&dec=2.2&radius=0.002")
    ]
    assert cuts[0].content == cuts[1].content


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ("ra=10&radius=1", 422, "pos=CIRCLE ra dec radius"),
        ("radius=1", 422, "pos=CIRCLE ra dec radius"),
        ("ra=10&dec=91&radius=1", 400, "-90 to 90"),
        ("ra=10&dec=nan", 422, ""),
        ("POS=CIRCLE+10+10+1", 400, "Did you mean “pos”"),
        ("postion=CIRCLE+10+10+1", 400, "Did you mean “pos”"),
        (
            "pos=POLYGON+10+10+11+11+11+10+10+11",
            400,
            "edges 1 (10.0 10.0 to 11.0 11.0)",
        ),
    ],
)
async def test_places_that_are_no_places(
    api: httpx.AsyncClient, query: str, status: int, text: str
) -> None:
    answer = await api.get(f"/images?{query}")
    assert answer.status_code == status
    assert text in answer.json()["detail"]


async def test_a_misspelt_parameter_of_a_cut_out_is_refused(
    api: httpx.AsyncClient,
) -> None:
    url = "/images/field~a~0/cutout?pos=CIRCLE+150.1+2.2+0.01&format=png&strech=linear"
    answer = await api.get(url)
    assert answer.status_code == 400
    assert "Did you mean “stretch”" in answer.json()["detail"]
    both = await api.get("/images/field~a~0/cutout?pos=CIRCLE+1+2+3&ra=1&dec=2")
    assert both.status_code == 422


async def test_operations_have_the_names_of_the_api() -> None:
    paths = application(Config()).openapi()["paths"]
    names = {
        path: [operation["operationId"] for operation in methods.values()]
        for path, methods in paths.items()
        if path.startswith(("/images", "/surveys"))
    }
    assert names == {
        "/images": ["searchImages"],
        "/images/{image}": ["getImage"],
        "/images/{image}/file": ["downloadImage"],
        "/images/{image}/cutout": ["cutOutImage"],
        "/surveys": ["listSurveys"],
        "/surveys/{survey}": ["getSurvey"],
        "/surveys/{survey}/coverage": ["getSurveyCoverage"],
    }


async def test_an_empty_or_impossible_number_of_a_place_is_refused(
    api: httpx.AsyncClient,
) -> None:
    assert (await api.get("/images?dec=")).status_code == 200
    assert (await api.get("/images?ra=1&dec=")).status_code == 422
    assert (await api.get("/images?ra=1&dec=nan")).status_code == 422
