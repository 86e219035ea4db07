"""The whole queue of a scheduler, and the machines and partitions that it has."""

from collections.abc import Sequence
from dataclasses import dataclass

from gatewright.domains.compute.model import JobStatus


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """A job that waits or runs, whoever's it is and however it was submitted."""

    status: JobStatus
    """What the scheduler says of it."""
    user: str
    """Account that it runs for."""
    name: str
    """Its name."""
    cores: int
    """Cores that it takes, or asks for."""
    submitted_at: float
    """Seconds since 1970 UTC."""
    number: str = ""
    """The scheduler's id as people know it."""
    nodes: int = 1
    """Machines that it takes, or asks for."""
    partition: str = ""
    """Queue or partition."""
    project: str = ""
    """Project that is charged."""
    duration: float | None = None
    """Longest time that it may run, in seconds."""


@dataclass(frozen=True, slots=True)
class Node:
    """A machine that runs jobs."""

    name: str
    """Its name."""
    state: str
    """The scheduler's word for how it is."""
    cores: int
    """Cores that it has."""
    cores_in_use: int
    """Cores that jobs have."""
    memory_bytes: int
    """Memory that it has for jobs."""
    reason: str = ""
    """Why it takes no jobs."""
    free_memory_bytes: int | None = None
    """Memory that its system has free; None where nobody knows."""
    gpus: int = 0
    """Graphics processors that it has."""
    features: tuple[str, ...] = ()
    """What jobs may ask of it by name."""
    partitions: tuple[str, ...] = ()
    """Partitions that it is in."""


@dataclass(frozen=True, slots=True)
class Partition:
    """A queue or partition that jobs may name."""

    name: str
    """Its name."""
    state: str
    """The scheduler's word for whether it takes and starts jobs."""
    default: bool
    """Whether jobs go there that name none."""
    nodes: int
    """Machines."""
    cores: int
    """Cores of them all."""
    cores_in_use: int
    """Cores that jobs have."""
    memory_bytes: int
    """Most memory of one of its machines."""
    duration: float | None = None
    """Longest time that a job may run, in seconds; None without a limit."""
    most_nodes: int | None = None
    """Most machines of one job; None without a limit."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole queue of a scheduler at one moment, and what it has for jobs."""

    as_of: float
    """Moment that this tells of, seconds since 1970 UTC."""
    jobs: Sequence[QueuedJob]
    """Everybody's jobs that wait or run, oldest first."""
    nodes: Sequence[Node] = ()
    """The machines."""
    partitions: Sequence[Partition] = ()
    """The queues or partitions."""
    private: bool = True
    """Whether people may see of others' jobs only how many there are."""
    failure: str = ""
    """Why there is nothing newer, where the scheduler does not answer."""
