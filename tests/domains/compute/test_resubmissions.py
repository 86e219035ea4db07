"""Submissions that were cut short: when they are made again, and for whom."""

from collections.abc import Sequence

import pytest
from tests.domains.compute.conftest import ADA, SPEC, SetClock, ToldScheduler

from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.core.errors import Conflict, GatewayError, PersonAbsent, TimedOut
from gatewright.core.events import EventHub
from gatewright.domains.compute import (
    Capabilities,
    JobRecords,
    JobService,
    JobState,
    JobStatus,
    Submission,
)


async def test_a_job_that_waits_for_its_person_stays_when_others_are_accepted(
    jobs: JobService,
    scheduler: ToldScheduler,
    table: SqlJobTable,
    events: EventHub,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of several jobs of one person, some may go on without them and some may not."""
    records = JobRecords("local", scheduler, table, events)
    scheduler.fails = TimedOut()
    with pytest.raises(TimedOut):
        await jobs.submit(ADA, "local", [SPEC, SPEC])
    scheduler.fails = None
    submit = scheduler.submit

    async def half(
        user: str, submissions: Sequence[Submission]
    ) -> Sequence[JobStatus | GatewayError]:
        (taken,) = await submit(user, submissions[:1])
        return [taken, PersonAbsent("not there")]

    with monkeypatch.context() as absent:
        absent.setattr(scheduler, "submit", half)
        await records.resubmit(clock.now + 6)
    assert (await jobs.get(ADA, "local", "1")).state is JobState.QUEUED
    assert (await jobs.get(ADA, "local", "2")).state is JobState.NEW
    await records.resubmit(clock.now + 12)
    assert (await jobs.get(ADA, "local", "2")).state is JobState.QUEUED


async def test_many_jobs_of_one_request_have_more_time(
    jobs: JobService, scheduler: ToldScheduler, clock: SetClock
) -> None:
    scheduler.capabilities = Capabilities(
        4, 1 << 30, submit_seconds=5.0, submit_each_seconds=2.0
    )
    scheduler.fails = TimedOut()
    with pytest.raises(TimedOut):
        await jobs.submit(ADA, "local", [SPEC] * 3, key="k")
    scheduler.fails = None
    clock.now += 10.0
    with pytest.raises(Conflict):  # 5 s, and 2 s for each
        await jobs.submit(ADA, "local", [SPEC] * 3, key="k")
    clock.now += 2.0
    again = await jobs.submit(ADA, "local", [SPEC] * 3, key="k")
    assert [job.state for job in again] == [JobState.QUEUED] * 3
