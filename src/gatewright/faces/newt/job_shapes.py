"""Jobs in NEWT's formats: columns of ``qstat`` and records of ``sacct``."""

import time
from dataclasses import dataclass

from gatewright.domains.compute import Job, JobState, QueuedJob

LETTERS = {
    JobState.NEW: "Q",
    JobState.QUEUED: "Q",
    JobState.HELD: "H",
    JobState.ACTIVE: "R",
    JobState.COMPLETED: "C",
    JobState.FAILED: "C",
    JobState.CANCELED: "C",
}
"""One-letter states of jobs, as in ``qstat``."""


def elapsed(seconds: float) -> str:
    """Return a duration in seconds as ``HH:MM:SS``."""
    minutes, rest = divmod(max(int(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{rest:02d}"


def moment(seconds: float | None) -> str:
    """Return a time as ``sacct`` shows it, in UTC; ``Unknown`` for None."""
    if seconds is None:
        return "Unknown"
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def used(job: Job, now: float) -> float:
    """Return for how many seconds a job has run so far."""
    if job.started_at is None:
        return 0.0
    return (job.ended_at or now) - job.started_at


@dataclass(frozen=True, slots=True)
class _Place:
    """What a job has been given, or asks for, as text."""

    nodes: str
    """Number of nodes."""
    cores: str
    """Number of CPU cores."""
    queue: str
    """Queue or partition; the system's name if it is unknown."""
    project: str
    """Project or account that is charged."""
    limit: str
    """Time limit."""


def _place(job: Job, listed: QueuedJob | None) -> _Place:
    """Return a job's place by the scheduler's list, or what is recorded that it got.

    These have also what the job's script and the site's defaults say. What nobody knows
    is as the request told it.
    """
    resources, attributes, given = job.spec.resources, job.spec.attributes, job.usage
    place = _Place(
        nodes=str(given.nodes or resources.node_count or 1),
        cores=str(given.cores or resources.cores),
        queue=given.partition or attributes.queue_name or job.system,
        project=given.project or attributes.project_name or "",
        limit=_duration(given.limit_seconds or attributes.duration),
    )
    if listed is None:
        return place
    return _Place(
        nodes=str(listed.nodes),
        cores=str(listed.cores),
        queue=listed.partition or place.queue,
        project=listed.project or place.project,
        limit=_duration(listed.duration) or place.limit,
    )


def classic(
    job: Job, rank: int | None, now: float, listed: QueuedJob | None = None
) -> dict[str, str]:
    """Return a job's columns in classic NEWT, all as text.

    ``rank`` is the job's position among those that wait, and ``listed`` how its
    scheduler lists it; None for one that it does not list.
    """
    place = _place(job, listed)
    return {
        "jobid": job.id,
        "user": job.user,
        "status": LETTERS[job.state],
        "state": job.state.value,
        "name": job.name,
        "nodes": place.nodes,
        "procs": place.cores,
        "queue": place.queue,
        "rank": "" if rank is None else str(rank),
        "repo": place.project,
        "submittime": moment(job.submitted_at),
        "timereq": place.limit,
        "timeuse": elapsed(used(job, now)),
        "hostname": job.system,
    }


def classic_of_another(job: QueuedJob, system: str, now: float) -> dict[str, str]:
    """Return the columns of a job that was not submitted by the gateway.

    Its id is the system's name and the scheduler's id, so that nobody takes it for an
    id of the gateway; ``/queue/SYSTEM/ID`` does not find it.
    """
    status = job.status
    began = status.started_at if status.state is JobState.ACTIVE else None
    return {
        "jobid": f"{system}:{job.number or status.native_id}",
        "user": job.user,
        "status": LETTERS[status.state],
        "state": status.state.value,
        "name": job.name,
        "nodes": str(job.nodes),
        "procs": str(job.cores),
        "queue": job.partition or system,
        "rank": "",
        "repo": job.project,
        "submittime": moment(job.submitted_at),
        "timereq": _duration(job.duration),
        "timeuse": elapsed(0.0 if began is None else now - began),
        "hostname": system,
    }


def second(
    job: Job, rank: int | None, now: float, listed: QueuedJob | None
) -> dict[str, object]:
    """Return a job's columns in NEWT 2.0; the arguments are those of `classic`."""
    place = _place(job, listed)
    return {
        "jobid": job.id,
        "status": LETTERS[job.state],
        "user": job.user,
        "job_name": job.name,
        "nodes": place.nodes,
        "walltime": place.limit,
        "time_use": elapsed(used(job, now)),
        "time_submit": moment(job.submitted_at),
        "rank": "" if rank is None else str(rank),
        "queue": place.queue,
        "q_state": job.native_state,
        "processors": place.cores,
        "details": job.reason,
    }


def record(job: Job, now: float, output: str) -> dict[str, object]:
    """Return one job in NEWT 2.0, with its output."""
    return {
        "jobid": job.id,
        "user": job.user,
        "status": job.state.value,
        "time_start": moment(job.started_at),
        "time_end": moment(job.ended_at),
        "time_used": elapsed(used(job, now)),
        "output": output,
    }


def accounting(job: Job, now: float, listed: QueuedJob | None = None) -> dict[str, str]:
    """Return a job's accounting record with the column names of ``sacct``.

    ``listed`` is as for `classic`.

    As there, ``cputime`` is the time of all cores that it had, busy or not, and
    ``totalcpu`` that for which they were busy; a job that a signal ended has no exit
    code.
    """
    place = _place(job, listed)
    cores = job.usage.cores or int(place.cores)
    ran = job.usage.wall_seconds if job.ended else used(job, now)
    return {
        "jobid": job.id,
        "jobname": job.name,
        "user": job.user,
        "account": place.project,
        "partition": place.queue,
        "state": job.native_state,
        "exitcode": f"{0 if job.signal else job.exit_code or 0}:{job.signal or 0}",
        "submit": moment(job.submitted_at),
        "start": moment(job.started_at),
        "end": moment(job.ended_at),
        "elapsed": elapsed(used(job, now)),
        "cputime": elapsed(ran * cores),
        "totalcpu": elapsed(job.usage.cpu_seconds),
        "maxrss": str(job.usage.peak_memory_bytes),
        "alloccpus": str(cores),
        "nnodes": place.nodes,
    }


def _duration(seconds: float | None) -> str:
    return "" if seconds is None else elapsed(seconds)
