"""What the compute domain needs of the outside."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gatewright.core.errors import GatewayError
from gatewright.core.pages import Page
from gatewright.domains.compute.model import (
    Capabilities,
    Changes,
    Job,
    JobFilter,
    JobSpec,
    JobStatus,
    Refusal,
    Submission,
)
from gatewright.domains.compute.snapshot import Snapshot


class Scheduler(Protocol):
    """Something that runs jobs: this machine, or a batch system.

    What concerns jobs is done for their user, as whom a batch system is asked. Of its
    own the scheduler only looks at the queue.

    Its contract tests are :class:`gatewright.testing.scheduler.SchedulerContract`.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What it has and can do."""
        ...

    async def check(self, submission: Submission) -> None:
        """Refuse what this scheduler could never run; nothing is written.

        It is looked at as the submission's user. ``{id}`` and ``{index}`` in its paths
        stand for what is not known yet.

        Raises
        ------
        InvalidContent
            It asks for more than there is, or a folder that it needs does not exist.
        """
        ...

    async def submit(
        self, user: str, submissions: Sequence[Submission]
    ) -> Sequence[JobStatus | GatewayError]:
        """Take jobs of one user; they are on disk when this returns.

        Returns for each job its first status, with the scheduler's id, or the reason
        why it was not taken. The same ``uuid`` twice is one job, so a submission that
        was cut short can be made again.

        Raises
        ------
        GatewayError
            None of the jobs was taken, unless it is :class:`~gatewright.core.errors.
            TimedOut`, after which some may have been.
        """
        ...

    async def status(
        self, user: str, native_ids: Sequence[str]
    ) -> Mapping[str, JobStatus]:
        """Return what is known of these jobs of one user; others are left out.

        A job that the scheduler had taken, and has surely lost before it began, is
        ``new``: it is submitted again.

        Raises
        ------
        Unavailable, TimedOut
            It does not answer: of none of the jobs is known whether there is such.
        """
        ...

    async def snapshot(self) -> Snapshot:
        """Return the whole queue, other people's jobs and jobs of others' included.

        It may be a moment old, which ``as_of`` says: one look serves everyone.
        """
        ...

    def changes(self) -> AsyncGenerator[Changes, None]:
        """Yield what changes, after a first complete account, for as long as it can.

        One process of the gateway at a time asks for this, the one that has the lease
        of the system's jobs; what has to be done once is done there.
        """
        ...

    async def forget(self, native_ids: Sequence[str]) -> None:
        """Let go of ended jobs whose records are kept elsewhere now."""
        ...

    async def cancel(self, user: str, native_ids: Sequence[str]) -> None:
        """End jobs of a user with all their processes; others are left alone."""
        ...

    async def hold(self, user: str, native_ids: Sequence[str]) -> None:
        """Keep queued jobs of a user from starting; others are left alone."""
        ...

    async def release(self, user: str, native_ids: Sequence[str]) -> None:
        """Let held jobs of a user start again; others are left alone."""
        ...


class OutputFile(Protocol):
    """A file that a job writes, open for reading.

    What is told of it was found when it was opened: to ask an open file again may
    take as long as its file system likes.
    """

    @property
    def size(self) -> int:
        """Bytes that it had."""
        ...

    @property
    def modified_at(self) -> float:
        """Time of its last change, seconds since 1970."""
        ...

    @property
    def etag(self) -> str:
        """Strong entity tag of what it held: a job appends to its file."""
        ...

    @property
    def descriptor(self) -> int | None:
        """Descriptor of the file, owned by this object."""
        ...

    async def read(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes from ``offset``, fewer at the file's end."""
        ...

    def size_now(self) -> int | None:
        """Return the size now; None when what was there has been overwritten."""
        ...

    def close(self) -> None:
        """Close the descriptor; safe to repeat."""
        ...


class OutputFiles(Protocol):
    """The files that jobs write, opened with their owner's rights."""

    async def open(self, system: str, user: str, path: str) -> OutputFile:
        """Open a regular file of a system for reading; the caller closes it.

        Raises
        ------
        NotFound
            There is no such regular file.
        NotAllowed
            The user may not read it.
        """
        ...


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job specification that is to be admitted."""

    spec: JobSpec
    """What was asked for."""
    name: str
    """Its name."""
    directory: str
    """Working directory, absolute."""
    stdout_path: str
    """File of the output, absolute, with ``{id}`` and ``{index}``."""
    stderr_path: str
    """File of the errors, absolute, with ``{id}`` and ``{index}``."""
    uuids: Sequence[str]
    """Name of each element's submission; one for a job alone."""
    indices: Sequence[int | None]
    """Index of each element; one None for a job alone."""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """An ``Idempotency-Key`` as one request uses it."""

    system: str
    """System that the jobs are for."""
    user: str
    """Who sent it; keys of different users do not meet."""
    key: str
    """The key."""
    body_hash: str
    """Digest of what was sent under it."""
    at: float
    """Now, in seconds since 1970 UTC."""
    lease: float
    """Seconds after which a submission counts as cut short."""


@dataclass(frozen=True, slots=True)
class Admission:
    """One request to submit jobs."""

    system: str
    """Where they run."""
    user: str
    """Whose they are."""
    jobs: Sequence[NewJob | Refusal]
    """The jobs; in the place of one that is refused already, why."""
    at: float
    """Now, in seconds since 1970 UTC."""
    lease: float
    """Seconds after which the submission counts as cut short."""
    in_flight: int
    """Most jobs of the user that may wait or run."""
    together: bool = True
    """Whether all are admitted or none; else each for itself."""
    use: KeyUse | None = None
    """The client's key, if it sent one."""


Admitted = Sequence[Job] | Refusal
"""What became of one specification: its job, or its array's elements, or why not."""


class JobTable(Protocol):
    """The durable records of all jobs."""

    async def keyed(self, use: KeyUse) -> Sequence[Admitted] | None:
        """Return what became of the jobs under a key, or None if it is new.

        Those whose submission was cut short are still ``new``, and are the caller's
        to submit now.

        Raises
        ------
        InvalidContent
            The key came with another body before.
        Conflict
            The first request with the key is still in progress.
        """
        ...

    async def admit(self, admission: Admission) -> Sequence[Admitted]:
        """Write jobs in state ``new`` and their key, in one durable transaction.

        Where the key is known, this is :meth:`keyed`. Jobs that are admitted each for
        itself are refused from the first on that is too many.

        Raises
        ------
        InvalidContent, Conflict
            As :meth:`keyed`.
        TooManyRequests
            The user has too many jobs that have not ended.
        """
        ...

    async def submitted(self, statuses: Mapping[str, JobStatus]) -> Sequence[Job]:
        """Note the first status, with the native id, of jobs by their uuid.

        Returns the jobs that were ``new``.
        """
        ...

    async def withdraw(self, refused: Mapping[str, Refusal]) -> None:
        """Remove jobs, by uuid, that no scheduler took.

        A key remembers why; one that has no other job is forgotten.
        """
        ...

    async def cut_short(self, system: str, now: float, lease: float) -> Sequence[Job]:
        """Take over the jobs whose submission was cut short, and return them."""
        ...

    async def record(self, system: str, statuses: Sequence[JobStatus]) -> Sequence[Job]:
        """Write what a scheduler said, and return the jobs that this changed.

        A job that has ended does not change any more.
        """
        ...

    async def open_jobs(self, system: str, user: str | None = None) -> Sequence[Job]:
        """Return the jobs that have not ended, oldest first."""
        ...

    async def get(self, system: str, user: str, job_id: str) -> Job | None:
        """Return a user's job."""
        ...

    async def numbered(self, system: str, user: str, number: int) -> Sequence[Job]:
        """Return a user's job of a number, or all elements of an array, in order."""
        ...

    async def list(
        self, system: str, user: str, chosen: JobFilter, limit: int, cursor: str | None
    ) -> Page[Job]:
        """Return a page of a user's jobs, newest first."""
        ...
