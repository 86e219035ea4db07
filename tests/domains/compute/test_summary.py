"""An array as one job."""

from dataclasses import replace

import pytest

from gatewright.domains.compute import Job, JobSpec, JobState, Usage
from gatewright.domains.compute.summary import array_as_job

ELEMENT = Job(
    id="7_0",
    system="local",
    user="ada",
    name="a",
    state=JobState.QUEUED,
    native_state="PENDING",
    spec=JobSpec(executable="true", array="0-1"),
    directory="/",
    stdout_path="/o",
    stderr_path="/e",
    submitted_at=1.0,
    array_index=0,
)


def ended(state: JobState, code: int | None, start: float, end: float) -> Job:
    usage = Usage(end - start, 1.0, int(end))
    return replace(
        ELEMENT,
        state=state,
        native_state=state.upper(),
        reason=f"was {state}",
        exit_code=code,
        started_at=start,
        ended_at=end,
        usage=usage,
    )


DONE = ended(JobState.COMPLETED, 0, 2.0, 4.0)
FAILED = ended(JobState.FAILED, 3, 1.0, 6.0)
CANCELED = replace(ended(JobState.CANCELED, None, 1.0, 3.0), started_at=None)


@pytest.mark.parametrize(
    ("elements", "state"),
    [
        ((ELEMENT, replace(DONE, state=JobState.ACTIVE)), JobState.ACTIVE),
        ((ELEMENT, DONE, FAILED), JobState.QUEUED),
        ((replace(ELEMENT, state=JobState.HELD), FAILED), JobState.HELD),
        ((replace(ELEMENT, state=JobState.NEW),), JobState.NEW),
        ((DONE, CANCELED, FAILED), JobState.FAILED),
        ((DONE, CANCELED), JobState.CANCELED),
        ((DONE, DONE), JobState.COMPLETED),
    ],
)
def test_the_most_alive_or_the_worst(
    elements: tuple[Job, ...], state: JobState
) -> None:
    assert array_as_job(elements).state is state


def test_an_ended_array_is_summed() -> None:
    job = array_as_job((DONE, FAILED))
    assert (job.id, job.array_index, job.exit_code) == ("7", None, 3)
    assert (job.started_at, job.ended_at) == (1.0, 6.0)
    assert job.usage == Usage(7.0, 2.0, 6)
    assert job.reason == "was failed"
    assert job.tasks == {"completed": 1, "failed": 1}


def test_an_array_was_given_what_its_elements_were() -> None:
    given = Usage(nodes=2, partition="debug", project="p", limit_seconds=60.0)
    known = replace(ELEMENT, usage=given)
    whole = array_as_job([ELEMENT, known, known])
    assert whole.usage == given
    assert array_as_job([ELEMENT]).usage == Usage()


def test_the_reason_of_an_array_goes_with_its_exit_code() -> None:
    first = replace(FAILED, exit_code=1, reason="Ended with exit code 1.")
    last = replace(FAILED, exit_code=5, reason="Ended with exit code 5.")
    job = array_as_job((DONE, first, last, replace(FAILED, exit_code=None)))
    assert (job.exit_code, job.reason) == (5, "Ended with exit code 5.")


def test_an_array_that_goes_on_has_no_end() -> None:
    job = array_as_job((DONE, ELEMENT))
    assert (job.started_at, job.ended_at, job.exit_code) == (2.0, None, None)
    assert array_as_job((CANCELED,)).exit_code is None
