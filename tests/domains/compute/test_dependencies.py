"""What a job waits for, by the conditions that its request names."""

import pytest
from tests.domains.compute.conftest import ADA, SPEC, ToldScheduler

from gatewright.core.errors import InvalidContent
from gatewright.domains.compute import (
    WAITS_FOR_A_START,
    WAITS_FOR_ANOTHER,
    Condition,
    Dependency,
    JobService,
    JobSpec,
    JobState,
    JobStatus,
)


def waiting(*dependencies: Dependency, array: str | None = None) -> JobSpec:
    return JobSpec(executable="b", array=array, dependencies=dependencies)


async def became(
    jobs: JobService, scheduler: ToldScheduler, job_id: str, *states: JobState
) -> None:
    """Have the scheduler tell the states of a job, or of an array's elements."""
    told = await jobs._table.numbered("local", "ada", int(job_id))
    for one, state in zip(told, states, strict=True):
        native = one.native_id or ""
        ended_at = None if state is JobState.ACTIVE else 9.0
        scheduler.known[native] = JobStatus(native, state, "-", ended_at=ended_at)
    await jobs._system("local").records.refresh(
        "ada", [one.native_id or "" for one in told]
    )


async def asked(
    jobs: JobService, scheduler: ToldScheduler, spec: JobSpec
) -> list[tuple[Condition, str]]:
    """Submit a job, and return what the scheduler is told that it waits for."""
    await jobs.submit(ADA, "local", [spec])
    waits = scheduler.submissions[-1].dependencies
    return [(one.condition, one.job) for one in waits]


async def test_a_job_waits_for_the_start_of_another(
    jobs: JobService, scheduler: ToldScheduler
) -> None:
    (first,) = await jobs.submit(ADA, "local", [SPEC])
    spec = waiting(Dependency(first.id, Condition.AFTER))
    assert await asked(jobs, scheduler, spec) == [(Condition.AFTER, first.id)]
    for state in (JobState.ACTIVE, JobState.CANCELED):
        await became(jobs, scheduler, first.id, state)
        assert await asked(jobs, scheduler, spec) == []


async def test_a_singleton_names_no_job(
    jobs: JobService, scheduler: ToldScheduler
) -> None:
    spec = waiting(Dependency(condition=Condition.SINGLETON))
    assert await asked(jobs, scheduler, spec) == [(Condition.SINGLETON, "")]


async def test_elements_wait_for_those_of_their_index(
    jobs: JobService, scheduler: ToldScheduler
) -> None:
    """One that failed is in the way of the element of its index only."""
    (first,) = await jobs.submit(ADA, "local", [JobSpec(executable="a", array="0-2")])
    corresponding = Dependency(first.id, Condition.AFTER_CORR)
    spec = waiting(corresponding, array="0-1")
    assert await asked(jobs, scheduler, spec) == [
        (Condition.AFTER_CORR, f"{first.id}_{index}") for index in range(3)
    ]
    states = (JobState.COMPLETED, JobState.ACTIVE, JobState.FAILED)
    await became(jobs, scheduler, first.id, *states)
    assert (await asked(jobs, scheduler, spec))[0] == (
        Condition.AFTER_CORR, f"{first.id}_1",
    )  # fmt: skip
    with pytest.raises(InvalidContent, match=f"Job {first.id}_2 is failed"):
        await asked(jobs, scheduler, waiting(corresponding, array="2"))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (waiting(Dependency("1", Condition.SINGLETON)), "has no “job”"),
        (waiting(Dependency()), "“after_ok” needs a “job”"),
        (waiting(Dependency("1", Condition.AFTER_CORR)), "pairs the elements"),
        (waiting(Dependency("1_0", Condition.AFTER_CORR), array="0"), "a whole array"),
        (waiting(Dependency("1", Condition.AFTER_CORR), array="0"), "is no array"),
        (waiting(Dependency("9", Condition.AFTER)), "no job “9”"),
    ],
)
async def test_what_means_nothing_is_refused(
    jobs: JobService, spec: JobSpec, words: str
) -> None:
    await jobs.submit(ADA, "local", [SPEC])
    with pytest.raises(InvalidContent, match=words):
        await jobs.submit(ADA, "local", [spec])


@pytest.mark.parametrize(
    ("told", "condition", "reason"),
    [
        (WAITS_FOR_A_START, Condition.AFTER, "Waits for job {} to begin."),
        (WAITS_FOR_ANOTHER, Condition.AFTER_ANY, "Waits for job {} to end."),
        (WAITS_FOR_ANOTHER, Condition.AFTER_CORR,
         "Waits for its element of job {} to end."),
        (WAITS_FOR_ANOTHER, Condition.AFTER, f"{WAITS_FOR_ANOTHER} (Slurm's 7)."),
    ],
)  # fmt: skip
async def test_the_reason_says_for_what(
    jobs: JobService,
    scheduler: ToldScheduler,
    told: str,
    condition: Condition,
    reason: str,
) -> None:
    (first,) = await jobs.submit(ADA, "local", [JobSpec(executable="a", array="0")])
    spec = waiting(Dependency(first.id, condition), array="0")
    (job,) = await jobs.submit(ADA, "local", [spec])
    native = scheduler.submissions[-1].uuid
    text = f"{told} (Slurm's 7)."
    scheduler.known[native] = JobStatus(native, JobState.QUEUED, "PENDING", text)
    held = await jobs.hold(ADA, "local", f"{job.id}_0")
    assert held.reason == reason.format(first.id)


async def test_several_that_have_to_begin_are_named(
    jobs: JobService, scheduler: ToldScheduler
) -> None:
    made = await jobs.submit(ADA, "local", [SPEC, SPEC])
    spec = waiting(*(Dependency(one.id, Condition.AFTER) for one in made))
    (job,) = await jobs.submit(ADA, "local", [spec])
    native = scheduler.submissions[-1].uuid
    scheduler.known[native] = JobStatus(
        native, JobState.QUEUED, "PENDING", f"{WAITS_FOR_A_START} (Slurm's 7, 8)."
    )
    names = ", ".join(one.id for one in made)
    assert (await jobs.hold(ADA, "local", job.id)).reason == (
        f"Waits until all jobs that it depends on have begun: {names}."
    )
