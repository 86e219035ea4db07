"""Summarizes an array as one job, and a job as the data of an event."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from gatewright.core.clock import optional_timestamp
from gatewright.domains.compute.model import Job, JobState
from gatewright.domains.compute.used import Usage

_PRECEDENCE = (
    JobState.ACTIVE,
    JobState.QUEUED,
    JobState.HELD,
    JobState.NEW,
    JobState.FAILED,
    JobState.CANCELED,
    JobState.COMPLETED,
)


def as_one(jobs: Sequence[Job], job_id: str) -> Job:
    """Return the job with an id, or the elements of an array as one job."""
    if len(jobs) == 1 and (jobs[0].id == job_id or jobs[0].array_index is None):
        return jobs[0]
    return array_as_job(jobs)


def array_as_job(elements: Sequence[Job]) -> Job:
    """Return one record that stands for all elements of an array.

    Its state is the first of active, queued, held, new, failed, canceled and completed
    that any element is in. The reason comes from the element in that state with the
    highest exit code; once all have ended, the exit code is the highest of all. It
    starts with the first element and ends with the last. Times used are summed, and the
    peak memory, cores and memory limit are those of the largest element.
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
    # All are given the same, but for those that nobody knows of.
    given = next((e.usage for e in elements if e.usage.partition), Usage())
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
            cores=max(e.usage.cores for e in elements),
            memory_limit_bytes=max(e.usage.memory_limit_bytes for e in elements),
            gpus=max(e.usage.gpus for e in elements),
            gpus_busy=max(
                (e.usage.gpus_busy for e in elements if e.usage.gpus_busy is not None),
                default=None,
            ),
            nodes=max(e.usage.nodes for e in elements),
            partition=given.partition,
            project=given.project,
            limit_seconds=given.limit_seconds,
        ),
        array_index=None,
        attempts=max(e.attempts for e in elements),
        tasks={state.value: count for state, count in sorted(tasks.items())},
    )


def subject(job: Job) -> str:
    """Return the job's path below ``/api/v1/``, which is the subject of its events."""
    return f"jobs/{job.system}/{job.id}"


def event_data(job: Job) -> dict[str, object]:
    """Return the data of an event about a job."""
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
        "attempts": job.attempts,
    }
