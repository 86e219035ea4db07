"""Filters of candidates over HTTP: inline, saved, shared with a group, and refused."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from tests.support.app import caller, client
from tests.support.skies import SkyServices, sky_services

from gatewright.backends.sql import Statement, Work
from gatewright.core.caller import Role, visitor
from gatewright.core.config import SurveySource
from gatewright.domains.discovery import Finding, Origin
from gatewright.faces.api import face

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Sky:
    """A gateway with candidates of a public survey and of a team's."""

    services: SkyServices
    stack: AsyncExitStack

    async def client(self, user: str = "", *groups: str) -> httpx.AsyncClient:
        who = caller(user, Role.GUEST, *groups) if user else visitor()
        app = face.build(self.services)  # type: ignore[arg-type]
        opened = client(app, self.services, who)  # type: ignore[arg-type]
        return await self.stack.enter_async_context(opened)


def found(number: int, snr: float, score: float | None, **more: Any) -> Finding:
    features = {"sharpness": snr / 10, "a": None}
    return Finding(
        number, 10.0 * number, 20.0, 3.0, 4.0, snr, 100.0, 10.0, features, None, score
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sky(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sky]:
    folder = tmp_path_factory.mktemp("filters")
    (folder / "images").mkdir()
    images = f"{folder}/images/*.fits"
    surveys = [
        SurveySource(id="night", images=images),
        SurveySource(id="deep", images=images, access=["eve", "team"]),
    ]
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(sky_services(folder, surveys))
        record = services.images.discovery.record
        night = Origin("d-1", ["night"], 58340.5, band="r")
        await record(night, [found(1, 30, 0.9), found(2, -20, 0.5), found(3, 10, None)])
        await record(Origin("d-2", ["night"], 58350.5), [found(1, 12, 0.7)])
        await record(Origin("d-3", ["deep"], 58360.5, band="g"), [found(1, 40, 0.8)])
        yield Sky(services, stack)


async def ids(api: httpx.AsyncClient, **asked: str) -> Sequence[str]:
    answer = await api.get("/candidates", params=asked)
    assert answer.status_code == 200, answer.text
    assert answer.json()["next"] is None
    return [one["id"] for one in answer.json()["candidates"]]


async def test_a_condition_narrows_the_candidates(sky: Sky) -> None:
    bob, eve = await sky.client("bob"), await sky.client("eve")
    every = ["d-1.1", "d-1.2", "d-2.1", "d-1.3"]
    assert await ids(bob, where="strength > 1") == every
    assert await ids(bob, where="") == every
    assert await ids(bob, where="snr > 8 and score >= 0.6") == ["d-1.1", "d-2.1"]
    assert await ids(bob, where='band == "r" and votes.bogus == 0') == [
        *("d-1.1", "d-1.2", "d-1.3"),
    ]
    assert await ids(bob, where="not (band == 'r')") == ["d-2.1"]
    assert await ids(bob, where="features.sharpness in (3, 1.2)") == ["d-1.1", "d-2.1"]
    assert await ids(bob, where="score == null", min_score="") == ["d-1.3"]
    assert await ids(bob, where="score > 0", min_score="0.6") == ["d-1.1", "d-2.1"]
    # The history is what the person may see: eve sees one more at the first place.
    assert await ids(bob, where="history.count > 0") == ["d-1.1", "d-2.1"]
    assert await ids(bob, where="history.last == 58360.5") == []
    assert await ids(eve, where="history.count == 2 and history.last == 58360.5") == [
        *("d-1.1", "d-2.1"),
    ]
    assert await ids(eve, where="band in ('g')") == ["d-3.1"]
    assert await ids(await sky.client(), where="snr > 12") == ["d-1.1"]
    detail = (await bob.get("/candidates/d-1.1")).json()
    assert detail["band"] == "r"


async def test_votes_are_columns(sky: Sky) -> None:
    bob, eve = await sky.client("bob"), await sky.client("eve")
    for api, vote in ((bob, "bogus"), (eve, "real")):
        voted = await api.post("/candidates/d-1.2/votes", json={"vote": vote})
        assert voted.status_code == 201
    assert await ids(bob, where="votes.bogus == 1 and votes.all > 1.5") == ["d-1.2"]
    assert "d-1.2" not in await ids(bob, where="votes.bogus == 0")
    for api in (bob, eve):
        await api.delete("/candidates/d-1.2/votes")
    assert await ids(bob, where="votes.all > 0") == []


async def test_a_mistake_is_refused_with_its_place(sky: Sky) -> None:
    bob = await sky.client("bob")
    for where, at, words in (
        ("snr > 8 and scor > 0.5", 13, "Did you mean “score”?"),
        ('snr > "8"', 7, "“snr” is a number, and this is a text."),
        ("features.beauty > 1", 1, "There is no column “features.beauty”."),
        ("snr > 8; DROP TABLE candidate", 8, "“;” cannot stand here."),
        ("mine == 1", 1, "There is no column “mine”."),
    ):
        asked = {"where": where}
        answers = [
            await bob.get("/candidates", params=asked),
            await bob.post("/candidates/claims", json=asked),
            await bob.put("/filters/wrong", json=asked),
        ]
        for answer in answers:
            assert answer.status_code == 422, answer.text
            assert answer.json()["at"] == at
            assert words in answer.json()["detail"]
    long = {"where": "snr > 1" + " " * 2000}
    assert (await bob.get("/candidates", params=long)).status_code == 422
    assert (await bob.get("/filters/wrong")).status_code == 404


async def test_a_group_uses_and_changes_a_filter_and_others_do_not(sky: Sky) -> None:
    bob, eve = await sky.client("bob"), await sky.client("eve", "team")
    ann, guest = await sky.client("ann", "team"), await sky.client()
    body = {"where": "snr > 11", "description": " Bright. ", "access": ["team"]}
    made = await eve.put("/filters/bright", json=body)
    assert made.status_code == 201, made.text
    told = made.json()
    assert told["description"] == "Bright."
    assert told["access"] == ["team"]
    assert told["owner"] == told["changed_by"] == "eve"
    assert told["links"] == {
        "self": "/api/v1/filters/bright",
        "candidates": "/api/v1/candidates?filter=bright",
    }
    assert (await eve.get("/filters/bright")).json() == told
    assert (await ann.get("/filters")).json()["filters"] == [told]
    assert await ids(eve, filter="bright") == ["d-3.1", "d-1.1", "d-2.1"]
    assert await ids(ann, filter="bright", where="score < 0.8") == ["d-2.1"]
    # The filter says what is asked for, never what may be seen.
    narrow = {**body, "where": "snr > 35 or snr < -15"}
    changed = await ann.put("/filters/bright", json=narrow)
    assert changed.status_code == 200
    assert (changed.json()["owner"], changed.json()["changed_by"]) == ("eve", "ann")
    assert await ids(eve, filter="bright") == ["d-3.1", "d-1.2"]
    for other in (bob, guest):
        assert (await other.get("/filters")).json() == {"filters": [], "next": None}
        assert (await other.get("/filters/bright")).status_code == 404
        answer = await other.get("/candidates", params={"filter": "bright"})
        assert answer.status_code == 404
        assert "There is no filter" in answer.json()["detail"]
    for answer in (
        await bob.post("/candidates/claims", json={"filter": "bright"}),
        await bob.delete("/filters/bright"),
    ):
        assert answer.status_code == 404
    taken = await bob.put("/filters/bright", json={"where": "snr > 1"})
    assert taken.status_code == 409
    assert "choose another" in taken.json()["detail"]
    for method in ("PUT", "DELETE"):
        answer = await guest.request(method, "/filters/bright", json=body)
        assert answer.status_code == 401
    assert (await ann.delete("/filters/bright")).status_code == 204
    assert (await eve.get("/filters/bright")).status_code == 404
    assert (await eve.delete("/filters/bright")).status_code == 404


async def test_what_all_may_use_its_owner_alone_changes(sky: Sky) -> None:
    bob, eve, guest = await sky.client("bob"), await sky.client("eve"), sky
    for name, access in (("of-users", "users"), ("of-all", "public")):
        body = {"where": "snr > 11", "access": access}
        assert (await eve.put(f"/filters/{name}", json=body)).status_code == 201
        assert await ids(bob, filter=name) == ["d-1.1", "d-2.1"]
        for answer in (
            await bob.put(f"/filters/{name}", json=body),
            await bob.delete(f"/filters/{name}"),
        ):
            assert answer.status_code == 403
            assert "eve's" in answer.json()["detail"]
    listed = (await (await guest.client()).get("/filters")).json()["filters"]
    assert [one["name"] for one in listed] == ["of-all"]
    first = await bob.get("/filters", params={"limit": 1})
    assert [one["name"] for one in first.json()["filters"]] == ["of-all"]
    following = first.links["next"]["url"].removeprefix("/api/v1")
    last = (await bob.get(following)).json()
    assert [one["name"] for one in last["filters"]] == ["of-users"]
    assert last["next"] is None
    for name in ("of-users", "of-all"):
        assert (await eve.delete(f"/filters/{name}")).status_code == 204


async def test_filters_that_are_not_valid_are_refused(sky: Sky) -> None:
    bob = await sky.client("bob", "night")
    good = {"where": "snr > 8"}
    for name in ("-x", "a b", "é", "a" * 65, ".x"):
        answer = await bob.put(f"/filters/{name}", json=good)
        assert answer.status_code == 422, name
        assert (await bob.get(f"/filters/{name}")).status_code in {404, 422}
    for wrong in (
        {},
        {"where": 1},
        {**good, "access": "everyone"},
        {**good, "access": ["team"]},
        {**good, "access": ["x" * 200]},
        {**good, "access": [f"g{n}" for n in range(21)]},
        {**good, "description": "x" * 501},
        {**good, "description": "\0"},
        {**good, "more": 1},
    ):
        answer = await bob.put("/filters/fine", json=wrong)
        assert answer.status_code in {400, 422}, wrong
    own = {**good, "access": ["night", "bob"]}
    assert (await bob.put("/filters/fine", json=own)).status_code == 201
    # Who has left a group may still save a filter that names it.
    left = await sky.client("bob")
    assert (await left.put("/filters/fine", json=own)).status_code == 200
    assert (await left.delete("/filters/fine")).status_code == 204


async def test_a_filter_of_another_version_says_what_is_wrong(sky: Sky) -> None:
    bob = await sky.client("bob")
    body = {"where": "features.sharpness > 1"}
    assert (await bob.put("/filters/old", json=body)).status_code == 201

    def work() -> Work[None]:
        text = "UPDATE candidate_filter SET words = ? WHERE name = ?"
        yield Statement(text, ("features.gone > 1", "old"))

    await sky.services.database.run(work)
    answer = await bob.get("/candidates", params={"filter": "old"})
    assert answer.status_code == 422
    assert "The filter “old” is wrong. At character 1" in answer.json()["detail"]
    assert (await bob.delete("/filters/old")).status_code == 204


async def test_claims_are_of_a_filter(sky: Sky) -> None:
    bob, eve = await sky.client("bob"), await sky.client("eve")
    body = {"where": "score > 0", "access": "users"}
    assert (await eve.put("/filters/scored", json=body)).status_code == 201
    asked = {"filter": "scored", "where": "snr < 35", "limit": 20}
    given = (await bob.post("/candidates/claims", json=asked)).json()
    assert [one["id"] for one in given["candidates"]] == ["d-1.1", "d-1.2", "d-2.1"]
    assert given["next"] is None
    left = (await eve.post("/candidates/claims", json={"filter": "scored"})).json()
    assert [one["id"] for one in left["candidates"]] == ["d-3.1"]
    wrong = await bob.post("/candidates/claims", json={"cursor": "x", **asked})
    assert wrong.status_code == 400
    for api in (bob, eve):
        await api.delete("/candidates/claims")
    await eve.delete("/filters/scored")
