"""JSON descriptions of jobs."""

from typing import Any

import msgspec
from pydantic import BaseModel, Field

from gatewright.core.clock import optional_timestamp, timestamp
from gatewright.domains.compute import Estimate, Job, JobState, efficiency
from gatewright.faces.api.problem import Problem


class JobUsageAnswer(BaseModel):
    """What a job was given, and what it has used of that."""

    wall_seconds: float = Field(description="Time from start to end.")
    cpu_seconds: float = Field(description="CPU time of all its processes.")
    peak_memory_bytes: int = Field(
        description="Largest sampled total memory of its processes."
    )
    cores: int = Field(
        description="Cores that were allocated to it; 0 where nobody knows."
    )
    memory_limit_bytes: int = Field(
        description="Memory that was allocated to it; 0 without a limit, or where "
        "nobody knows."
    )
    gpus: int = Field(
        description="GPUs that were allocated to it; 0 without, or where nobody knows."
    )
    gpus_busy: float | None = Field(
        description="Most GPUs that were busy at once in any sample, as an upper "
        "bound; null where the site samples none."
    )
    nodes: int = Field(
        description="Nodes that were allocated to it; 0 where nobody knows."
    )
    partition: str = Field(
        description="Queue or partition that it was given; empty where nobody knows."
    )
    project: str = Field(
        description="Project that it was charged to; empty where nobody knows."
    )
    limit_seconds: float | None = Field(
        description="Its time limit; null without one, or where nobody knows."
    )


class EfficiencyAnswer(BaseModel):
    """How much of its requested resources a job used."""

    cpu: float = Field(
        description="CPU time divided by the wall time of all its cores; above 1 if it "
        "used more cores than it requested.",
        examples=[0.87],
    )
    memory: float | None = Field(
        description="Largest memory used, divided by the requested memory; null if it "
        "requested none."
    )
    gpu: float | None = Field(
        description="Most GPUs that were busy at once in any sample, divided by the "
        "GPUs that it had: an upper bound. Null without GPUs or samples of them."
    )
    advice: str = Field(
        description="What to request next time.",
        examples=["Its 8 cores were busy for 12 % of the time: 1 would do."],
    )


class JobAnswer(BaseModel):
    """The record of a job."""

    id: str = Field(
        description="Id of the job; of an element of an array, with its index: 17_3."
    )
    name: str = Field(description="Name of the job.")
    state: JobState = Field(description="State of the job.")
    native_state: str = Field(description="State as the scheduler names it.")
    reason: str = Field(description="Why it waits, failed or was canceled.")
    system: str = Field(description="System that runs it.")
    user: str = Field(description="Account that submitted it.")
    exit_code: int | None = Field(
        description="Exit code; 128 plus the signal's number if a signal ended it."
    )
    signal: int | None = Field(description="Number of the signal that ended it.")
    submitted_at: str = Field(description="RFC 3339 in UTC.")
    started_at: str | None = Field(description="RFC 3339 in UTC; null before.")
    ended_at: str | None = Field(description="RFC 3339 in UTC; null before.")
    expected_start_at: str | None = Field(
        description="Start of a waiting job as the scheduler estimates it; null if "
        "unknown, and in lists of jobs."
    )
    usage: JobUsageAnswer = Field(description="Resources used; final after the end.")
    efficiency: EfficiencyAnswer | None = Field(
        description="How much of its requested resources it used; null before its end, "
        "if it ran for less than ten seconds, and if nothing was measured."
    )
    array_index: int | None = Field(description="Index within its array.")
    tasks: dict[str, int] | None = Field(
        description="Number of elements in each state; null unless it is an array."
    )
    attempts: int = Field(
        description="Number of runs, with the present or next one: above 1 if it was "
        "put back into the queue.",
        examples=[1],
    )
    directory: str = Field(description="Working directory.")
    stdout_path: str = Field(description="File of its standard output.")
    stderr_path: str = Field(description="File of its standard error.")


class JobWithSpecAnswer(JobAnswer):
    """The record of a job with its specification."""

    spec: dict[str, Any] = Field(description="The specification, as submitted.")


class JobPage(BaseModel):
    """A page of jobs."""

    jobs: list[JobAnswer] = Field(description="Jobs, newest first.")
    next: str | None = Field(description="Cursor of the next page, null on the last.")


class EstimateAnswer(BaseModel):
    """Where and when a job would run, if it were submitted now."""

    expected_start_at: str | None = Field(
        description="Expected start, RFC 3339 in UTC; null if the scheduler tells none."
    )
    cores: int = Field(
        description="CPU cores of the job, or of each element of an array."
    )
    nodes: str = Field(
        description="Nodes, in the scheduler's notation; empty if it tells none.",
        examples=["n[01-04]"],
    )
    partition: str = Field(
        description="Queue or partition; empty if the scheduler tells none."
    )


class JobOutcome(BaseModel):
    """The result of one of several specifications: a job, or why it was refused."""

    job: JobWithSpecAnswer | None = Field(
        description="The job (or the array) that was submitted."
    )
    problem: Problem | None = Field(description="Why it was refused.")


class JobOutcomes(BaseModel):
    """The results of several specifications."""

    jobs: list[JobOutcome] = Field(description="One for each specification, in order.")


def estimate_answer(estimate: Estimate) -> dict[str, object]:
    """Return where and when a job would run as JSON values."""
    return {
        "expected_start_at": optional_timestamp(estimate.expected_start_at),
        "cores": estimate.cores,
        "nodes": estimate.nodes,
        "partition": estimate.partition,
    }


def job_answer(job: Job) -> dict[str, object]:
    """Return a job without its specification as JSON values."""
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
        "efficiency": msgspec.to_builtins(efficiency(job)),
        "array_index": job.array_index,
        "tasks": job.tasks,
        "attempts": job.attempts,
        "directory": job.directory,
        "stdout_path": job.stdout_path,
        "stderr_path": job.stderr_path,
    }


def job_with_spec(job: Job) -> dict[str, object]:
    """Return a job with its specification as JSON values."""
    return {**job_answer(job), "spec": msgspec.to_builtins(job.spec)}
