"""Ports of the compute domain: the scheduler, the output files and the job records."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gatewright.core.errors import GatewayError
from gatewright.core.pages import Page
from gatewright.domains.compute.model import (
    Capabilities,
    Changes,
    Estimate,
    Job,
    JobFilter,
    JobSpec,
    JobStatus,
    Refusal,
    Submission,
)
from gatewright.domains.compute.orders import Order
from gatewright.domains.compute.snapshot import Snapshot


class Scheduler(Protocol):
    """Runs jobs, on this machine or through a batch system.

    Methods with ``user`` act as that user, also towards a batch system. Only the queue
    as a whole is read with the gateway's own account.

    Its contract tests are :class:`gatewright.testing.scheduler.SchedulerContract`.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What the scheduler offers."""
        ...

    def name_in(self, script: str) -> str:
        """Return the name that a script gives its job; empty if it gives none.

        Raises
        ------
        InvalidContent
            The script requests something that the scheduler refuses.
        """
        ...

    async def check(self, submission: Submission) -> None:
        """Refuse a submission that this scheduler could never run; nothing is stored.

        The check is made as the submission's user. Its paths may contain ``{id}`` and
        ``{index}``, which are not known yet.

        Raises
        ------
        InvalidContent
            It requests more than the system has, or a directory that it needs is
            missing.
        """
        ...

    async def estimate(self, elements: Sequence[Submission]) -> Estimate:
        """Return where and when a job would run; nothing is stored.

        ``elements`` are one job, or all elements of an array. Their ids are empty, and
        their paths may contain ``{id}`` and ``{index}``. They have passed
        :meth:`check`.

        Raises
        ------
        InvalidContent
            The scheduler would refuse the job; the message quotes its reason.
        """
        ...

    async def submit(
        self, user: str, submissions: Sequence[Submission]
    ) -> Sequence[JobStatus | GatewayError]:
        """Accept jobs of one user; they are durable when this returns.

        Returns, for each job, its first status with the scheduler's id, or the error
        why it was refused. Two submissions with the same ``uuid`` are one job, so that
        an interrupted submission can be repeated.

        Raises
        ------
        TimedOut
            Some of the jobs may have been accepted.
        GatewayError
            None of the jobs was accepted.
        """
        ...

    async def status(
        self, user: str, native_ids: Sequence[str]
    ) -> Mapping[str, JobStatus]:
        """Return the status of those of these jobs of one user that are known.

        A job that the scheduler had accepted and certainly lost before its start is
        ``new``: it has to be submitted again.

        Raises
        ------
        PersonAbsent
            The user is absent. Of each job by itself the status may be known, by what
            was left behind for it.
        Unavailable, TimedOut
            The scheduler does not answer, so nothing is known about any of the jobs.
        """
        ...

    async def snapshot(self) -> Snapshot:
        """Return the whole queue, with the jobs of all users.

        It may be some time old, as ``as_of`` tells, since one query serves all callers.
        """
        ...

    def changes(self) -> AsyncGenerator[Changes, None]:
        """Yield a complete report, and then each change, for as long as possible.

        Only one gateway process at a time iterates over this: the one that holds the
        lease of the system's jobs. Work that must be done by one process is done there.
        """
        ...

    async def forget(self, native_ids: Sequence[str]) -> None:
        """Discard what is kept of ended jobs that the gateway has recorded."""
        ...

    async def cancel(self, user: str, native_ids: Sequence[str]) -> None:
        """End jobs of a user with all their processes.

        Jobs of other users, and jobs that have ended, are left alone.
        """
        ...

    async def hold(self, user: str, native_ids: Sequence[str]) -> None:
        """Hold queued jobs of a user, so that they do not start.

        Jobs of other users, and jobs that are not queued, are left alone.
        """
        ...

    async def release(self, user: str, native_ids: Sequence[str]) -> None:
        """Release held jobs of a user, so that they can start.

        Jobs of other users, and jobs that are not held, are left alone.
        """
        ...

    async def order(self, user: str, native_ids: Sequence[str], order: Order) -> None:
        """Send a signal to jobs, change a limit, or put them back into the queue.

        It is called only with the kinds of orders in :attr:`Capabilities.orders`. Jobs
        of other users are not affected.

        Raises
        ------
        InvalidContent, NotAllowed
            The scheduler refuses the order.
        """
        ...


class OutputFile(Protocol):
    """A file to which a job writes, open for reading.

    Size, time and entity tag are those found when it was opened, since asking again may
    take long on a slow file system.
    """

    @property
    def size(self) -> int:
        """Size in bytes when it was opened."""
        ...

    @property
    def modified_at(self) -> float:
        """Time of its last change when it was opened, seconds since 1970."""
        ...

    @property
    def etag(self) -> str:
        """Strong entity tag of its content when it was opened."""
        ...

    @property
    def descriptor(self) -> int | None:
        """File descriptor, which this object closes.

        None if there is none to pass on.
        """
        ...

    async def read(self, offset: int, count: int) -> bytes:
        """Return up to ``count`` bytes from ``offset``.

        Fewer at the end of the file.
        """
        ...

    def size_now(self) -> int | None:
        """Return the current size; None if earlier content was overwritten."""
        ...

    def close(self) -> None:
        """Close the file; further calls do nothing."""
        ...


class OutputFiles(Protocol):
    """The output files of jobs, opened with the rights of their owner."""

    async def open(self, system: str, user: str, path: str) -> OutputFile:
        """Open a regular file of a system for reading; the caller closes it.

        Raises
        ------
        NotFound
            There is no regular file at this path.
        NotAllowed
            The user may not read it.
        """
        ...


@dataclass(frozen=True, slots=True)
class NewJob:
    """A checked job that has no record yet."""

    spec: JobSpec
    """The specification that was submitted."""
    name: str
    """Name for people."""
    directory: str
    """Working directory, as an absolute path."""
    stdout_path: str
    """Absolute path of the standard output, which may contain ``{id}`` and ``{index}``.
    """
    stderr_path: str
    """Absolute path of the standard error, which may contain ``{id}`` and ``{index}``.
    """
    uuids: Sequence[str]
    """Unique name of the submission of each element; one for a single job."""
    indices: Sequence[int | None]
    """Index of each element; a single None for a job outside of arrays."""
    token_path: str = ""
    """Absolute path of the file with its token; empty for a job without one."""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """An ``Idempotency-Key`` in one request."""

    system: str
    """Name of the compute system."""
    user: str
    """Account that sent it; keys of different users are independent."""
    key: str
    """The key."""
    body_hash: str
    """Digest of the job specifications that were sent with it."""
    at: float
    """Current time, seconds since 1970 UTC."""
    lease: float
    """Seconds after which an unconfirmed submission counts as interrupted."""


@dataclass(frozen=True, slots=True)
class Admission:
    """A request to record jobs before they are submitted to the scheduler."""

    system: str
    """Name of the compute system."""
    user: str
    """Account that owns the jobs."""
    jobs: Sequence[NewJob | Refusal]
    """The jobs; one that was already refused is represented by the reason."""
    at: float
    """Current time, seconds since 1970 UTC."""
    lease: float
    """Seconds after which the unconfirmed submission counts as interrupted."""
    in_flight: int
    """Largest number of jobs of the user that may wait or run."""
    together: bool = True
    """Whether all jobs are recorded or none; if not, each one is decided by itself."""
    use: KeyUse | None = None
    """The client's ``Idempotency-Key``; None without one."""


Admitted = Sequence[Job] | Refusal
"""Result for one specification: its job, the elements of its array, or the refusal."""


class JobTable(Protocol):
    """The durable records of all jobs."""

    async def keyed(self, use: KeyUse) -> Sequence[Admitted] | None:
        """Return the results of an earlier request with the same key; None without one.

        Jobs among them whose submission was interrupted are ``new``, and the caller has
        to submit them now.

        Raises
        ------
        InvalidContent
            The key was used with another body.
        Conflict
            The first request with the key is still in progress.
        """
        ...

    async def admit(self, admission: Admission) -> Sequence[Admitted]:
        """Record jobs in state ``new``, and their key, in one durable transaction.

        A known key gives the result of :meth:`keyed`. If each job is decided by itself,
        the jobs above the limit are refused.

        Raises
        ------
        InvalidContent
            The key was used with another body.
        Conflict
            The first request with the key is still in progress.
        TooManyRequests
            All jobs belong together, and the user would have too many unfinished jobs.
        """
        ...

    async def submitted(self, statuses: Mapping[str, JobStatus]) -> Sequence[Job]:
        """Record the first status, with the native id, of jobs by their uuid.

        Returns the jobs that were ``new`` until then.
        """
        ...

    async def withdraw(self, refused: Mapping[str, Refusal]) -> None:
        """Remove jobs, by their uuid, that the scheduler refused.

        The key keeps the reasons, or is removed if it has no other job.
        """
        ...

    async def cut_short(self, system: str, now: float, lease: float) -> Sequence[Job]:
        """Return the jobs whose submission was interrupted, for the caller to submit.

        ``now`` is in seconds since 1970 UTC. A submission counts as interrupted after
        ``lease`` seconds; no other process gets these jobs until the lease has passed
        again.
        """
        ...

    async def record(self, system: str, statuses: Sequence[JobStatus]) -> Sequence[Job]:
        """Record what a scheduler reported, and return the jobs that changed.

        Jobs that have ended do not change any more.
        """
        ...

    async def open_jobs(self, system: str, user: str | None = None) -> Sequence[Job]:
        """Return the jobs, or one user's jobs, that have not ended, oldest first."""
        ...

    async def get(self, system: str, user: str, job_id: str) -> Job | None:
        """Return a user's job; None if there is none of this id."""
        ...

    async def numbered(self, system: str, user: str, number: int) -> Sequence[Job]:
        """Return a user's job of a number, or all elements of an array, by index."""
        ...

    async def list(
        self, system: str, user: str, chosen: JobFilter, limit: int, cursor: str | None
    ) -> Page[Job]:
        """Return a page of a user's jobs, newest first."""
        ...
