"""Classifiers over HTTP, trained on the DECam frames: injection, votes, versions."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import numpy as np
import pytest
import pytest_asyncio
from tests.support.app import caller, client
from tests.support.needs import shared_data
from tests.support.night import night_times
from tests.support.skies import SkyServices, sky_services

from gatewright.core.caller import Caller, Role, visitor
from gatewright.core.config import SurveySource
from gatewright.faces.api import face

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning"),
]

RA, DEC = 318.108333, -66.015556
DIFFERENCES = 24
"""As many as a training makes at least by itself; for these images it makes 38."""
DIPOLE = (60, 181)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[SkyServices]:
    frames = shared_data("sky", "decam_mini")
    folder = tmp_path_factory.mktemp("classifiers")
    table = folder / "times.csv"
    table.write_text(night_times())
    timed = SurveySource(id="timed", images=f"{frames}/*.f*", times=table)
    team = SurveySource(id="team", images=f"{frames}/DEC-OBS04a*", access=["eve"])
    async with sky_services(folder, [timed, team]) as opened:
        yield opened


@pytest.fixture
def user() -> Caller:
    return caller("bob", Role.OWNER)


async def _trained(api: httpx.AsyncClient, method: str) -> Any:
    """Train a classifier and return it when its training is over."""
    body = {"survey": "timed", "method": method, "differences": DIFFERENCES}
    answer = await api.post("/classifiers", json=body)
    assert answer.status_code == 202, answer.text
    place = answer.headers["location"].removeprefix("/api/v1")
    found = answer.json()
    assert found["state"] == "training"
    seen = 0
    while found["state"] == "training":
        await asyncio.sleep(0.2)
        found = (await api.get(place)).json()
        assert found["done"] >= seen
        seen = found["done"]
    return found


async def _idle(api: httpx.AsyncClient, survey: str) -> None:
    """Wait until no training of a survey goes on, which another test may have begun."""
    place = f"/classifiers?survey={survey}"
    while True:
        listed = (await api.get(place)).json()["classifiers"]
        if all(one["state"] != "training" for one in listed):
            return
        await asyncio.sleep(0.2)


async def _difference(api: httpx.AsyncClient) -> Any:
    sides = [
        [f"timed~DEC-OBS{group}{letter}.mini~0" for letter in "abcde"]
        for group in ("04", "18")
    ]
    body = {"science": sides[0], "reference": sides[1]}
    answer = await api.post("/differences", json=body, timeout=120)
    found = answer.json()
    while found["state"] == "working":
        await asyncio.sleep(0.2)
        place = answer.headers["location"].removeprefix("/api/v1")
        found = (await api.get(place)).json()
    assert found["state"] == "ready", found
    return found


async def _scored(api: httpx.AsyncClient, listed: str) -> set[str]:
    """Wait until no stored candidate has to be scored; return what scored them."""
    while (page := (await api.get(listed)).json())["rescoring"]:
        assert {one["survey"] for one in page["rescoring"]} == {"timed"}
        await asyncio.sleep(0.2)
    return {one["classifier"] for one in page["candidates"]}


async def _at_the_dipole(api: httpx.AsyncClient, found: list[Any]) -> list[Any]:
    """Return the candidates that are a part of the known dipole."""
    near = []
    for one in found:
        detail = (await api.get(f"/candidates/{one['id']}")).json()
        # Columns and rows of the dipole are counted from 1.
        if np.hypot(detail["x"] + 1 - DIPOLE[0], detail["y"] + 1 - DIPOLE[1]) < 14:
            near.append(one)
    return near


async def test_a_classifier_is_trained_judges_learns_from_votes_and_is_rolled_back(
    api: httpx.AsyncClient,
) -> None:
    first = await _trained(api, "injection")
    assert first["state"] == "ready", first["reason"]
    assert first["active"]
    assert first["version"] == 1
    assert first["done"] == first["total"] == DIFFERENCES
    assert first["labels"]["injected"] >= 20
    assert first["labels"]["voted_real"] == 0
    report = (await api.get(f"/classifiers/{first['id']}/report")).json()
    assert report["missed"]["value"] == first["missed"]
    assert report["labels"] == first["labels"]
    assert "timed" in report["data"]
    assert report["recovery"]["injected"] > 40
    # What was injected is in the report, and nowhere else.
    assert (await api.get("/candidates")).json()["candidates"] == []

    made = await _difference(api)
    listed = f"/candidates?difference={made['id']}&limit=100"
    found = (await api.get(listed)).json()["candidates"]
    assert {one["classifier"] for one in found} == {first["id"]}
    assert all(0 <= one["score"] <= 1 for one in found)
    scale = np.cos(np.radians(DEC))
    near = [
        one
        for one in found
        if np.hypot((one["ra"] - RA) * scale, one["dec"] - DEC) < 1.5 / 3600
    ]
    assert len(near) == 1
    assert near[0]["score"] > 0.5
    dipole = await _at_the_dipole(api, found)
    assert "dipole" in {one["reason"] for one in dipole}
    assert all(one["score"] < 0.5 for one in dipole)
    real = (await api.get(f"{listed}&min_score=0.5")).json()["candidates"]
    assert near[0]["id"] in {one["id"] for one in real}
    assert dipole[0]["id"] not in {one["id"] for one in real}
    assert all(one["score"] >= 0.5 for one in real)

    for one in found:
        vote = "real" if one["id"] == near[0]["id"] else "bogus"
        answer = await api.post(f"/candidates/{one['id']}/votes", json={"vote": vote})
        assert answer.status_code == 201
    second = await _trained(api, "votes")
    assert second["version"] == 2
    assert second["state"] in {"ready", "refused"}
    assert second["active"] is (second["state"] == "ready")
    labels = (await api.get(f"/classifiers/{second['id']}/report")).json()
    together = {
        name: labels["labels"][name] + labels["held_out"][name]
        for name in ("voted_real", "voted_bogus")
    }
    assert together == {"voted_real": 1, "voted_bogus": len(found) - 1}
    assert labels["active_missed"] is not None
    in_use = second if second["active"] else first
    assert await _scored(api, listed) == {in_use["id"]}

    back = await api.post(f"/classifiers/{first['id']}/activation")
    assert (back.status_code, back.json()["active"]) == (200, True)
    versions = (await api.get("/classifiers?survey=timed")).json()["classifiers"]
    assert [one["version"] for one in versions] == [2, 1]
    assert [one["active"] for one in versions] == [False, True]
    # The way back gives all candidates the scores of the first again.
    assert await _scored(api, listed) == {first["id"]}
    again = (await api.get(listed)).json()["candidates"]
    assert {one["id"]: one["score"] for one in again} == {
        one["id"]: one["score"] for one in found
    }


async def test_one_training_of_a_survey_at_a_time(api: httpx.AsyncClient) -> None:
    body = {"survey": "decam_mini", "method": "injection"}
    await _idle(api, "decam_mini")
    made = await api.post("/classifiers", json=body)
    assert made.status_code == 202
    again = await api.post("/classifiers", json=body)
    assert again.status_code == 409
    assert "in training" in again.text
    place = f"/classifiers/{made.json()['id']}"
    for path, method in ((f"{place}/report", "GET"), (f"{place}/activation", "POST")):
        answer = await api.request(method, path)
        assert answer.status_code == 409
        assert "training" in answer.text


BY_STARS = {"survey": "timed", "method": "injection"}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"survey": "nothing", "method": "injection"}, 404, "no such survey"),
        ({"survey": "team", "method": "injection"}, 404, "no such survey"),
        ({"survey": "legacypipe", "method": "votes"}, 409, "by injection first"),
        ({"survey": "timed", "method": "guess"}, 422, "method"),
        ({"survey": "timed"}, 422, "method"),
        ({**BY_STARS, "differences": 3}, 422, "differences"),
        ({**BY_STARS, "differences": 1000}, 422, "differences"),
    ],
)
async def test_what_cannot_be_trained_is_refused(
    api: httpx.AsyncClient, body: dict[str, Any], status: int, words: str
) -> None:
    answer = await api.post("/classifiers", json=body)
    assert answer.status_code == status, answer.text
    assert words in answer.text


async def test_a_visitor_sees_public_ones_and_trains_none(services: Any) -> None:
    async with client(face.build(services), services, visitor()) as anyone:
        assert (await anyone.get("/classifiers")).status_code == 200
        assert (await anyone.get("/classifiers/nothing")).status_code == 404
        body = {"survey": "timed", "method": "injection"}
        assert (await anyone.post("/classifiers", json=body)).status_code == 401
        assert (await anyone.post("/classifiers/x/activation")).status_code == 401


async def test_a_guest_sees_classifiers_and_trains_none(
    api: httpx.AsyncClient, services: Any
) -> None:
    body = {"survey": "timed", "method": "injection"}
    guest = caller("eve", Role.GUEST)
    async with client(face.build(services), services, guest) as eve:
        assert (await eve.get("/classifiers")).status_code == 200
        for path in ("/classifiers", "/classifiers/nothing/activation"):
            refused = await eve.post(path, json=body)
            assert refused.status_code == 403, path
            assert refused.json()["scope"] == "sky:train"
            assert "guest" in refused.json()["detail"]


async def test_only_signed_in_people_see_who_trained_a_classifier(
    api: httpx.AsyncClient, services: Any
) -> None:
    body = {"survey": "decam_mini", "method": "injection"}
    assert (await api.post("/classifiers", json=body)).status_code in {202, 409}
    known = (await api.get("/classifiers?survey=decam_mini")).json()["classifiers"]
    assert {one["owner"] for one in known} == {"bob"}
    async with client(face.build(services), services, visitor()) as anyone:
        listed = (await anyone.get("/classifiers?survey=decam_mini")).json()
        one = (await anyone.get(f"/classifiers/{known[0]['id']}")).json()
    assert {found["owner"] for found in [*listed["classifiers"], one]} == {None}
    assert one["survey"] == "decam_mini"


async def test_a_survey_with_one_image_has_no_pair(services: Any) -> None:
    eve = caller("eve", Role.OWNER)
    async with client(face.build(services), services, eve) as api:
        body = {"survey": "team", "method": "injection"}
        answer = await api.post("/classifiers", json=body)
    assert answer.status_code == 409
    assert "overlap" in answer.text
