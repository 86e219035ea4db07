"""Projects and usage of the embedded scheduler, through the whole application."""

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.identity import own_identity
from tests.support.migrated import open_migrated
from tests.support.whole import GUEST, OTHER, OWNER, Whole, whole

from gatewright.backends.sql.accounting import SqlAccountBook
from gatewright.domains.accounting import DAY_SECONDS, Amount, Use
from gatewright.domains.identity import operator

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


NIGHT = {
    "title": "All of the night",
    "cpu_seconds": 100.0,
    "starts_on": "2026-01-01",
    "members": [GUEST],
    "coordinators": [OTHER],
}


async def until_kept(owner: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    """Create a project, once the gateway knows who keeps the projects."""
    deadline = time.monotonic() + 60
    while True:
        answer = await owner.put("/api/v1/projects/local/night", json=body)
        if answer.status_code == 201:
            found: dict[str, Any] = answer.json()
            return found
        assert answer.status_code == 409, answer.text
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


async def test_administrators_keep_projects(gateway: Whole) -> None:
    owner = await gateway.client(OWNER)
    guest, other = await gateway.client(GUEST), await gateway.client(OTHER)
    made = await until_kept(owner, NIGHT)
    assert made["allocation"]["cpu_seconds"] == 100.0
    assert made["allocation"]["starts_on"] == "2026-01-01"
    url = "/api/v1/projects/local/night"
    assert [m["person"] for m in made["members"]] == sorted([GUEST, OTHER])
    assert [m["person"] for m in (await guest.get(url)).json()["members"]] == [GUEST]
    assert len((await other.get(url)).json()["members"]) == 2
    for refused in (guest, other):
        assert (await refused.put(url, json=NIGHT)).status_code == 403
        assert (await refused.delete(url)).status_code == 403
    again = await owner.put(url, json={**NIGHT, "members": []})
    assert again.status_code == 200
    assert (await guest.get(url)).status_code == 404
    for wrong in (
        {"starts_on": "soon"},
        {"starts_on": "2026-02-02", "ends_on": "2026-02-01"},
        {"cpu_seconds": -1},
        {"colour": "red"},
    ):
        assert (await owner.put(url, json=wrong)).status_code == 422, wrong
    odd = await owner.put("/api/v1/projects/local/a b", json=NIGHT)
    assert odd.status_code == 422
    none = await owner.put("/api/v1/projects/none/night", json=NIGHT)
    assert none.status_code == 404
    assert (await owner.delete(url)).status_code == 204
    assert (await owner.delete(url)).status_code == 404


async def test_a_job_is_charged_to_a_project_of_ones_own(gateway: Whole) -> None:
    """Whether another project of that name is there is not told."""
    owner = await gateway.client(OWNER)

    async def status(**more: Any) -> tuple[int, str]:
        answer = await owner.post("/api/v1/jobs/local", json=JOB, **more)
        return answer.status_code, answer.json().get("detail", "")

    assert (await status())[0] == 201  # nobody keeps projects yet
    await until_kept(owner, {**NIGHT, "coordinators": [OWNER]})
    refused, text = await status()
    assert refused == 422
    assert "You belong to no project “night” on local" in text
    assert await status(params={"dry_run": "true"}) == (refused, text)
    missing = {**JOB, "attributes": {"project_name": "day"}}
    answer = await owner.post("/api/v1/jobs/local", json=missing)
    assert answer.status_code == 422
    assert answer.json()["detail"] == text.replace("night", "day")
    each = await owner.post("/api/v1/jobs/local/bulk", json={"jobs": [JOB]})
    assert each.json()["jobs"][0]["problem"]["detail"] == text
    free = await owner.post("/api/v1/jobs/local", json={"executable": "true"})
    assert free.status_code == 201
    await owner.put("/api/v1/projects/local/night", json={**NIGHT, "members": [OWNER]})
    assert (await status())[0] == 201


async def used_before(folder: Path, **days: int) -> None:
    """Record an hour of a core for each of the last days, by project; none today."""
    database = await open_migrated(folder / "state" / "gateway.sqlite")
    book, now = SqlAccountBook(database), time.time()
    today = int(now // DAY_SECONDS)
    for back in range(1, 61):
        uses = [
            Use(project, OWNER, "", Amount(3600.0, 3600.0, 0.0, 3600.0, 1))
            for project, used in days.items()
            if back <= used
        ]
        await book.record("local", today - back, uses, now)
    await database.close()


async def test_burn_down_of_an_allocation(tmp_path: Path) -> None:
    await used_before(tmp_path, night=35)
    async with whole(tmp_path) as gateway:
        owner, guest = await gateway.client(OWNER), await gateway.client(GUEST)
        hours = {"cpu_seconds": 360_000.0, "members": [GUEST, OWNER]}
        await until_kept(owner, {**NIGHT, **hours})
        answer = await owner.post("/api/v1/jobs/local", json=JOB)
        assert answer.status_code == 201, answer.text
        await until_jobs(owner, 30)  # of 30 days
        url = "/api/v1/projects/local/night/burn-down"
        found = (await guest.get(url)).json()
        assert (found["resource"], found["granted"]) == ("cpu", 360_000.0)
        today = found["history"][-1]["seconds"]
        assert found["used"] == pytest.approx(35 * 3600.0 + today)
        assert today > 0
        assert found["forecast"][0]["day"] == found["history"][-1]["day"]
        assert len(found["forecast"]) == 30
        assert found["forecast"][6]["middle"] == 7 * 3600.0
        assert found["runs_out"] == {"earliest": None, "likely": None, "latest": None}
        nodes = await guest.get(url, params={"resource": "node", "days": 5})
        assert nodes.json()["granted"] is None
        assert nodes.json()["runs_out"] is None
        assert len(nodes.json()["forecast"]) == 5
        for wrong in ({"days": 0}, {"days": 367}, {"resource": "gold"}):
            assert (await guest.get(url, params=wrong)).status_code == 422
        stranger = await gateway.client(OTHER)
        assert (await stranger.get(url.replace("night", "day"))).status_code == 404


async def test_days_before_a_project_s_first_use_are_not_its_habit(
    tmp_path: Path,
) -> None:
    """What is not used yet, or for less than four weeks, has no forecast."""
    await used_before(tmp_path, night=30, day=27, old=60)
    async with whole(tmp_path) as gateway:
        owner = await gateway.client(OWNER)
        await until_kept(owner, NIGHT)
        for name in ("day", "old", "unused"):
            url = f"/api/v1/projects/local/{name}"
            assert (await owner.put(url, json={})).status_code == 201
        week = {}
        for name in ("night", "day", "old", "unused"):
            url = f"/api/v1/projects/local/{name}/burn-down"
            found = (await owner.get(url, params={"days": 7})).json()
            assert len(found["history"]) > 60
            week[name] = [found["forecast"][6]] if found["forecast"] else []
        assert week["day"] == week["unused"] == []
        for name in ("night", "old"):
            ends = [week[name][0][end] for end in ("low", "middle", "high")]
            assert ends == [7 * 3600.0] * 3


async def test_members_of_a_project_do_not_see_jobs_without_one(
    gateway: Whole,
) -> None:
    """Such jobs are counted as “none”, which is therefore no name of a project."""
    owner, guest = await gateway.client(OWNER), await gateway.client(GUEST)
    answer = await owner.post("/api/v1/jobs/local", json={"executable": "true"})
    assert answer.status_code == 201, answer.text
    await until_jobs(owner, 1)
    body = {"members": [GUEST], "coordinators": [GUEST]}
    refused = await owner.put("/api/v1/projects/local/none", json=body)
    assert refused.status_code == 422, refused.text
    assert "another name" in refused.json()["detail"]
    assert (await usage(guest, by=["person", "project"]))["usage"] == []


async def test_who_gets_the_name_of_a_removed_account_is_in_none_of_its_projects(
    gateway: Whole,
) -> None:
    owner, first = await gateway.client(OWNER), await gateway.client(GUEST)
    other = await gateway.client(OTHER)
    await until_kept(
        owner, {**NIGHT, "members": [OWNER, GUEST, OTHER], "coordinators": [GUEST]}
    )
    answer = await owner.post("/api/v1/jobs/local", json=JOB)
    assert answer.status_code == 201, answer.text
    await until_jobs(owner, 1)
    assert (await usage(first, by=["person"]))["total"]["jobs"] == 1
    users, admin = own_identity(gateway.services).users, operator(OWNER)
    await users.remove(admin, GUEST)
    await users.add(admin, GUEST, "another long password")
    second = await gateway.client(GUEST)
    assert (await second.get("/api/v1/projects")).json()["projects"] == []
    assert (await second.get("/api/v1/projects/local/night")).status_code == 404
    for by in ("person", "project"):
        assert (await usage(second, by=[by]))["total"]["jobs"] == 0
    kept = (await owner.get("/api/v1/projects/local/night")).json()["members"]
    assert [member["person"] for member in kept] == [OWNER, OTHER]
    assert (await other.get("/api/v1/projects/local/night")).status_code == 200


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


@pytest.mark.parametrize("to", ["0001-01-05", "1969-12-31"])
async def test_days_before_the_first_are_refused(gateway: Whole, to: str) -> None:
    """Days are counted from 1970, and no usage is older."""
    owner = await gateway.client(OWNER)
    answer = await owner.get("/api/v1/usage", params={"to": to})
    assert answer.status_code == 422, answer.text
    assert "1970" in answer.json()["detail"]
