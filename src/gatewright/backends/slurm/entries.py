"""Makes the entries of the whole queue, anew only for jobs that changed.

From one look to the next most jobs of a large queue stay as they were. To make all
entries anew would take a third of a second of a core, every few seconds.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatewright.backends.slurm.rows import QueueRow
from gatewright.backends.slurm.statuses import (
    PriorityOrder,
    has_ended,
    living,
    own_id,
    queued,
    whole_of,
)
from gatewright.backends.slurm.words import names_place, why_it_waits
from gatewright.domains.compute import ENDED, JobStatus, QueuedJob


@dataclass(frozen=True, slots=True)
class _Entry:
    row: QueueRow
    own: JobStatus | None
    job: QueuedJob


class QueueEntries:
    """The entries of the last look, by the identity of their rows."""

    def __init__(self) -> None:
        self._entries: dict[int, _Entry] = {}

    def of(
        self,
        rows: Sequence[QueueRow],
        own: Mapping[str, JobStatus],
        order: PriorityOrder,
    ) -> list[QueuedJob]:
        """Return the jobs that wait or run.

        Parameters
        ----------
        rows
            The whole queue. The entry of a row that was there at the last look, the
            same object, is used again if nothing else that it shows has changed.
        own
            Statuses of the gateway's jobs by their native ids.
        order
            The order in which waiting jobs start.
        """
        entries: dict[int, _Entry] = {}
        jobs: list[QueuedJob] = []
        parts: defaultdict[str, list[QueuedJob]] = defaultdict(list)
        for row in rows:
            heterogeneous = "+" in row.shown
            if has_ended(row) and not heterogeneous:
                continue
            native = own_id(row)
            status = own.get(str(native)) if native else None
            entry = self._entries.get(id(row))
            if entry is None or not _holds(entry, row, status, order):
                user = native.user if native and status else row.account
                shown = status or living(row, row.number, order)
                entry = _Entry(row, status, queued(row, shown, user))
            entries[id(row)] = entry
            if heterogeneous:
                parts[row.shown.partition("+")[0]].append(entry.job)
            else:
                jobs.append(entry.job)
        self._entries = entries
        jobs += [
            whole_of(some)
            for some in parts.values()
            if any(part.status.state not in ENDED for part in some)
        ]
        return jobs


def _holds(
    entry: _Entry, row: QueueRow, own: JobStatus | None, order: PriorityOrder
) -> bool:
    """Return whether an entry still shows what is known of its job."""
    if entry.row is not row or (entry.own is not own and entry.own != own):
        return False
    if own is not None or not names_place(row):
        return True
    return entry.job.status.reason == why_it_waits(row, order.ahead(row))
