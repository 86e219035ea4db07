"""Incidents, outages and notices through the whole application and all faces."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.whole import GUEST, OWNER, Whole, whole

from gatewright.core.clock import timestamp

INCIDENTS = "/api/v1/status/incidents"
INCIDENT = {
    "kind": "incident",
    "severity": "degraded",
    "title": "Slow disks",
    "text": "We look into it.",
    "systems": ["local"],
    "services": ["files"],
    "begins_at": "2026-01-01T09:00:00+01:00",
}
JOB = {"executable": "true"}
HOUR = 3600.0


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Whole]:
    notice = {"state": str(tmp_path / "state"), "message_of_the_day": "Hi"}
    async with whole(tmp_path, {"gateway": notice}) as opened:
        yield opened


async def announced(client: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    answer = await client.post(INCIDENTS, json=INCIDENT | values)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"{INCIDENTS}/{made['id']}"
    return made


def at(seconds: float) -> str:
    """Return a time from now as text."""
    return timestamp(round(time.time() + seconds))


async def test_what_an_administrator_announces_everybody_reads(gateway: Whole) -> None:
    owner, visitor = await gateway.client(OWNER), await gateway.client()
    made = await announced(owner)
    assert made["begins_at"] == "2026-01-01T08:00:00.000Z"
    assert (made["phase"], made["takes_jobs"], made["withdrawn"]) == (
        "current",
        True,
        False,
    )
    assert [(u["author"], u["text"]) for u in made["updates"]] == [(OWNER, "")]
    seen = await visitor.get(f"{INCIDENTS}/{made['id']}")
    assert seen.json()["updates"] == [{**made["updates"][0], "author": None}]
    summary = {k: v for k, v in made.items() if k != "updates"}
    listed = (await visitor.get(INCIDENTS)).json()
    assert listed == {"incidents": [summary], "next": None}
    status = (await visitor.get("/api/v1/status")).json()
    assert status["incidents"] == [summary]
    # As the gateway finds it, or worse.
    assert status["systems"][0]["status"] in {"degraded", "down"}
    one = (await visitor.get("/api/v1/status/local")).json()
    assert (one["takes_jobs"], one["incidents"]) == (True, [summary])


async def test_its_history_and_its_end(gateway: Whole) -> None:
    owner, visitor = await gateway.client(OWNER), await gateway.client()
    made = await announced(owner)
    url = f"{INCIDENTS}/{made['id']}"
    said = await owner.patch(url, json={"update": "A cable.", "severity": "info"})
    assert said.status_code == 200, said.text
    ended = await owner.patch(url, json={"ends_at": at(-1), "systems": []})
    assert ended.json()["phase"] == "past"
    seen = (await visitor.get(url)).json()
    assert [one["text"] for one in seen["updates"]] == ["", "A cable.", ""]
    assert seen["updates"][1]["changes"] == [
        {"field": "severity", "before": "degraded", "after": "info"}
    ]
    assert [one["field"] for one in seen["updates"][2]["changes"]] == [
        "systems",
        "ends_at",
    ]
    assert seen["update"] == "A cable."
    assert (await visitor.get("/api/v1/status")).json()["incidents"] == []
    past = await visitor.get(INCIDENTS, params={"phase": "past", "kind": "incident"})
    assert [one["id"] for one in past.json()["incidents"]] == [made["id"]]
    for chosen in ({"phase": ["planned", "current"]}, {"kind": "notice"}):
        assert (await visitor.get(INCIDENTS, params=chosen)).json()["incidents"] == []
    assert (await owner.delete(url)).status_code == 204
    assert (await visitor.get(url)).status_code == 404
    assert (await owner.get(url)).json()["withdrawn"] is True
    kept = await owner.get(INCIDENTS, params={"withdrawn": "true"})
    assert [one["id"] for one in kept.json()["incidents"]] == [made["id"]]
    assert (await owner.delete(url)).status_code == 404


async def test_pages(gateway: Whole) -> None:
    owner = await gateway.client(OWNER)
    made = [await announced(owner, title=f"Number {n}") for n in range(3)]
    first = await owner.get(INCIDENTS, params={"limit": 2})
    assert "cursor=" in first.headers["Link"]
    cursor = first.json()["next"]
    second = await owner.get(INCIDENTS, params={"limit": 2, "cursor": cursor})
    ids = [one["id"] for page in (first, second) for one in page.json()["incidents"]]
    assert ids == [one["id"] for one in reversed(made)]
    assert second.json()["next"] is None


async def test_empty_fields_of_a_form_count_as_not_given(gateway: Whole) -> None:
    visitor = await gateway.client()
    empty = {"phase": "", "kind": "", "limit": "", "cursor": ""}
    answer = await visitor.get(INCIDENTS, params=empty)
    assert (answer.status_code, answer.json()["incidents"]) == (200, [])
    phases = ["planned", "current", "past", "past"]
    many = await visitor.get(INCIDENTS, params={"phase": phases})
    assert many.status_code == 422


async def test_only_administrators_change_anything(gateway: Whole) -> None:
    made = await announced(await gateway.client(OWNER))
    url = f"{INCIDENTS}/{made['id']}"
    for who, status in ((GUEST, 403), ("", 401)):
        client = await gateway.client(who)
        # Before a word of it is read.
        for body in (INCIDENT, {}):
            assert (await client.post(INCIDENTS, json=body)).status_code == status
            assert (await client.patch(url, json=body)).status_code == status
        assert (await client.delete(url)).status_code == status
        hidden = await client.get(INCIDENTS, params={"withdrawn": "true"})
        assert hidden.status_code == status
        assert (await client.get(url)).json()["title"] == "Slow disks"


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "party"},
        {"severity": "awful"},
        {"title": ""},
        {"title": None},
        {"text": "x" * 4001},
        {"systems": ["nowhere"]},
        {"services": ["tea"]},
        {"begins_at": "tomorrow"},
        {"begins_at": "2026-01-01T08:00:00"},
        {"begins_at": "0001-01-01T00:00:00Z"},
        {"ends_at": "2026-01-01T08:00:00Z"},
        {"kind": "outage"},
        {"takes_jobs": "maybe"},
        {"unknown": 1},
    ],
)
async def test_what_is_refused(gateway: Whole, values: dict[str, Any]) -> None:
    owner = await gateway.client(OWNER)
    answer = await owner.post(INCIDENTS, json=INCIDENT | values)
    assert answer.status_code == 422, answer.text
    made = await announced(owner)
    url = f"{INCIDENTS}/{made['id']}"
    answer = await owner.patch(url, json=values)
    assert answer.status_code == 422, answer.text
    assert (await owner.get(url)).json() == made
    assert (await owner.patch(url, json={})).status_code == 422


async def test_what_does_not_exist(gateway: Whole) -> None:
    owner = await gateway.client(OWNER)
    url = f"{INCIDENTS}/i-9"
    assert (await owner.get(url)).status_code == 404
    assert (await owner.patch(url, json={"title": "x"})).status_code == 404
    assert (await owner.delete(url)).status_code == 404


async def test_an_outage_that_takes_no_jobs(gateway: Whole) -> None:
    owner = await gateway.client(OWNER)
    key = {"Idempotency-Key": "once"}
    before = await owner.post("/api/v1/jobs/local", json=JOB, headers=key)
    assert before.status_code == 201, before.text
    made = await announced(
        owner,
        kind="outage",
        severity="down",
        title="New disks",
        begins_at=at(HOUR),
        ends_at=at(3 * HOUR),
        takes_jobs=False,
    )
    # A planned one is shown, and no more.
    assert (await owner.post("/api/v1/jobs/local", json=JOB)).status_code == 201
    url = f"{INCIDENTS}/{made['id']}"
    assert (await owner.patch(url, json={"begins_at": at(-1)})).status_code == 200
    refused = await owner.post("/api/v1/jobs/local", json=JOB)
    assert refused.status_code == 503
    assert 0 < int(refused.headers["Retry-After"]) <= 3 * HOUR + 60
    assert "New disks" in refused.json()["detail"]
    assert refused.json()["incident"] == made["id"]
    bulk = await owner.post("/api/v1/jobs/local/bulk", json={"jobs": [JOB]})
    assert bulk.status_code == 503
    newt = await owner.post("/newt/queue/local", data={"jobscript": "#!/bin/sh\n"})
    assert "New disks" in newt.json()["error"]
    assert (await owner.get("/api/v1/status/local")).json()["takes_jobs"] is False
    # What was submitted before is what it was.
    again = await owner.post("/api/v1/jobs/local", json=JOB, headers=key)
    assert again.status_code in {200, 201}, again.text
    assert again.json()["id"] == before.json()["id"]
    job = f"/api/v1/jobs/local/{before.json()['id']}"
    assert (await owner.get(job)).status_code == 200
    assert (await owner.delete(url)).status_code == 204
    assert (await owner.post("/api/v1/jobs/local", json=JOB)).status_code == 201


async def test_a_system_without_jobs_tells_why(gateway: Whole) -> None:
    """Also where the announcement names the service alone, which is of all systems."""
    owner, visitor = await gateway.client(OWNER), await gateway.client()
    made = await announced(owner, systems=[], services=["jobs"], takes_jobs=False)
    await announced(owner, systems=[], services=["images"], severity="down")
    found = (await visitor.get("/api/v1/status/local")).json()
    assert found["takes_jobs"] is False
    assert [one["id"] for one in found["incidents"]] == [made["id"]]


async def test_an_outage_that_is_only_shown(gateway: Whole) -> None:
    owner = await gateway.client(OWNER)
    await announced(
        owner, kind="outage", severity="down", begins_at=at(-1), ends_at=at(HOUR)
    )
    assert (await owner.post("/api/v1/jobs/local", json=JOB)).status_code == 201


async def test_newt_shows_an_incident(gateway: Whole) -> None:
    owner, visitor = await gateway.client(OWNER), await gateway.client()
    await announced(
        owner,
        severity="down",
        services=["files", "jobs"],
        begins_at="2026-01-01T08:00:00Z",
        ends_at="2999-01-01T00:00:00Z",
    )
    down = {"system": "local", "status": "down"}
    assert (await visitor.get("/newt/status")).json() == [down]
    assert (await visitor.get("/newt/status/local")).json() == down
    assert (await visitor.get("/newt/api/status/local")).json()["output"] == down
    await announced(owner, kind="notice", title="Cake", services=[], systems=[])
    times = "from 2026-01-01T08:00:00.000Z to 2999-01-01T00:00:00.000Z"
    assert (await visitor.get("/newt/status/motd")).text.splitlines() == [
        "Hi",
        f"Incident (local, files, jobs) {times}: Slow disks",
        "Notice from 2026-01-01T08:00:00.000Z: Cake",
    ]


async def test_the_image_search_shows_an_incident(gateway: Whole) -> None:
    owner, visitor = await gateway.client(OWNER), await gateway.client()
    await announced(owner, severity="down", title="Not of images")
    url = "/vo/sia/availability"
    text = (await visitor.get(url)).text
    assert "<vosi:available>true<" in text
    assert "Not of images" not in text
    made = await announced(
        owner,
        kind="outage",
        severity="down",
        title="New & better",
        services=["images"],
        begins_at="2998-01-01T00:00:00Z",
        ends_at="2999-01-01T00:00:00Z",
    )
    text = (await visitor.get(url)).text
    assert "<vosi:available>true<" in text
    assert "<vosi:downAt>2998-01-01T00:00:00.000Z<" in text
    assert "<vosi:backAt>2999-01-01T00:00:00.000Z<" in text
    assert "<vosi:note>New &amp; better<" in text
    now = {"begins_at": "2026-01-01T00:00:00Z"}
    await owner.patch(f"{INCIDENTS}/{made['id']}", json=now)
    text = (await visitor.get(url)).text
    assert "<vosi:available>false<" in text
    assert "downAt" not in text
    assert "<vosi:backAt>2999-01-01T00:00:00.000Z<" in text
