"""The rows that Slurm's commands print, as values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A job as listed by ``squeue``."""

    number: str
    """Job id, with ``_INDEX`` for an element of an array."""
    shown: str
    """Job id as users see it; a part of a heterogeneous job has ``+`` in it."""
    account: str
    """Unix account that the job runs under."""
    state: str
    """Slurm's name of the state."""
    reason: str
    """Slurm's name of the reason why it waits or ended."""
    dependency: str
    """Jobs that it waits for, in Slurm's notation."""
    cores: int
    """Number of CPU cores that it uses or requests."""
    nodes: int
    """Number of nodes that it uses or requests."""
    partition: str
    """Its partition, or the partitions that it requests."""
    project: str
    """Account that is charged."""
    priority: int
    """Priority; a job with a higher one starts earlier."""
    memory: str
    """Minimum memory of a node, in Slurm's notation."""
    limit: float | None
    """Time limit in seconds; None for no limit."""
    submitted_at: float | None
    """Time of submission, seconds since 1970 UTC."""
    started_at: float | None
    """Time of start, seconds since 1970 UTC; for a waiting job, the expected start."""
    ended_at: float | None
    """Time of the end, seconds since 1970 UTC; for a running job, its time limit."""
    places: str
    """Nodes that it runs on, in Slurm's notation."""
    name: str
    """Name of the job."""
    comment: str
    """Comment of the job."""
    restarts: int = 0
    """How often it was put back into the queue."""


@dataclass(frozen=True, slots=True)
class ReservationRow:
    """A reservation as shown by ``scontrol``."""

    name: str
    """Its name."""
    state: str
    """Slurm's name of the state: ``ACTIVE`` or ``INACTIVE``."""
    started_at: float
    """Time of its start, seconds since 1970 UTC."""
    ended_at: float
    """Time of its end, seconds since 1970 UTC."""
    places: str
    """Its nodes, in Slurm's notation; empty for none."""
    nodes: int
    """Number of nodes."""
    cores: int
    """Number of CPU cores."""
    partition: str
    """Its partition; empty for any."""
    users: tuple[str, ...]
    """Unix accounts that may use it."""
    accounts: tuple[str, ...]
    """Slurm's accounts (projects) that may use it."""
    flags: tuple[str, ...]
    """Slurm's names of its properties."""


@dataclass(frozen=True, slots=True)
class AccountingRow:
    """A job, or a step of a job, as listed by ``sacct``."""

    number: str
    """Job id, with ``_INDEX`` for an element of an array."""
    raw: str
    """Numeric id, which each element of an array has for itself."""
    step: str
    """Name of the step; empty for the job itself."""
    account: str
    """Unix account that the job ran under; empty for a step."""
    state: str
    """Slurm's name of the state, with the account that canceled the job."""
    submitted_at: float | None
    """Time of submission, seconds since 1970 UTC."""
    started_at: float | None
    """Time of start, seconds since 1970 UTC; None if it never started."""
    ended_at: float | None
    """Time of the end, seconds since 1970 UTC; None before the end."""
    cpu_seconds: float
    """CPU time of its processes, seconds."""
    peak_memory_bytes: int
    """Largest memory of all tasks together, bytes, as sampled."""
    cores: int
    """Number of CPU cores that it had."""
    wall_seconds: float
    """Elapsed time, seconds."""
    comment: str
    """Comment of the job, if the site records it."""
    exit_code: int
    """Exit code; ``sacct`` subtracts 128 from codes above 128."""
    signal: int
    """Number of the signal that ended it; 0 without one."""
    memory_limit_bytes: int = 0
    """Memory that Slurm granted, bytes; 0 if Slurm does not manage memory."""
    gpus: int = 0
    """Number of GPUs that it had."""
    gpus_busy: float | None = None
    """Most GPUs that the tasks of a step can have kept busy in any sample: the largest
    use by one task times the number of tasks. None where use is not sampled."""


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A node as listed by ``sinfo``, in one of its partitions."""

    name: str
    """Name of the node."""
    state: str
    """Slurm's name of the state, with marks such as ``*`` (does not respond)."""
    cores: int
    """Number of CPU cores."""
    cores_in_use: int
    """Number of CPU cores that jobs use."""
    memory_bytes: int
    """Memory in bytes."""
    free_memory_bytes: int | None
    """Memory that the operating system reports as free, bytes; None if unknown."""
    gpus: int
    """Number of GPUs."""
    reason: str
    """Why it accepts no jobs, as written by an administrator or by Slurm."""
    features: tuple[str, ...]
    """Names of features that jobs can request."""
    partition: str
    """One partition that contains the node."""


@dataclass(frozen=True, slots=True)
class PartitionRow:
    """A partition as listed by ``sinfo``; one row for each kind of node."""

    name: str
    """Name of the partition."""
    default: bool
    """Whether jobs that name no partition go there."""
    state: str
    """State: ``up``, ``down``, ``drain`` or ``inact``."""
    limit: float | None
    """Longest time limit of a job in seconds; None for no limit."""
    nodes: int
    """Number of nodes."""
    cores: int
    """Number of CPU cores of all its nodes."""
    cores_in_use: int
    """Number of CPU cores that jobs use."""
    most_nodes: int | None
    """Largest number of nodes of one job; None for no limit."""
    memory_bytes: int
    """Memory of one of its nodes, bytes."""
    gpus: int
    """Number of GPUs of one of its nodes."""
