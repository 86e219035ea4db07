"""Jobs as the faces use them, over a scheduler that does as it is told."""

from dataclasses import replace

import pytest
from tests.domains.compute.conftest import ADA, SPEC, SetClock, ToldScheduler

from gatewright.backends.sql import Statement, Work
from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.backends.sqlite import SqliteDatabase
from gatewright.core.caller import Scope
from gatewright.core.errors import (
    Conflict,
    InvalidContent,
    NotAllowed,
    NotFound,
    TimedOut,
    Unavailable,
)
from gatewright.core.events import EventHub
from gatewright.domains.compute import (
    ChangeArrayLimit,
    ChangeLimit,
    Condition,
    Dependency,
    Estimate,
    JobFilter,
    JobRecords,
    JobService,
    JobSignal,
    JobSpec,
    JobState,
    JobStatus,
    OrderKind,
    Requeue,
    Resources,
    SendSignal,
    Snapshot,
    Stream,
)


async def test_paths_are_made_absolute(jobs: JobService) -> None:
    async def paths(**spec: str | None) -> tuple[str, str, str]:
        (job,) = await jobs.submit(ADA, "local", [JobSpec(executable="a", **spec)])  # type: ignore[arg-type]
        return job.directory, job.stdout_path, job.stderr_path

    home = "/home/ada"
    assert await paths() == (home, f"{home}/job-1.out", f"{home}/job-1.err")
    assert await paths(directory="w/../x", stdout_path="../o", stderr_path="~/e") == (
        f"{home}/x",
        f"{home}/o",
        f"{home}/e",
    )
    assert (await paths(directory="~"))[0] == home
    assert (await paths(directory="/data", stdout_path="{id}"))[1] == "/data/4"


async def test_names_are_made(jobs: JobService) -> None:
    specs = [
        SPEC,
        JobSpec(script="echo"),
        JobSpec(executable="a/"),
        JobSpec("a", name="n"),
        JobSpec(script="# name: own"),
        JobSpec(script="# name: own", name="n"),
        JobSpec(script="# name: " + "long" * 100),
    ]
    names = [job.name for job in await jobs.submit(ADA, "local", specs)]
    assert names == ["true", "script", "script", "n", "own", "n", "long" * 50]


async def test_the_systems_and_what_they_have(jobs: JobService) -> None:
    assert jobs.systems == ("local",)
    assert jobs.capabilities("local").cores == 4
    with pytest.raises(NotFound):
        jobs.capabilities("elsewhere")


async def test_a_damaged_record_costs_its_job_alone(
    jobs: JobService,
    scheduler: ToldScheduler,
    table: SqlJobTable,
    database: SqliteDatabase,
    events: EventHub,
    clock: SetClock,
) -> None:
    records = JobRecords("local", scheduler, table, events)
    await jobs.submit(ADA, "local", [SPEC])
    scheduler.fails = TimedOut()
    for key in ("a", "b"):
        with pytest.raises(TimedOut):
            await jobs.submit(ADA, "local", [SPEC], key=key)
    scheduler.fails = None

    def damage() -> Work[None]:
        yield Statement("UPDATE job_submissions SET spec = '' WHERE number < 3")
        yield Statement("UPDATE job_keys SET numbers = '[' WHERE key = 'a'")

    await database.run(damage)
    await records.resubmit(clock.now + 6)
    found = {job.id: job for job in (await jobs.list(ADA, "local", JobFilter())).items}
    states = [found[number].state for number in ("1", "2", "3")]
    assert states == [JobState.QUEUED, JobState.FAILED, JobState.QUEUED]
    assert (found["2"].native_state, "damaged" in found["2"].reason) == ("LOST", True)
    (event,) = await events.log.after(0, owner="ada", subject="jobs/local/2")
    assert event.kind == "job.failed"
    assert len(scheduler.submissions) == 2
    (again,) = await jobs.submit(ADA, "local", [SPEC], key="a")  # a forgotten key
    assert again.id == "4"


async def test_a_dependency_that_is_settled_is_not_passed_on(
    jobs: JobService, scheduler: ToldScheduler, table: SqlJobTable
) -> None:
    before = await jobs.submit(ADA, "local", [SPEC, SPEC])
    done = JobStatus(
        before[0].native_id or "", JobState.COMPLETED, "DONE", ended_at=5.0
    )
    await table.record("local", [done])
    dependencies = (
        Dependency("1"),
        Dependency("1", Condition.AFTER_ANY),
        Dependency("2", Condition.AFTER_ANY),
    )
    await jobs.submit(ADA, "local", [JobSpec("a", dependencies=dependencies)])
    passed = scheduler.submissions[-1].dependencies
    assert [(d.job, d.condition) for d in passed] == [("2", Condition.AFTER_ANY)]
    never = JobSpec("a", dependencies=(Dependency("1", Condition.AFTER_NOT_OK),))
    with pytest.raises(InvalidContent):
        await jobs.submit(ADA, "local", [never])
    with pytest.raises(InvalidContent):
        await jobs.submit(ADA, "local", [JobSpec("a", dependencies=(Dependency("x"),))])


async def test_sizes_of_a_request(jobs: JobService) -> None:
    with pytest.raises(InvalidContent):
        await jobs.submit(ADA, "local", [])
    with pytest.raises(InvalidContent):
        await jobs.submit(ADA, "local", [SPEC] * 1001)
    with pytest.raises(InvalidContent):
        await jobs.submit(ADA, "local", [SPEC] * 21)
    for key in ("", "a\n", "x" * 256):
        with pytest.raises(InvalidContent):
            await jobs.submit(ADA, "local", [SPEC], key=key)


async def test_an_array_is_controlled_as_one(
    jobs: JobService, scheduler: ToldScheduler, table: SqlJobTable
) -> None:
    spec = JobSpec(executable="a", array="0-2%2")
    (array,) = await jobs.submit(ADA, "local", [spec])
    assert (array.id, array.tasks) == ("1", {"queued": 3})
    limits = {(s.array_id, s.array_index, s.array_limit) for s in scheduler.submissions}
    assert limits == {("1", 0, 2), ("1", 1, 2), ("1", 2, 2)}
    first = await jobs.get(ADA, "local", "1_0")
    active = JobStatus(first.native_id or "", JobState.ACTIVE, "R", started_at=2.0)
    scheduler.known[active.native_id] = active
    await table.record("local", [active])
    await jobs.hold(ADA, "local", "1")
    assert len(scheduler.asked) == 2
    await jobs.release(ADA, "local", "1_1")
    await jobs.cancel(ADA, "local", "1")
    assert {user for user, _, _ in scheduler.asked} == {"ada"}
    assert [verb for _, verb, _ in scheduler.asked] == ["hold"] * 2 + ["release"] + [
        "cancel"
    ] * 3
    with pytest.raises(Conflict):
        await jobs.hold(ADA, "local", "1_0")
    with pytest.raises(NotFound):
        await jobs.output(ADA, "local", "1", Stream.OUTPUT)
    with pytest.raises(NotFound):
        await jobs.output(ADA, "local", "1_0", Stream.ERROR)
    single = JobSpec(executable="a", array="7")
    (one,) = await jobs.submit(ADA, "local", [single])
    assert (one.id, one.tasks) == ("2", {"queued": 1})
    assert (await jobs.get(ADA, "local", "2_7")).array_index == 7


async def test_a_job_that_starts_while_it_is_held_is_a_conflict(
    jobs: JobService, scheduler: ToldScheduler
) -> None:
    (job,) = await jobs.submit(ADA, "local", [SPEC])
    native_id = job.native_id or ""
    started = JobStatus(native_id, JobState.ACTIVE, "R", started_at=2.0)
    scheduler.known[native_id] = started
    with pytest.raises(Conflict, match="started before"):
        await jobs.hold(ADA, "local", job.id)
    assert (await jobs.get(ADA, "local", job.id)).state is JobState.ACTIVE


async def test_a_system_answers_when_its_scheduler_does(
    jobs: JobService, scheduler: ToldScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    await jobs.ready("local")

    async def silent() -> Snapshot:
        raise Unavailable("Its controller does not answer.")

    async def old() -> Snapshot:
        return Snapshot(7.0, [], failure="It is away.")

    for answer in (silent, old):
        monkeypatch.setattr(scheduler, "snapshot", answer)
        with pytest.raises(Unavailable):
            await jobs.ready("local")
    with pytest.raises(NotFound):
        await jobs.ready("elsewhere")


async def test_the_queue_says_what_the_scheduler_said_and_when(
    jobs: JobService, scheduler: ToldScheduler
) -> None:
    await jobs.submit(ADA, "local", [SPEC, SPEC])
    first, other = scheduler.known.values()
    scheduler.known[first.native_id] = replace(first, state=JobState.ACTIVE)
    queue = await jobs.queue(ADA, "local")
    assert (queue.as_of, queue.running, queue.waiting) == (7.0, 1, 1)
    assert queue.cores_in_use == 3
    assert len(queue.jobs) == 2
    assert other.state is JobState.QUEUED


async def test_events_tell_of_each_change(jobs: JobService, events: EventHub) -> None:
    await jobs.submit(ADA, "local", [SPEC])
    (event,) = await events.log.after(0, owner="ada", subject="jobs/local")
    assert (event.kind, event.subject) == ("job.queued", "jobs/local/1")
    assert event.data["state"] == "queued"
    assert await events.log.after(0, owner="bob") == []


async def test_what_has_ended_is_not_canceled_again(
    jobs: JobService, scheduler: ToldScheduler, table: SqlJobTable
) -> None:
    (job,) = await jobs.submit(ADA, "local", [SPEC])
    assert [one.id for one in (await jobs.queue(ADA, "local")).jobs] == [job.id]
    done = JobStatus(job.native_id or "", JobState.COMPLETED, "DONE", ended_at=5.0)
    await table.record("local", [done])
    assert (await jobs.cancel(ADA, "local", job.id)).state is JobState.COMPLETED
    assert scheduler.asked == []
    assert (await jobs.queue(ADA, "local")).jobs == []


async def test_jobs_that_are_not_there(jobs: JobService) -> None:
    await jobs.submit(ADA, "local", [SPEC])
    for job_id in ("2", "01", "x", "", "1_", "1_x", "1_1", "-1", "9" * 30):
        with pytest.raises(NotFound):
            await jobs.get(ADA, "local", job_id)


async def test_what_is_just_being_submitted_is_not_canceled_with_others(
    jobs: JobService, scheduler: ToldScheduler
) -> None:
    (there,) = await jobs.submit(ADA, "local", [JobSpec(executable="a", name="x")])
    scheduler.fails = TimedOut()
    with pytest.raises(TimedOut):
        await jobs.submit(ADA, "local", [JobSpec(executable="a", name="x")])
    told = await jobs.cancel_matching(ADA, "local", JobFilter(name="x"))
    assert (told.jobs, told.left) == ([there.id], ["2"])
    assert scheduler.asked == [("ada", "cancel", there.native_id)]
    told = await jobs.cancel_matching(ADA, "local", JobFilter(name="y"))
    assert (told.jobs, told.left) == ([], [])
    with pytest.raises(InvalidContent, match="Say which"):
        await jobs.cancel_matching(ADA, "local", JobFilter())


ORDERS = (
    SendSignal(JobSignal.TERM),
    ChangeLimit(60),
    ChangeArrayLimit(2),
    Requeue(),
)


class TestDryRun:
    async def test_it_says_where_and_when_a_job_would_start_and_leaves_nothing(
        self, jobs: JobService, scheduler: ToldScheduler
    ) -> None:
        cores = Resources(cpu_cores_per_process=3)
        (first,) = await jobs.submit(ADA, "local", [JobSpec(executable="a")])
        specs = [
            JobSpec(executable="a", resources=cores),
            JobSpec(executable="a", array="0-9%2"),
            JobSpec(executable="a", dependencies=(Dependency(first.id),)),
        ]
        told = await jobs.estimate(ADA, "local", specs)
        assert [one.cores for one in told] == [3, 1, 1]
        assert told[0] == Estimate(1000.0, 3, "n1", "batch")
        _, array, dependent = scheduler.tried
        assert [one.array_index for one in array] == list(range(10))
        assert array[0].array_limit == 2
        assert [one.native_id for one in dependent[0].dependencies] == [first.native_id]
        assert len(scheduler.submissions) == 1
        assert [job.id for job in (await jobs.queue(ADA, "local")).jobs] == [first.id]

    async def test_a_refusal_has_its_reason_in_words(
        self, jobs: JobService, scheduler: ToldScheduler
    ) -> None:
        scheduler.refuses["a"] = InvalidContent("There is no such account.")
        with pytest.raises(InvalidContent, match="no such account"):
            await jobs.estimate(ADA, "local", [JobSpec(executable="a")])
        with pytest.raises(InvalidContent, match="executable"):
            await jobs.estimate(ADA, "local", [JobSpec()])
        for count in (0, 11):
            with pytest.raises(InvalidContent, match="from 1 to 10"):
                await jobs.estimate(ADA, "local", [JobSpec(executable="b")] * count)
        reader = replace(ADA, scopes=ADA.scopes - {Scope.JOBS_SUBMIT})
        with pytest.raises(NotAllowed):
            await jobs.estimate(reader, "local", [JobSpec(executable="b")])


class TestFurtherOrders:
    async def test_a_limit_at_once_is_for_arrays_and_requeuing_for_begun_jobs(
        self, jobs: JobService, scheduler: ToldScheduler, table: SqlJobTable
    ) -> None:
        scheduler.capabilities = replace(
            scheduler.capabilities, orders=frozenset(OrderKind)
        )
        array, alone, held = await jobs.submit(
            ADA,
            "local",
            [
                JobSpec(executable="a", array="0-1"),
                JobSpec(executable="a"),
                JobSpec(executable="a", hold=True),
            ],
        )
        await jobs.order(ADA, "local", array.id, ChangeArrayLimit(None))
        assert [kind for kind, *_ in scheduler.asked] == ["array_limit"] * 2
        with pytest.raises(Conflict, match="whole array"):
            await jobs.order(ADA, "local", f"{array.id}_0", ChangeArrayLimit(1))
        with pytest.raises(Conflict, match="whole array"):
            await jobs.order(ADA, "local", alone.id, ChangeArrayLimit(1))
        with pytest.raises(Conflict, match="runs or is held"):
            await jobs.order(ADA, "local", alone.id, Requeue())
        await jobs.order(ADA, "local", held.id, Requeue())
        native = alone.native_id or ""
        active = JobStatus(native, JobState.ACTIVE, "RUNNING", started_at=2.0)
        await table.record("local", [replace(active, restarts=0)])
        scheduler.known[native] = JobStatus(
            native, JobState.QUEUED, "PENDING", "Waits.", restarts=1
        )
        again = await jobs.order(ADA, "local", alone.id, Requeue())
        assert (again.id, again.state) == (alone.id, JobState.QUEUED)
        assert (again.attempts, again.started_at) == (2, None)

    async def test_they_are_given_for_the_jobs_that_they_concern(
        self, jobs: JobService, scheduler: ToldScheduler, table: SqlJobTable
    ) -> None:
        scheduler.capabilities = replace(
            scheduler.capabilities, orders=frozenset(OrderKind)
        )
        waits, runs = await jobs.submit(ADA, "local", [JobSpec(executable="a")] * 2)
        native = runs.native_id or ""
        active = JobStatus(native, JobState.ACTIVE, "RUNNING", started_at=2.0)
        scheduler.known[native] = active
        await table.record("local", [active])
        signal, limit = SendSignal(JobSignal.USR1), ChangeLimit(60)
        job = await jobs.order(ADA, "local", runs.id, signal)
        assert job.state is JobState.ACTIVE
        with pytest.raises(Conflict, match="runs"):
            await jobs.order(ADA, "local", waits.id, signal)
        await jobs.order(ADA, "local", waits.id, limit)
        assert [one for one in scheduler.asked if one[0] in set(OrderKind)] == [
            ("signal", "ada", native),
            ("change", "ada", waits.native_id),
        ]
        done = JobStatus(native, JobState.COMPLETED, "DONE", ended_at=3.0)
        await table.record("local", [done])
        with pytest.raises(Conflict, match="ended"):
            await jobs.order(ADA, "local", runs.id, limit)

    async def test_a_scheduler_that_takes_none_says_so(
        self, jobs: JobService, scheduler: ToldScheduler
    ) -> None:
        (job,) = await jobs.submit(ADA, "local", [JobSpec(executable="a")])
        for order in ORDERS:
            with pytest.raises(Conflict, match="The scheduler of local cannot"):
                await jobs.order(ADA, "local", job.id, order)
        assert scheduler.asked == []

    async def test_they_need_the_right_to_end_jobs(
        self, jobs: JobService, scheduler: ToldScheduler
    ) -> None:
        """A signal ends a job, and so does a limit that it has passed."""
        (job,) = await jobs.submit(ADA, "local", [JobSpec(executable="a")])
        program = replace(ADA, scopes=ADA.scopes - {Scope.JOBS_CANCEL})
        for order in ORDERS:
            with pytest.raises(NotAllowed, match="jobs:cancel"):
                await jobs.order(program, "local", job.id, order)
        assert scheduler.asked == []
