"""The jobs of all users, the nodes and the partitions, as far as users may see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gatewright.core.pages import Page, decode_cursor, encode_cursor
from gatewright.domains.compute.model import (
    Capabilities,
    Job,
    JobState,
)
from gatewright.domains.compute.snapshot import Node, Partition, QueuedJob, Snapshot


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which jobs of the queue to show.

    All criteria must hold, and empty ones always do.
    """

    user: str = ""
    """Account that a job runs under."""
    partition: str = ""
    """Queue or partition; a job that names several is shown for each of them."""
    name: str = ""
    """Name of the job."""
    state: JobState | None = None
    """State of the job."""

    def takes(self, job: QueuedJob) -> bool:
        """Return whether the filter accepts a job."""
        return (
            self.user in {"", job.user}
            and self.name in {"", job.name}
            and (not self.partition or self.partition in job.partition.split(","))
            and self.state in {None, job.status.state}
        )


@dataclass(frozen=True, slots=True)
class SeenJob:
    """A job of the queue as one user sees it."""

    job: QueuedJob
    """The job as the scheduler lists it."""
    id: str | None
    """The gateway's id, if the job is the user's own and was submitted here; else None.
    """


def visible(whole: Snapshot, user: str, own: Mapping[str, str]) -> Sequence[QueuedJob]:
    """Return the jobs of the queue that a user may see.

    In a public queue these are all jobs. In a private one they are the jobs in ``own``
    (the gateway's ids of the user's jobs by the scheduler's ids) and, if the scheduler
    has job numbers of its own, the user's jobs that were submitted elsewhere.
    """
    if not whole.private:
        return whole.jobs
    return [
        job
        for job in whole.jobs
        if job.status.native_id in own or (job.number and job.user == user)
    ]


def page_of(
    jobs: Sequence[QueuedJob],
    own: Mapping[str, str],
    chosen: QueueFilter,
    limit: int,
    cursor: str | None,
) -> Page[SeenJob]:
    """Return a page of the jobs that a filter accepts, oldest first.

    ``own`` has the gateway's ids of the user's jobs by the scheduler's ids.

    Raises
    ------
    InvalidRequest
        The cursor does not come from this listing.
    """
    rows = sorted(filter(chosen.takes, jobs), key=_place)
    if cursor is not None:
        after = decode_cursor(cursor, float, str)
        rows = [job for job in rows if _place(job) > after]
    shown = rows[:limit]
    last = encode_cursor(*_place(shown[-1])) if len(rows) > limit else None
    seen = [SeenJob(job, own.get(job.status.native_id)) for job in shown]
    return Page(seen, last)


def _place(job: QueuedJob) -> tuple[float, str]:
    return job.submitted_at, job.number or job.status.native_id


def nodes_of(
    whole: Snapshot, capabilities: Capabilities, system: str
) -> Sequence[Node]:
    """Return the nodes.

    For a scheduler that lists none, the system as a single node.
    """
    if whole.nodes:
        return whole.nodes
    return [
        Node(
            name=system,
            state="up",
            cores=capabilities.cores,
            cores_in_use=_in_use(whole),
            memory_bytes=capabilities.memory_bytes,
            partitions=capabilities.queues,
        )
    ]


def partitions_of(whole: Snapshot, capabilities: Capabilities) -> Sequence[Partition]:
    """Return the partitions; for a scheduler that lists none, its queues.

    The queues share all resources, and the first one is the default.
    """
    if whole.partitions:
        return whole.partitions
    return [
        Partition(
            name=name,
            state="up",
            default=place == 0,
            nodes=capabilities.nodes,
            cores=capabilities.cores,
            cores_in_use=_in_use(whole),
            memory_bytes=capabilities.memory_bytes,
        )
        for place, name in enumerate(capabilities.queues)
    ]


def _in_use(whole: Snapshot) -> int:
    running = (job for job in whole.jobs if job.status.state is JobState.ACTIVE)
    return sum(job.cores for job in running)


def with_expectation(job: Job, whole: Snapshot) -> Job:
    """Return a waiting job with the start time that the scheduler expects for it."""
    for one in whole.jobs:
        if one.status.native_id == job.native_id:
            return replace(job, expected_start_at=one.status.expected_start_at)
    return job
