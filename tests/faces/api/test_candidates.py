"""Candidates over HTTP: from the real DECam frames to the votes of two people."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from astropy.io import fits
from astropy.wcs import WCS
from tests.support.app import caller
from tests.support.night import DEC, PLACE, RA, Night, decam_night, made

from gatewright.backends.sql import Statement, Work
from gatewright.core.caller import Role

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def night(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Night]:
    async with decam_night(tmp_path_factory.mktemp("candidates")) as opened:
        yield opened


async def residual(night: Night, api: httpx.AsyncClient) -> Any:
    asked = {"pos": PLACE, "difference": night.difference}
    (one,) = (await api.get("/candidates", params=asked)).json()["candidates"]
    return one


async def test_detections_of_a_difference_are_candidates(night: Night) -> None:
    api = await night.client("bob")
    difference = (await api.get(f"/differences/{night.difference}")).json()
    answer = await api.get("/candidates", params={"difference": night.difference})
    found = answer.json()
    assert found["next"] is None
    by_place = {(one["ra"], one["dec"]): one for one in found["candidates"]}
    assert len(by_place) == len(difference["detections"]) > 1
    for detection in difference["detections"]:
        one = by_place[detection["ra"], detection["dec"]]
        assert one["snr"] == detection["snr"]
        assert one["reason"] == detection["aside"]
        assert one["score"] is None
        detail = (await api.get(f"/candidates/{one['id']}")).json()
        assert detail["features"] == detection["features"]
        assert (detail["x"], detail["y"]) == (detection["x"], detection["y"])
    strengths = [abs(one["snr"]) for one in found["candidates"]]
    assert strengths == sorted(strengths, reverse=True)


async def test_a_page_has_at_most_a_thousand(night: Night) -> None:
    api = await night.client("bob")
    assert (await api.get("/candidates", params={"limit": "1000"})).status_code == 200
    answer = await api.get("/candidates", params={"limit": "1001"})
    assert answer.status_code == 422
    assert "less than or equal to 1000" in answer.json()["detail"]


async def test_the_residual_is_found_by_its_place(night: Night) -> None:
    one = await residual(night, await night.client("bob"))
    assert one["snr"] > 8
    assert one["reason"] is None
    assert one["surveys"] == ["timed"]
    assert one["time"].startswith("2018-08-10T05:02:00")
    assert one["time_assumed"]


async def test_two_people_vote_and_each_undoes_their_own(night: Night) -> None:
    bob, eve = await night.client("bob"), await night.client("eve")
    one = await residual(night, bob)
    votes = f"/candidates/{one['id']}/votes"
    first = await bob.post(votes, json={"vote": "real"})
    assert first.status_code == 201, first.text
    assert (await eve.post(votes, json={"vote": "unsure"})).status_code == 201
    changed = await eve.post(votes, json={"vote": "real"})
    assert changed.status_code == 200
    assert changed.json()["votes"] == {"real": 2, "bogus": 0, "unsure": 0}
    assert changed.json()["mine"] == "real"
    said = (await bob.get(votes)).json()["votes"]
    assert {vote["person"]: vote["vote"] for vote in said} == {
        "bob": "real",
        "eve": "real",
    }
    unscanned = {"difference": night.difference, "unscanned": "true"}
    left = (await bob.get("/candidates", params=unscanned)).json()["candidates"]
    assert one["id"] not in {other["id"] for other in left}
    assert (await bob.delete(votes)).status_code == 204
    assert (await bob.delete(votes)).status_code == 404
    assert (await residual(night, bob))["mine"] is None
    assert (await residual(night, bob))["votes"] == {"real": 1, "bogus": 0, "unsure": 0}
    assert (await residual(night, eve))["mine"] == "real"
    assert (await eve.delete(votes)).status_code == 204
    left = (await bob.get("/candidates", params=unscanned)).json()["candidates"]
    assert one["id"] in {other["id"] for other in left}


async def test_people_comment_and_remove_their_own(night: Night) -> None:
    bob, eve = await night.client("bob"), await night.client("eve")
    one = await residual(night, bob)
    comments = f"/candidates/{one['id']}/comments"
    written = await bob.post(comments, json={"text": " Off the nucleus. "})
    assert written.status_code == 201
    assert written.json()["text"] == "Off the nucleus."
    (read,) = (await eve.get(comments)).json()["comments"]
    assert read == written.json()
    answer = (await eve.post(comments, json={"text": "Agreed."})).json()
    page = await eve.get(comments, params={"limit": 1})
    assert page.json()["comments"] == [read]
    following = page.links["next"]["url"].removeprefix("/api/v1")
    assert (await eve.get(following)).json() == {"comments": [answer], "next": None}
    assert (await eve.delete(f"{comments}/{answer['id']}")).status_code == 204
    assert (await eve.delete(f"{comments}/{read['id']}")).status_code == 404
    assert (await bob.delete(f"{comments}/{read['id']}")).status_code == 204
    assert (await eve.get(comments)).json()["comments"] == []
    for text in ("", "  ", "x" * 4001, "\0", "\ud800"):
        body = json.dumps({"text": text})
        answer = await bob.post(
            comments, content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in {400, 422}, text


async def test_a_vote_is_heard_by_others_at_once(night: Night) -> None:
    bob, eve = await night.client("bob"), caller("eve", Role.GUEST)
    one = await residual(night, bob)
    start = await night.services.events.start(None)
    heard = night.services.images.discovery.follow(eve, start)
    await bob.post(f"/candidates/{one['id']}/votes", json={"vote": "bogus"})
    async with asyncio.timeout(60):
        async for event in heard:
            if event is not None:
                break
    assert event is not None
    assert event.kind == "candidate.voted"
    assert event.subject == f"candidates/{one['id']}"
    assert event.data["votes"] == {"real": 0, "bogus": 1, "unsure": 0}
    await bob.delete(f"/candidates/{one['id']}/votes")


async def test_the_same_difference_gives_the_same_candidates(night: Night) -> None:
    bob = await night.client("bob")
    asked = {"difference": night.difference}
    before = (await bob.get("/candidates", params=asked)).json()
    body = {
        "science": {"survey": "timed", "time": "2018-08-10"},
        "reference": {"survey": "timed", "time": "2018-08-24"},
    }
    assert (await made(bob, body))["id"] == night.difference
    assert (await bob.get("/candidates", params=asked)).json() == before


async def test_a_difference_of_before_gets_its_candidates_when_asked_again(
    night: Night,
) -> None:
    bob = await night.client("bob")
    body = {
        "science": ["timed~DEC-OBS04b.mini~0"],
        "reference": ["timed~DEC-OBS18b.mini~0"],
        "pos": f"CIRCLE {RA} {DEC} 0.003",
    }
    name = (await made(bob, body))["id"]
    asked = {"difference": name}
    before = (await bob.get("/candidates", params=asked)).json()["candidates"]
    assert before

    def forget() -> Work[None]:
        yield Statement("DELETE FROM candidate WHERE difference = ?", (name,))

    await night.services.database.run(forget)
    assert (await bob.get("/candidates", params=asked)).json()["candidates"] == []
    assert (await made(bob, body))["id"] == name
    after = (await bob.get("/candidates", params=asked)).json()["candidates"]
    assert after == before


async def test_an_object_joins_what_is_found_at_one_place(night: Night) -> None:
    bob = await night.client("bob")
    one = await residual(night, bob)
    single = {
        "science": ["decam_mini~DEC-OBS04a.mini~0"],
        "reference": ["decam_mini~DEC-OBS18a.mini~0"],
        "pos": f"CIRCLE {RA} {DEC} 0.003",
    }
    await made(bob, single)
    joined = (await bob.get(f"/objects/{one['object']}")).json()
    page = await bob.get(f"/objects/{one['object']}", params={"limit": 1})
    assert page.json()["candidates"] == joined["candidates"][:1]
    assert ("next" in page.links) is (len(joined["candidates"]) > 1)
    origins = {tuple(member["surveys"]) for member in joined["candidates"]}
    assert origins == {("timed",), ("decam_mini",)}
    away = np.hypot((joined["ra"] - RA) * np.cos(np.radians(DEC)), joined["dec"] - DEC)
    assert away < 1.5 / 3600
    curve = await bob.get(
        f"/objects/{one['object']}/lightcurve", params={"survey": "timed"}, timeout=120
    )
    assert curve.status_code == 200, curve.text
    points = curve.json()["points"]
    assert len(points) == 10
    assert points[0]["flux"] > 1.3 * points[9]["flux"]
    table = await bob.get(
        f"/objects/{one['object']}/lightcurve",
        params={"survey": "timed", "format": "csv"},
        timeout=120,
    )
    assert len(list(csv.DictReader(io.StringIO(table.text)))) == 10


async def test_stamps_of_all_planes_lie_on_one_grid(night: Night) -> None:
    bob = await night.client("bob")
    one = await residual(night, bob)
    stamp = f"/candidates/{one['id']}/stamp"
    shapes = set()
    for plane in ("science", "reference", "difference", "score"):
        asked = {"plane": plane, "radius": "0.001"}
        picture = await bob.get(stamp, params=asked)
        assert picture.status_code == 200, picture.text
        assert picture.content.startswith(b"\x89PNG")
        tag = {"If-None-Match": picture.headers["etag"]}
        assert (await bob.get(stamp, params=asked, headers=tag)).status_code == 304
        asked["format"] = "fits"
        refused = await bob.get(stamp, params={**asked, "stretch": "log"})
        assert refused.status_code == 400
        assert "“stretch”" in refused.json()["detail"]
        pixels = await bob.get(stamp, params=asked)
        with fits.open(io.BytesIO(pixels.content)) as file:
            shapes.add(file[0].data.shape)
            if plane == "score":
                assert np.nanmax(file[0].data) == pytest.approx(one["snr"], rel=0.05)
    (shape,) = shapes
    assert shape[0] == shape[1] == 27  # 0.002 degrees of 0.2623 arcseconds a pixel


async def test_a_stamp_at_the_edge_is_padded(night: Night) -> None:
    """Each candidate is in the middle of its stamp, wherever it lies."""
    bob = await night.client("bob")
    asked = {"difference": night.difference}
    found = (await bob.get("/candidates", params=asked)).json()["candidates"]
    shapes = set()
    for one in found:
        asked = {"radius": "0.01", "format": "fits"}
        stamp = await bob.get(f"/candidates/{one['id']}/stamp", params=asked)
        with fits.open(io.BytesIO(stamp.content)) as file:
            shapes.add(file[0].data.shape)
            middle = file[0].data.shape[0] // 2
            x, y = WCS(file[0].header).all_world2pix(one["ra"], one["dec"], 0)
            assert abs(x - middle) <= 0.51
            assert abs(y - middle) <= 0.51
            assert np.isnan(file[0].data).any()
    assert len(shapes) == 1


async def test_candidates_come_in_pages(night: Night) -> None:
    bob = await night.client("bob")
    every = {"survey": "timed", "limit": "1000"}
    whole = (await bob.get("/candidates", params=every)).json()
    asked, names = {"survey": "timed", "limit": "2"}, []
    while True:
        answer = await bob.get("/candidates", params=asked)
        page = answer.json()
        names += [one["id"] for one in page["candidates"]]
        if page["next"] is None:
            break
        assert len(page["candidates"]) == 2
        assert "next" in answer.headers["link"]
        asked["cursor"] = page["next"]
    assert names == [one["id"] for one in whole["candidates"]]


async def test_an_empty_parameter_does_not_narrow(night: Night) -> None:
    bob = await night.client("bob")
    whole = (await bob.get("/candidates")).json()
    for name in ("difference", "survey", "min_score", "limit", "cursor"):
        answer = await bob.get("/candidates", params={name: ""})
        assert answer.json() == whole, name


async def test_what_has_no_score_is_not_found_by_one(night: Night) -> None:
    bob = await night.client("bob")
    found = (await bob.get("/candidates", params={"min_score": "0"})).json()
    assert found == {"candidates": [], "next": None, "rescoring": []}


async def test_candidates_are_hidden_from_who_may_not_see_their_images(
    night: Night,
) -> None:
    eve, bob = await night.client("eve"), await night.client("bob")
    own = await made(
        eve,
        {
            "science": ["team~DEC-OBS04a.mini~0"],
            "reference": ["timed~DEC-OBS18a.mini~0"],
            "pos": f"CIRCLE {RA} {DEC} 0.003",
        },
    )
    asked = {"difference": own["id"]}
    found = (await eve.get("/candidates", params=asked)).json()["candidates"]
    assert found[0]["surveys"] == ["team", "timed"]
    assert (await bob.get("/candidates", params=asked)).json()["candidates"] == []
    near = {"pos": PLACE, "survey": "team"}
    assert (await bob.get("/candidates", params=near)).json()["candidates"] == []
    name = found[0]["id"]
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/stamp", None),
        ("GET", "/votes", None),
        ("POST", "/votes", {"vote": "real"}),
        ("DELETE", "/votes", None),
        ("GET", "/comments", None),
        ("POST", "/comments", {"text": "x"}),
        ("DELETE", "/comments/x", None),
    ):
        answer = await bob.request(method, f"/candidates/{name}{path}", json=body)
        assert answer.status_code == 404, (method, path)
    member = await night.client("cy", "team")
    assert (await member.get(f"/candidates/{name}")).status_code == 200
    seen = await eve.get(f"/objects/{found[0]['object']}")
    assert name in {one["id"] for one in seen.json()["candidates"]}
    hidden = await bob.get(f"/objects/{found[0]['object']}")
    assert hidden.status_code == 404 or name not in hidden.text


async def test_a_visitor_looks_and_does_not_say(night: Night) -> None:
    guest = await night.client()
    one = await residual(night, guest)
    assert one["mine"] is None
    place = f"/candidates/{one['id']}"
    assert (await guest.get(place)).status_code == 200
    assert (await guest.get(f"{place}/stamp")).status_code == 200
    for method, path, body in (
        ("GET", "/votes", None),
        ("POST", "/votes", {"vote": "real"}),
        ("DELETE", "/votes", None),
        ("GET", "/comments", None),
        ("POST", "/comments", {"text": "x"}),
    ):
        answer = await guest.request(method, f"{place}{path}", json=body)
        assert answer.status_code == 401, (method, path)
    assert (await guest.get("/candidates/events")).status_code == 401


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/candidates?min_scor=1", 422),
        ("/candidates?min_score=high", 422),
        ("/candidates?pos=CIRCLE+1+2", 400),
        ("/candidates?pos=RANGE+1+2+3+4", 422),
        ("/candidates?cursor=nothing", 400),
        ("/candidates?limit=0", 422),
        ("/candidates/absent.1", 404),
        ("/candidates/%00", 404),
        ("/objects/absent", 404),
        ("/objects/%00", 404),
        ("/objects/absent/lightcurve", 404),
    ],
)
async def test_what_cannot_be_found_says_why(
    night: Night, path: str, status: int
) -> None:
    answer = await (await night.client("bob")).get(path)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]


@pytest.mark.parametrize("body", [{"vote": "yes"}, {}, {"vote": "real", "score": 1}])
async def test_another_vote_is_refused(night: Night, body: dict[str, Any]) -> None:
    bob = await night.client("bob")
    one = await residual(night, bob)
    answer = await bob.post(f"/candidates/{one['id']}/votes", json=body)
    assert answer.status_code == 422
