"""New jobs while their scheduler is known to be away."""

import pytest
from tests.domains.compute.conftest import ADA, SPEC, ToldScheduler

from gatewright.core.errors import Unavailable
from gatewright.domains.compute import JobService, Submission


async def test_none_is_recorded_while_the_scheduler_is_known_to_be_away(
    jobs: JobService, scheduler: ToldScheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole request is told to come again, not each of its jobs."""

    async def away(submission: Submission) -> None:
        raise Unavailable("It is away.", retry_after=5.0)

    with monkeypatch.context() as patched:
        patched.setattr(scheduler, "check", away)
        for submit in (jobs.submit, jobs.submit_each, jobs.estimate):
            with pytest.raises(Unavailable) as told:
                await submit(ADA, "local", [SPEC, SPEC])
            assert told.value.retry_after == 5.0
    assert scheduler.submissions == []
    # Nor is the key used.
    (job,) = await jobs.submit(ADA, "local", [SPEC], key="k")
    assert job.id == "1"
