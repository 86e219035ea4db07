"""Why a job waits for others, as its user reads it."""

import pytest
from tests.domains.compute.conftest import ADA, ToldScheduler

from gatewright.domains.compute import (
    WAITS_FOR_ANOTHER,
    Dependency,
    JobService,
    JobSpec,
    JobState,
    JobStatus,
)

ALL = "Waits until all jobs that it depends on have ended"


@pytest.mark.parametrize(
    ("count", "reason"),
    [
        (0, f"{WAITS_FOR_ANOTHER} (Slurm's 1184)."),
        (1, "Waits for job 1 to end."),
        (2, f"{ALL}: 1, 2."),
        (7, f"{ALL}: 1, 2, 3, 4, 5 and 2 more."),
    ],
)  # fmt: skip
async def test_the_jobs_are_named_by_the_ids_that_the_user_knows(
    jobs: JobService, scheduler: ToldScheduler, count: int, reason: str
) -> None:
    """The scheduler's own numbers may be those of other jobs here."""
    made = await jobs.submit(ADA, "local", [JobSpec(executable="a")] * max(count, 1))
    others = tuple(Dependency(one.id) for one in made[:count])
    spec = JobSpec(executable="b", dependencies=(*others, *others))
    (job,) = await jobs.submit(ADA, "local", [spec])
    told = f"{WAITS_FOR_ANOTHER} (Slurm's 1184)."
    native = job.native_id or ""
    scheduler.known[native] = JobStatus(native, JobState.QUEUED, "PENDING", told)
    assert (await jobs.hold(ADA, "local", job.id)).reason == reason
    assert (await jobs.get(ADA, "local", job.id)).reason == reason
    last = (await jobs.queue(ADA, "local")).jobs[-1]
    assert (last.id, last.reason) == (job.id, reason)
    scheduler.known[native] = JobStatus(native, JobState.QUEUED, "PENDING", "Priority")
    assert (await jobs.hold(ADA, "local", job.id)).reason == "Priority"
