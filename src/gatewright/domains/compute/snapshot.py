"""A scheduler's report of its whole queue, its nodes and its partitions."""

from collections.abc import Sequence
from dataclasses import dataclass

from gatewright.domains.compute.model import JobState, JobStatus


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a heterogeneous job, whose parts request different resources."""

    number: str
    """The scheduler's id of the part, as users know it."""
    state: JobState
    """State of the part; one may have ended while others still run."""
    reason: str
    """Why it waits or ended."""
    cores: int
    """Number of CPU cores that it uses or requests."""
    nodes: int
    """Number of nodes that it uses or requests."""
    partition: str
    """Queue or partition of the part."""


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """A waiting or running job of any user, submitted here or elsewhere."""

    status: JobStatus
    """Its status."""
    user: str
    """Account that it runs under."""
    name: str
    """Name for people."""
    cores: int
    """Number of CPU cores that it uses or requests."""
    submitted_at: float
    """Time of submission, seconds since 1970 UTC."""
    number: str = ""
    """The scheduler's id as users know it; empty for a scheduler without such ids."""
    nodes: int = 1
    """Number of nodes that it uses or requests."""
    partition: str = ""
    """Queue or partition; several are separated by commas."""
    project: str = ""
    """Project or account that is charged."""
    duration: float | None = None
    """Time limit in seconds; None if unknown."""
    components: tuple[Component, ...] = ()
    """Parts of a heterogeneous job, whose cores and nodes are summed in this entry;
    empty for any other job."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """Resources that are set aside for some users or projects, or for maintenance."""

    name: str
    """Its name, which a job gives as ``reservation``."""
    state: str
    """The scheduler's own name of the state."""
    starts_at: float
    """Time of its start, seconds since 1970 UTC."""
    ends_at: float
    """Time of its end, seconds since 1970 UTC."""
    nodes: str
    """Its nodes, in the scheduler's notation; empty if it is of cores or licences."""
    node_count: int
    """Number of nodes."""
    cores: int
    """Number of CPU cores."""
    partition: str = ""
    """Its queue or partition; empty for any."""
    users: tuple[str, ...] = ()
    """Accounts that may use it; a name after ``-`` may not."""
    projects: tuple[str, ...] = ()
    """Projects that may use it; a name after ``-`` may not."""
    flags: tuple[str, ...] = ()
    """The scheduler's own names of its properties, such as ``MAINT``."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node: a machine that runs jobs."""

    name: str
    """Its name."""
    state: str
    """The scheduler's own name of the node's state."""
    cores: int
    """Number of CPU cores."""
    cores_in_use: int
    """Number of CPU cores that jobs use."""
    memory_bytes: int
    """Memory for jobs, bytes."""
    reason: str = ""
    """Why the node accepts no jobs; empty if it does."""
    free_memory_bytes: int | None = None
    """Memory that the operating system reports as free, bytes; None if unknown."""
    gpus: int = 0
    """Number of GPUs."""
    features: tuple[str, ...] = ()
    """Names of features that jobs can request."""
    partitions: tuple[str, ...] = ()
    """Names of the partitions that contain it."""


@dataclass(frozen=True, slots=True)
class Partition:
    """A queue or partition to which jobs can be submitted."""

    name: str
    """Its name."""
    state: str
    """The scheduler's own name of the partition's state."""
    default: bool
    """Whether jobs that name no partition go there."""
    nodes: int
    """Number of nodes."""
    cores: int
    """Number of CPU cores of all its nodes."""
    cores_in_use: int
    """Number of CPU cores that jobs use."""
    memory_bytes: int
    """Memory of its largest node, bytes."""
    duration: float | None = None
    """Longest time limit of a job in seconds; None for no limit."""
    most_nodes: int | None = None
    """Largest number of nodes of one job; None for no limit."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The queue of a scheduler, its nodes and partitions at one moment."""

    as_of: float
    """Time of the report, seconds since 1970 UTC."""
    jobs: Sequence[QueuedJob]
    """Waiting and running jobs of all users, oldest first."""
    nodes: Sequence[Node] = ()
    """Nodes; empty if the scheduler lists none."""
    partitions: Sequence[Partition] = ()
    """Queues or partitions; empty if the scheduler lists none."""
    private: bool = True
    """Whether users may only see the number of other users' jobs."""
    reservations: Sequence[Reservation] = ()
    """Reservations; empty if the scheduler has none."""
    private_reservations: bool = True
    """Whether users may only see reservations that name them."""
    failure: str = ""
    """Why there is no newer report, if the scheduler does not answer; else empty."""
