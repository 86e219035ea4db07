"""Pages of a system's queue, found by its columns."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from gatewright.core.pages import Page, decode_cursor, encode_cursor
from gatewright.domains.compute.everyone import QueueFilter, SeenJob
from gatewright.domains.compute.job_columns import Criterion, JobColumns, place
from gatewright.domains.compute.model import Capabilities, Job
from gatewright.domains.compute.snapshot import QueuedJob, Snapshot


@dataclass(frozen=True, slots=True)
class Queue:
    """The caller's waiting and running jobs, and the load of the system."""

    as_of: float
    """Time of the scheduler's last report, seconds since 1970 UTC."""
    jobs: Sequence[Job]
    """The caller's jobs that have not ended, oldest first."""
    running: int
    """Number of running jobs of all users."""
    waiting: int
    """Number of waiting jobs of all users."""
    cores_in_use: int
    """Number of CPU cores of all running jobs."""
    capabilities: Capabilities
    """What the scheduler offers."""
    failure: str = ""
    """Why there is no newer report, if the scheduler does not answer; else empty."""


class QueueIndex:
    """The jobs of one snapshot, whose pages are found without examining every job.

    Parameters
    ----------
    whole
        The snapshot.
    columns
        Its jobs.
    """

    def __init__(self, whole: Snapshot, columns: JobColumns) -> None:
        self.whole = whole
        self.counts = columns.counts
        self._jobs = columns

    @classmethod
    def of(cls, whole: Snapshot) -> "QueueIndex":
        """Return the index of a snapshot.

        If its jobs are not columns yet they are encoded, which takes 6 µs a job.
        """
        jobs = whole.jobs
        columns = jobs if isinstance(jobs, JobColumns) else JobColumns.of(jobs)
        return cls(whole, columns)

    def queue(self, own: Sequence[Job], capabilities: Capabilities) -> Queue:
        """Return a user's own jobs with the load of the system."""
        return Queue(
            as_of=self.whole.as_of,
            jobs=own,
            running=self.counts.running,
            waiting=self.counts.jobs - self.counts.running,
            cores_in_use=self.counts.cores_in_use,
            capabilities=capabilities,
            failure=self.whole.failure,
        )

    def listed(self, own: Mapping[str, str]) -> Mapping[str, QueuedJob]:
        """Return those jobs of ``own`` that are listed, by the gateway's ids.

        ``own`` has the gateway's ids by the scheduler's ids.
        """
        numbers = np.flatnonzero(self._jobs.having_native_id(own.keys()))
        jobs = [self._jobs[int(number)] for number in numbers]
        return {
            own[job.status.native_id]: job
            for job in jobs
            if job.status.native_id in own
        }

    def page(
        self,
        user: str,
        own: Mapping[str, str],
        chosen: QueueFilter,
        limit: int,
        cursor: str | None,
    ) -> Page[SeenJob]:
        """Return a page of the jobs that a user may see and a filter accepts.

        In a public queue users see all jobs. In a private one they see the jobs in
        ``own`` (the gateway's ids of the user's jobs by the scheduler's ids) and, if
        the scheduler has job numbers of its own, their jobs that were submitted
        elsewhere. The oldest jobs come first.

        Raises
        ------
        InvalidRequest
            The cursor does not come from this listing.
        """
        start = 0
        if cursor is not None:
            after = decode_cursor(cursor, float, str)
            start = bisect_right(self._jobs, after, key=place)

        def theirs(job: QueuedJob) -> bool:
            listed = bool(job.number) and job.user == user
            return listed or job.status.native_id in own

        jobs = map(self._jobs.__getitem__, self._candidates(user, own, chosen, start))
        visible = filter(theirs, jobs) if self.whole.private else jobs
        rows = filter(chosen.takes, visible)
        shown = list(islice(rows, limit))
        more = next(rows, None) is not None
        last = encode_cursor(*place(shown[-1])) if more else None
        seen = [SeenJob(job, own.get(job.status.native_id)) for job in shown]
        return Page(seen, last)

    def _candidates(
        self, user: str, own: Mapping[str, str], chosen: QueueFilter, start: int
    ) -> Iterable[int]:
        """Return the numbers of jobs, from one on, that columns do not exclude."""
        jobs = self._jobs
        wanted = {
            Criterion.USER: chosen.user,
            Criterion.NAME: chosen.name,
            Criterion.STATE: chosen.state,
            Criterion.PARTITION: chosen.partition,
        }
        found = [jobs.having(what, value) for what, value in wanted.items() if value]
        if self.whole.private:
            theirs = jobs.having(Criterion.USER, user)
            found.append(theirs | jobs.having_native_id(own.keys()))
        if not found:
            return range(start, len(jobs))
        every = np.logical_and.reduce(found)
        return np.flatnonzero(every[start:]) + start
