"""An owner and two guests: what is one's own stays so, through every route there is.

The test walks the OpenAPI document: for each operation it fills in what belongs to
somebody else and acts on it as each account, over a real server.
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from tests.support.gateway import RunningGateway

from gatewright.faces.newt.routes import CLASSIC, SECOND

pytestmark = pytest.mark.xdist_group("laptop")

CANARY = "canary-93f1"
STREAM_SECONDS = 1.0
SECONDS = 60.0
RUNS_AS_OWNER = ("/files", "/command", "/jobs", "/nodes", "/partitions", "/queue")


ADMINISTERS = ("/admin",)


@dataclass
class Person:
    """One account, and what belongs to it."""

    name: str
    client: httpx.Client
    things: dict[str, str] = field(default_factory=dict)

    @property
    def canary(self) -> str:
        return f"{CANARY}-{self.name}"


@dataclass
class World:
    """The accounts and the operations."""

    people: dict[str, Person]
    operations: list[tuple[str, str, dict[str, Any]]]


@pytest.fixture(scope="module")
def world(laptop: RunningGateway) -> Iterator[World]:
    for name in ("bob", "eve"):
        laptop.add_user(name, "a long enough password")
    people = {
        name: Person(name, laptop.client(laptop.token(user=name)))
        for name in ("demo", "bob", "eve")
    }
    for person in people.values():
        give_things(person)
    give_owner_things(people["demo"])
    document = people["demo"].client.get("/api/v1/openapi.json").json()
    operations = [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(operations) > 40
    yield World(people, operations)
    for person in people.values():
        person.client.close()


def give_things(person: Person) -> None:
    collection = f"{person.canary}-collection"
    url = f"/api/v1/store/{collection}/{person.canary}-key"
    assert person.client.put(url, json={"text": person.canary}).status_code == 201
    wanted = f"{person.canary}-filter"
    saved = person.client.put(f"/api/v1/filters/{wanted}", json={"where": "snr > 8"})
    assert saved.status_code == 201, saved.text
    token = person.client.post(
        "/api/v1/tokens", json={"label": f"{person.canary}-token"}
    )
    assert token.status_code == 201, token.text
    person.things = {
        "collection": collection,
        "store key": f"{person.canary}-key",
        "tokens key": token.json().get("key") or token.json()["token"]["key"],
        "user": person.name,
        "filter": wanted,
    }


def give_owner_things(person: Person) -> None:
    spec = {
        "executable": "/bin/echo",
        "arguments": [person.canary],
        "name": person.canary,
    }
    job = person.client.post("/api/v1/jobs/local", json=spec)
    assert job.status_code == 201, job.text
    held = person.client.post(
        "/api/v1/jobs/local", json={**spec, "executable": "/bin/sleep", "hold": True}
    )
    assert held.status_code == 201, held.text
    written = person.client.put(
        f"/api/v1/files/local/{person.canary}.txt", content=person.canary
    )
    assert written.status_code == 201, written.text
    person.things |= {"job": job.json()["id"], "held": held.json()["id"]}
    deadline = time.monotonic() + SECONDS
    url = f"/api/v1/jobs/local/{person.things['job']}"
    while person.client.get(url).json()["state"] != "completed":
        assert time.monotonic() < deadline
        time.sleep(0.1)


def filled(path: str, victim: Person, owner: Person, job: str) -> str:
    family = path.split("/")[1]
    values = {
        "{system}": "local",
        "{path}": f"{owner.canary}.txt",
        "{job_id}": job,
        "{collection}": victim.things["collection"],
        "{key}": victim.things["tokens key" if family != "store" else "store key"],
        "{name}": victim.name,
        "{dataset}": "simulated-reanalysis",
        "{survey}": "simulated-sky",
        "{image}": "nothing",
        "{coadd}": "nothing",
        "{difference}": "nothing",
        "{candidate}": "nothing",
        "{classifier}": "nothing",
        "{comment}": "nothing",
        "{object}": "nothing",
        "{change}": "nothing",
        "{label}": "nothing",
        "{incident}": "nothing",
        "{filter}": victim.things["filter"],
        "{session}": "nothing",
    }
    for name, value in values.items():
        path = path.replace(name, quote(value))
    assert "{" not in path, path
    return f"/api/v1{path}"


def body_for(path: str, operation: dict[str, Any]) -> dict[str, Any]:
    kinds = operation.get("requestBody", {}).get("content", {})
    if not kinds:
        return {}
    if "application/octet-stream" in kinds:
        return {"content": b"overwritten"}
    kind = next(iter(kinds))
    bodies = {
        "/session": {"user": "nobody", "password": "wrong"},
        "/tokens": {"label": "made by the walk"},
        "/command/{system}": {"command": ["/bin/echo", "x"]},
        "/jobs/{system}": {"executable": "/bin/echo"},
        "/jobs/{system}/bulk": {"jobs": [{"executable": "/bin/echo"}]},
        "/files/{system}/{path}": {"op": "move", "destination": "moved.txt"},
        "/store/{collection}": {"permissions": {"everyone": "write"}},
        "/store/{collection}/bulk": {"documents": {"walk": 1}},
        "/store/{collection}/{key}/permissions": {"everyone": "write"},
        "/candidates/{candidate}/votes": {"vote": "real"},
        "/candidates/claims": {"limit": 1},
        "/candidates/{candidate}/labels": {"tag": "x"},
        "/objects/{object}/labels": {"tag": "x"},
        "/filters/{filter}": {"where": "snr > 9", "access": "public"},
        "/objects/{object}/changes": {"split": ["nothing"]},
        "/admin/people/{name}": {"disabled": True},
        "/classifiers": {"survey": "nothing", "method": "votes"},
    }
    return {
        "json": bodies.get(path, {"text": "overwritten"}),
        "headers": {"Content-Type": kind},
    }


def answer(client: httpx.Client, method: str, url: str, **more: Any) -> tuple[int, str]:
    """Return the status and the text, of events what comes in a second."""
    with client.stream(method, url, timeout=SECONDS, **more) as response:
        kind = response.headers.get("content-type", "")
        if kind.startswith("text/event-stream"):
            text = b"".join(first_events(response))
        else:
            text = response.read()
        return response.status_code, text.decode("utf-8", "replace")


def first_events(response: httpx.Response) -> Iterator[bytes]:
    deadline = time.monotonic() + STREAM_SECONDS
    response.request.extensions["timeout"]["read"] = STREAM_SECONDS
    with suppress(httpx.ReadTimeout):
        for block in response.iter_bytes():
            yield block
            if time.monotonic() > deadline:
                break


def state_of(person: Person, owner: Person) -> dict[str, Any]:
    """Return what belongs to a person, as that person sees it."""
    things = person.things
    collection = person.client.get(f"/api/v1/store/{things['collection']}").json()
    key = person.client.get(f"/api/v1/tokens/{things['tokens key']}").json()
    found = {
        "documents": collection["documents"],
        "filter": person.client.get(f"/api/v1/filters/{things['filter']}").json(),
        "token": {k: v for k, v in key.items() if not k.startswith("used")},
    }
    if person is owner:
        for thing in ("job", "held"):
            found[thing] = person.client.get(
                f"/api/v1/jobs/local/{things[thing]}"
            ).json()
        file = person.client.get(f"/api/v1/files/local/{person.canary}.txt")
        found["file"] = file.text
    return found


@pytest.mark.parametrize(
    ("actor", "victim"),
    [("bob", "eve"), ("bob", "demo"), ("eve", "bob"), ("demo", "bob"), ("demo", "eve")],
)
def test_nobody_reads_or_changes_things_of_another_person(
    world: World, actor: str, victim: str
) -> None:
    one, other, owner = world.people[actor], world.people[victim], world.people["demo"]
    before = state_of(other, owner)
    for method, path, operation in world.operations:
        acts_as_owner = path.startswith(RUNS_AS_OWNER)
        administers = path.startswith(ADMINISTERS)
        if actor == "demo" and (acts_as_owner or administers):
            continue  # these are the owner's own
        if (method, path) in {("DELETE", "/session"), ("POST", "/session")}:
            continue
        for job in {owner.things["job"], owner.things["held"]}:
            url = filled(path, other, owner, job)
            more = body_for(path, operation)
            if "event-stream" in str(operation.get("responses")):
                known = {one["name"] for one in operation.get("parameters", [])}
                wanted = {"since": "0", "follow": "true"}
                more["params"] = {k: v for k, v in wanted.items() if k in known}
                more["headers"] = {"Last-Event-ID": "0"} | more.get("headers", {})
            status, text = answer(one.client, method, url, **more)
            assert other.canary not in text, (method, url, text[:500])
            assert status < 500, (method, url, text[:500])
            if acts_as_owner or administers:
                assert status == 403, (method, url, status, text[:300])
            elif "{key}" in path or "{collection}" in path:
                assert status in {403, 404, 405}, (method, url, status, text[:300])
            elif "{filter}" in path:
                assert status in {404, 409}, (method, url, status, text[:300])
            if "{job_id}" not in path:
                break
    assert state_of(other, owner) == before


def test_a_visitor_has_public_data_alone(world: World, laptop: RunningGateway) -> None:
    owner = world.people["demo"]
    of_the_sky = ("/images", "/surveys", "/coadds", "/differences", "/lightcurve")
    shown = ("/colour", "/place")
    found = (
        "/candidates",
        "/objects",
        "/classifiers",
        "/cutouts",
        "/filters",
        "/classes",
        "/references",
    )
    public = ("/datasets", "/session", "/sign-in", *of_the_sky, *found, *shown)
    with laptop.client() as visitor:
        for method, path, operation in world.operations:
            url = filled(path, owner, owner, owner.things["job"])
            status, text = answer(visitor, method, url, **body_for(path, operation))
            assert CANARY not in text, (method, url)
            if path.split("/")[1] not in {name.strip("/") for name in public}:
                told = path.startswith("/status") and method == "GET"
                if path in {"", "/"} or told:
                    continue
                assert status == 401, (method, url, status, text[:300])


def test_a_narrow_token_does_no_more_than_its_scope(
    world: World, laptop: RunningGateway
) -> None:
    owner = world.people["demo"]
    with laptop.client(laptop.token("data:read")) as narrow:
        for method, path, operation in world.operations:
            needs = (*RUNS_AS_OWNER, *ADMINISTERS, "/store", "/tokens", "/events")
            if not path.startswith(needs):
                continue
            url = filled(path, owner, owner, owner.things["job"])
            status, text = answer(narrow, method, url, **body_for(path, operation))
            if path == "/events":
                assert CANARY not in text
                continue
            assert status == 403, (method, url, status, text[:300])


FORM = {
    "executable": "/bin/cat canary",
    "command": "/bin/cat canary",
    "jobscript": "#!/bin/sh",
    "jobfile": f"{CANARY}-demo.txt",
    "data": "1",
    "username": "bob",
    "password": "wrong",
}


RUNS_AS_OWNER_IN_NEWT = ("/file/local", "/command/local", "/queue/", "/job/local")


def newt_body(verb: str, url: str) -> dict[str, Any]:
    if verb == "GET":
        return {"params": {"view": "read", "download": "true"}}
    if "/file/local" in url:
        return {"files": {"file": ("x", b"overwritten")}}
    return {"data": FORM}


def newt_urls(owner: Person) -> Iterator[tuple[str, str]]:
    """Yield each verb and URL of NEWT's, about what is the owner's."""
    uid = str(os.getuid())
    for path, verbs in {**CLASSIC, **SECOND}.items():
        account = path.startswith(("/account/", "/api/account/", "/user/"))
        name = owner.name if account else owner.things["collection"]
        values = {
            "{system}": "local",
            "{id:int}": uid,
            "{id}": owner.things["job"],
            "{path:rest}": f"{owner.canary}.txt",
            "{name}": name,
            "{user}": owner.name,
            "{oid:int}": "0",
        }
        url = path
        for form, value in values.items():
            url = url.replace(form, quote(value))
        assert "{" not in url, url
        for verb in verbs:
            yield verb, f"/newt{url}"


@pytest.mark.parametrize("actor", ["bob", ""])
def test_newt_gives_nothing_of_the_owners(
    world: World, laptop: RunningGateway, actor: str
) -> None:
    """Not a word of it to a guest or a visitor, by any of its URLs and verbs."""
    owner = world.people["demo"]
    before = state_of(owner, owner)
    token = laptop.token(user=actor) if actor else ""
    asked = 0
    with laptop.client(token) as client:
        for verb, url in newt_urls(owner):
            status, text = answer(client, verb, url, **newt_body(verb, url))
            asked += 1
            assert owner.canary not in text, (verb, url, text[:300])
            assert status < 500 or status == 501, (verb, url, text[:300])
            if any(part in url for part in RUNS_AS_OWNER_IN_NEWT):
                assert status == 403, (verb, url, status, text[:300])
            hidden = (f"/store/{CANARY}", "/account/user", "/newt/user/")
            if any(part in url for part in hidden):
                assert status in {403, 404}, (verb, url, status, text[:300])
    assert asked > 80
    assert state_of(owner, owner) == before
