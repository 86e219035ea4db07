"""Jobs as answers show them."""

from typing import Any

import msgspec
from pydantic import BaseModel, Field

from gatewright.core.clock import optional_timestamp, timestamp
from gatewright.domains.compute import Job, JobState
from gatewright.faces.api.problem import Problem


class JobUsageAnswer(BaseModel):
    """What a job has used."""

    wall_seconds: float = Field(description="Time from start to end.")
    cpu_seconds: float = Field(description="Processor time of all its processes.")
    peak_memory_bytes: int = Field(
        description="Most memory that its processes held together, as sampled."
    )


class JobAnswer(BaseModel):
    """The record of a job."""

    id: str = Field(
        description="Its id; an element of an array has its index behind: 17_3."
    )
    name: str = Field(description="Its name.")
    state: JobState = Field(description="Where it is in its life.")
    native_state: str = Field(description="The same in the scheduler's word.")
    reason: str = Field(description="Why it waits, failed or was canceled.")
    system: str = Field(description="Where it runs.")
    user: str = Field(description="Whose it is.")
    exit_code: int | None = Field(
        description="Exit code; 128 + the signal where one ended it."
    )
    signal: int | None = Field(description="Signal that ended it.")
    submitted_at: str = Field(description="RFC 3339 in UTC.")
    started_at: str | None = Field(description="RFC 3339 in UTC; null before.")
    ended_at: str | None = Field(description="RFC 3339 in UTC; null before.")
    expected_start_at: str | None = Field(
        description="When one that waits is expected to start, as the scheduler "
        "reckons; told of one job that is asked for, and null where nobody knows."
    )
    usage: JobUsageAnswer = Field(description="Whole once the job has ended.")
    array_index: int | None = Field(description="Index within its array.")
    tasks: dict[str, int] | None = Field(
        description="Of an array as a whole: how many elements are in each state."
    )
    directory: str = Field(description="Working directory.")
    stdout_path: str = Field(description="File of the output.")
    stderr_path: str = Field(description="File of the errors.")


class JobWithSpecAnswer(JobAnswer):
    """The record of a job with what was asked for."""

    spec: dict[str, Any] = Field(description="The specification, as submitted.")


class JobPage(BaseModel):
    """A page of jobs."""

    jobs: list[JobAnswer] = Field(description="Jobs, newest first.")
    next: str | None = Field(description="Cursor of the next page, null on the last.")


class JobOutcome(BaseModel):
    """What became of one of several specifications: a job, or why there is none."""

    job: JobWithSpecAnswer | None = Field(
        description="The job (or the array) that was submitted."
    )
    problem: Problem | None = Field(description="Why it was refused.")


class JobOutcomes(BaseModel):
    """What became of several specifications."""

    jobs: list[JobOutcome] = Field(description="One for each, in their order.")


def job_answer(job: Job) -> dict[str, object]:
    """Return a job without its specification."""
    return {
        "id": job.id,
        "name": job.name,
        "state": job.state.value,
        "native_state": job.native_state,
        "reason": job.reason,
        "system": job.system,
        "user": job.user,
        "exit_code": job.exit_code,
        "signal": job.signal,
        "submitted_at": timestamp(job.submitted_at),
        "started_at": optional_timestamp(job.started_at),
        "ended_at": optional_timestamp(job.ended_at),
        "expected_start_at": optional_timestamp(job.expected_start_at),
        "usage": msgspec.to_builtins(job.usage),
        "array_index": job.array_index,
        "tasks": job.tasks,
        "directory": job.directory,
        "stdout_path": job.stdout_path,
        "stderr_path": job.stderr_path,
    }


def job_with_spec(job: Job) -> dict[str, object]:
    """Return a job with its specification."""
    return {**job_answer(job), "spec": msgspec.to_builtins(job.spec)}
