"""What the gateway and the process that parses the queue tell each other."""

from collections.abc import Mapping, Sequence

import msgspec

from gatewright.backends.slurm.rows import QueueRow
from gatewright.backends.slurm.statuses import PriorityOrder
from gatewright.domains.compute import Counts, JobStatus

MOST_BYTES = 1 << 30
"""Most bytes of a message."""


class ReadQueue(msgspec.Struct, tag=True, frozen=True):
    """Parse what ``squeue`` printed, which is the data of this message."""

    nonce: str
    """The word that separates its fields."""
    account: str
    """Account as which the gateway reads the queue."""


class QueueRead(msgspec.Struct, tag=True, frozen=True):
    """What the gateway has to know of a queue before its entries can be made.

    Of its own jobs that wait or run it has only what differs from the answer before,
    which the process has told since it was started.
    """

    changed: Sequence[JobStatus]
    """Statuses of those that are new or have changed."""
    gone: Sequence[str]
    """Native ids of those that have ended, or are not in the queue any more."""
    ended: Sequence[QueueRow]
    """All those in the queue that have ended."""
    order: PriorityOrder
    """The order in which waiting jobs start."""


class MakeColumns(msgspec.Struct, tag=True, frozen=True):
    """Return the jobs of the queue that was read."""

    ended: Mapping[str, JobStatus]
    """Statuses of the gateway's ended jobs by their native ids."""


class ColumnsMade(msgspec.Struct, tag=True, frozen=True):
    """The jobs as columns, which are the data of this message."""

    counts: Counts
    """The numbers of the jobs."""


class Refused(msgspec.Struct, tag=True, frozen=True):
    """What ``squeue`` printed has an unexpected form."""

    text: str
    """The message for the user."""


Request = ReadQueue | MakeColumns
Answer = QueueRead | ColumnsMade | Refused
