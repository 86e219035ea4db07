"""Jobs outlive the gateway: kill -9 at any moment, and each still runs exactly once."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.support.jobs import config, until, until_ended, until_state
from tests.support.jobs_host import Host, job_host

from gatewright.testing.followed import lives

JOBS = 25
ROUNDS = 2
SECONDS = 180.0

# A gateway that is started here does all that it does on a machine that is busy.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    with job_host(config(tmp_path), tmp_path) as started:
        yield started


@pytest.fixture
async def ada(host: Host) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=host.url, timeout=60) as client:
        await host.answers(client)
        yield client


async def submit(ada: httpx.AsyncClient, script: str, **spec: object) -> str:
    answer = await ada.post("/jobs/local", json={"script": script, **spec})
    assert answer.status_code == 201, answer.text
    job_id: str = answer.json()["id"]
    return job_id


async def submit_until_acknowledged(ada: httpx.AsyncClient, key: str) -> str:
    """Submit with a key, again and again, as a careful client does."""
    spec = {"script": f"echo $$ >> ran-{key}; sleep 0.05; echo end >> ran-{key}"}
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                answer = await ada.post(
                    "/jobs/local", json=spec, headers={"Idempotency-Key": key}
                )
            except httpx.TransportError:
                await asyncio.sleep(0.05)
                continue
            if answer.status_code == 201:
                job_id: str = answer.json()["id"]
                return job_id
            assert answer.status_code == 409, answer.text
            await asyncio.sleep(0.2)


async def test_exactly_once_whatever_is_killed(
    host: Host, ada: httpx.AsyncClient, tmp_path: Path
) -> None:
    chance = random.Random(20)
    ids: list[str] = []
    for number in range(ROUNDS):
        keys = [f"{number}-{index}" for index in range(JOBS)]
        clients = [asyncio.create_task(submit_until_acknowledged(ada, k)) for k in keys]
        await asyncio.sleep(chance.uniform(0.02, 0.6))
        host.kill()
        host.start()
        ids += await asyncio.gather(*clients)
    await host.answers(ada)  # no client waited for it if all were acknowledged before
    for job_id in ids:
        job = await until_ended(ada, job_id, SECONDS)
        assert (job["state"], job["exit_code"]) == ("completed", 0), job
        assert job["started_at"] <= job["ended_at"]
        assert job["usage"]["wall_seconds"] > 0
    assert len(set(ids)) == ROUNDS * JOBS
    listed = await ada.get("/jobs/local", params={"limit": 1000})
    assert {job["id"] for job in listed.json()["jobs"]} == set(ids)
    for path in (tmp_path / "home").glob("ran-*"):
        lines = path.read_text().splitlines()
        assert len(lines) == 2, f"{path.name}: {lines}"
    assert len(list((tmp_path / "home").glob("ran-*"))) == ROUNDS * JOBS


async def test_a_running_job_is_found_again(
    host: Host, ada: httpx.AsyncClient, tmp_path: Path
) -> None:
    script = "echo start; while [ ! -e go ]; do sleep 0.05; done; echo end; exit 5"
    running = await submit(ada, script)
    waiting = await submit(ada, "echo ran", resources={"process_count": 2})
    held = await submit(ada, "true", hold=True)
    before = await until_state(ada, running, "active")
    host.kill()
    host.start()
    await host.answers(ada)
    after = (await ada.get(f"/jobs/local/{running}")).json()
    assert (after["state"], after["started_at"]) == ("active", before["started_at"])
    assert (await ada.get(f"/jobs/local/{waiting}")).json()["state"] == "queued"
    assert (await ada.get(f"/jobs/local/{held}")).json()["state"] == "held"
    (tmp_path / "home" / "go").touch()
    job = await until_ended(ada, running)
    assert (job["exit_code"], job["usage"]["wall_seconds"] > 0) == (5, True)
    assert (await ada.get(f"/jobs/local/{running}/output")).text == "start\nend\n"
    assert (await until_ended(ada, waiting))["state"] == "completed"


async def test_a_job_that_ends_while_no_gateway_runs(
    host: Host, ada: httpx.AsyncClient, tmp_path: Path
) -> None:
    job_id = await submit(ada, "while [ ! -e go ]; do sleep 0.05; done; kill -11 $$")
    await until_state(ada, job_id, "active")
    host.kill()
    (tmp_path / "home" / "go").touch()
    await _until_there(tmp_path, "final.json")
    host.start()
    await host.answers(ada)
    job = await until_ended(ada, job_id)
    assert (job["state"], job["exit_code"], job["signal"]) == ("failed", 139, 11)
    assert "SIGSEGV" in job["reason"]


async def test_a_job_whose_runner_is_killed_fails_with_a_reason(
    host: Host, ada: httpx.AsyncClient, tmp_path: Path
) -> None:
    job_id = await submit(ada, "setsid sleep 300 & echo $! $$ > pids; sleep 300")
    await until_state(ada, job_id, "active")
    pids = [int(n) for n in (await _text(tmp_path / "home" / "pids")).split()]
    os.kill(_parent(pids[1]), signal.SIGKILL)
    job = await until_ended(ada, job_id)
    assert (job["state"], job["native_state"]) == ("failed", "LOST")
    assert "killed" in job["reason"]
    assert job["usage"]["wall_seconds"] > 0
    # They are killed before that; what dies is still there for a moment.
    await until(ada, job_id, lambda _: not any(map(lives, pids)))


async def test_a_power_cut_that_empties_a_record_costs_that_job_alone(
    host: Host, ada: httpx.AsyncClient, tmp_path: Path
) -> None:
    job_id = await submit(ada, "echo $$ > pid; sleep 300")
    await until_state(ada, job_id, "active")
    job = int(await _text(tmp_path / "home" / "pid"))
    host.kill()
    for process in (_parent(job), job):
        os.kill(process, signal.SIGKILL)
    (record,) = (tmp_path / "state" / "jobs" / "local").glob("*/running.json")
    record.write_bytes(b"")
    host.start()
    await host.answers(ada)
    lost = await until_ended(ada, job_id)
    assert (lost["state"], lost["native_state"]) == ("failed", "LOST")
    other = await until_ended(ada, await submit(ada, "echo hi"))
    assert other["state"] == "completed"
    assert (await ada.delete(f"/jobs/local/{other['id']}")).status_code == 204


async def test_a_job_is_canceled_after_a_restart(
    host: Host, ada: httpx.AsyncClient
) -> None:
    job_id = await submit(ada, "sleep 300")
    await until_state(ada, job_id, "active")
    host.kill()
    host.start()
    await host.answers(ada)
    await ada.delete(f"/jobs/local/{job_id}")
    assert (await until_ended(ada, job_id))["state"] == "canceled"


async def test_of_two_gateways_one_schedules(
    host: Host, ada: httpx.AsyncClient, tmp_path: Path
) -> None:
    (tmp_path / "second").mkdir()
    settings = config(tmp_path)
    with job_host(settings, tmp_path / "second") as second:
        async with httpx.AsyncClient(base_url=second.url, timeout=60) as other:
            await second.answers(other)
            ids = [await submit(other, f"echo ran >> two-{n}") for n in range(4)]
            for job_id in ids:
                job = await until_ended(other, job_id)
                assert job["state"] == "completed"
            host.kill()
            job = await until_ended(other, await submit(other, "exit 0"))
            assert job["state"] == "completed"
            held = await submit(other, "true", hold=True)
            assert (await other.delete(f"/jobs/local/{held}")).status_code == 204
    for path in (tmp_path / "home").glob("two-*"):
        assert path.read_text() == "ran\n"


async def _until_there(tmp_path: Path, name: str) -> None:
    spool = tmp_path / "state" / "jobs" / "local"
    async with asyncio.timeout(60):
        while not list(spool.glob(f"*/{name}")):
            await asyncio.sleep(0.02)


async def _text(path: Path) -> str:
    async with asyncio.timeout(60):
        while not (path.exists() and path.read_text().endswith("\n")):
            await asyncio.sleep(0.02)
    return path.read_text()


def _parent(process: int) -> int:
    text = Path(f"/proc/{process}/stat").read_text()
    return int(text.rpartition(")")[2].split()[1])
