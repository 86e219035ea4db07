"""Which worker acts for a user."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from gatewright.backends.worker.client import Worker

Home = Callable[[str], Awaitable[bytes]]
"""Returns the folder that a user's ``~`` means, as a path from a system's root."""


async def at_the_root(user: str) -> bytes:
    """Return the root: everyone's home on a system that does not say another."""
    return b"/"


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
