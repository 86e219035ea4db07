"""The worker: a process that acts for one user, and the gateway's end of it."""

from gatewright.backends.worker.client import (
    LASTING_SECONDS,
    Worker,
    latin,
    open_worker,
)
from gatewright.backends.worker.errors import meaning
from gatewright.backends.worker.workers import OneWorker, Workers

__all__ = [
    "LASTING_SECONDS",
    "OneWorker",
    "Worker",
    "Workers",
    "latin",
    "meaning",
    "open_worker",
]
