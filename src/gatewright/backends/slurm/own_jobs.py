"""Follows the gateway's own jobs in the queue, from one look to the next.

Their statuses are made in the process that parses the queue, and anew only for those
that changed. To make all of 20,000 takes 0.2 s of a core, in which the gateway would
answer nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gatewright.backends.slurm.rows import QueueRow
from gatewright.backends.slurm.statuses import (
    PriorityOrder,
    has_ended,
    living,
    own_id,
)
from gatewright.backends.slurm.words import names_place, why_it_waits
from gatewright.domains.compute import JobStatus


@dataclass(frozen=True, slots=True)
class _Job:
    row: QueueRow
    status: JobStatus


class OwnJobs:
    """The gateway's own jobs of the last look."""

    def __init__(self) -> None:
        # They hold their rows, so that no other row can have the same identity.
        self._jobs: dict[int, _Job] = {}

    def of(
        self, rows: Sequence[QueueRow], account: str, order: PriorityOrder
    ) -> tuple[dict[str, JobStatus], list[QueueRow]]:
        """Return the statuses of those that wait or run, and the rows of ended ones.

        A job belongs to the user whom its comment names only if it runs as that user's
        account or as the gateway's ``account``, since anybody may write any comment.

        Parameters
        ----------
        rows
            The whole queue. Of a row that was there at the last look, the same object,
            the status is the same object too, unless its place has changed.
        account
            Account as which the gateway reads the queue.
        order
            The order in which waiting jobs start.

        Returns
        -------
        The statuses are by native id.
        """
        jobs: dict[int, _Job] = {}
        statuses: dict[str, JobStatus] = {}
        ended: list[QueueRow] = []
        for row in rows:
            native = own_id(row)
            if native is None or row.account not in {native.user, account}:
                continue
            if has_ended(row):
                ended.append(row)
                continue
            job = self._jobs.get(id(row))
            if job is None or not _holds(job.status, row, order):
                job = _Job(row, living(row, str(native), order))
            jobs[id(row)] = job
            statuses[job.status.native_id] = job.status
        self._jobs = jobs
        return statuses, ended


def _holds(status: JobStatus, row: QueueRow, order: PriorityOrder) -> bool:
    """Return whether a status that was made of a row is still right."""
    return not names_place(row) or status.reason == why_it_waits(row, order.ahead(row))
