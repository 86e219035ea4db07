"""The worker, a process that acts with the rights of one user, and its client."""

from gatewright.backends.worker.client import (
    LASTING_SECONDS,
    Worker,
    latin,
    open_worker,
)
from gatewright.backends.worker.commands import WorkerCommands
from gatewright.backends.worker.descriptors import close_in_thread, state_of
from gatewright.backends.worker.errors import meaning
from gatewright.backends.worker.job_paths import check_paths
from gatewright.backends.worker.program.permit import HOLE, NUMBER_HOLE, digest_of
from gatewright.backends.worker.starting import (
    ChildStarter,
    Intent,
    Intents,
    IntentTicket,
    RunningWorker,
    Ticket,
    Ticketer,
    WorkerStarter,
)
from gatewright.backends.worker.workers import Home, OneWorker, Workers, at_the_root

__all__ = [
    "HOLE",
    "LASTING_SECONDS",
    "NUMBER_HOLE",
    "ChildStarter",
    "Home",
    "Intent",
    "IntentTicket",
    "Intents",
    "OneWorker",
    "RunningWorker",
    "Ticket",
    "Ticketer",
    "Worker",
    "WorkerCommands",
    "WorkerStarter",
    "Workers",
    "at_the_root",
    "check_paths",
    "close_in_thread",
    "digest_of",
    "latin",
    "meaning",
    "open_worker",
    "state_of",
]
