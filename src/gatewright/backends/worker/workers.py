"""Selects the worker that acts for a user."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from gatewright.backends.worker.client import Worker

Home = Callable[[str], Awaitable[bytes]]
"""Returns a user's home directory, as a path relative to the root of a system."""


async def at_the_root(user: str) -> bytes:
    """Return the root directory, the default home on a system."""
    return b"/"


class Workers(Protocol):
    """The workers of all users."""

    def of(self, user: str) -> Worker:
        """Return the worker that acts for a user."""


class OneWorker:
    """Single-user mode: one worker acts for all accounts."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def of(self, user: str) -> Worker:
        return self._worker
