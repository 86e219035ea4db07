"""Orders for jobs that not every scheduler supports: signals and time limits."""

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


Order = SendSignal | ChangeLimit
