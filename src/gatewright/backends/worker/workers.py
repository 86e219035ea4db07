"""Which worker acts for a user."""

from typing import Protocol

from gatewright.backends.worker.client import Worker


class Workers(Protocol):
    """The workers of all users."""

    def of(self, user: str) -> Worker:
        """Return the worker that acts for a user."""


class OneWorker:
    """Single-user mode: the one person's worker acts for every account that may ask."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def of(self, user: str) -> Worker:
        return self._worker
