"""References that the gateway chooses: which frames, and which version it was."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from astropy.io import fits
from tests.support.app import caller, client
from tests.support.fields import field, tangent
from tests.support.night import made
from tests.support.skies import SkyServices, sky_services

from gatewright.core.caller import Role, visitor
from gatewright.core.config import SurveySource
from gatewright.faces.api import face

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHAPE = (300, 300)
TARGET = (160.0, 140.0)
NOISE, WIDTH = 8.0, 3.5
"""Noise of a pixel, and the FWHM in pixels, of the best early frame."""
EARLY = {
    # Day, FWHM, noise, flux scale.
    "best": (1, WIDTH, NOISE, 1.0),
    "dim": (3, WIDTH, 10.0, 0.8),
    "blurred": (5, 6.0, NOISE, 1.0),
    "shallow": (7, WIDTH, 20.0, 1.0),
    "wider": (9, 4.0, NOISE, 1.0),
    "too-late": (27, WIDTH, 4.0, 1.0),
}


def write(
    folder: Path,
    name: str,
    day: int,
    fwhm: float = WIDTH,
    noise: float = NOISE,
    scale: float = 1.0,
    *,
    band: str = "r",
    light: float = 0.0,
) -> None:
    """Write a frame of January and February 2024, with a new star if it has light."""
    more = ((*TARGET, light),) if light else ()
    frame = field(
        seed=sum(map(ord, name)),
        shape=SHAPE,
        stars=30,
        fwhm=fwhm,
        noise=noise,
        scale=scale,
        more=more,
    )
    header = tangent().wcs.to_header()
    header["FILTER"], header["GAIN"], header["EXPTIME"] = band, 2.0, 30.0
    header["DATE-OBS"] = str(np.datetime64("2024-01-01") + np.timedelta64(day - 1, "D"))
    header["DATE-OBS"] += "T04:00:00"
    fits.writeto(folder / f"{name}.fits", frame.values, header)


def write_nights(folder: Path) -> Path:
    """Write the early frames and one with the supernova; return their folder."""
    frames = folder / "frames"
    frames.mkdir()
    for name, made_ in EARLY.items():
        write(frames, name, *made_)
    write(frames, "nova", 40, light=20_000.0)
    return frames


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A survey of early frames, two of a supernova, and some of other kinds."""
    folder = tmp_path_factory.mktemp("chosen")
    frames = write_nights(folder)
    write(frames, "green", 2, noise=2.0, band="g")
    write(frames, "nova-b", 41, light=20_000.0)
    write(frames, "green-nova", 40, band="g", light=20_000.0)
    write(frames, "unknown", 40, band="glass")
    write(frames, "instant", 40, band="z")
    with fits.open(frames / "instant.fits", mode="update") as hdus:
        hdus[0].header.remove("EXPTIME")
    timeless = frames / "timeless.fits"
    write(frames, "timeless", 40)
    for name in ("DATE-OBS", "EXPTIME", "MJD-OBS"):
        with fits.open(timeless, mode="update") as hdus:
            hdus[0].header.remove(name, ignore_missing=True)
    return folder


def survey(folder: Path, name: str = "field", **more: Any) -> SurveySource:
    return SurveySource(id=name, images=f"{folder}/frames/*.fits", **more)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(folder: Path) -> AsyncIterator[SkyServices]:
    times = folder / "times.csv"
    times.write_text("file,time\nwider.fits,2024-01-09T04:00:00\n", encoding="utf-8")
    both = [survey(folder), survey(folder, "other", times=times, access=["bob"])]
    async with sky_services(folder, both, response_bytes=50_000_000) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def api(services: Any) -> AsyncIterator[httpx.AsyncClient]:
    user = caller("bob", Role.OWNER)
    async with client(face.build(services), services, user) as opened:
        yield opened


def named(*names: str) -> list[str]:
    return [f"field~{name}~0" for name in names]


async def version_of(api: httpx.AsyncClient, **body: Any) -> Any:
    """Return the coadd that a difference has as its reference."""
    whole = {"science": named("nova"), "reference": "auto", **body}
    found = await made(api, whole)
    answer = await api.get(f"/coadds/{found['reference']}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_sharp_and_deep_frames_of_before_are_taken(
    api: httpx.AsyncClient,
) -> None:
    difference = await made(api, {"science": named("nova"), "reference": "auto"})
    version = (await api.get(f"/coadds/{difference['reference']}")).json()
    assert version["state"] == "ready"
    assert difference["request"]["reference"] == [f"coadd:{version['id']}"]
    assert version["request"]["images"] == named("best", "wider", "dim")
    rule = {"days": 14.0, "most": 10, "widest": 1.5, "shallowest": 2.0}
    assert version["request"]["rule"] == rule
    choice = difference["report"]["choice"]
    assert choice["rule"] == rule
    assert choice["before"].startswith("2024-01-26T04:00")
    assert choice["time_assumed"] is False
    assert (choice["compared"], choice["earlier"]) == (5, 0)
    taken = [EARLY[one["image"].split("~")[1]] for one in choice["frames"]]
    for one, (_, fwhm, noise, scale) in zip(choice["frames"], taken, strict=True):
        assert one["seeing"] == pytest.approx(0.3 * fwhm, rel=0.05)
        # The noise of a star's flux goes by the width and the noise of a pixel.
        depth = fwhm * noise / scale / (WIDTH * NOISE)
        assert one["relative_depth"] == pytest.approx(depth, rel=0.1)
    reasons = choice["left_out"]
    assert set(reasons) == set(named("blurred", "shallow"))
    assert "seeing" in reasons["field~blurred~0"]
    assert "that of the deepest, more than 2." in reasons["field~shallow~0"]
    # The depth of the coadd is that of the three together.
    parts = [
        5 * noise / scale * np.sqrt(4 * np.pi) * fwhm / 2.3548
        for _, fwhm, noise, scale in taken
    ]
    depth = 1 / np.sqrt(sum(1 / part**2 for part in parts))
    assert version["report"]["depth"] == pytest.approx(depth, rel=0.1)
    seeing = version["report"]["psf"]["seeing"]
    assert 0.3 * WIDTH < seeing < 0.3 * 4.0


async def test_a_choice_by_assumed_times_says_so(api: httpx.AsyncClient) -> None:
    body = {"science": ["other~nova~0"], "reference": "auto"}
    choice = (await made(api, body))["report"]["choice"]
    assert "other~wider~0" in [one["image"] for one in choice["frames"]]
    assert choice["time_assumed"] is True


async def test_candidates_tell_the_version(api: httpx.AsyncClient) -> None:
    difference = await made(api, {"science": named("nova"), "reference": "auto"})
    plain = await made(api, {"science": named("nova"), "reference": named("best")})
    body = {"science": named("nova"), "reference": {"coadd": difference["reference"]}}
    by_hand = await made(api, body)
    assert by_hand["reference"] == difference["reference"]
    assert plain["reference"] is None
    ra, dec = tangent().to_sky(np.array([TARGET[0]]), np.array([TARGET[1]]))
    for one in (difference, plain, by_hand):
        asked = {"difference": one["id"]}
        (found,) = (await api.get("/candidates", params=asked)).json()["candidates"]
        assert found["reference"] == one["reference"]
        assert found["ra"] == pytest.approx(ra[0], abs=0.3 / 3600)
        assert found["dec"] == pytest.approx(dec[0], abs=0.3 / 3600)
        assert found["flux"] == pytest.approx(20_000.0, rel=0.05)
        whole = (await api.get(f"/candidates/{found['id']}")).json()
        assert whole["reference"] == one["reference"]


async def test_versions_are_listed_with_what_they_are_made_of(
    api: httpx.AsyncClient, services: Any
) -> None:
    version = await version_of(api)
    other = await version_of(api, reference={"most": 1})
    await made(api, {"images": named("best", "wider")}, "/coadds")  # nobody's choice
    body = {"science": ["other~nova~0"], "reference": "auto"}
    assumed = (await made(api, body))["reference"]
    found = []
    query: dict[str, Any] = {"survey": "field", "limit": 1}
    while True:
        page = (await api.get("/references", params=query)).json()
        found += page["references"]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    by_id = {one["id"]: one for one in found}
    assert len(by_id) == len(found)
    assert {version["id"], other["id"]} <= set(by_id)
    assert assumed not in by_id
    one = by_id[version["id"]]
    assert (one["survey"], one["band"], one["asked_by"]) == ("field", "r", "bob")
    assert one["rule"] == version["request"]["rule"]
    assert by_id[other["id"]]["rule"]["most"] == 1
    assert [frame["image"] for frame in one["images"]] == version["request"]["images"]
    assert one["depth"] == version["report"]["depth"]
    assert one["seeing"] == version["report"]["psf"]["seeing"]
    # The best frame is of January 1, the wider one of January 9; both took 30 seconds.
    assert one["started_at"] == "2024-01-01T04:00:00.000Z"
    assert one["ended_at"] == "2024-01-09T04:00:30.000Z"
    assert one["time_assumed"] is False
    links = (await api.get(one["links"]["self"].removeprefix("/api/v1"))).json()
    assert links["id"] == version["id"]
    everything = (await api.get("/references?limit=100")).json()["references"]
    (told,) = [one for one in everything if one["id"] == assumed]
    assert told["survey"] == "other"
    assert told["time_assumed"] is True
    moments = [one["created_at"] for one in everything]
    assert moments == sorted(moments, reverse=True)
    assert (await api.get("/references?cursor=later")).status_code == 400
    async with client(face.build(services), services, visitor()) as others:
        seen = (await others.get("/references?limit=100")).json()["references"]
        hidden = (await others.get("/references?survey=other")).json()["references"]
    assert version["id"] in {one["id"] for one in seen}
    assert {one["survey"] for one in seen} == {"field"}
    assert {one["asked_by"] for one in seen} == {None}
    assert hidden == []


@pytest.mark.parametrize(("share", "compared"), [(0.5, 0), (1.03, 1), (1.12, 3)])
async def test_the_oldest_frames_are_left_out_where_memory_ends(
    api: httpx.AsyncClient,
    services: Any,
    monkeypatch: pytest.MonkeyPatch,
    share: float,
    compared: int,
) -> None:
    # A pixel takes 220 bytes while a frame is prepared, and 10 when it is ready.
    memory = int(share * SHAPE[0] * SHAPE[1] * 220)
    references = services.images.processing._references
    workshop = references._processor
    body = {"science": named("nova-b"), "reference": {"days": 13.5 - share / 10}}
    await made(api, {"science": named("nova"), "reference": "auto"})  # it has begun
    references._measured.clear()
    with monkeypatch.context() as patch:
        settings = workshop._settings
        pool = replace(settings.pool, memory_bytes=memory)
        patch.setattr(workshop, "_settings", replace(settings, pool=pool))
        answer = await api.post("/differences", json=body)
    if compared:
        left_out = (await made(api, body))["report"]["choice"]["left_out"]
        full = {name for name, reason in left_out.items() if "memory" in reason}
        newest = named("too-late", "wider", "shallow", "blurred", "dim", "best")
        assert full == set(newest[compared:])
    else:
        assert answer.status_code == 404
        assert "MiB of memory, and a process has" in answer.json()["detail"]
    references._measured.clear()


async def test_candidates_are_filtered_by_version(api: httpx.AsyncClient) -> None:
    version = await version_of(api)
    await made(api, {"science": named("nova"), "reference": named("best")})
    for where, right in (
        (f'reference == "{version["id"]}"', {version["id"]}),
        ("reference == null", {None}),
    ):
        answer = await api.get("/candidates", params={"where": where})
        found = {one["reference"] for one in answer.json()["candidates"]}
        assert found == right
    claimed = await api.post("/candidates/claims", json={"survey": ["field"]})
    histories = [
        past for one in claimed.json()["candidates"] for past in one["history"]
    ]
    assert {version["id"], None} <= {past["reference"] for past in histories}


async def test_the_same_frames_and_rule_are_the_same_version(
    api: httpx.AsyncClient,
) -> None:
    first = await made(api, {"science": named("nova"), "reference": "auto"})
    for reference in ("auto", {}, {"days": 14, "most": 10}):
        again = await made(api, {"science": named("nova"), "reference": reference})
        assert again["id"] == first["id"]
    other = await version_of(api, science=named("nova-b"))
    assert other["id"] == first["reference"]
    both = await made(api, {"images": named("nova", "nova-b")}, "/coadds")
    assert (await version_of(api, science={"coadd": both["id"]}))["id"] == other["id"]


async def test_a_person_may_ask_for_other_frames(api: httpx.AsyncClient) -> None:
    one = await version_of(api, reference={"most": 1})
    assert one["request"]["images"] == named("best")
    late = await version_of(api, reference={"days": 12})
    assert late["request"]["images"][0] == "field~too-late~0"
    green = await version_of(api, science=named("green-nova"))
    assert green["request"]["images"] == named("green")


async def test_a_circle_has_a_reference_with_a_border(api: httpx.AsyncClient) -> None:
    ra, dec = (
        float(one[0]) for one in tangent().to_sky(*(np.array([a]) for a in TARGET))
    )
    version = await version_of(api, pos=f"CIRCLE {ra!r} {dec!r} 0.004")
    radius = float(version["request"]["pos"].split()[-1])
    assert radius == pytest.approx(0.004 + 200 * 0.3 / 3600, rel=1e-3)


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        ({"science": named("nova"), "reference": {"days": 60}}, 404, "fewer days"),
        ({"science": named("best")}, 404, "Name the images"),
        ({"science": named("instant"), "reference": {"days": 0}}, 404, "No image of"),
        ({"science": named("nova", "green-nova")}, 422, "several bands"),
        ({"science": named("unknown")}, 422, "unknown"),
        ({"science": named("timeless")}, 422, "no time"),
        ({"science": [*named("nova"), "other~nova~0"]}, 422, "several surveys"),
        ({"science": named("nova"), "reference": {"days": -1}}, 422, "days"),
        ({"science": named("nova"), "reference": {"most": 41}}, 422, "most"),
        ({"science": named("nova"), "reference": "best"}, 422, "auto"),
        ({"science": named("nova"), "reference": None}, 422, "reference"),
    ],
)
async def test_a_reference_that_cannot_be_chosen_has_the_reason(
    api: httpx.AsyncClient, body: dict[str, Any], status: int, word: str
) -> None:
    whole = {"reference": "auto", **body}
    answer = await api.post("/differences", json=whole, timeout=120)
    assert answer.status_code == status, answer.text
    assert word in answer.text


async def test_visitors_choose_nothing(services: Any) -> None:
    async with client(face.build(services), services, visitor()) as api:
        body = {"science": named("nova"), "reference": "auto"}
        answer = await api.post("/differences", json=body)
    assert answer.status_code == 401


async def test_a_frame_that_the_rule_takes_makes_a_new_version(
    tmp_path: Path,
) -> None:
    """Frames arrive while the gateway is down; the versions of before are kept."""
    user = caller("bob", Role.OWNER)
    versions = []
    frames = write_nights(tmp_path)
    surveys = [survey(tmp_path)]
    for name in ("", "unfit", "better"):
        if name == "unfit":
            write(frames, name, 8, 6.5)
        if name == "better":
            write(frames, name, 10, noise=7.0)
        async with sky_services(tmp_path, surveys, response_bytes=50_000_000) as opened:
            services: Any = opened
            async with client(face.build(services), services, user) as api:
                versions.append(await version_of(api))
                old = (await api.get(f"/coadds/{versions[0]['id']}")).json()
                assert old == versions[0]
    assert versions[1] == versions[0]
    assert versions[2]["id"] != versions[0]["id"]
    images = versions[2]["request"]["images"]
    assert images == ["field~better~0", *versions[0]["request"]["images"]]
