"""Jobs that a report of the scheduler does not contain are asked for by person."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence

import pytest
from tests.domains.compute.conftest import ADA, SPEC, ToldScheduler
from tests.domains.compute.test_monitor import until
from tests.support.app import caller

from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.core.background import Background
from gatewright.core.errors import NotAllowed, PersonAbsent, TimedOut
from gatewright.core.events import EventHub
from gatewright.domains.compute import (
    Changes,
    JobMonitor,
    JobRecords,
    JobService,
    JobState,
    JobStatus,
    monitor,
)


async def test_of_a_person_who_is_absent_each_job_is_asked_for_by_itself(
    scheduler: ToldScheduler,
    jobs: JobService,
    table: SqlJobTable,
    events: EventHub,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One may be known by what was left behind for it, and another not."""
    made = await jobs.submit(ADA, "local", [SPEC] * 3)
    known, waits, unknown = (job.native_id or "" for job in made)
    asked: list[Sequence[str]] = []

    async def status(user: str, native_ids: Sequence[str]) -> Mapping[str, JobStatus]:
        asked.append(native_ids)
        if len(native_ids) > 1 or native_ids == [waits]:
            raise PersonAbsent
        ended = JobStatus(known, JobState.COMPLETED, "DONE", ended_at=3.0)
        return {known: ended} if native_ids == [known] else {}

    async def once() -> AsyncGenerator[Changes, None]:
        yield Changes(1.0, [], complete=True)

    monkeypatch.setattr(scheduler, "status", status)
    monkeypatch.setattr(scheduler, "changes", once)
    records = JobRecords("local", scheduler, table, events)
    await JobMonitor("local", scheduler, table, records).follow()
    assert asked == [[known, waits, unknown], [known], [waits], [unknown]]
    now = [(await jobs.get(ADA, "local", job.id)).native_state for job in made]
    assert now == ["DONE", "PENDING", "LOST"]


class Absent:
    """Answers for a person who is absent: each job only by itself."""

    def __init__(self) -> None:
        self.asked: list[Sequence[str]] = []
        self.waiting: set[str] = set()
        self.at_once = self.most_at_once = 0
        self.answers = asyncio.Event()

    async def status(
        self, user: str, native_ids: Sequence[str]
    ) -> Mapping[str, JobStatus]:
        self.asked.append(native_ids)
        if len(native_ids) > 1:
            raise PersonAbsent
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        async with asyncio.timeout(60):
            await self.answers.wait()
        self.at_once -= 1
        if native_ids[0] in self.waiting:
            raise PersonAbsent
        return {}


async def test_thousands_of_lost_jobs_of_one_person_hold_nobody(
    scheduler: ToldScheduler,
    jobs: JobService,
    table: SqlJobTable,
    events: EventHub,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A round asks for some; the next one begins with those that had no turn."""
    made = await jobs.submit(ADA, "local", [SPEC] * 15)
    (other,) = await jobs.submit(caller("bob"), "local", [SPEC])
    absent, natives = Absent(), [job.native_id or "" for job in made]
    # Those that only their person can tell of do not stand in the way of the others.
    absent.waiting = set(natives[:5])

    async def status(user: str, native_ids: Sequence[str]) -> Mapping[str, JobStatus]:
        return {} if user == "bob" else await absent.status(user, native_ids)

    monkeypatch.setattr(scheduler, "status", status)
    monkeypatch.setattr(monitor, "_EACH_ROUND", 10)
    monkeypatch.setattr(monitor, "_TOGETHER", 10)
    monkeypatch.setattr(monitor, "_ALONE_EACH_ROUND", 6)
    one = JobMonitor(
        "local", scheduler, table, JobRecords("local", scheduler, table, events)
    )
    news = JobStatus(other.native_id or "", JobState.ACTIVE, "RUNNING", started_at=2.0)
    async with Background("following", one.follow):
        for _ in range(3):  # the reports go on while nothing of hers is answered
            scheduler.news.put_nowait(Changes(1.0, [news], complete=True))
        bob = caller("bob")
        async with asyncio.timeout(60):
            while (await jobs.get(bob, "local", other.id)).state is not JobState.ACTIVE:
                await asyncio.sleep(0.01)
            while not scheduler.news.empty() or len(absent.asked) < 5:
                await asyncio.sleep(0.01)
        assert absent.asked == [natives[:10], *([native] for native in natives[:4])]
        absent.answers.set()
        async with asyncio.timeout(60):
            while len(list(await table.open_jobs("local"))) > 6:
                scheduler.news.put_nowait(Changes(1.0, [news], complete=True))
                await asyncio.sleep(0.01)
    assert absent.most_at_once == 4
    alone = [asked[0] for asked in absent.asked if len(asked) == 1]
    assert alone[:6] == natives[:6]
    assert alone[6:12] == natives[6:12]
    assert max(map(len, absent.asked)) == 10
    left = {job.native_id for job in await table.open_jobs("local")}
    assert left == {*natives[:5], other.native_id}
    absent.waiting.clear()
    async with Background("following", one.follow), asyncio.timeout(60):
        while len(list(await table.open_jobs("local"))) > 1 or one._had_turn:
            scheduler.news.put_nowait(Changes(1.0, [news], complete=True))
            await asyncio.sleep(0.01)


async def test_whoever_cannot_be_asked_for_delays_nobodys_jobs(
    scheduler: ToldScheduler,
    jobs: JobService,
    table: SqlJobTable,
    events: EventHub,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No person whose account was removed, whose worker hangs, or who is not there."""
    people = {name: caller(name) for name in ("gone", "hung", "ada", "absent")}
    for person in people.values():
        await jobs.submit(person, "local", [SPEC])
    recorded = asyncio.Event()

    async def status(user: str, native_ids: Sequence[str]) -> Mapping[str, JobStatus]:
        if user == "gone":
            raise NotAllowed("There is no Unix account of this name.")
        if user == "absent":
            raise PersonAbsent
        if user == "hung":
            async with asyncio.timeout(60):
                await recorded.wait()
            raise TimedOut
        return {}

    async def once() -> AsyncGenerator[Changes, None]:
        yield Changes(1.0, [], complete=True)

    monkeypatch.setattr(scheduler, "status", status)
    monkeypatch.setattr(scheduler, "changes", once)
    records = JobRecords("local", scheduler, table, events)
    following = asyncio.create_task(
        JobMonitor("local", scheduler, table, records).follow()
    )
    lost = await until(jobs, "3", lambda job: job.ended)
    assert lost.native_state == "LOST"
    recorded.set()
    await following
    assert "Jobs of gone on local are not accounted for: There is no" in caplog.text
    assert "Jobs of absent" not in caplog.text
    for name, number in (("gone", "1"), ("hung", "2"), ("absent", "4")):
        job = await jobs.get(people[name], "local", number)
        assert job.state is JobState.QUEUED
