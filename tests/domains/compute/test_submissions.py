"""Submissions: refused, cut short, made again, and many at once."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.domains.compute.conftest import (
    ADA,
    SPEC,
    NoOutput,
    SetClock,
    ToldScheduler,
)
from tests.support.app import caller

from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.core.errors import (
    Conflict,
    GatewayError,
    InvalidContent,
    NotAllowed,
    PersonAbsent,
    StorageFull,
    TimedOut,
    Unavailable,
)
from gatewright.core.events import EventHub
from gatewright.core.homes import one_home
from gatewright.core.ids import new_id
from gatewright.domains.compute import (
    ComputeSystem,
    Dependency,
    Job,
    JobFilter,
    JobRecords,
    JobService,
    JobSpec,
    JobState,
    JobStatus,
    JobTokens,
    Refusal,
    Submission,
    placing,
)


async def test_a_refused_submission_leaves_nothing(
    jobs: JobService, scheduler: ToldScheduler
) -> None:
    scheduler.fails = StorageFull()
    with pytest.raises(StorageFull):
        await jobs.submit(ADA, "local", [SPEC], key="k")
    assert (await jobs.list(ADA, "local", JobFilter())).items == []
    scheduler.fails = None
    (job,) = await jobs.submit(ADA, "local", [SPEC], key="k")
    assert job.state is JobState.QUEUED


async def test_a_submission_that_was_cut_short_is_made_again(
    jobs: JobService, scheduler: ToldScheduler, clock: SetClock
) -> None:
    scheduler.fails = TimedOut(retry_after=5.0)
    with pytest.raises(TimedOut, match="look for it among your jobs") as late:
        await jobs.submit(ADA, "local", [SPEC], key="k")
    assert late.value.retry_after == 5.0
    scheduler.fails = None
    (left,) = (await jobs.list(ADA, "local", JobFilter())).items
    assert left.state is JobState.NEW
    with pytest.raises(Conflict):
        await jobs.submit(ADA, "local", [SPEC], key="k")
    with pytest.raises(Conflict):
        await jobs.cancel(ADA, "local", left.id)
    with pytest.raises(InvalidContent):
        await jobs.submit(ADA, "local", [JobSpec(executable="other")], key="k")
    clock.now += 6
    (job,) = await jobs.submit(ADA, "local", [SPEC], key="k")
    assert (job.id, job.state) == (left.id, JobState.QUEUED)
    assert [one.uuid for one in scheduler.submissions] == [left.uuid]


async def test_a_submission_is_not_cut_short_by_the_time_of_its_checks(
    jobs: JobService,
    scheduler: ToldScheduler,
    table: SqlJobTable,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The file system hangs for a minute; then nobody else may submit the job too."""

    async def check(submission: Submission) -> None:
        clock.now += 60

    async def submit(user: str, submissions: Sequence[Submission]) -> list[JobStatus]:
        taken = await table.cut_short("local", clock.now, 5.0)
        assert taken == []
        with pytest.raises(Conflict):
            await jobs.submit(ADA, "local", [SPEC], key="k")
        return [JobStatus(one.uuid, JobState.QUEUED, "PENDING") for one in submissions]

    monkeypatch.setattr(scheduler, "check", check)
    monkeypatch.setattr(scheduler, "submit", submit)
    (job,) = await jobs.submit(ADA, "local", [SPEC], key="k")
    assert (job.state, job.submitted_at) == (JobState.QUEUED, clock.now)


async def test_a_job_is_submitted_again_without_a_new_request(
    jobs: JobService,
    scheduler: ToldScheduler,
    table: SqlJobTable,
    events: EventHub,
    clock: SetClock,
) -> None:
    records = JobRecords("local", scheduler, table, events)
    scheduler.fails = TimedOut()
    with pytest.raises(GatewayError):
        await jobs.submit(ADA, "local", [SPEC])
    scheduler.fails = None
    await records.resubmit(clock.now + 1)
    assert scheduler.submissions == []
    await records.resubmit(clock.now + 6)
    assert len(scheduler.submissions) == 1
    assert (await jobs.get(ADA, "local", "1")).state is JobState.QUEUED


async def test_a_job_that_may_be_accepted_stays_when_the_scheduler_does_not_answer(
    jobs: JobService, scheduler: ToldScheduler, table: SqlJobTable, events: EventHub
) -> None:
    (job,) = await jobs.submit(ADA, "local", [SPEC])
    scheduler.fails = Unavailable()
    with pytest.raises(Unavailable):
        await JobRecords("local", scheduler, table, events).submit(ADA.user, [job])
    assert await jobs.get(ADA, "local", job.id) == job


async def test_one_users_refusal_keeps_no_other_from_being_submitted_again(
    jobs: JobService,
    scheduler: ToldScheduler,
    table: SqlJobTable,
    events: EventHub,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records = JobRecords("local", scheduler, table, events)
    scheduler.fails = TimedOut()
    for person in (ADA, caller("bob")):
        with pytest.raises(GatewayError):
            await jobs.submit(person, "local", [SPEC])
    scheduler.fails = None
    submit = scheduler.submit

    async def refuse(user: str, submissions: Sequence[Submission]) -> object:
        if user == "ada":
            raise NotAllowed("The account has expired.")
        return await submit(user, submissions)

    monkeypatch.setattr(scheduler, "submit", refuse)
    with pytest.raises(NotAllowed):
        await records.resubmit(clock.now + 6)
    assert [one.user for one in scheduler.submissions] == ["bob"]
    assert (await jobs.list(ADA, "local", JobFilter())).items == []


async def test_one_users_worker_that_hangs_keeps_no_other_waiting(
    jobs: JobService,
    scheduler: ToldScheduler,
    table: SqlJobTable,
    events: EventHub,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scheduler.fails = TimedOut()
    for person in (ADA, caller("bob")):
        with pytest.raises(TimedOut):
            await jobs.submit(person, "local", [SPEC])
    scheduler.fails = None
    submit = scheduler.submit
    others = asyncio.Event()

    async def hang(user: str, submissions: Sequence[Submission]) -> object:
        if user == "ada":
            async with asyncio.timeout(60):
                await others.wait()
            raise TimedOut
        others.set()
        return await submit(user, submissions)

    monkeypatch.setattr(scheduler, "submit", hang)
    with pytest.raises(TimedOut):
        await JobRecords("local", scheduler, table, events).resubmit(clock.now + 6)
    assert [one.user for one in scheduler.submissions] == ["bob"]


async def test_a_replay_is_answered_whatever_has_changed(
    jobs: JobService, table: SqlJobTable
) -> None:
    (before,) = await jobs.submit(ADA, "local", [SPEC])
    spec = JobSpec("a", dependencies=(Dependency("1"),))
    (job,) = await jobs.submit(ADA, "local", [spec], key="k")
    failed = JobStatus(before.native_id or "", JobState.FAILED, "X", ended_at=5.0)
    await table.record("local", [failed])
    assert (await jobs.submit(ADA, "local", [spec], key="k"))[0].id == job.id


async def test_one_submission_is_one_look_at_the_scheduler(
    jobs: JobService, scheduler: ToldScheduler
) -> None:
    await jobs.submit(ADA, "local", [SPEC, SPEC])
    ((user, native_ids),) = scheduler.looks
    assert (user, len(native_ids)) == ("ada", 2)


async def test_all_or_none_though_the_scheduler_takes_some(
    jobs: JobService, scheduler: ToldScheduler
) -> None:
    scheduler.refuses["no"] = StorageFull("There is no room.")
    specs = [JobSpec("a", name="yes"), JobSpec("a", name="no")]
    for _ in range(2):  # and so again, when the key comes again
        with pytest.raises(StorageFull, match="no room"):
            await jobs.submit(ADA, "local", specs, key="k")
    (taken,) = scheduler.submissions
    assert set(scheduler.asked) == {("ada", "cancel", taken.uuid)}
    (left,) = (await jobs.list(ADA, "local", JobFilter())).items
    assert left.name == "yes"


async def test_each_for_itself(jobs: JobService, scheduler: ToldScheduler) -> None:
    scheduler.refuses["no"] = StorageFull("There is no room.")
    specs = [
        JobSpec("a", array="0-1"),
        JobSpec(),
        JobSpec("a", name="no"),
        JobSpec("a", dependencies=(Dependency("99"),)),
        JobSpec("a", array="0-16"),
        JobSpec("a", array="0-16"),
        JobSpec("a", name="last"),
    ]
    found = await jobs.submit_each(ADA, "local", specs, key="k")
    names = [one.id if isinstance(one, Job) else one.code for one in found]
    assert names == [
        "1",
        "invalid-content",
        "storage-full",
        "invalid-content",
        "3",
        "too-many-requests",
        "too-many-requests",
    ]
    assert isinstance(found[2], Refusal)
    assert found[2].text == "There is no room."
    count = len(scheduler.submissions)
    again = await jobs.submit_each(ADA, "local", specs, key="k")
    assert [one.id if isinstance(one, Job) else one for one in again] == [
        one.id if isinstance(one, Job) else one for one in found
    ]
    assert len(scheduler.submissions) == count
    with pytest.raises(InvalidContent):  # all together is another request
        await jobs.submit(ADA, "local", specs, key="k")
    with pytest.raises(InvalidContent):
        await jobs.submit_each(ADA, "local", [])


async def test_jobs_above_the_limit_are_counted_before_they_are_made(
    jobs: JobService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand arrays of five thousand elements once had five million ids made."""
    made: list[str] = []

    def counted() -> str:
        made.append(new_id())
        return made[-1]

    monkeypatch.setattr(placing, "new_id", counted)
    specs = [JobSpec("a", array="0-14")] * 50
    with pytest.raises(InvalidContent, match=r"more than the 20 jobs.*in parts"):
        await jobs.submit(ADA, "local", specs)
    assert len(made) == 15
    found = await jobs.submit_each(ADA, "local", [*specs, JobSpec("a", array="0-4")])
    assert len(made) == 15 + 20
    assert isinstance(found[0], Job)
    assert isinstance(found[-1], Job)
    refused = [one for one in found if isinstance(one, Refusal)]
    assert {one.code for one in refused} == {"too-many-requests"}
    assert len(refused) == 49


async def test_others_have_a_turn_between_the_jobs_of_a_request(
    jobs: JobService, scheduler: ToldScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = 0
    seen: list[int] = []

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def check(submission: Submission) -> None:
        seen.append(turns)

    monkeypatch.setattr(scheduler, "check", check)
    other = asyncio.create_task(others())
    await jobs.submit(ADA, "local", [SPEC] * 10)
    other.cancel()
    assert len(seen) == len(set(seen)) == 10


async def test_a_refused_submission_whose_record_stays_is_reported_as_refused(
    jobs: JobService,
    scheduler: ToldScheduler,
    table: SqlJobTable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def full(refused: object) -> None:
        raise StorageFull

    monkeypatch.setattr(table, "withdraw", full)
    scheduler.fails = StorageFull()
    with pytest.raises(StorageFull, match="look for it before you send it again"):
        await jobs.submit(ADA, "local", [SPEC])


@pytest.mark.parametrize("away", [PersonAbsent("not there"), Unavailable("away")])
async def test_an_interrupted_submission_waits_for_its_person_or_the_scheduler(
    jobs: JobService,
    scheduler: ToldScheduler,
    table: SqlJobTable,
    events: EventHub,
    clock: SetClock,
    away: GatewayError,
) -> None:
    """The first attempt may have been taken, so it is not given up; a first one is."""
    records = JobRecords("local", scheduler, table, events)
    scheduler.fails = TimedOut()
    with pytest.raises(TimedOut):
        await jobs.submit(ADA, "local", [SPEC])
    scheduler.fails = away
    if isinstance(away, PersonAbsent):
        await records.resubmit(clock.now + 6)  # nothing that the operator has to mend
    else:
        with pytest.raises(Unavailable):
            await records.resubmit(clock.now + 6)
    assert (await jobs.get(ADA, "local", "1")).state is JobState.NEW
    with pytest.raises(Unavailable):
        await jobs.submit(ADA, "local", [SPEC])
    assert [job.id for job in (await jobs.list(ADA, "local", JobFilter())).items] == [
        "1"
    ]
    scheduler.fails = None
    await records.resubmit(clock.now + 12)
    assert len(scheduler.submissions) == 1
    assert (await jobs.get(ADA, "local", "1")).state is JobState.QUEUED


async def test_a_closed_system_takes_no_new_jobs_and_knows_the_old_ones(
    scheduler: ToldScheduler,
    table: SqlJobTable,
    events: EventHub,
    tokens: JobTokens,
    clock: SetClock,
) -> None:
    """A repeated request with a key gets its jobs, and leaves nothing if it has none.

    A dry run submits nothing, and is answered.
    """
    asked, closed = list[str](), False

    async def gate(system: str) -> None:
        asked.append(system)
        if closed:
            raise Unavailable("An outage.", retry_after=60)

    systems = {
        "local": (ComputeSystem("local", one_home(Path("/home/ada"))), scheduler)
    }
    jobs = JobService(
        systems, table, events, NoOutput(), tokens, clock=clock, gate=gate
    )
    (job,) = await jobs.submit(ADA, "local", [SPEC], key="k")
    closed = True
    for key in ("other", None):
        with pytest.raises(Unavailable, match="outage"):
            await jobs.submit(ADA, "local", [SPEC], key=key)
        with pytest.raises(Unavailable):
            await jobs.submit_each(ADA, "local", [SPEC], key=key)
    assert len((await jobs.list(ADA, "local", JobFilter())).items) == 1
    assert [one.id for one in await jobs.submit(ADA, "local", [SPEC], key="k")] == [
        job.id
    ]
    assert asked == ["local"] * 5
    assert await jobs.estimate(ADA, "local", [SPEC])
    closed = False
    (second,) = await jobs.submit(ADA, "local", [SPEC], key="other")
    assert second.id != job.id
