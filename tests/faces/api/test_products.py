"""Coadds, differences and light curves over HTTP, on the real DECam frames."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import numpy as np
import pyarrow.parquet
import pytest
import pytest_asyncio
from astropy.io import fits
from astropy.io.votable import parse_single_table
from astropy.wcs import WCS
from PIL import Image
from tests.support.app import caller, client
from tests.support.needs import shared_data
from tests.support.night import night_times
from tests.support.skies import SkyServices, sky_services

from gatewright.backends.readers import ReaderPool
from gatewright.core.caller import Caller, Role, visitor
from gatewright.core.config import SurveySource
from gatewright.core.errors import Unavailable
from gatewright.faces.api import face

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
]

EARLY = [f"decam_mini~DEC-OBS04{letter}.mini~0" for letter in "abcde"]
LATE = [f"decam_mini~DEC-OBS18{letter}.mini~0" for letter in "abcde"]
RA, DEC = 318.108333, -66.015556


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SkyServices]:
    shared_data("sky", "decam_mini")
    folder = tmp_path_factory.mktemp("products")
    team = SurveySource(
        id="team",
        images=str(shared_data("sky", "decam_mini") / "DEC-OBS04a*"),
        access=["eve"],
    )
    table = folder / "times.csv"
    table.write_text(night_times())
    timed = SurveySource(
        id="timed", images=f"{shared_data('sky', 'decam_mini')}/*.f*", times=table
    )
    async with sky_services(folder, [team, timed]) as opened:
        yield opened


@pytest.fixture
def user() -> Caller:
    return caller("bob", Role.OWNER)


async def made(api: httpx.AsyncClient, path: str, body: dict[str, Any]) -> Any:
    """Ask for a product and return it when it is ready."""
    answer = await api.post(path, json=body, timeout=120)
    assert answer.status_code in {201, 202}, answer.text
    found = answer.json()
    for _ in range(300):
        if found["state"] != "working":
            break
        await asyncio.sleep(0.2)
        found = (
            await api.get(answer.headers["location"].removeprefix("/api/v1"))
        ).json()
    assert found["state"] == "ready", found
    return found


async def pixels(api: httpx.AsyncClient, found: Any, plane: str) -> Any:
    place = found["links"]["image"].removeprefix("/api/v1")
    answer = await api.get(place, params={"plane": plane})
    assert answer.status_code == 200, answer.text
    with fits.open(io.BytesIO(answer.content)) as file:
        return file[0].data.astype(float), file[0].header


async def test_frames_become_coadds_and_their_difference_has_the_residual(
    api: httpx.AsyncClient,
) -> None:
    early = await made(api, "/coadds", {"images": EARLY, "method": "clipped"})
    late = await made(api, "/coadds", {"images": LATE, "method": "clipped"})
    assert early["report"]["side"]["images"] == EARLY
    inputs = early["report"]["side"]["inputs"]
    assert sum(one["weight"] for one in inputs) == pytest.approx(1)
    assert all(0.9 < one["flux_ratio"]["value"] < 1.2 for one in inputs)
    assert early["report"]["psf"]["stars"] > 3
    found = await made(
        api,
        "/differences",
        {"science": {"coadd": early["id"]}, "reference": {"coadd": late["id"]}},
    )
    close = [
        one
        for one in found["detections"]
        if np.hypot((one["ra"] - RA) * np.cos(np.radians(DEC)), one["dec"] - DEC)
        < 1.5 / 3600
    ]
    assert len(close) == 1
    assert close[0]["snr"] > 8
    assert close[0]["aside"] is None
    assert len(close[0]["features"]) >= 23
    beside = [
        one["aside"]
        for one in found["detections"]
        if np.hypot(one["x"] - 59, one["y"] - 180) < 14
    ]
    assert beside
    assert None not in beside
    score, header = await pixels(api, found, "score")
    x, y = WCS(header).all_world2pix(close[0]["ra"], close[0]["dec"], 0)
    assert abs(x - close[0]["x"]) < 1e-3
    assert abs(y - close[0]["y"]) < 1e-3
    assert score[round(float(y)), round(float(x))] == pytest.approx(
        close[0]["snr"], rel=1e-5
    )


async def test_groups_are_subtracted_in_one_request_and_made_once(
    api: httpx.AsyncClient,
) -> None:
    body = {"science": EARLY, "reference": LATE}
    found = await made(api, "/differences", body)
    assert found["report"]["reference"]["method"] == "clipped"
    again = await api.post("/differences", json=body)
    assert again.status_code == 201
    assert again.json()["id"] == found["id"]
    assert again.json()["created_at"] == found["created_at"]
    picture = await api.get(
        f"/differences/{found['id']}/image", params={"plane": "score", "format": "png"}
    )
    assert picture.content.startswith(b"\x89PNG")
    tag = picture.headers["etag"]
    same = await api.get(
        f"/differences/{found['id']}/image",
        params={"plane": "score", "format": "png"},
        headers={"If-None-Match": tag},
    )
    assert same.status_code == 304


async def test_a_place_is_cut_to_its_pixels(api: httpx.AsyncClient) -> None:
    body = {
        "science": EARLY[:1],
        "reference": LATE[:1],
        "pos": f"CIRCLE {RA} {DEC} 0.003",
    }
    found = await made(api, "/differences", body)
    values, header = await pixels(api, found, "difference")
    assert 80 <= values.shape[0] <= 86
    x, y = WCS(header).all_world2pix(RA, DEC, 0)
    assert abs(x - values.shape[1] / 2) < 2
    assert abs(y - values.shape[0] / 2) < 2
    assert found["detections"][0]["snr"] > 8


async def test_a_picture_has_the_orientation_of_the_file_on_request(
    api: httpx.AsyncClient,
) -> None:
    found = await made(api, "/coadds", {"images": EARLY[:2]})
    values, header = await pixels(api, found, "coadd")
    place = found["links"]["image"].removeprefix("/api/v1")
    how = {"format": "png", "stretch": "linear", "limits": "0 100"}
    pictures = {}
    for orientation in ("native", "north"):
        answer = await api.get(place, params={**how, "orientation": orientation})
        assert answer.status_code == 200, answer.text
        with Image.open(io.BytesIO(answer.content)) as picture:
            pictures[orientation] = np.asarray(picture.convert("L")).astype(float)
    low, high = np.nanmin(values), np.nanmax(values)
    grey = 255 * (np.nan_to_num(values, nan=low) - low) / (high - low)
    # Rows of a picture run downwards, those of an image upwards.
    assert np.abs(pictures["native"] - grey[::-1]).max() <= 1
    middle = WCS(header).all_pix2world(values.shape[1] / 2, values.shape[0] / 2, 0)
    up = WCS(header).all_world2pix(middle[0], middle[1] + 0.001, 0)
    is_up = up[1] - values.shape[0] / 2 > abs(up[0] - values.shape[1] / 2)
    same = np.array_equal(pictures["north"], pictures["native"])
    assert same == bool(is_up)
    # FITS has the pixels themselves, whatever a picture would look like.
    for look in ({"cmap": "viridis"}, {"orientation": "native"}, {"size": "64"}):
        answer = await api.get(place, params=look)
        assert answer.status_code == 400, answer.text
        assert f"“{next(iter(look))}” change" in answer.json()["detail"]


async def test_an_image_less_itself_is_zero(api: httpx.AsyncClient) -> None:
    found = await made(
        api, "/differences", {"science": EARLY[:1], "reference": EARLY[:1]}
    )
    assert found["detections"] == []
    for plane in ("difference", "score"):
        values, _ = await pixels(api, found, plane)
        assert not np.nan_to_num(values).any()


async def test_a_light_curve_has_every_frame_in_four_forms(
    api: httpx.AsyncClient,
) -> None:
    asked = {"pos": f"CIRCLE {RA} {DEC} 0.001", "survey": "decam_mini"}
    answer = await api.get("/lightcurve", params=asked, timeout=120)
    assert answer.status_code == 200, answer.text
    points = answer.json()["points"]
    assert len(points) == 10
    flux = {point["image"]: point["flux"] for point in points}
    assert min(flux[name] for name in EARLY) > 1.3 * max(flux[name] for name in LATE)
    assert all(point["flux_error"] > 0 for point in points)
    rows = list(
        csv.DictReader(
            io.StringIO(
                (await api.get("/lightcurve", params={**asked, "format": "csv"})).text
            )
        )
    )
    assert [float(row["flux"]) for row in rows] == [p["flux"] for p in points]
    assert {row["system"] for row in rows} == {"instrumental"}
    table = await api.get("/lightcurve", params={**asked, "format": "votable"})
    read = parse_single_table(io.BytesIO(table.content)).to_table()
    assert list(read["flux"]) == [p["flux"] for p in points]
    assert set(read["system"]) == {"instrumental"}
    table = await api.get("/lightcurve", params={**asked, "format": "parquet"})
    assert table.headers["content-type"] == "application/vnd.apache.parquet"
    columns = pyarrow.parquet.read_table(io.BytesIO(table.content))
    assert columns.to_pylist() == points
    assert columns.schema.metadata[b"units_of"].decode() == answer.json()["units_of"]
    told = {field.name: field.metadata.get(b"unit") for field in columns.schema}
    assert (told["mjd"], told["magnitude"], told["flux"]) == (b"d", b"mag", None)


async def test_a_light_curve_waits_as_the_one_who_asks(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_by = []

    async def call(_pool: ReaderPool, *_: object, person: str, **_more: object) -> None:
        asked_by.append(person)
        raise Unavailable("All are busy.")

    monkeypatch.setattr(ReaderPool, "call", call)
    asked = {"pos": f"CIRCLE {RA} {DEC} 0.001", "survey": "decam_mini"}
    assert (await api.get("/lightcurve", params=asked)).status_code == 503
    assert asked_by == ["bob"]


async def test_times_of_a_table_are_marked_as_assumed(api: httpx.AsyncClient) -> None:
    asked = {"pos": f"CIRCLE {RA} {DEC} 0.001", "survey": "timed"}
    curve = (await api.get("/lightcurve", params=asked, timeout=120)).json()
    assert all(point["time_assumed"] for point in curve["points"])
    assert [point["time"][:10] for point in curve["points"]] == [
        *["2018-08-10"] * 5,
        *["2018-08-24"] * 5,
    ]
    assert curve["points"][2]["time"].startswith("2018-08-10T05:02:00")
    assert curve["points"][0]["flux"] > 1.3 * curve["points"][9]["flux"]
    late = {"survey": "timed", "time": "2018-08-20/2018-08-31"}
    found = (await api.get("/images", params=late)).json()["images"]
    assert len(found) == 5
    assert all(image["time_assumed"] for image in found)
    made_of = await made(
        api, "/coadds", {"images": late, "pos": f"CIRCLE {RA} {DEC} 0.003"}
    )
    assert len(made_of["request"]["images"]) == 5
    usual = (await api.get("/images", params={"survey": "decam_mini"})).json()
    assert not any(image["time_assumed"] for image in usual["images"])


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/coadds", {"images": []}, 422),
        ("/coadds", {"images": ["decam_mini~absent~0"]}, 404),
        ("/coadds", {"images": {"survey": "nothing"}}, 404),
        ("/coadds", {"images": EARLY, "method": "median"}, 422),
        ("/coadds", {"images": EARLY, "pos": "RANGE 1 2 3 4"}, 422),
        ("/coadds", {"images": EARLY, "pos": "CIRCLE 10 10 0.01"}, 404),
        ("/coadds", {"images": ["team~DEC-OBS04a.mini~0"]}, 404),
        ("/differences", {"science": EARLY, "reference": {"coadd": "c-0"}}, 404),
        ("/differences", {"science": EARLY}, 422),
    ],
)
async def test_what_cannot_be_made_says_why(
    api: httpx.AsyncClient, path: str, body: dict[str, Any], status: int
) -> None:
    answer = await api.post(path, json=body, timeout=120)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]


async def test_only_signed_in_people_see_who_requested_a_product(
    api: httpx.AsyncClient, services: Any
) -> None:
    place = f"/coadds/{(await made(api, '/coadds', {'images': EARLY[:1]}))['id']}"
    assert (await api.get(place)).json()["owner"] == "bob"
    async with client(face.build(services), services, visitor()) as anyone:
        assert (await anyone.get(place)).json()["owner"] is None


async def test_products_are_hidden_from_who_may_not_see_their_images(
    services: Any,
) -> None:
    eve = caller("eve", Role.GUEST)
    async with client(face.build(services), services, eve) as api:
        found = await made(api, "/coadds", {"images": ["team~DEC-OBS04a.mini~0"]})
        assert (await api.get(f"/coadds/{found['id']}")).status_code == 200
        wrong = await api.get(f"/differences/{found['id']}")
        assert wrong.status_code == 404
        absent = await api.get(
            f"/coadds/{found['id']}/image", params={"plane": "score"}
        )
        assert absent.status_code == 422
    async with client(face.build(services), services, visitor()) as api:
        assert (await api.get(f"/coadds/{found['id']}")).status_code == 404
        answer = await api.post("/coadds", json={"images": EARLY})
        assert answer.status_code == 401
        answer = await api.get("/lightcurve", params={"pos": f"CIRCLE {RA} {DEC} 0"})
        assert answer.status_code == 401
