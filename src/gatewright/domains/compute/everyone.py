"""The jobs of all users, the nodes and the partitions, as far as users may see them."""

from collections.abc import Sequence
from dataclasses import dataclass

from gatewright.domains.compute.model import Capabilities, JobState
from gatewright.domains.compute.snapshot import (
    Node,
    Partition,
    QueuedJob,
    Reservation,
    Snapshot,
)


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


def nodes_of(
    whole: Snapshot, capabilities: Capabilities, system: str, cores_in_use: int
) -> Sequence[Node]:
    """Return the nodes.

    For a scheduler that lists none, the system as a single node, whose cores in use are
    those of all running jobs.
    """
    if whole.nodes:
        return whole.nodes
    return [
        Node(
            name=system,
            state="up",
            cores=capabilities.cores,
            cores_in_use=cores_in_use,
            memory_bytes=capabilities.memory_bytes,
            partitions=capabilities.queues,
        )
    ]


def partitions_of(
    whole: Snapshot, capabilities: Capabilities, cores_in_use: int
) -> Sequence[Partition]:
    """Return the partitions; for a scheduler that lists none, its queues.

    The queues share all resources, also the cores in use, and the first one is the
    default.
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
            cores_in_use=cores_in_use,
            memory_bytes=capabilities.memory_bytes,
        )
        for place, name in enumerate(capabilities.queues)
    ]


def reservations_for(user: str, whole: Snapshot) -> Sequence[Reservation]:
    """Return the reservations that a user may see, the earliest first.

    Where reservations are private these are the ones that name the user: which projects
    a user belongs to is not part of the report.
    """
    shown = [
        one
        for one in whole.reservations
        if not whole.private_reservations or user in one.users
    ]
    return sorted(shown, key=lambda one: (one.starts_at, one.name))
