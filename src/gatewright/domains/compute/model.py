"""The data model of jobs, in the terms of PSI/J (exaworks.org/psij)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from gatewright.core.errors import GatewayError, error_class
from gatewright.core.homes import Homes
from gatewright.domains.compute.token_request import TokenRequest
from gatewright.domains.compute.used import Usage


class JobState(StrEnum):
    """State of a job."""

    NEW = "new"
    """Recorded by the gateway, but not yet confirmed by the scheduler."""
    QUEUED = "queued"
    """Waits for resources or for another job."""
    HELD = "held"
    """Waits until its owner releases it."""
    ACTIVE = "active"
    """Is running."""
    COMPLETED = "completed"
    """Ended with exit code 0."""
    FAILED = "failed"
    """Ended with another exit code or a signal, or could not run; ``reason`` says why.
    """
    CANCELED = "canceled"
    """Was ended on request."""


ENDED = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELED})
"""The final states."""


class Condition(StrEnum):
    """What must have become of another job for a dependent job to start."""

    AFTER_OK = "after_ok"
    """It ended with exit code 0."""
    AFTER_ANY = "after_any"
    """It ended in any way."""
    AFTER_NOT_OK = "after_not_ok"
    """It ended in any way other than with exit code 0."""
    AFTER = "after"
    """It has begun, or was canceled."""
    AFTER_CORR = "after_corr"
    """For each element of an array: the one of the same index in another array ended
    with exit code 0."""
    SINGLETON = "singleton"
    """All earlier jobs of the same name and user ended, in any way; it names no job."""


class Stream(StrEnum):
    """An output stream of a job."""

    OUTPUT = "output"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Dependency:
    """Another job for which a job waits."""

    job: str = ""
    """Id of the other job; the id of an array stands for all its elements. Empty for
    :attr:`Condition.SINGLETON`."""
    condition: Condition = Condition.AFTER_OK
    """What must have become of it."""


@dataclass(frozen=True, slots=True)
class Resources:
    """The resources that a job requests."""

    node_count: int | None = None
    """Number of nodes."""
    process_count: int | None = None
    """Number of processes in all."""
    processes_per_node: int | None = None
    """Number of processes on each node."""
    cpu_cores_per_process: int = 1
    """CPU cores per process."""
    gpu_cores_per_process: int = 0
    """GPUs per process."""
    memory: int | None = None
    """Memory of the whole job in bytes; the job is killed if it uses more. None for the
    system's default."""

    @property
    def processes(self) -> int:
        """Number of processes in all, however the request gives it."""
        if self.process_count is not None:
            return self.process_count
        return (self.node_count or 1) * (self.processes_per_node or 1)

    @property
    def cores(self) -> int:
        """Number of CPU cores in all."""
        return self.processes * self.cpu_cores_per_process


@dataclass(frozen=True, slots=True)
class Attributes:
    """Scheduling attributes of a job; None leaves the choice to the scheduler."""

    duration: int | None = None
    """Time limit in seconds."""
    queue_name: str | None = None
    """Queue or partition."""
    project_name: str | None = None
    """Project or account that is charged."""
    reservation: str | None = None
    """Reservation in which the job runs."""
    qos: str | None = None
    """Quality of service (QOS) of the scheduler."""
    constraint: str | None = None
    """Features that the nodes must have, in the scheduler's notation."""
    licenses: str | None = None
    """Software licences that the job uses, in the scheduler's notation."""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What to run, and how; it has either an executable or a script."""

    executable: str | None = None
    """Program: a path, or a name that is searched in the job's ``PATH``."""
    script: str | None = None
    """Text of a script instead of an executable; ``#!`` names its interpreter."""
    arguments: tuple[str, ...] = ()
    """Arguments of the program or script."""
    directory: str | None = None
    """Working directory, relative to the user's home; the home by default."""
    name: str | None = None
    """Name for people; by default the one that the script gives the scheduler, the name
    of the program, or ``script``."""
    inherit_environment: bool = True
    """Whether the job starts from a login environment (``PATH``, ``HOME``, ...)."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Environment variables to set."""
    stdin_path: str | None = None
    """File for standard input; empty input by default."""
    stdout_path: str | None = None
    """File for standard output; ``{id}`` and ``{index}`` are replaced by the job's id
    and array index."""
    stderr_path: str | None = None
    """File for standard error; if it equals ``stdout_path``, both go into that file."""
    resources: Resources = field(default_factory=Resources)
    """Requested resources."""
    attributes: Attributes = field(default_factory=Attributes)
    """Scheduling attributes."""
    array: str | None = None
    """Indices of a job array, such as ``0-9``, ``1,3,5`` or ``0-99:10%2``."""
    dependencies: tuple[Dependency, ...] = ()
    """What must have become of other jobs before this one starts."""
    hold: bool = False
    """Whether the job is held until its owner releases it."""
    token: TokenRequest | None = None
    """Token of the gateway that the job finds in a file; None for no token."""


UNREADABLE = JobSpec()
"""Takes the place of a specification whose record is damaged; it cannot run."""


@dataclass(frozen=True, slots=True)
class Job:
    """The gateway's record of a job; each element of an array has its own record."""

    id: str
    """Number of the job; an element of an array has ``_index`` appended."""
    system: str
    """Name of the compute system."""
    user: str
    """Account that owns the job and that it runs under."""
    name: str
    """Name for people."""
    state: JobState
    """State of the job."""
    native_state: str
    """The scheduler's own name of the state."""
    spec: JobSpec
    """The specification that was submitted."""
    directory: str
    """Working directory, as an absolute path."""
    stdout_path: str
    """File of the standard output, as an absolute path."""
    stderr_path: str
    """File of the standard error, as an absolute path."""
    submitted_at: float
    """Time of submission, seconds since 1970 UTC."""
    started_at: float | None = None
    """Time of start, seconds since 1970 UTC; None before that."""
    ended_at: float | None = None
    """Time of the end, seconds since 1970 UTC; None before that."""
    exit_code: int | None = None
    """Exit code, or 128 + the number of the signal that ended the job; None before the
    end and for a job that never ran."""
    signal: int | None = None
    """Number of the signal that ended the job; None without one."""
    reason: str = ""
    """Why the job waits, failed or was canceled, in plain words."""
    usage: Usage = field(default_factory=Usage)
    """Resources used; complete once the job has ended."""
    array_index: int | None = None
    """Index within its array; None for a job that is not in an array."""
    uuid: str = ""
    """Unique name under which the job is submitted to the scheduler."""
    native_id: str | None = None
    """The scheduler's id of the job; None until it has confirmed the submission."""
    tasks: Mapping[str, int] | None = None
    """Number of elements in each state, for a record that stands for a whole array;
    else None."""
    expected_start_at: float | None = None
    """Expected start of a waiting job, seconds since 1970 UTC; None if unknown."""
    attempts: int = 1
    """Number of runs, with the present or next one: above 1 after the job was put back
    into the queue. For an array, the largest of its elements."""
    token_path: str = ""
    """Absolute path of the file with its token; empty for a job without one."""

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self.state in ENDED

    @property
    def number(self) -> int:
        """The numeric part of the id, which the elements of an array share."""
        return int(self.id.partition("_")[0])


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What a scheduler reports about one job."""

    native_id: str
    """The scheduler's id of the job."""
    state: JobState
    """State of the job."""
    native_state: str
    """The scheduler's own name of the state."""
    reason: str = ""
    """Why it waits, failed or was canceled."""
    exit_code: int | None = None
    """Exit code, or 128 + the number of the signal that ended the job."""
    signal: int | None = None
    """Number of the signal that ended the job."""
    started_at: float | None = None
    """Time of start, seconds since 1970 UTC."""
    ended_at: float | None = None
    """Time of the end, seconds since 1970 UTC."""
    usage: Usage = field(default_factory=Usage)
    """Resources used so far."""
    expected_start_at: float | None = None
    """Expected start of a waiting job, seconds since 1970 UTC; None if unknown."""
    restarts: int | None = None
    """How often it was put back into the queue after a start; None if unknown."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a scheduler reports about the gateway's jobs at one moment."""

    as_of: float
    """Time of the report, seconds since 1970 UTC."""
    jobs: Sequence[JobStatus]
    """The jobs that changed, or all that the scheduler knows."""
    complete: bool = False
    """Whether ``jobs`` are all jobs that the scheduler knows."""


@dataclass(frozen=True, slots=True)
class NativeDependency:
    """A dependency, with the scheduler's id of the other job."""

    native_id: str
    """The scheduler's id of the other job; empty for :attr:`Condition.SINGLETON`."""
    condition: Condition
    """What must have become of it."""
    job: str
    """The gateway's id of it; empty for :attr:`Condition.SINGLETON`."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One job as it is handed to a scheduler."""

    uuid: str
    """Unique name of the submission; two with the same name are one job."""
    id: str
    """The gateway's id of the job."""
    system: str
    """Name of the compute system."""
    user: str
    """Account that it runs under."""
    name: str
    """Name for people."""
    spec: JobSpec
    """The specification that was submitted."""
    directory: str
    """Working directory, as an absolute path."""
    stdout_path: str
    """File of the standard output, as an absolute path."""
    stderr_path: str
    """File of the standard error, as an absolute path."""
    submitted_at: float
    """Time of submission, seconds since 1970 UTC."""
    dependencies: tuple[NativeDependency, ...] = ()
    """What this one waits for, without what has come true already."""
    array_id: str = ""
    """Number that all elements of the array share; empty for a job outside of arrays.
    """
    array_index: int | None = None
    """Index within the array; None for a job outside of arrays."""
    array_limit: int | None = None
    """Largest number of elements of the array that may run at once; None for no limit.
    """


@dataclass(frozen=True, slots=True)
class Estimate:
    """Where and when a job would run, if it were submitted now."""

    expected_start_at: float | None
    """Expected start, seconds since 1970 UTC; None if the scheduler tells none."""
    cores: int
    """Number of CPU cores of the job, or of each element of an array."""
    nodes: str = ""
    """Nodes, in the scheduler's notation; empty if it tells none."""
    partition: str = ""
    """Queue or partition; empty if the scheduler tells none."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one of several jobs was not submitted."""

    code: str
    """Code of the error, as in :mod:`gatewright.core.errors`."""
    text: str
    """Message for the user: what is wrong and what to do."""

    @classmethod
    def of(cls, error: GatewayError) -> "Refusal":
        """Return the refusal with the code and message of an error."""
        return cls(error.code, error.text)

    def error(self) -> GatewayError:
        """Return an error with this code and message."""
        return error_class(self.code)(self.text)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a scheduler offers."""

    cores: int
    """Largest number of CPU cores of one job."""
    memory_bytes: int
    """Largest memory of one job, bytes."""
    nodes: int = 1
    """Largest number of nodes of one job."""
    queues: tuple[str, ...] = ()
    """Names of the queues or partitions; the first is the default."""
    submit_seconds: float = 5.0
    """Longest time that a submission takes. One that is unconfirmed after that was
    interrupted."""
    submit_each_seconds: float = 0.0
    """Time that is added for each job if one request submits several."""
    orders: frozenset[str] = frozenset()
    """Kinds of further orders that the scheduler supports (:class:`OrderKind`)."""


@dataclass(frozen=True, slots=True)
class ComputeSystem:
    """A system that runs jobs."""

    name: str
    """Name in URLs."""
    home: Homes
    """Returns a user's home directory, to which the paths of jobs are relative."""


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs of a listing to show; all criteria must hold."""

    states: frozenset[JobState] = frozenset()
    """States, one of which the job is in; empty for all."""
    name: str | None = None
    """Name of the job; None for all."""
    since: float | None = None
    """Earliest time of submission, seconds since 1970 UTC; None for all."""
    number: int | None = None
    """Number of a job or of an array; None for all."""
