"""Surveys and images over HTTP, with real reader processes, on made and real files."""

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from astropy.io import fits
from astropy.wcs import WCS
from tests.backends.fits.skies import pixels, tan_header, write
from tests.support.app import caller, client
from tests.support.needs import SHARED
from tests.support.skies import SkyServices, sky_services

from gatewright.core.caller import Role, visitor
from gatewright.core.config import SurveySource
from gatewright.faces.api import face

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
]


def sources(folder: Path) -> list[SurveySource]:
    data = pixels(900, 800, "f4")
    header = tan_header(900, 800)
    header["DATE-OBS"], header["EXPTIME"] = "2020-01-01T00:00:00", 60.0
    header["FILTER"] = "V"
    (folder / "field").mkdir()
    (folder / "team").mkdir()
    write(folder / "field" / "a.fits", fits.PrimaryHDU(data, header))
    write(folder / "field" / "plain.fits", fits.PrimaryHDU(pixels(9, 9, "i2")))
    write(folder / "team" / "b.fits", fits.PrimaryHDU(data[:50, :50], header))
    return [
        SurveySource(id="field", images=str(folder / "field"), title="A field"),
        SurveySource(id="nothing", images=f"{folder}/absent/*.fits"),
        SurveySource(id="team", images=f"{folder}/team/*.fits", access=["eve"]),
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SkyServices]:
    folder = tmp_path_factory.mktemp("sky")
    async with sky_services(folder, sources(folder)) as opened:
        yield opened


def need_shared() -> None:
    from tests.support.needs import shared_data

    shared_data("sky")


async def test_ten_frames_of_decam(api: httpx.AsyncClient) -> None:
    need_shared()
    for pos in (
        "CIRCLE+318.1083333+-66.0155556+0.001",
        "CIRCLE%20318.1083333%20-66.0155556%200",
    ):
        answer = (await api.get(f"/images?pos={pos}")).json()
        assert len(answer["images"]) == 10
        assert answer["next"] is None
        assert {image["survey"] for image in answer["images"]} == {"decam_mini"}


async def test_a_cut_out_of_decam(api: httpx.AsyncClient) -> None:
    need_shared()
    url = "/images/decam_mini~DEC-OBS04a.mini~0/cutout"
    answer = await api.get(
        f"{url}?pos=CIRCLE+318.1083333+-66.0155556+0.003&format=fits"
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/fits"
    assert int(answer.headers["content-length"]) == len(answer.content)
    with fits.open(io.BytesIO(answer.content)) as hdus:
        x, y = WCS(hdus[0].header).all_world2pix(318.1083333, -66.0155556, 0)
        middle = np.array(hdus[0].shape[::-1]) / 2
    original = SHARED / "data/sky/decam_mini/DEC-OBS04a.mini.fits"
    full_x, full_y = WCS(fits.getheader(original)).all_world2pix(
        318.1083333, -66.0155556, 0
    )
    assert abs((full_x - x) - round(full_x - x)) < 1e-6
    assert abs((full_y - y) - round(full_y - y)) < 1e-6
    assert abs(x - middle[0]) < 1.5
    assert abs(y - middle[1]) < 1.5


async def test_bands_and_dates_of_legacypipe(api: httpx.AsyncClient) -> None:
    need_shared()
    place = "pos=CIRCLE+110.312+23.920+0.001"

    async def days(query: str) -> list[str]:
        answer = (await api.get(f"/images?{place}&{query}")).json()
        return [image["started_at"][:10] for image in answer["images"]]

    assert await days("band=g") == ["2018-11-04", "2018-12-14"]
    assert await days("filter=z") == ["2015-01-10", "2018-12-15"]
    assert await days("band=6e-7+6.5e-7") == ["2017-11-13", "2018-12-15"]
    assert await days("time=2018-12") == ["2018-12-14", "2018-12-15", "2018-12-15"]
    assert await days("time=58426+58427") == ["2018-11-04"]
    assert await days("time=../2016-01-01&band=g&band=z") == ["2015-01-10"]
    assert len(await days("kind=any")) == 18
    assert len(await days("kind=weight")) == 6
    assert len(await days("seeing=0+1.15")) == 2
    assert len(await days("exposure=150+%2BInf")) == 2


async def test_pages(api: httpx.AsyncClient) -> None:
    need_shared()
    url, ids = "/images?kind=any&limit=7", []
    while url:
        answer = await api.get(url)
        ids += [image["id"] for image in answer.json()["images"]]
        link = answer.headers.get("link", "")
        url = link.partition("<")[2].partition(">")[0].removeprefix("/api/v1")
        assert bool(url) == (answer.json()["next"] is not None)
    assert len(ids) == len(set(ids)) == 1 + 10 + 30


async def test_surveys(api: httpx.AsyncClient) -> None:
    surveys = (await api.get("/surveys")).json()["surveys"]
    assert "field" in [survey["id"] for survey in surveys]
    assert "team" not in [survey["id"] for survey in surveys]
    states = {survey["id"]: survey["state"] for survey in surveys}
    assert (states["field"], states["nothing"]) == ("ready", "empty")
    assert (await api.get("/surveys/nothing")).json()["state"] == "empty"
    detail = (await api.get("/surveys/field")).json()
    assert (detail["images"], detail["bands"]) == (1, {"V": 1})
    assert detail["left_out"] == [
        {"file": "plain.fits", "reason": "HDU 0: no celestial WCS"}
    ]
    assert detail["scanned_at"].endswith("Z")
    assert (await api.get("/surveys/none")).status_code == 404


async def test_what_one_may_not_see_is_not_there(services: Any) -> None:
    for who, status in (
        (visitor(), 404), (caller("bob", Role.GUEST), 404), (caller("eve"), 200)
    ):  # fmt: skip
        async with client(face.build(services), services, who) as made:
            for url in (
                "/surveys/team", "/images/team~b~0", "/images/team~b~0/file",
                "/images/team~b~0/cutout?pos=CIRCLE+150.1+2.2+1",
            ):  # fmt: skip
                assert (await made.get(url)).status_code == status
            found = (await made.get("/images?survey=team")).json()["images"]
            assert bool(found) == (status == 200)


async def test_one_image_and_its_file(api: httpx.AsyncClient) -> None:
    image = (await api.get("/images/field~a~0")).json()
    assert image["band"] == "V"
    assert image["started_at"] == "2020-01-01T00:00:00.000Z"
    assert image["ended_at"] == "2020-01-01T00:01:00.000Z"
    assert len(image["footprint"]) == 8
    link = image["links"]["file"].removeprefix("/api/v1")
    whole = await api.get(link)
    assert len(whole.content) == image["file_size"]
    part = await api.get(link, headers={"Range": "bytes=80-159"})
    assert part.status_code == 206
    assert part.content == whole.content[80:160]
    etag = whole.headers["etag"]
    again = await api.get(link, headers={"If-None-Match": etag})
    assert again.status_code == 304
    behind = await api.get(link, headers={"Range": "bytes=99999999-"})
    assert behind.status_code == 416


async def test_a_cut_out_that_did_not_change(api: httpx.AsyncClient) -> None:
    url = "/images/field~a~0/cutout?pos=CIRCLE+150.1+2.2+0.002"
    first = await api.get(url)
    assert (await api.get(url)).content == first.content
    etag = first.headers["etag"]
    assert (await api.get(url, headers={"If-None-Match": etag})).status_code == 304
    other = await api.get(f"{url}1")
    assert other.headers["etag"] != etag


async def test_a_picture(api: httpx.AsyncClient) -> None:
    url = "/images/field~a~0/cutout?pos=CIRCLE+150.1+2.2+0.01&format=png"
    for more in ("", "&size=64", "&limits=1,99&stretch=linear", "&orientation=native"):
        answer = await api.get(url + more)
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["content-disposition"].startswith("inline")
        assert answer.content.startswith(b"\x89PNG")


async def test_a_cut_out_that_is_too_large(api: httpx.AsyncClient) -> None:
    answer = await api.get("/images/field~a~0/cutout?pos=CIRCLE+150.1+2.2+1")
    assert answer.status_code == 413
    problem = answer.json()
    assert problem["estimate_bytes"] > problem["limit_bytes"] == 2_000_000


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/images?pos=CIRCLE+1+2", 400), ("/images?pos=CIRCLE+1+2+nan", 400),
        ("/images?time=never", 400), ("/images?band=5e-7+4e-7", 400),
        ("/images?kind=odd", 400), ("/images?cursor=x", 400), ("/images?limit=0", 422),
        ("/images?limit=99999999999999999999999", 422), ("/images?pos=", 400),
        ("/images?seeing=x", 400), ("/images?exposure=1+2+3", 400),
        ("/images?" + "band=g&" * 65, 400), ("/images/none", 404),
        ("/images/%00", 404), ("/images/" + "x" * 3000, 422),
        ("/images/field~a~0/cutout", 422), ("/images/field~a~0/cutout?pos=BOX", 400),
        ("/images/field~a~0/cutout?pos=CIRCLE+10+10+1", 404),
        ("/images/field~a~0/cutout?pos=CIRCLE+150.1+2.2+1&format=gif", 422),
        ("/images/field~a~0/cutout?pos=CIRCLE+150.1+2.2+1&format=png&size=5000", 422),
        ("/images/field~a~0/cutout?pos=CIRCLE+150.1+2.2+1&format=png&limits=5", 400),
        ("/images/field~a~0/cutout?pos=CIRCLE+150.1+2.2+1&format=png&limits=99,1", 400),
        ("/images/none/cutout?pos=CIRCLE+10+10+1", 404), ("/images/none/file", 404),
    ],
)  # fmt: skip
async def test_refused(api: httpx.AsyncClient, url: str, status: int) -> None:
    answer = await api.get(url)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_unknown_bands_and_empty_regions_find_nothing(
    api: httpx.AsyncClient,
) -> None:
    for query in ("band=F606W", "pos=CIRCLE+10+80+0.1", "time=1900-01-01", "survey=x"):
        answer = (await api.get(f"/images?{query}")).json()
        assert answer == {"images": [], "next": None}


@pytest.mark.parametrize(
    "query",
    [
        *("band=", "filter=&band=", "survey=", "time=", "seeing=", "exposure="),
        *("kind=", "limit=", "cursor=", "band=V&band=", "survey=field&survey=+"),
        "band=&survey=&time=&seeing=&exposure=&kind=&limit=&cursor=",
    ],
)
async def test_an_empty_field_is_one_that_was_not_given(
    api: httpx.AsyncClient, query: str
) -> None:
    place = "pos=CIRCLE+150.1+2.2+0.001"
    every = (await api.get(f"/images?{place}")).json()
    assert [image["id"] for image in every["images"]] == ["field~a~0"]
    answer = await api.get(f"/images?{place}&{query}")
    assert answer.json() == every


@pytest.mark.parametrize(
    ("time", "count"),
    [
        ("2020-01-01T00:00:30%2B00:00", 1),
        ("2020-01-01T01:00:30.5+01:00", 1),
        ("2019-12-31T23:00:30-01:00", 1),
        ("2020-01-01T00:00:30-01:00", 0),
        ("2020-01-01T01:01:30+01:00/..", 0),
        ("..", 1),
    ],
)
async def test_times_have_offsets(
    api: httpx.AsyncClient, time: str, count: int
) -> None:
    """The exposure is of the first minute of 2020."""
    answer = await api.get(f"/images?survey=field&time={time}")
    assert len(answer.json()["images"]) == count


async def test_many_cut_outs_at_once(api: httpx.AsyncClient) -> None:
    urls = [
        f"/images/field~a~0/cutout?pos=CIRCLE+150.1+2.2+{n}e-4" for n in range(1, 25)
    ]
    answers = await asyncio.gather(*map(api.get, urls))
    assert {answer.status_code for answer in answers} == {200}
    sizes = [len(answer.content) for answer in answers]
    assert sizes == sorted(sizes)
