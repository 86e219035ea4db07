"""The OpenAPI document against answers of a real gateway to requests that succeed."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import schemathesis
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.support.documented import template_of, without_defaults
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.xdist_group("laptop")

API = "/api/v1"
OF_A_PART = [
    content_type_conformance,
    response_headers_conformance,
    status_code_conformance,
]
"""Checks of an answer that may be a part of a JSON text."""
ANY_ANSWER = frozenset(
    {
        # what HTTP itself, the server, and the browser's rules add everywhere
        *("connection", "content-encoding", "content-length", "content-type", "date"),
        *("keep-alive", "transfer-encoding", "vary", "cache-control"),
        *(
            "content-security-policy",
            "cross-origin-opener-policy",
            "permissions-policy",
        ),
        *("cross-origin-resource-policy", "referrer-policy", "x-content-type-options"),
        *("x-frame-options", "strict-transport-security"),
    }
)
SCRIPT = {"Content-Type": "text/x-shellscript"}
BYTES = {"Content-Type": "application/octet-stream"}


@dataclass
class Asked:
    """A gateway's owner, and what was asked of it so far."""

    client: httpx.Client
    document: Mapping[str, Any]
    schema: Any
    done: set[str] = field(default_factory=set)

    def __call__(
        self, method: str, path: str, status: int | None, /, **fields: Any
    ) -> httpx.Response:
        """Send a request that is answered with a status, and compare the answer.

        None is for what may be answered with one success or another.
        """
        answer = self.client.request(method, f"{API}{path}", **fields)
        if status is None and answer.is_success:
            status = answer.status_code
        assert answer.status_code == status, (method, path, answer.text[:500])
        template = template_of(self.document, method, path.partition("?")[0])
        assert template is not None, (method, path)
        operation = self.schema[template][method]
        self.done.add(operation.definition.raw["operationId"])
        names = dict.fromkeys(re.findall(r"{(\w+)}", template), "x")
        checks = (
            OF_A_PART if status == 206 else [*OF_A_PART, response_schema_conformance]
        )
        operation.Case(path_parameters=names).validate_response(answer, checks=checks)
        responses = operation.definition.raw["responses"]
        assert str(status) in responses, (method, path, status)
        said = responses[str(status)]
        known = {name.lower() for name in said["headers"]} | ANY_ANSWER
        unknown = {name for name in answer.headers if name not in known}
        assert not unknown, (method, path, unknown)
        return answer


@pytest.fixture(scope="module")
def ask(laptop: RunningGateway) -> Iterator[Asked]:
    with laptop.client(laptop.token()) as client:
        document = without_defaults(client.get(f"{API}/openapi.json").json())
        yield Asked(client, document, schemathesis.openapi.from_dict(document))


def test_the_service_and_who_one_is(ask: Asked) -> None:
    ask("GET", "/", 200)
    ask("GET", "/status", 200)
    ask("GET", "/status/local", 200)
    outage = {
        "kind": "outage",
        "title": "Document",
        "begins_at": "2998-01-01T00:00:00Z",
        "ends_at": "2999-01-01T00:00:00Z",
        "services": ["jobs"],
    }
    announced = ask("POST", "/status/incidents", 201, json=outage).json()
    incident = f"/status/incidents/{announced['id']}"
    ask("PATCH", incident, 200, json={"update": "On time."})
    ask("PATCH", incident, 422, json={})
    ask("GET", incident, 200)
    ask("GET", "/status/incidents?limit=1", 200)
    ask("GET", "/status", 200)
    ask("GET", "/status/local", 200)
    ask("DELETE", incident, 204)
    ask("DELETE", incident, 404)
    ask("GET", "/session", 200)
    ask("GET", "/sessions", 200)
    ask("GET", "/user/demo", 200)
    unknown = ask("GET", "/user/nobody", 404).json()
    assert unknown["code"] == "not-found"
    made = ask("POST", "/tokens", 201, json={"label": "document"}).json()
    key = made.get("key") or made["token"]["key"]
    ask("GET", "/tokens?limit=1", 200)
    ask("GET", f"/tokens/{key}", 200)
    ask("DELETE", f"/tokens/{key}", 204)


def test_a_session(ask: Asked, laptop: RunningGateway) -> None:
    laptop.add_user("documented", "a long enough password")
    with laptop.client() as client:
        visitor = Asked(client, ask.document, ask.schema, ask.done)
        origin = {"Origin": laptop.url, "X-Requested-With": "x"}
        account = {"user": "documented", "password": "a long enough password"}
        visitor("POST", "/session", 401, json=account | {"password": "wrong"})
        visitor("POST", "/session", 201, json=account, headers=origin)
        first = visitor("GET", "/session", 200)
        assert first.json()["user"] == "documented"
        key = visitor("GET", "/sessions", 200).json()["sessions"][0]["key"]
        visitor("DELETE", f"/sessions/{key}", 204, headers=origin)
        client.cookies.clear()
        visitor("POST", "/session", 201, json=account, headers=origin)
        visitor("DELETE", "/session", 204, headers=origin)
        client.cookies.clear()
        visitor("GET", "/jobs/local", 401)


def test_data_sets(ask: Asked) -> None:
    ask("GET", "/datasets?limit=1", 200)
    ask("GET", "/datasets/simulated-reanalysis", 200)
    piece = "/datasets/simulated-reanalysis/subset?var=prmsl&lat=50&lon=10"
    for form in ("netcdf4", "csv", "json"):
        whole = ask("GET", f"{piece}&format={form}", 200)
        tag = {"If-None-Match": whole.headers["ETag"]}
        ask("GET", f"{piece}&format={form}", 304, headers=tag)
        ask("GET", f"{piece}&format={form}", 206, headers={"Range": "bytes=0-9"})
    ask("GET", f"{piece}&format=png&stat=mean", 200)
    ask("GET", f"{piece}&estimate=true", 200)
    ask("GET", f"{piece}&level=850000", 400)
    unknown = ask("GET", "/datasets/nothing", 404).json()
    assert unknown["code"] == "not-found"


def test_images(ask: Asked) -> None:
    ask("GET", "/surveys", 200)
    survey = ask("GET", "/surveys/simulated-sky", 200).json()
    assert survey["id"] == "simulated-sky"
    found = ask("GET", "/images?survey=simulated-sky&limit=1", 200).json()
    image = found["images"][0]
    ask("GET", f"/images/{image['id']}", 200)
    whole = ask("GET", f"/images/{image['id']}/file", 200)
    tag = {"If-None-Match": whole.headers["ETag"]}
    ask("GET", f"/images/{image['id']}/file", 304, headers=tag)
    ask("GET", f"/images/{image['id']}/file", 206, headers={"Range": "bytes=0-9"})
    beyond = {"Range": "bytes=99999999-"}
    ask("GET", f"/images/{image['id']}/file", 416, headers=beyond)
    place = f"CIRCLE {image['ra']} {image['dec']} 0.01"
    for form in ("fits", "png"):
        cut = f"/images/{image['id']}/cutout?pos={place}&format={form}"
        first = ask("GET", cut, 200)
        again = {"If-None-Match": first.headers["ETag"]}
        ask("GET", cut, 304, headers=again)


def test_what_is_made_of_images(ask: Asked) -> None:
    first = ask("GET", "/images?survey=simulated-sky&limit=1", 200).json()["images"][0]
    place = f"CIRCLE {first['ra']} {first['dec']} 0.01"
    search = f"/images?survey=simulated-sky&pos={place}&band={first['band']}"
    same = [image["id"] for image in ask("GET", search, 200).json()["images"]]
    for path, body in (
        ("/coadds", {"images": same[:2], "pos": place}),
        ("/differences", {"science": same[:1], "reference": same[1:2], "pos": place}),
    ):
        answer = ask("POST", path, None, json=body)
        url = answer.headers["Location"].removeprefix(API)
        deadline = time.monotonic() + 60
        while ask("GET", url, 200).json()["state"] == "working":
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert ask("GET", url, 200).json()["state"] == "ready"
        for form in ("fits", "png"):
            pixels = ask("GET", f"{url}/image?format={form}", 200)
            tag = {"If-None-Match": pixels.headers["ETag"]}
            ask("GET", f"{url}/image?format={form}", 304, headers=tag)
    asked = f"/lightcurve?pos={place}&survey=simulated-sky&band={first['band']}"
    for form in ("json", "csv", "votable"):
        ask("GET", f"{asked}&format={form}", 200)


def test_candidates_and_objects(ask: Asked) -> None:
    search = "/images?survey=simulated-sky&band=r"
    images = [image["id"] for image in ask("GET", search, 200).json()["images"]]
    sides = {"science": images[2:3], "reference": images[-1:]}
    url = ask("POST", "/differences", None, json=sides).headers["Location"]
    url = url.removeprefix(API)
    deadline = time.monotonic() + 120
    while ask("GET", url, 200).json()["state"] == "working":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    listed = f"/candidates?difference={url.rpartition('/')[2]}&limit=1"
    one = ask("GET", listed, 200).json()["candidates"][0]
    candidate = f"/candidates/{one['id']}"
    ask("GET", candidate, 200)
    for form in ("fits", "png"):
        stamp = ask("GET", f"{candidate}/stamp?format={form}", 200)
        tag = {"If-None-Match": stamp.headers["ETag"]}
        ask("GET", f"{candidate}/stamp?format={form}", 304, headers=tag)
    ask("POST", f"{candidate}/votes", 201, json={"vote": "unsure"})
    ask("POST", f"{candidate}/votes", 200, json={"vote": "real"})
    ask("POST", f"{candidate}/votes", 422, json={"vote": "perhaps"})
    ask("GET", f"{candidate}/votes", 200)
    ask("DELETE", f"{candidate}/votes", 204)
    ask("DELETE", f"{candidate}/votes", 404)
    since = {"Last-Event-ID": "0"}
    for events in (f"{API}/candidates/events", f"{API}/events"):
        with ask.client.stream("GET", events, headers=since, timeout=60) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.iter_lines()
            assert next(line for line in lines if line == "event: candidate.voted")
            told = json.loads(next(lines).removeprefix("data: "))
            assert told["data"]["votes"] == {"real": 0, "bogus": 0, "unsure": 1}
    ask("POST", "/candidates/claims", 200, json={"limit": 2})
    ask("POST", "/candidates/claims", 422, json={"limit": 0})
    ask("DELETE", "/candidates/claims", 204)
    made = ask("POST", f"{candidate}/comments", 201, json={"text": "x"}).json()
    ask("GET", f"{candidate}/comments", 200)
    ask("DELETE", f"{candidate}/comments/{made['id']}", 204)
    ask("GET", f"/objects/{one['object']}", 200)
    curve = f"/objects/{one['object']}/lightcurve?survey=simulated-sky&band=r"
    for form in ("json", "csv", "votable"):
        ask("GET", f"{curve}&format={form}", 200)
    for form in ("fits", "png"):
        pos = f"CIRCLE+{one['ra']}+{one['dec']}+0"
        ask("GET", f"/cutouts?pos={pos}&survey=simulated-sky&format={form}", 200)
    give_labels(ask, candidate, f"/objects/{one['object']}")
    changes = f"/objects/{one['object']}/changes"
    ask("GET", changes, 200)
    ask("POST", changes, 422, json={"split": [one["id"]]})
    ask("POST", changes, 422, json={})
    ask("DELETE", f"{changes}/nothing", 404)
    ask("POST", "/candidates/claims", 404, json={"filter": "nothing"})
    ask("GET", "/candidates/nothing", 404)
    ask("GET", "/objects/nothing", 404)


def give_labels(ask: Asked, candidate: str, sky_object: str) -> None:
    ask("GET", "/classes", 200)
    for labels in (f"{candidate}/labels", f"{sky_object}/labels"):
        label = ask("POST", labels, 201, json={"class": "SN Ia"}).json()
        ask("POST", labels, 200, json={"class": "SN Ia"})
        ask("GET", labels, 200)
        ask("DELETE", label["links"]["self"].removeprefix(API), 204)


def test_filters(ask: Asked) -> None:
    body = {"where": "snr > 8 and votes.bogus == 0", "access": "users"}
    ask("PUT", "/filters/bright", 201, json=body)
    ask("PUT", "/filters/bright", 200, json={**body, "access": []})
    assert ask("GET", "/filters/bright", 200).json()["where"] == body["where"]
    ask("GET", "/filters?limit=1", 200)
    ask("GET", "/candidates?filter=bright&where=score+>+0.5", 200)
    ask("GET", "/candidates?where=scor+>+0.5", 422)
    ask("DELETE", "/filters/bright", 204)
    ask("DELETE", "/filters/bright", 404)
    ask("GET", "/filters/bright", 404)


def test_classifiers(ask: Asked) -> None:
    body = {"survey": "simulated-sky", "method": "injection", "differences": 12}
    made = ask("POST", "/classifiers", 202, json=body)
    place = made.headers["Location"].removeprefix(API)
    ask("POST", "/classifiers", 409, json=body)
    ask("GET", f"{place}/report", 409)
    ask("POST", f"{place}/activation", 409)
    deadline = time.monotonic() + 900
    while ask("GET", place, 200).json()["state"] == "training":
        assert time.monotonic() < deadline
        time.sleep(1)
    assert ask("GET", place, 200).json()["state"] == "ready"
    ask("GET", f"{place}/report", 200)
    ask("POST", f"{place}/activation", 200)
    ask("GET", "/classifiers?survey=simulated-sky", 200)
    ask("GET", "/classifiers/nothing", 404)
    ask("POST", "/classifiers", 422, json={"survey": "simulated-sky"})
    ask("POST", "/classifiers", 404, json={"survey": "none", "method": "votes"})


def test_files(ask: Asked) -> None:
    ask("GET", "/files", 200)
    ask("GET", "/files/local", 200)
    file = "/files/local/documented.txt"
    made = ask("PUT", file, 201, content=b"0123456789", headers=BYTES)
    assert made.headers["Location"]
    whole = ask("GET", file, 200)
    ask("HEAD", file, 200)
    ask("GET", file, 304, headers={"If-None-Match": whole.headers["ETag"]})
    ask("GET", file, 206, headers={"Range": "bytes=2-3"})
    ask("GET", file, 206, headers={"Range": "bytes=2-3,5-6"})
    ask("GET", file, 416, headers={"Range": "bytes=100-"})
    ask("GET", f"{file}?view=stat", 200)
    ask("GET", f"{file}?view=checksum&algorithm=sha256", 200)
    ask("GET", f"{file}?view=tail&lines=1", 200)
    stale = {"If-Match": '"other"', **BYTES}
    ask("PUT", file, 412, content=b"x", headers=stale)
    ask("PUT", file, 200, content=b"x", headers=BYTES)
    folder = "/files/local/documented"
    ask("POST", folder, 201, json={"op": "mkdir"})
    ask("POST", folder, 409, json={"op": "mkdir"})
    ask("GET", f"{folder}?limit=1", 200)
    ask("DELETE", folder, 204)
    ask("DELETE", file, 204)
    ask("GET", file, 404)
    ask("GET", "/command", 200)
    ask("POST", "/command/local", 200, json={"command": ["/bin/echo", "hello"]})


def test_jobs(ask: Asked) -> None:
    ask("GET", "/jobs", 200)
    ask("GET", "/queue", 200)
    echo = {"executable": "/bin/echo", "arguments": ["hello"]}
    made = ask("POST", "/jobs/local", 201, json=echo)
    job = f"/jobs/local/{made.json()['id']}"
    held = ask("POST", "/jobs/local", 201, json={**echo, "hold": True}).json()["id"]
    ask("POST", f"/jobs/local/{held}/release", 200)
    later = ask(
        "POST",
        "/jobs/local?hold=true",
        201,
        content="#!/bin/sh\ntrue\n",
        headers=SCRIPT,
    ).json()["id"]
    outcomes = ask("POST", "/jobs/local/bulk", 200, json={"jobs": [echo, {}]}).json()
    assert outcomes["jobs"][1]["problem"]["status"] == 422
    ask("POST", "/jobs/local/bulk", 422, json={"jobs": []})
    ask("POST", "/jobs/local/bulk", 415, content="true", headers=SCRIPT)
    ask("GET", "/queue/local", 200)
    ask("GET", "/nodes/local", 200)
    ask("GET", "/partitions/local", 200)
    ask("DELETE", f"/jobs/local/{later}", 204)
    deadline = time.monotonic() + 60
    while ask("GET", job, 200).json()["state"] != "completed":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    ask("GET", f"{job}?wait=1", 200)
    ask("GET", f"{job}?wait=1000", 422)
    while ask("GET", f"{job}/events", None).status_code != 204:
        assert time.monotonic() < deadline
    ask("POST", f"{job}/hold", 409)
    ask("GET", "/jobs/local?limit=1", 200)
    ask("GET", f"{job}/usage", 200)
    ask("GET", f"{job}/output", 200)
    ask("GET", f"{job}/output", 206, headers={"Range": "bytes=0-1"})
    ask("GET", f"{job}/error", 200)
    ask("GET", "/jobs/local/999999", 404)
    ask("POST", "/jobs/local", 415, content=b"x", headers={"Content-Type": "image/png"})


def test_documents(ask: Asked) -> None:
    ask("GET", "/store?limit=1", 200)
    ask("PUT", "/store/documented", 201, json={})
    ask("PUT", "/store/documented", 200, json={})
    ask("GET", "/store/usage", 200)
    ask("POST", "/store/documented", 201, json={"a": 1})
    document = "/store/documented/one"
    ask("PUT", document, 201, json={"a": 1})
    made = ask("PUT", document, 200, json={"a": 2})
    ask("PUT", document, 412, json={"a": 3}, headers={"If-None-Match": "*"})
    tag = {"If-None-Match": made.headers["ETag"]}
    ask("GET", document, 200)
    ask("GET", document, 304, headers=tag)
    merge = {"Content-Type": "application/merge-patch+json"}
    ask("PATCH", document, 200, content=json.dumps({"b": 1}), headers=merge)
    ask("GET", f"{document}/permissions", 200)
    ask("PUT", f"{document}/permissions", 200, json={"everyone": "read"})
    ask("DELETE", f"{document}/permissions", 204)
    ask("POST", "/store/documented/bulk", 200, json={"documents": {"x": 1}})
    ask("GET", "/store/documented?limit=1", 200)
    ask("GET", "/store/documented/changes?limit=1", 200)
    unknown = ask("GET", "/store/documented/nothing", 404).json()
    assert unknown["code"] == "not-found"
    ask("DELETE", document, 204)
    ask("DELETE", "/store/documented", 204)
