"""What the compute domain needs of the outside."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gatewright.core.pages import Page
from gatewright.domains.compute.model import (
    Capabilities,
    Job,
    JobFilter,
    JobSpec,
    JobStatus,
    Snapshot,
    Submission,
)


class Scheduler(Protocol):
    """Something that runs jobs: this machine, or a batch system.

    Its contract tests are :class:`gatewright.testing.scheduler.SchedulerContract`.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What it has and can do."""
        ...

    async def check(self, submission: Submission) -> None:
        """Refuse what this scheduler could never run; nothing is written.

        Raises
        ------
        InvalidContent
            It asks for more than there is, or its directory does not exist.
        """
        ...

    async def submit(self, submissions: Sequence[Submission]) -> Sequence[str]:
        """Take jobs, durably, and return the scheduler's id of each.

        The same ``uuid`` twice is one job: a submission that was cut short is simply
        made again.

        Raises
        ------
        GatewayError
            None of the jobs was taken, unless it is :class:`~gatewright.core.errors.
            TimedOut`, after which some may have been.
        """
        ...

    async def status(self, native_ids: Sequence[str]) -> Mapping[str, JobStatus]:
        """Return what is known of these jobs; unknown ones are left out."""
        ...

    def changes(self) -> AsyncIterator[Snapshot]:
        """Yield what changes, after a first complete snapshot, for ever.

        Of all processes of the gateway only one is given anything; another takes over
        when that one ends.
        """
        ...

    async def forget(self, native_ids: Sequence[str]) -> None:
        """Let go of ended jobs whose records are kept elsewhere now."""
        ...

    async def cancel(self, native_ids: Sequence[str]) -> None:
        """End jobs with all their processes; ended ones are left alone."""
        ...

    async def hold(self, native_ids: Sequence[str]) -> None:
        """Keep queued jobs from starting; others are left alone."""
        ...

    async def release(self, native_ids: Sequence[str]) -> None:
        """Let held jobs start again; others are left alone."""
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
    jobs: Sequence[NewJob]
    """The jobs."""
    at: float
    """Now, in seconds since 1970 UTC."""
    lease: float
    """Seconds after which the submission counts as cut short."""
    in_flight: int
    """Most jobs of the user that may wait or run."""
    use: KeyUse | None = None
    """The client's key, if it sent one."""


class JobTable(Protocol):
    """The durable records of all jobs."""

    async def keyed(self, use: KeyUse) -> Sequence[Job] | None:
        """Return the jobs that were made under a key, or None if it is new.

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

    async def admit(self, admission: Admission) -> Sequence[Job]:
        """Write jobs in state ``new`` and their key, in one durable transaction.

        Where the key is known, this is :meth:`keyed`.

        Raises
        ------
        InvalidContent, Conflict
            As :meth:`keyed`.
        TooManyRequests
            The user has too many jobs that have not ended.
        """
        ...

    async def submitted(
        self, native_ids: Mapping[str, str], statuses: Mapping[str, JobStatus]
    ) -> Sequence[Job]:
        """Note the native id by uuid, and the first status by native id.

        Returns the jobs that were ``new``.
        """
        ...

    async def withdraw(self, uuids: Sequence[str]) -> None:
        """Remove jobs that no scheduler took, and their key."""
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
