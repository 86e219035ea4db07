"""Classes and tags over HTTP: given, seen, filtered by, and removed again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from tests.support.app import caller, client
from tests.support.skies import SkyServices, sky_services

from gatewright.core.caller import Role, visitor
from gatewright.core.config import SurveySource
from gatewright.domains.discovery import Finding, Origin
from gatewright.faces.api import face

pytestmark = pytest.mark.asyncio(loop_scope="module")
PLACE = "/candidates/d-1.1/labels"


@dataclass
class Sky:
    """A gateway with an object of a public candidate and a team's brighter one."""

    services: SkyServices
    stack: AsyncExitStack

    async def client(self, user: str = "") -> httpx.AsyncClient:
        who = caller(user, Role.GUEST) if user else visitor()
        app = face.build(self.services)  # type: ignore[arg-type]
        opened = client(app, self.services, who)  # type: ignore[arg-type]
        return await self.stack.enter_async_context(opened)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sky(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sky]:
    folder: Path = tmp_path_factory.mktemp("labels")
    (folder / "images").mkdir()
    images = f"{folder}/images/*.fits"
    surveys = [
        SurveySource(id="night", images=images),
        SurveySource(id="deep", images=images, access=["eve"]),
    ]
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(sky_services(folder, surveys))
        for name, survey, snr in (("d-1", "night", 9.0), ("d-2", "deep", 30.0)):
            one = Finding(1, 10.0, 20.0, 1.0, 1.0, snr, 1.0, 1.0)
            await services.images.discovery.record(Origin(name, [survey]), [one])
        yield Sky(services, stack)


async def test_people_classify_and_tag_and_undo_their_own(sky: Sky) -> None:
    bob, ann = await sky.client("bob"), await sky.client("ann")
    guest = await sky.client()
    classes = (await guest.get("/classes")).json()["classes"]
    assert "SN Ia" in classes
    made = await bob.post(PLACE, json={"class": "SN Ia"})
    assert made.status_code == 201, made.text
    told = made.json()
    assert (told["kind"], told["name"], told["person"]) == ("class", "SN Ia", "bob")
    assert told["links"] == {
        "self": f"/api/v1{PLACE}/{told['id']}",
        "candidate": "/api/v1/candidates/d-1.1",
    }
    again = await bob.post(PLACE, json={"class": " SN Ia "})
    assert (again.status_code, again.json()) == (200, told)
    other = (await bob.post(PLACE, json={"class": "AGN"})).json()
    tag = (await ann.post(PLACE, json={"tag": "off-nuclear host"})).json()
    listed = (await ann.get(PLACE)).json()
    assert listed == {"labels": [other, tag], "next": None}
    first = await ann.get(PLACE, params={"limit": 1})
    following = first.links["next"]["url"].removeprefix("/api/v1")
    assert (await ann.get(following)).json() == {"labels": [tag], "next": None}
    assert (await guest.get(PLACE)).status_code == 401
    assert (await guest.post(PLACE, json={"tag": "x"})).status_code == 401
    assert (await ann.delete(f"{PLACE}/{other['id']}")).status_code == 404
    assert (await ann.delete(f"{PLACE}/Wrong")).status_code == 404
    assert (await bob.delete(f"{PLACE}/{other['id']}")).status_code == 204
    assert (await bob.delete(f"{PLACE}/{other['id']}")).status_code == 404
    assert (await ann.delete(f"{PLACE}/{tag['id']}")).status_code == 204
    assert (await ann.get(PLACE)).json()["labels"] == []


async def test_what_is_no_label_is_refused(sky: Sky) -> None:
    bob = await sky.client("bob")
    for wrong in (
        {},
        {"class": "SN Ia", "tag": "x"},
        {"class": "SN Iax"},
        {"tag": ""},
        {"tag": "-x"},
        {"tag": "x" * 41},
        {"tag": "<b>"},
        {"tag": 1},
    ):
        answer = await bob.post(PLACE, json=wrong)
        assert answer.status_code == 422, wrong
    missing = await bob.post("/candidates/d-2.1/labels", json={"tag": "x"})
    assert missing.status_code == 404
    given = [await bob.post(PLACE, json={"tag": f"t{n}"}) for n in range(21)]
    assert [one.status_code for one in given] == [201] * 20 + [409]
    for one in given[:20]:
        await bob.delete(f"{PLACE}/{one.json()['id']}")


async def test_an_object_has_the_labels_of_its_candidates(sky: Sky) -> None:
    bob, eve = await sky.client("bob"), await sky.client("eve")
    name = (await bob.get("/candidates/d-1.1")).json()["object"]
    place = f"/objects/{name}/labels"
    of_bob = await bob.post(place, json={"tag": "blue"})
    of_eve = await eve.post(place, json={"class": "TDE"})
    assert (of_bob.json()["candidate"], of_eve.json()["candidate"]) == (
        *("d-1.1", "d-2.1"),
    )
    # Eve's is kept with the team's candidate, so the others are not told.
    assert (await bob.get(place)).json()["labels"] == [of_bob.json()]
    assert (await eve.get(place)).json()["labels"] == [of_bob.json(), of_eve.json()]
    for api, where, wanted in (
        (bob, '"blue" in tags', ["d-1.1"]),
        (eve, '"blue" in tags', ["d-2.1", "d-1.1"]),
        (eve, "'TDE' in classes and snr < 20", ["d-1.1"]),
        (bob, "'TDE' in classes", []),
        (bob, "'TDE' not in classes", ["d-1.1"]),
    ):
        answer = await api.get("/candidates", params={"where": where})
        assert [one["id"] for one in answer.json()["candidates"]] == wanted, where
    assert (await bob.get("/objects/o-none/labels")).status_code == 404
    assert (
        await bob.post("/objects/o-no/labels", json={"tag": "x"})
    ).status_code == 404
    for api, made in ((bob, of_bob), (eve, of_eve)):
        url = made.json()["links"]["self"].removeprefix("/api/v1")
        assert (await api.delete(url)).status_code == 204


async def test_labels_are_heard_by_who_may_see_the_candidate(sky: Sky) -> None:
    eve = await sky.client("eve")
    start = await sky.services.events.start(None)
    heard = sky.services.images.discovery.follow(caller("bob", Role.GUEST), start)
    hidden = (await eve.post("/candidates/d-2.1/labels", json={"tag": "x"})).json()
    made = (await eve.post(PLACE, json={"tag": "y"})).json()
    await eve.delete(f"{PLACE}/{made['id']}")
    await eve.delete(f"/candidates/d-2.1/labels/{hidden['id']}")
    events = []
    async with asyncio.timeout(60):
        async for event in heard:
            if event is not None:
                events.append(event)
            if len(events) == 2:
                break
    assert [one.kind for one in events] == [
        "candidate.labelled",
        "candidate.label-removed",
    ]
    for one in events:
        assert one.subject == "candidates/d-1.1"
        assert (one.data["name"], one.data["person"]) == ("y", "eve")
        assert one.data["label"] == made["id"]


async def test_visitors_learn_no_label_by_filters(sky: Sky) -> None:
    """Who may list no classes and tags may not ask for them one by one either."""
    bob, guest = await sky.client("bob"), await sky.client()
    saved = {"where": '"AGN" in classes', "access": "public"}
    assert (await bob.put("/filters/labelled", json=saved)).status_code == 201
    for asked in (
        {"where": '"hidden" in tags'},
        {"where": 'snr > 1 and ("SN" in classes or snr > 2)'},
        {"where": 'not ("SN" not in classes)', "format": "csv"},
        {"filter": "labelled"},
    ):
        assert (await guest.get("/candidates", params=asked)).status_code == 401
        assert (await bob.get("/candidates", params=asked)).status_code == 200
    plain = {"where": "not (snr < 1) and snr in (9)"}
    found = (await guest.get("/candidates", params=plain)).json()["candidates"]
    assert [one["id"] for one in found] == ["d-1.1"]
