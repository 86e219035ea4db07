"""What the gateway stands on is asked in bounded time, and told part by part."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.jobs import config, job_services
from tests.support.whole import OWNER, whole

from gatewright.backends.processes import ProcessScheduler
from gatewright.core.errors import NotFound, Unavailable
from gatewright.core.health import Health, Part
from gatewright.domains.compute import Snapshot


async def fine() -> None:
    await asyncio.sleep(0)


async def broken() -> None:
    raise OSError("/var/secret")


@asynccontextmanager
async def health(patience: float = 2.0, **parts: Any) -> AsyncIterator[Health]:
    named = {name.replace("_", "/"): Part(check) for name, check in parts.items()}
    opened = Health(named, patience)
    try:
        yield opened
    finally:
        await opened.close()


async def test_each_part_is_up_or_down() -> None:
    async with health(database=fine, readers=broken) as parts:
        assert await parts.look() == {"database": True, "readers": False}


async def test_parts_are_not_checked_at_every_probe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gatewright.core.health._REMEMBER_SECONDS", 600)
    asked = 0

    async def count() -> None:
        nonlocal asked
        asked += 1

    async with health(database=count) as parts:
        for _ in range(10):
            assert await parts.look() == {"database": True}
    assert asked == 1


async def test_a_part_that_hangs_is_down_in_bounded_time_and_asked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gatewright.core.health._REMEMBER_SECONDS", -1)
    asked, free = 0, asyncio.Event()

    async def hang() -> None:
        nonlocal asked
        asked += 1
        await free.wait()

    async with health(0.2, hung=hang, database=fine) as parts:
        assert await parts.look() == {"hung": False, "database": True}
        parts._patience = 600  # it is not waited for again, or this would take hours
        async with asyncio.timeout(60):
            for _ in range(20):
                assert await parts.look() == {"hung": False, "database": True}
        assert asked == 1
        free.set()
        await asyncio.sleep(0)
        assert await parts.look() == {"hung": True, "database": True}


@pytest.mark.parametrize(
    ("files", "jobs", "status"),
    [
        (fine, fine, "up"),
        (fine, broken, "degraded"),
        (broken, fine, "degraded"),
        (broken, broken, "down"),
    ],
)
async def test_a_system_is_as_its_parts_are(files: Any, jobs: Any, status: str) -> None:
    there = {"systems_a_files": files, "systems_a_jobs": jobs, "systems_b_jobs": broken}
    async with health(**there) as parts:
        assert await parts.system("a") == status
        assert await parts.system("b") == "down"
        assert await parts.system("none") == "up"


async def test_a_scheduler_answers_where_there_is_one(tmp_path: Path) -> None:
    async with job_services(config(tmp_path)) as services:
        await services.jobs.ready("local")
        with pytest.raises(NotFound):
            await services.jobs.ready("elsewhere")


def workers() -> list[int]:
    """Return the pids of this process's workers."""
    children = [
        int(pid)
        for task in Path("/proc/self/task").iterdir()
        for pid in read(task / "children").split()
    ]
    return [
        pid
        for pid in children
        if b"worker/program" in read(Path(f"/proc/{pid}/cmdline"))
    ]


def read(path: Path) -> bytes:
    """Return what is told of a thread or process, nothing once that has ended."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


async def new_worker(before: set[int]) -> int:
    """Return the worker that was started since; children that end may hide it."""
    async with asyncio.timeout(60):
        while len(found := set(workers()) - before) != 1:
            await asyncio.sleep(0.05)
    return found.pop()


async def until_ready(client: httpx.AsyncClient) -> None:
    """Wait for all parts: on a busy machine a reader is seconds late to start."""
    deadline = time.monotonic() + 60
    while (await client.get("/health/ready")).json()["status"] != "ready":
        assert time.monotonic() < deadline


async def until_only(client: httpx.AsyncClient, part: str) -> None:
    """Wait until all parts but one answer, which is not bad news to a balancer.

    That one never answers, so each look shows that its silence is waited for in
    bounded time. On a busy machine others may be late too, for a look or two.
    """
    async with asyncio.timeout(60):
        answer = await client.get("/health/ready")
        while answer.json().get("not_ready") != [part]:
            answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")


async def stop(pid: int) -> None:
    """Stop a process; until each thread has stopped, another of them may answer."""
    os.kill(pid, signal.SIGSTOP)
    deadline = time.monotonic() + 60
    while {state_of(task) for task in Path(f"/proc/{pid}/task").iterdir()} != {b"T"}:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def state_of(task: Path) -> bytes:
    """Return a thread's state, nothing once it has ended."""
    return read(task / "stat").rpartition(b")")[2][1:2]


async def until_told(client: httpx.AsyncClient, status: str) -> None:
    """Wait until the system is told to be so; a part may be late for a look or two."""
    wanted = [{"system": "local", "status": status}]
    async with asyncio.timeout(60):
        while (await client.get("/api/v1/status")).json()["systems"] != wanted:
            pass


async def test_a_gateway_whose_files_hang_is_degraded_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatewright.core.health._REMEMBER_SECONDS", -1)
    before = set(workers())
    async with whole(tmp_path) as gateway:
        client = await gateway.client()
        await until_ready(client)
        worker = await new_worker(before)
        await stop(worker)
        try:
            await until_only(client, "systems/local/files")
            await until_told(client, "degraded")
        finally:
            os.kill(worker, signal.SIGCONT)
        await until_ready(client)
        owner = await gateway.client(OWNER)
        assert (await owner.get("/api/v1/files/local/")).status_code == 200


async def test_a_gateway_whose_scheduler_hangs_says_so_and_serves_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatewright.core.health._REMEMBER_SECONDS", -1)
    free = asyncio.Event()
    free.set()

    async def hang(scheduler: ProcessScheduler) -> Snapshot:
        await free.wait()
        return Snapshot(0.0, [])

    monkeypatch.setattr(ProcessScheduler, "snapshot", hang)
    async with whole(tmp_path) as gateway:
        client = await gateway.client(OWNER)
        await until_ready(client)
        free.clear()
        await until_only(client, "systems/local/jobs")
        assert (await client.get("/api/v1/files/local/")).status_code == 200
        assert (await client.get("/api/v1/jobs/local")).status_code == 200
        free.set()
        await until_ready(client)


async def test_a_gateway_whose_jobs_are_not_followed_says_so_until_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatewright.core.health._REMEMBER_SECONDS", -1)
    monkeypatch.setattr("gatewright.core.background._UNSTEADY_SECONDS", 1.0)

    broken = True
    real = ProcessScheduler.changes

    async def changes(scheduler: ProcessScheduler) -> AsyncIterator[Any]:
        if broken:
            raise OSError("odd")
        async for snapshot in real(scheduler):
            yield snapshot

    monkeypatch.setattr(ProcessScheduler, "changes", changes)
    async with whole(tmp_path) as gateway:
        client = await gateway.client(OWNER)
        await until_only(client, "systems/local/jobs")
        await until_told(client, "degraded")
        broken = False
        await until_ready(client)
        told = (await client.get("/health/ready")).json()["parts"]
        assert told["systems/local/jobs"] == "up"


async def test_a_claim_that_cannot_be_renewed_degrades_health(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a scan, a product or a training; and no more once its work is over."""
    monkeypatch.setattr("gatewright.core.health._REMEMBER_SECONDS", -1)

    async def renew(until: float) -> None:
        raise Unavailable(f"The database is away ({until}).")

    async with whole(tmp_path) as gateway:
        client = await gateway.client()
        await until_ready(client)
        for part, claims in {
            "products/claims": gateway.services.images.processing.claims,
            "classifiers/claims": gateway.services.images.classifiers.claims,
        }.items():
            monkeypatch.setattr(claims, "_seconds", 0.1)
            async with claims.renewed("this work", renew):
                await until_only(client, part)
            await until_ready(client)
        told = (await client.get("/health/ready")).json()["parts"]
        assert told["surveys/claims"] == "up"
