"""Cut-outs of a place in all its images: one size, one answer."""

import asyncio
import csv
import io
import tarfile
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.wcs import WCS
from tests.support.app import caller, client
from tests.support.needs import shared_data
from tests.support.skies import SkyServices, sky_services

from gatewright.core.caller import Caller, Role
from gatewright.core.config import SurveySource
from gatewright.domains.sky import Content, CutoutRequest, Image, SkyService
from gatewright.faces.api import face

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
]

RA, DEC = 318.108333, -66.015556
EDGE = (318.0870, -66.0160)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SkyServices]:
    frames = shared_data("sky", "decam_mini")
    team = SurveySource(id="team", images=f"{frames}/*.f*", access=["eve"])
    async with sky_services(tmp_path_factory.mktemp("sky"), [team]) as made:
        yield made


@pytest.fixture
def user() -> Caller:
    return caller("bob", Role.GUEST)


def opened(answer: httpx.Response) -> tuple[list[dict[str, str]], dict[str, bytes]]:
    """Return the table of an archive, and its other files."""
    assert answer.status_code == 200, answer.text
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        files = {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]
    table = files.pop("index.csv").decode()
    return list(csv.DictReader(io.StringIO(table))), files


@pytest.mark.parametrize("place", [(RA, DEC), EDGE], ids=["within", "at the edge"])
async def test_the_stamps_of_all_epochs_are_what_cutout2d_cuts(
    api: httpx.AsyncClient, place: tuple[float, float]
) -> None:
    pos = f"CIRCLE {place[0]} {place[1]} 0"
    asked = {"pos": pos, "pixels": "41", "survey": "decam_mini"}
    rows, files = opened(await api.get("/cutouts", params=asked))
    assert len(rows) == 10
    assert {row["survey"] for row in rows} == {"decam_mini"}
    assert set(files) == {row["file"] for row in rows if not row["reason"]}
    assert len(files) >= 5
    frames = shared_data("sky", "decam_mini")
    missing = 0
    for row in rows:
        if row["reason"]:
            continue
        source = frames / f"{row['image'].split('~')[1]}.fits"
        data, header = fits.getdata(source), fits.getheader(source)
        theirs = Cutout2D(
            data, SkyCoord(*place, unit="deg"), 41, WCS(header),
            mode="partial", fill_value=np.nan,
        )  # fmt: skip
        ours: Any = fits.getdata(io.BytesIO(files[row["file"]]))
        np.testing.assert_allclose(ours, theirs.data.astype("f4"), rtol=1e-6)
        missing += int(np.isnan(ours).any())
    assert (missing > 0) == (place == EDGE)


async def test_as_pictures_of_one_size(api: httpx.AsyncClient) -> None:
    """An empty size, as an unfilled field of a form sends it, is none."""
    asked = {"ra": str(RA), "dec": str(DEC), "format": "png", "survey": "decam_mini"}
    _, files = opened(await api.get("/cutouts", params={**asked, "pixels": ""}))
    assert len(files) == 10
    sizes = {data[16:24] for data in files.values()}
    assert sizes == {(63).to_bytes(4, "big") * 2}


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 422),
        ({"pos": "CIRCLE 10 10 0"}, 404),
        ({"pos": f"CIRCLE {RA} {DEC} 0", "survey": "team"}, 404),
        ({"pos": f"CIRCLE {RA} {DEC} 0", "pixels": "257"}, 422),
        ({"pos": f"CIRCLE {RA} {DEC} 0", "pixel": "25"}, 422),
    ],
)
async def test_what_cannot_be_cut_says_why(
    api: httpx.AsyncClient, asked: dict[str, str], status: int
) -> None:
    answer = await api.get("/cutouts", params=asked)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]


async def test_too_many_pixels_for_one_archive_are_refused(
    api: httpx.AsyncClient,
) -> None:
    asked = {"pos": f"CIRCLE {RA} {DEC} 0", "pixels": "256", "survey": "decam_mini"}
    answer = await api.get("/cutouts", params=asked)
    assert answer.status_code == 413, answer.text
    assert "fewer “pixels”" in answer.json()["detail"]
    rows, _ = opened(await api.get("/cutouts", params={**asked, "pixels": "128"}))
    assert len(rows) == 10


async def test_a_visitor_with_many_requests_leaves_room_for_others(
    services: Any, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut, go, going = SkyService.cut, asyncio.Event(), 0

    async def held(
        sky: SkyService, who: Caller, image: Image, request: CutoutRequest
    ) -> Content:
        nonlocal going
        going += 1
        await go.wait()
        return await cut(sky, who, image, request)

    monkeypatch.setattr(SkyService, "cut", held)
    asked = {"ra": str(RA), "dec": str(DEC), "survey": "decam_mini", "pixels": "11"}
    visitor = Caller("", frozenset({"sky:read"}))
    async with client(face.build(services), services, visitor) as many:
        asking = [
            asyncio.ensure_future(many.get("/cutouts", params=asked)) for _ in range(8)
        ]
        await _until(lambda: sum(one.done() for one in asking) == 6 and going == 2)
        refused = [one.result() for one in asking if one.done()]
        made = [one for one in asking if not one.done()]
        assert {one.status_code for one in refused} == {429}
        assert "2 archives of cut-outs under way" in refused[0].json()["detail"]
        theirs = asyncio.ensure_future(api.get("/cutouts", params=asked))
        await _until(lambda: going == 3)
        go.set()
        for one in (theirs, *made):
            assert len(opened(await one)[0]) == 10
        # What was sent is room for the next.
        assert len(opened(await many.get("/cutouts", params=asked))[0]) == 10


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)
