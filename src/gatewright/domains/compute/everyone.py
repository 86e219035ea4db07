"""The whole queue and the machines, as far as one person may see them."""

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
    """Which jobs of the queue to show; an empty text shows all."""

    user: str = ""
    """Only of this account."""
    partition: str = ""
    """Only in this queue or partition, also as one of several."""
    name: str = ""
    """Only of this name."""
    state: JobState | None = None
    """Only in this state."""

    def takes(self, job: QueuedJob) -> bool:
        """Return whether a job is shown."""
        return (
            self.user in {"", job.user}
            and self.name in {"", job.name}
            and (not self.partition or self.partition in job.partition.split(","))
            and self.state in {None, job.status.state}
        )


@dataclass(frozen=True, slots=True)
class SeenJob:
    """A job of the queue as one person sees it."""

    job: QueuedJob
    """What the scheduler says of it."""
    id: str | None
    """The gateway's id of a job of that person's own; None for any other."""


def visible(whole: Snapshot, user: str, own: Mapping[str, str]) -> Sequence[QueuedJob]:
    """Return the jobs of the queue that a person may see.

    A scheduler that has numbers of its own may have jobs of that person's from
    elsewhere; any other has what the gateway gave it, and may know its end too late.
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
    """Return a page of those jobs that a filter takes, oldest first.

    ``own`` has the gateway's ids of a person's jobs by the scheduler's.

    Raises
    ------
    InvalidRequest
        The cursor is none of this listing's.
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
    """Return the machines; of a scheduler that tells none, the one that it is."""
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
    """Return the partitions; of a scheduler that tells none, its queues.

    Its queues share what there is, and the first is the default.
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
    """Return a job that waits with the moment at which it is expected to start."""
    for one in whole.jobs:
        if one.status.native_id == job.native_id:
            return replace(job, expected_start_at=one.status.expected_start_at)
    return job
