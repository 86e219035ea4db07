"""Projects and usage of the embedded scheduler, through the whole application."""

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.whole import GUEST, OWNER, Whole, whole

JOB = {
    "executable": "true",
    "attributes": {"project_name": "night", "queue_name": "default"},
}


@pytest.fixture
async def gateway(tmp_path: Path) -> Any:
    async with whole(tmp_path) as opened:
        yield opened


async def usage(client: httpx.AsyncClient, **chosen: Any) -> dict[str, Any]:
    answer = await client.get("/api/v1/usage", params=chosen)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def until_jobs(client: httpx.AsyncClient, count: int) -> dict[str, Any]:
    """Wait until so many jobs are counted; usage is read at an interval."""
    deadline = time.monotonic() + 60
    while (found := await usage(client))["total"]["jobs"] != count:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.1)
    return found


async def test_usage_of_jobs_that_ran_here(gateway: Whole) -> None:
    owner, guest = await gateway.client(OWNER), await gateway.client(GUEST)
    for job in (JOB, JOB, {"executable": "true"}):
        answer = await owner.post("/api/v1/jobs/local", json=job)
        assert answer.status_code == 201, answer.text
    found = await until_jobs(owner, 3)
    assert found["by"] == ["project"]
    assert {row["project"]: row["jobs"] for row in found["usage"]} == {
        "night": 2,
        "none": 1,
    }
    assert found["as_of"].endswith("Z")
    assert [one["failure"] for one in found["systems"]] == [""]
    by = await usage(owner, by=["person", "partition"], project="night")
    (row,) = by["usage"]
    assert (row["person"], row["partition"], row["jobs"]) == (OWNER, "default", 2)
    assert row["cpu_seconds"] == pytest.approx(row["wall_seconds"])
    assert (await usage(guest))["usage"] == []
    assert (await usage(guest, person=OWNER))["total"]["jobs"] == 0


async def test_pages_of_usage(gateway: Whole) -> None:
    owner = await gateway.client(OWNER)
    for job in (JOB, {"executable": "true"}):
        answer = await owner.post("/api/v1/jobs/local", json=job)
        assert answer.status_code == 201, answer.text
    whole_answer = await until_jobs(owner, 2)
    first = await owner.get("/api/v1/usage", params={"limit": 1})
    assert "cursor=" in first.headers["Link"]
    second = await usage(owner, limit=1, cursor=first.json()["next"])
    assert second["next"] is None
    assert first.json()["usage"] + second["usage"] == whole_answer["usage"]
    assert second["total"] == whole_answer["total"]


async def test_visitors_and_wrong_questions_are_refused(gateway: Whole) -> None:
    owner, visitor = await gateway.client(OWNER), await gateway.client()
    for path in ("usage", "projects", "projects/local/night"):
        assert (await visitor.get(f"/api/v1/{path}")).status_code == 401
    for wrong in (
        {"from": "yesterday"},
        {"to": "2026-02-30"},
        {"from": "2026-11-30", "to": "2026-11-29"},
        {"from": "0001-01-01", "to": "9999-12-31"},
        {"by": "star"},
        {"who": "me"},
    ):
        answer = await owner.get("/api/v1/usage", params=wrong)
        assert answer.status_code == 422, wrong
    for query in ("usage?system=no", "projects?system=no", "projects/local/no"):
        assert (await owner.get(f"/api/v1/{query}")).status_code == 404
    answer = await owner.get("/api/v1/usage", params={"cursor": "bm8"})
    assert answer.status_code == 400
