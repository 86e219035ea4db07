"""An index of a system's queue, by which its pages are found quickly."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from gatewright.core.pages import Page, decode_cursor, encode_cursor
from gatewright.domains.compute.everyone import QueueFilter, SeenJob
from gatewright.domains.compute.model import Capabilities, Job, JobState
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
    """The jobs of one snapshot: counted, sorted, and listed by filter values.

    It is built once for each snapshot. Without it, each page of a queue of 20,000 jobs
    would examine every job.

    Parameters
    ----------
    whole
        The snapshot.
    """

    def __init__(self, whole: Snapshot) -> None:
        self.whole = whole
        running = [job for job in whole.jobs if job.status.state is JobState.ACTIVE]
        self.running = len(running)
        self.cores_in_use = sum(job.cores for job in running)

    @classmethod
    def with_lists(cls, whole: Snapshot) -> "QueueIndex":
        """Return the index of a snapshot, with its lists already made."""
        index = cls(whole)
        _ = index._lists
        return index

    @cached_property
    def _jobs(self) -> Sequence[QueuedJob]:
        """All jobs, oldest first."""
        return sorted(self.whole.jobs, key=_place)

    @cached_property
    def _lists(self) -> Mapping[tuple[str, str], Sequence[QueuedJob]]:
        """The jobs by filter criterion and value, oldest first."""
        lists: defaultdict[tuple[str, str], list[QueuedJob]] = defaultdict(list)
        for job in self._jobs:
            lists["user", job.user].append(job)
            lists["name", job.name].append(job)
            lists["state", job.status.state].append(job)
            lists["native id", job.status.native_id].append(job)
            for partition in set(job.partition.split(",")):
                lists["partition", partition].append(job)
        return lists

    def queue(self, own: Sequence[Job], capabilities: Capabilities) -> Queue:
        """Return a user's own jobs with the load of the system."""
        return Queue(
            as_of=self.whole.as_of,
            jobs=own,
            running=self.running,
            waiting=len(self.whole.jobs) - self.running,
            cores_in_use=self.cores_in_use,
            capabilities=capabilities,
            failure=self.whole.failure,
        )

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
        whole = self.whole
        jobs = self._theirs(user, own) if whole.private else self._shortest(chosen)
        start = 0
        if cursor is not None:
            after = decode_cursor(cursor, float, str)
            start = bisect_right(jobs, after, key=_place)
        rows = filter(chosen.takes, islice(jobs, start, None))
        shown = list(islice(rows, limit))
        more = next(rows, None) is not None
        last = encode_cursor(*_place(shown[-1])) if more else None
        seen = [SeenJob(job, own.get(job.status.native_id)) for job in shown]
        return Page(seen, last)

    def _theirs(self, user: str, own: Mapping[str, str]) -> Sequence[QueuedJob]:
        """Return the jobs of a private queue that a user may see."""
        here = [
            job for native in own for job in self._lists.get(("native id", native), ())
        ]
        elsewhere = [
            job
            for job in self._lists.get(("user", user), ())
            if job.number and job.status.native_id not in own
        ]
        return sorted([*here, *elsewhere], key=_place)

    def _shortest(self, chosen: QueueFilter) -> Sequence[QueuedJob]:
        """Return the shortest list that contains all jobs that a filter accepts."""
        selected = {
            "user": chosen.user,
            "name": chosen.name,
            "state": chosen.state,
            "partition": chosen.partition,
        }
        lists = [
            self._lists.get((what, value), ())
            for what, value in selected.items()
            if value
        ]
        return min(lists, key=len, default=self._jobs)


def _place(job: QueuedJob) -> tuple[float, str]:
    return job.submitted_at, job.number or job.status.native_id
