"""The records kept in step with a scheduler."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.domains.compute.conftest import NoOutput, SetClock, ToldScheduler
from tests.support.app import caller
from typing_extensions import override

from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.core.background import Background
from gatewright.core.errors import (
    InvalidContent,
    PersonAbsent,
    TimedOut,
    Unavailable,
)
from gatewright.core.events import EventHub
from gatewright.core.homes import one_home
from gatewright.domains.compute import (
    Capabilities,
    Changes,
    ComputeSystem,
    Job,
    JobMonitor,
    JobNews,
    JobRecords,
    JobService,
    JobSpec,
    JobState,
    JobStatus,
    JobTokens,
)

ADA = caller("ada")
SPEC = JobSpec(executable="true")


class AwayTable(SqlJobTable):
    """A table whose database is away for some calls."""

    away = 0

    @override
    async def record(self, system: str, statuses: Sequence[JobStatus]) -> Sequence[Job]:
        if self.away:
            self.away -= 1
            raise Unavailable
        return await super().record(system, statuses)


class OvertakenTable(SqlJobTable):
    """A table that notes the native ids when the jobs have already ended."""

    def __init__(self, table: SqlJobTable, scheduler: ToldScheduler) -> None:
        super().__init__(table._database)
        self._scheduler = scheduler

    @override
    async def submitted(self, statuses: Mapping[str, JobStatus]) -> Sequence[Job]:
        ended = [
            JobStatus(one.native_id, JobState.COMPLETED, "DONE", ended_at=3.0)
            for one in statuses.values()
        ]
        self._scheduler.known |= {status.native_id: status for status in ended}
        assert await self.record("local", ended) == []
        return await super().submitted(statuses)


@pytest.fixture
def away(table: SqlJobTable) -> AwayTable:
    return AwayTable(table._database)


@pytest.fixture
async def running(
    scheduler: ToldScheduler, away: AwayTable, events: EventHub, clock: SetClock
) -> AsyncIterator[None]:
    records = JobRecords("local", scheduler, away, events)
    monitor = JobMonitor("local", scheduler, away, records, clock)
    scheduler.capabilities = Capabilities(1, 1, submit_seconds=0.02)
    async with (
        Background("following", monitor.follow),
        Background("resubmitting", monitor.resubmit, most_pause=0.02),
    ):
        yield


async def until(jobs: JobService, job_id: str, wanted: Callable[[Job], bool]) -> Job:
    deadline = time.monotonic() + 60
    while True:
        job = await jobs.get(ADA, "local", job_id)
        if wanted(job):
            return job
        assert time.monotonic() < deadline, job
        await asyncio.sleep(0.01)


@pytest.mark.usefixtures("running")
class TestMonitor:
    async def test_a_change_is_published_later_if_the_event_log_did_not_answer(
        self,
        jobs: JobService,
        scheduler: ToldScheduler,
        events: EventHub,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        (job,) = await jobs.submit(ADA, "local", [SPEC])
        append, failures = events.log.append, [Unavailable(), Unavailable()]

        async def sometimes(*given: Any) -> int:
            if failures:
                raise failures.pop()
            return await append(*given)

        monkeypatch.setattr(events.log, "append", sometimes)
        done = JobStatus(job.native_id or "", JobState.COMPLETED, "DONE", ended_at=3.0)
        await scheduler.news.put(Changes(3.0, [done]))
        news = JobNews(jobs, events)
        async with asyncio.timeout(60):
            told = [
                event.kind
                async for event in news.follow(ADA, "local", job.id, 0)
                if event is not None
            ]
        assert told == ["job.queued", "job.completed"]

    async def test_changes_are_recorded_and_ends_forgotten(
        self, jobs: JobService, scheduler: ToldScheduler, away: AwayTable
    ) -> None:
        (job,) = await jobs.submit(ADA, "local", [SPEC])
        native = job.native_id or ""
        done = JobStatus(native, JobState.COMPLETED, "DONE", ended_at=3.0)
        away.away = 2
        scheduler.news.put_nowait(Changes(1.0, [done]))
        ended = await until(jobs, job.id, lambda job: job.ended)
        assert (ended.state, ended.ended_at) == (JobState.COMPLETED, 3.0)
        async with asyncio.timeout(60):
            while native not in scheduler.forgotten:
                await asyncio.sleep(0.01)

    async def test_what_the_scheduler_has_lost_is_failed(
        self, jobs: JobService, scheduler: ToldScheduler
    ) -> None:
        lost, kept, late = await jobs.submit(ADA, "local", [SPEC] * 3)
        del scheduler.known[lost.native_id or ""]
        here = scheduler.known[kept.native_id or ""]
        scheduler.news.put_nowait(Changes(1.0, [here], complete=True))
        job = await until(jobs, lost.id, lambda job: job.ended)
        assert (job.state, job.native_state) == (JobState.FAILED, "LOST")
        assert "knows nothing" in job.reason
        for one in (kept, late):
            assert (await jobs.get(ADA, "local", one.id)).state is JobState.QUEUED

    async def test_a_final_state_is_recorded_with_an_end(
        self, jobs: JobService, scheduler: ToldScheduler
    ) -> None:
        """A scheduler that tells of no end is not waited for, and is told no more."""
        one, other = await jobs.submit(ADA, "local", [SPEC] * 2)
        done = JobStatus(one.native_id or "", JobState.COMPLETED, "DONE")
        odd = JobStatus(other.native_id or "", JobState.ACTIVE, "RUN", ended_at=2.0)
        began = time.time()
        scheduler.news.put_nowait(Changes(1.0, [done, odd]))
        job = await until(jobs, one.id, lambda job: job.ended)
        assert began <= (job.ended_at or 0.0) <= time.time()
        active = await until(jobs, other.id, lambda job: job.state is JobState.ACTIVE)
        assert active.ended_at is None
        async with asyncio.timeout(60):
            while done.native_id not in scheduler.forgotten:
                await asyncio.sleep(0.01)
        assert odd.native_id not in scheduler.forgotten

    async def test_what_was_cut_short_is_submitted(
        self, jobs: JobService, scheduler: ToldScheduler, clock: SetClock
    ) -> None:
        scheduler.fails = Unavailable()
        with pytest.raises(Unavailable):
            await jobs.submit(ADA, "local", [SPEC])
        scheduler.fails = TimedOut()
        with pytest.raises(TimedOut):
            await jobs.submit(ADA, "local", [SPEC])
        clock.now += 1
        await asyncio.sleep(0.05)
        scheduler.fails = None
        clock.now += 1
        job = await until(jobs, "2", lambda job: job.state is JobState.QUEUED)
        assert [one.uuid for one in scheduler.submissions] == [job.uuid]

    async def test_what_was_lost_before_it_began_is_submitted_again(
        self, jobs: JobService, scheduler: ToldScheduler, clock: SetClock
    ) -> None:
        lost, began = await jobs.submit(ADA, "local", [SPEC] * 2)
        natives = [lost.native_id or "", began.native_id or ""]
        active = JobStatus(natives[1], JobState.ACTIVE, "RUNNING", started_at=2.0)
        scheduler.news.put_nowait(Changes(1.0, [active]))
        await until(jobs, began.id, lambda job: job.state is JobState.ACTIVE)
        for native in natives:
            scheduler.known[native] = JobStatus(native, JobState.NEW, "LOST")
        clock.now += 100
        scheduler.news.put_nowait(Changes(2.0, [], complete=True))
        ended = await until(jobs, began.id, lambda job: job.ended)
        assert (ended.state, ended.native_state) == (JobState.FAILED, "LOST")
        again = await until(jobs, lost.id, lambda job: job.state is JobState.QUEUED)
        assert [one.uuid for one in scheduler.submissions].count(again.uuid) == 2

    async def test_what_was_lost_and_waits_for_its_person_says_so(
        self, jobs: JobService, scheduler: ToldScheduler, clock: SetClock
    ) -> None:
        """Also if another of theirs goes on, as an array that was lost whole."""
        alone, whole = await jobs.submit(
            ADA, "local", [JobSpec(executable="a", name="a"), SPEC]
        )
        for job in (alone, whole):
            native = job.native_id or ""
            scheduler.known[native] = JobStatus(native, JobState.NEW, "LOST", "Lost.")
        scheduler.fails = PersonAbsent()
        clock.now += 100
        scheduler.news.put_nowait(Changes(2.0, [], complete=True))
        for job in (alone, whole):
            told = await until(jobs, job.id, lambda job: "waits for you" in job.reason)
            assert (told.state, told.native_state) == (JobState.NEW, "LOST")
        scheduler.refuses["a"] = PersonAbsent()
        scheduler.fails = None
        clock.now += 1
        await until(jobs, whole.id, lambda job: job.state is JobState.QUEUED)
        told = await jobs.get(ADA, "local", alone.id)
        assert "sign in or send any request" in told.reason
        del scheduler.refuses["a"]
        clock.now += 1
        await until(jobs, alone.id, lambda job: job.state is JobState.QUEUED)

    async def test_what_was_lost_keeps_its_record_if_it_is_not_taken_again(
        self, jobs: JobService, scheduler: ToldScheduler, clock: SetClock
    ) -> None:
        (job,) = await jobs.submit(ADA, "local", [JobSpec(executable="a", name="a")])
        native = job.native_id or ""
        scheduler.known[native] = JobStatus(native, JobState.NEW, "LOST")
        scheduler.fails = Unavailable()
        clock.now += 100
        scheduler.news.put_nowait(Changes(2.0, [], complete=True))
        await until(jobs, job.id, lambda job: job.state is JobState.NEW)
        scheduler.news.put_nowait(Changes(2.5, [], complete=True))
        async with asyncio.timeout(60):
            while not scheduler.news.empty():
                await asyncio.sleep(0.01)
        scheduler.refuses["a"] = InvalidContent("No such partition.")
        scheduler.fails = None
        clock.now += 1
        ended = await until(jobs, job.id, lambda job: job.ended)
        assert (ended.state, ended.native_state) == (JobState.FAILED, "LOST")
        assert "No such partition" in ended.reason


@pytest.mark.parametrize("away", [False, True])
async def test_an_end_that_overtakes_its_submission_is_recorded(
    scheduler: ToldScheduler,
    table: SqlJobTable,
    events: EventHub,
    tokens: JobTokens,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
    away: bool,
) -> None:
    """As of a short job beside a slow disk: nothing more is said of it."""
    overtaken = OvertakenTable(table, scheduler)
    if away:  # then the job is there all the same, as it was known at first

        async def record(system: str, statuses: Sequence[JobStatus]) -> Sequence[Job]:
            if statuses and (await table.open_jobs("local"))[0].native_id:
                raise Unavailable
            return []

        monkeypatch.setattr(overtaken, "record", record)
    system = ComputeSystem("local", one_home(Path("/home/ada")))
    systems = {"local": (system, scheduler)}
    service = JobService(
        systems, overtaken, events, NoOutput(), tokens, in_flight=20, clock=clock
    )
    (made,) = await service.submit(ADA, "local", [SPEC])
    job = await service.get(ADA, "local", made.id)
    assert job.state is (JobState.QUEUED if away else JobState.COMPLETED)


async def test_a_scheduler_whose_changes_end_is_followed_anew(
    scheduler: ToldScheduler,
    table: SqlJobTable,
    events: EventHub,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def once() -> AsyncGenerator[Changes, None]:
        yield Changes(1.0, [], complete=True)

    monkeypatch.setattr(scheduler, "changes", once)
    records = JobRecords("local", scheduler, table, events)
    assert await JobMonitor("local", scheduler, table, records).follow() == 1.0
