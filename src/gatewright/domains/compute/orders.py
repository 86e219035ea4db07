"""Orders for jobs that not every scheduler supports: signals, limits and requeuing."""

from dataclasses import dataclass
from enum import StrEnum

from gatewright.domains.compute.model import Job, JobState


class JobSignal(StrEnum):
    """A signal that can be sent to a running job."""

    HUP = "HUP"
    INT = "INT"
    QUIT = "QUIT"
    USR1 = "USR1"
    USR2 = "USR2"
    TERM = "TERM"
    STOP = "STOP"
    CONT = "CONT"


class OrderKind(StrEnum):
    """A kind of order; :attr:`Capabilities.orders` lists those that are supported."""

    SIGNAL = "signal"
    CHANGE = "change"
    ARRAY_LIMIT = "array_limit"
    REQUEUE = "requeue"


@dataclass(frozen=True, slots=True)
class SendSignal:
    """Sends a signal to all processes of a job."""

    signal: JobSignal

    kind = OrderKind.SIGNAL
    cannot = "send signals to jobs"
    refusal = "Only a job that runs can be sent a signal."

    def concerns(self, job: Job) -> bool:
        """Return whether the order applies to a job in its present state."""
        return job.state is JobState.ACTIVE


@dataclass(frozen=True, slots=True)
class ChangeLimit:
    """Changes the longest wall time of a job."""

    duration: int
    """The new limit, seconds."""

    kind = OrderKind.CHANGE
    cannot = "change the time limit of a job"
    refusal = "The job has ended, and its time limit with it."

    def concerns(self, job: Job) -> bool:
        """Return whether the order applies to a job in its present state."""
        return not job.ended


@dataclass(frozen=True, slots=True)
class ChangeArrayLimit:
    """Changes how many elements of an array may run at once."""

    limit: int | None
    """The new limit; None for no limit."""

    kind = OrderKind.ARRAY_LIMIT
    cannot = "change how many elements of an array run at once"
    refusal = (
        "The order is for a whole array, by its number, some of whose elements have "
        "not ended."
    )

    def concerns(self, job: Job) -> bool:
        """Return whether the order applies to a job in its present state."""
        return not job.ended and job.array_index is not None


@dataclass(frozen=True, slots=True)
class Requeue:
    """Puts a running job back into the queue: it ends, and runs anew under its id.

    A held job, which has a place in the queue already, is released.
    """

    kind = OrderKind.REQUEUE
    cannot = "put a job back into the queue"
    refusal = "Only a job that runs or is held can be put back into the queue."

    def concerns(self, job: Job) -> bool:
        """Return whether the order applies to a job in its present state."""
        return job.state in {JobState.ACTIVE, JobState.HELD}


Order = SendSignal | ChangeLimit | ChangeArrayLimit | Requeue
"""An order that :meth:`Scheduler.order` takes."""
