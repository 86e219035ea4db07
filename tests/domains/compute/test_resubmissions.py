"""Submissions that were cut short, of which some have to wait for their person."""

from collections.abc import Sequence

import pytest
from tests.domains.compute.conftest import ADA, SPEC, SetClock, ToldScheduler

from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.core.errors import GatewayError, PersonAbsent, TimedOut
from gatewright.core.events import EventHub
from gatewright.domains.compute import (
    JobRecords,
    JobService,
    JobState,
    JobStatus,
    Submission,
)


async def test_one_that_waits_for_its_person_is_not_given_up_beside_others(
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
