"""Orders for jobs beyond hold, release and cancel, which not every scheduler takes."""

from dataclasses import dataclass
from enum import StrEnum

from gatewright.domains.compute.model import Job, JobState


class JobSignal(StrEnum):
    """A signal that can be sent to a job that runs."""

    HUP = "HUP"
    INT = "INT"
    QUIT = "QUIT"
    USR1 = "USR1"
    USR2 = "USR2"
    TERM = "TERM"
    STOP = "STOP"
    CONT = "CONT"


class OrderKind(StrEnum):
    """A kind of order, as :attr:`Capabilities.orders` names it."""

    SIGNAL = "signal"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class SendSignal:
    """Send a signal to all processes of a job."""

    signal: JobSignal

    kind = OrderKind.SIGNAL
    cannot = "send signals to jobs"
    refusal = "Only a job that runs can be sent a signal."

    def concerns(self, job: Job) -> bool:
        """Return whether the order can be given for a job now."""
        return job.state is JobState.ACTIVE


@dataclass(frozen=True, slots=True)
class ChangeLimit:
    """Change the longest time that a job may run."""

    duration: int
    """The new limit, in seconds."""

    kind = OrderKind.CHANGE
    cannot = "change the time limit of a job"
    refusal = "The job has ended, and its time limit with it."

    def concerns(self, job: Job) -> bool:
        """Return whether the order can be given for a job now."""
        return not job.ended


Order = SendSignal | ChangeLimit
