"""Several jobs as one: an array from its elements; and a job as an event tells it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from gatewright.core.clock import optional_timestamp
from gatewright.domains.compute.model import Job, JobState, Usage

_PRECEDENCE = (
    JobState.ACTIVE,
    JobState.QUEUED,
    JobState.HELD,
    JobState.NEW,
    JobState.FAILED,
    JobState.CANCELED,
    JobState.COMPLETED,
)


def array_as_job(elements: Sequence[Job]) -> Job:
    """Return an array as one job.

    Its state is the most alive of its elements' states; among ended ones the worst,
    and its reason that of the highest exit code, which it has itself.
    It started with the first and ends with the last; usage is summed, but for the
    peak of memory, which is the largest element's.
    """
    tasks = Counter(element.state for element in elements)
    state = next(state for state in _PRECEDENCE if tasks[state])
    deciding = max(
        (element for element in elements if element.state is state),
        key=lambda element: element.exit_code or 0,
    )
    starts = [e.started_at for e in elements if e.started_at is not None]
    ends = [e.ended_at for e in elements if e.ended_at is not None]
    ended = len(ends) == len(elements)
    codes = [e.exit_code for e in elements if e.exit_code is not None]
    return replace(
        elements[0],
        id=str(elements[0].number),
        state=state,
        native_state=deciding.native_state,
        reason=deciding.reason,
        exit_code=max(codes, default=None) if ended else None,
        signal=None,
        started_at=min(starts, default=None),
        ended_at=max(ends) if ended else None,
        usage=Usage(
            wall_seconds=sum(e.usage.wall_seconds for e in elements),
            cpu_seconds=sum(e.usage.cpu_seconds for e in elements),
            peak_memory_bytes=max(e.usage.peak_memory_bytes for e in elements),
        ),
        array_index=None,
        tasks={state.value: count for state, count in sorted(tasks.items())},
    )


def subject(job: Job) -> str:
    """Return the job's path below ``/api/v1/``."""
    return f"jobs/{job.system}/{job.id}"


def event_data(job: Job) -> dict[str, object]:
    """Return what an event says of a job."""
    return {
        "id": job.id,
        "system": job.system,
        "name": job.name,
        "state": job.state.value,
        "native_state": job.native_state,
        "reason": job.reason,
        "exit_code": job.exit_code,
        "submitted_at": optional_timestamp(job.submitted_at),
        "started_at": optional_timestamp(job.started_at),
        "ended_at": optional_timestamp(job.ended_at),
        "array_index": job.array_index,
    }
