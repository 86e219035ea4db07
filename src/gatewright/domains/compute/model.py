"""Jobs in the words of PSI/J (exaworks.org/psij), and what is kept of them here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from gatewright.core.errors import GatewayError, error_class
from gatewright.core.homes import Homes


class JobState(StrEnum):
    """Where a job is in its life."""

    NEW = "new"
    """Written down here; the scheduler has not yet confirmed it."""
    QUEUED = "queued"
    """Waits for resources, or for another job."""
    HELD = "held"
    """Waits until its owner releases it."""
    ACTIVE = "active"
    """Runs."""
    COMPLETED = "completed"
    """Ended with exit code 0."""
    FAILED = "failed"
    """Ended otherwise, or could not run; ``reason`` says why."""
    CANCELED = "canceled"
    """Ended on request."""


ENDED = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELED})
"""The states that a job does not leave."""


class Condition(StrEnum):
    """How another job must have ended before this one may start."""

    AFTER_OK = "after_ok"
    """With exit code 0."""
    AFTER_ANY = "after_any"
    """In any way."""
    AFTER_NOT_OK = "after_not_ok"
    """Failed or canceled."""


class Stream(StrEnum):
    """An output stream of a job."""

    OUTPUT = "output"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Dependency:
    """A job that must end first."""

    job: str
    """Its id; the id of an array means all elements."""
    condition: Condition = Condition.AFTER_OK
    """How it must end."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What a job needs to run."""

    node_count: int | None = None
    """Machines."""
    process_count: int | None = None
    """Processes in all."""
    processes_per_node: int | None = None
    """Processes on each machine."""
    cpu_cores_per_process: int = 1
    """Cores of each process."""
    gpu_cores_per_process: int = 0
    """Graphics processors of each process."""
    memory: int | None = None
    """Memory of the whole job, in bytes; above it the job is ended."""

    @property
    def processes(self) -> int:
        """Processes in all, however they were asked for."""
        if self.process_count is not None:
            return self.process_count
        return (self.node_count or 1) * (self.processes_per_node or 1)

    @property
    def cores(self) -> int:
        """Cores in all."""
        return self.processes * self.cpu_cores_per_process


@dataclass(frozen=True, slots=True)
class Attributes:
    """How the scheduler is to treat a job."""

    duration: int | None = None
    """Longest time it may run, in seconds."""
    queue_name: str | None = None
    """Queue or partition."""
    project_name: str | None = None
    """Project that is charged."""
    reservation: str | None = None
    """Reservation that it belongs to."""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What to run, and how: an executable or a script."""

    executable: str | None = None
    """Program: a path, or a name that is looked up in the job's ``PATH``."""
    script: str | None = None
    """Text of a script, in place of an executable; ``#!`` names its interpreter."""
    arguments: tuple[str, ...] = ()
    """Arguments of the program or script."""
    directory: str | None = None
    """Working directory; relative to the user's home, which is also the default."""
    name: str | None = None
    """A name for people."""
    inherit_environment: bool = True
    """Whether the job starts from the environment of a login (``PATH``, ``HOME``)."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables to set."""
    stdin_path: str | None = None
    """File to read as standard input; by default empty."""
    stdout_path: str | None = None
    """File for the output; ``{id}`` and ``{index}`` stand for the job's."""
    stderr_path: str | None = None
    """File for the errors; the same as ``stdout_path`` joins the two."""
    resources: Resources = field(default_factory=Resources)
    """What it needs."""
    attributes: Attributes = field(default_factory=Attributes)
    """How it is treated."""
    array: str | None = None
    """Indices that it runs for, such as ``0-9``, ``1,3,5`` or ``0-99:10%2``."""
    dependencies: tuple[Dependency, ...] = ()
    """Jobs that must end first."""
    hold: bool = False
    """Whether it waits until it is released."""


UNREADABLE = JobSpec()
"""Stands for a specification whose record is damaged: it has nothing to run."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a job has used."""

    wall_seconds: float = 0.0
    """Time from start to end."""
    cpu_seconds: float = 0.0
    """Processor time of all its processes."""
    peak_memory_bytes: int = 0
    """Most memory that its processes held together, as sampled."""


@dataclass(frozen=True, slots=True)
class Job:
    """The record of a job; an array's elements are jobs of their own."""

    id: str
    """Number, with ``_index`` for an element of an array."""
    system: str
    """Where it runs."""
    user: str
    """Whose it is."""
    name: str
    """Its name."""
    state: JobState
    """Where it is in its life."""
    native_state: str
    """The same in the scheduler's own word."""
    spec: JobSpec
    """What was asked for."""
    directory: str
    """Working directory, absolute."""
    stdout_path: str
    """File of the output, absolute."""
    stderr_path: str
    """File of the errors, absolute."""
    submitted_at: float
    """Seconds since 1970 UTC."""
    started_at: float | None = None
    """Seconds since 1970 UTC; None before."""
    ended_at: float | None = None
    """Seconds since 1970 UTC; None before."""
    exit_code: int | None = None
    """Exit code; 128 + the signal where one ended it; None before or without."""
    signal: int | None = None
    """Signal that ended it."""
    reason: str = ""
    """In plain words why it waits, failed or was canceled."""
    usage: Usage = field(default_factory=Usage)
    """What it has used; whole once it has ended."""
    array_index: int | None = None
    """Index within its array."""
    uuid: str = ""
    """Name of its submission with the scheduler; no two jobs ever share one."""
    native_id: str | None = None
    """The scheduler's id; None until it has confirmed."""
    tasks: Mapping[str, int] | None = None
    """Of an array as a whole: how many elements are in each state."""
    expected_start_at: float | None = None
    """When one that waits is expected to start; None where nobody knows."""

    @property
    def ended(self) -> bool:
        """Whether its state is final."""
        return self.state in ENDED

    @property
    def number(self) -> int:
        """The id's number, which the elements of an array share."""
        return int(self.id.partition("_")[0])


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What a scheduler says of one job."""

    native_id: str
    """The scheduler's id."""
    state: JobState
    """Where the job is in its life."""
    native_state: str
    """The same in the scheduler's own word."""
    reason: str = ""
    """Why it waits, failed or was canceled."""
    exit_code: int | None = None
    """Exit code; 128 + the signal where one ended it."""
    signal: int | None = None
    """Signal that ended it."""
    started_at: float | None = None
    """Seconds since 1970 UTC."""
    ended_at: float | None = None
    """Seconds since 1970 UTC."""
    usage: Usage = field(default_factory=Usage)
    """What it has used."""
    expected_start_at: float | None = None
    """When it is expected to start, of one that waits; None where nobody knows."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a scheduler tells of the gateway's jobs at one moment."""

    as_of: float
    """Moment that this tells of, seconds since 1970 UTC."""
    jobs: Sequence[JobStatus]
    """The jobs that changed, or all that the scheduler knows."""
    complete: bool = False
    """Whether these are all that it knows."""


@dataclass(frozen=True, slots=True)
class NativeDependency:
    """A dependency in the scheduler's ids."""

    native_id: str
    """The scheduler's id of the job that must end first."""
    condition: Condition
    """How it must end."""
    job: str
    """The id by which people know it."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One job as a scheduler receives it."""

    uuid: str
    """Name of the submission: the same twice is one job."""
    id: str
    """Id by which people know the job."""
    system: str
    """System that it runs on."""
    user: str
    """Account that it runs for."""
    name: str
    """Its name."""
    spec: JobSpec
    """What was asked for."""
    directory: str
    """Working directory, absolute."""
    stdout_path: str
    """File of the output, absolute."""
    stderr_path: str
    """File of the errors, absolute."""
    submitted_at: float
    """Seconds since 1970 UTC."""
    dependencies: tuple[NativeDependency, ...] = ()
    """Jobs that must end first and have not ended yet."""
    array_id: str = ""
    """Number that the elements of an array share; empty for a job alone."""
    array_index: int | None = None
    """Index within the array."""
    array_limit: int | None = None
    """Elements of the array that may run at once."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one of several jobs was not submitted."""

    code: str
    """Code of the error (:mod:`gatewright.core.errors`)."""
    text: str
    """What is wrong and what to do, for the person who asked."""

    @classmethod
    def of(cls, error: GatewayError) -> "Refusal":
        """Return the refusal that an error is."""
        return cls(error.code, error.text)

    def error(self) -> GatewayError:
        """Return the error that it was made of."""
        return error_class(self.code)(self.text)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a scheduler has and can do."""

    cores: int
    """Most cores of one job."""
    memory_bytes: int
    """Most memory of one job."""
    nodes: int = 1
    """Most machines of one job."""
    queues: tuple[str, ...] = ()
    """Queues that a job may name."""
    submit_seconds: float = 5.0
    """Longest time a submission takes; one older than that was cut short."""


@dataclass(frozen=True, slots=True)
class ComputeSystem:
    """A place where jobs run."""

    name: str
    """Name in URLs."""
    home: Homes
    """Returns the directory that relative paths of a user's job mean."""


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs of a listing to show."""

    states: frozenset[JobState] = frozenset()
    """Only in one of these states; empty for all."""
    name: str | None = None
    """Only of this name."""
    since: float | None = None
    """Only submitted at or after this moment."""
    number: int | None = None
    """Only of this number: a job, or the elements of an array."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The jobs that wait or run."""

    as_of: float
    """Moment of the scheduler's last word, seconds since 1970 UTC."""
    jobs: Sequence[Job]
    """The caller's jobs that have not ended, oldest first."""
    running: int
    """Jobs of all people that run."""
    waiting: int
    """Jobs of all people that wait."""
    cores_in_use: int
    """Cores that the running jobs of all people take."""
    capabilities: Capabilities
    """What there is to share."""
    failure: str = ""
    """Why there is nothing newer, where the scheduler does not answer."""
