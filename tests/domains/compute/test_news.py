"""The events of a job up to its end, and waiting for the end."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count

import pytest
from tests.domains.compute.conftest import SetClock, ToldScheduler
from tests.support.app import caller

from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.core.errors import NotFound
from gatewright.core.events import Event, EventHub
from gatewright.domains.compute import (
    JobNews,
    JobRecords,
    JobService,
    JobSpec,
    JobState,
    JobStatus,
    news,
)

ADA = caller("ada")
SECONDS = 60.0


class Told:
    """Jobs whose ends are written down, and told of, when the test says so."""

    def __init__(
        self, jobs: JobService, scheduler: ToldScheduler, records: JobRecords
    ) -> None:
        self.jobs = jobs
        self._scheduler = scheduler
        self.records = records

    async def submit(self, array: str | None = None) -> str:
        spec = JobSpec(executable="true", array=array)
        (job,) = await self.jobs.submit(ADA, "local", [spec])
        return job.id

    def status(self, job_id: str, state: JobState, at: float) -> JobStatus:
        uuid = next(s.uuid for s in self._scheduler.submissions if s.id == job_id)
        status = JobStatus(uuid, state, state.name, ended_at=at)
        self._scheduler.known[uuid] = status
        return status

    async def end(
        self, job_id: str, at: float = 900.0, state: JobState = JobState.COMPLETED
    ) -> None:
        await self.records.record([self.status(job_id, state, at)])


@pytest.fixture
def told(
    jobs: JobService, scheduler: ToldScheduler, table: SqlJobTable, events: EventHub
) -> Told:
    return Told(jobs, scheduler, JobRecords("local", scheduler, table, events))


@pytest.fixture
def ours(jobs: JobService, events: EventHub, clock: SetClock) -> JobNews:
    return JobNews(jobs, events, clock)


async def seen(stream: AsyncIterator[Event | None]) -> list[tuple[str, str]]:
    """Return all that a stream tells, which has an end."""
    async with asyncio.timeout(SECONDS):
        return [(e.subject, e.kind) async for e in stream if e is not None]


async def test_a_wait_ends_with_the_job(ours: JobNews, told: Told) -> None:
    job_id = await told.submit()
    other = await told.submit()
    waiting = asyncio.create_task(ours.wait(ADA, "local", job_id, SECONDS))
    await told.end(other)
    await told.end(job_id)
    async with asyncio.timeout(SECONDS):
        assert (await waiting).state is JobState.COMPLETED


async def test_a_wait_is_no_longer_than_was_said(ours: JobNews, told: Told) -> None:
    job_id = await told.submit()
    assert (await ours.wait(ADA, "local", job_id, 0.01)).state is JobState.QUEUED
    await told.end(job_id)
    async with asyncio.timeout(SECONDS):
        ended = await ours.wait(ADA, "local", job_id, 1e9)
    assert ended.state is JobState.COMPLETED
    with pytest.raises(NotFound):
        await ours.wait(ADA, "local", "99", SECONDS)


async def test_a_wait_for_an_array_is_for_all_of_it(ours: JobNews, told: Told) -> None:
    array = await told.submit("0-1")
    near = [await told.submit() for _ in range(9)]  # “10” begins like “1”
    assert (array, near[-1]) == ("1", "10")
    waiting = asyncio.create_task(ours.wait(ADA, "local", array, SECONDS))
    await told.end(f"{array}_0")
    for job_id in near:
        await told.end(job_id)
    assert (await ours.wait(ADA, "local", array, 0.05)).state is JobState.QUEUED
    assert not waiting.done()
    await told.end(f"{array}_1", state=JobState.FAILED)
    async with asyncio.timeout(SECONDS):
        job = await waiting
    assert (job.state, job.tasks) == (JobState.FAILED, {"completed": 1, "failed": 1})


async def test_an_end_that_is_reported_twice_counts_once(
    ours: JobNews, told: Told, events: EventHub
) -> None:
    array = await told.submit("0-1")
    stream = ours.follow(ADA, "local", array, await events.start(None))
    following = asyncio.create_task(seen(stream))
    await told.end(f"{array}_0")
    end = {"state": "completed"}
    await events.publish("job.completed", f"jobs/local/{array}_0", "ada", end)
    async with asyncio.timeout(SECONDS):
        await ours.wait(ADA, "local", array, 0.05)
    assert not following.done()
    await told.end(f"{array}_1")
    first, second = (f"jobs/local/{array}_{index}" for index in (0, 1))
    expected = [(one, "job.completed") for one in (first, first, second)]
    assert await following == expected


async def test_events_end_with_the_job(
    ours: JobNews, told: Told, events: EventHub
) -> None:
    job_id = await told.submit()
    stream = ours.follow(ADA, "local", job_id, await events.start(None))
    following = asyncio.create_task(seen(stream))
    await told.submit()
    await told.end(job_id)
    assert await following == [(f"jobs/local/{job_id}", "job.completed")]


async def test_a_follower_who_comes_after_the_end_gets_the_rest(
    ours: JobNews, told: Told, events: EventHub
) -> None:
    job_id = await told.submit()
    assert not await ours.over(ADA, "local", job_id, 0)
    await told.end(job_id)
    last = await events.start(None)
    subject = f"jobs/local/{job_id}"
    all_of_it = [(subject, "job.queued"), (subject, "job.completed")]
    assert await seen(ours.follow(ADA, "local", job_id, 0)) == all_of_it
    assert not await ours.over(ADA, "local", job_id, last - 1)
    assert await ours.over(ADA, "local", job_id, last)
    assert await seen(ours.follow(ADA, "local", job_id, last)) == []


async def test_the_event_of_an_end_may_come_after_its_record(
    ours: JobNews,
    told: Told,
    table: SqlJobTable,
    events: EventHub,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(news, "LATE_SECONDS", 0.2)
    job_id = await told.submit()
    last = await events.start(None)
    status = told.status(job_id, JobState.COMPLETED, clock.now)
    (job,) = await table.record("local", [replace(status, ended_at=clock.now)])
    assert not await ours.over(ADA, "local", job_id, last)
    following = asyncio.create_task(seen(ours.follow(ADA, "local", job_id, last)))
    end = {"state": job.state.value}
    await events.publish("job.completed", f"jobs/local/{job_id}", "ada", end)
    assert await following == [(f"jobs/local/{job_id}", "job.completed")]


async def test_the_event_of_an_end_that_never_comes_is_waited_for_a_while(
    told: Told,
    table: SqlJobTable,
    events: EventHub,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(news, "LATE_SECONDS", 0.2)
    looks = count(1)
    ours = JobNews(told.jobs, events, lambda: clock.now + 0.15 * next(looks))
    job_id = await told.submit()
    status = told.status(job_id, JobState.COMPLETED, clock.now)
    await table.record("local", [replace(status, ended_at=clock.now)])
    last = await events.start(None)
    assert await seen(ours.follow(ADA, "local", job_id, last)) == []
    assert next(looks) == 3
