"""The workers of all users; the broker starts each, and idle ones are ended."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from gatewright.backends.worker import Intents, Ticket, Worker, WorkerStarter

_LOOK_SECONDS = 10.0
_THREADS = 16
OLDEST_SECONDS = 600.0


class BrokerWorkers:
    """Implements the port `Workers`: each user's calls go to that user's own process.

    Parameters
    ----------
    starter
        Returns the starter for the worker of an account.
    service
        Name that belongs to no account, used for requests on behalf of all users.
    own
        The worker for that name, of the service account or of the gateway's own.
    idle_seconds
        Idle time after which a worker is ended; the next call starts a new one.
    oldest_seconds
        Age after which a worker is replaced even if it is in use, since its groups are
        those of its start and its account may have been closed since.
    ticketer
        Returns tickets for the worker of an account; None if workers need none.
    intents
        Returns the grants of an account for work that goes on after its person left.
    """

    def __init__(
        self,
        starter: Callable[[str], WorkerStarter],
        service: str,
        own: Worker,
        idle_seconds: float,
        oldest_seconds: float = OLDEST_SECONDS,
        ticketer: Callable[[str], Awaitable[Ticket]] | None = None,
        intents: Callable[[str], Intents] | None = None,
    ) -> None:
        self._starter = starter
        self._service = service
        self._own = own
        self._idle_seconds = idle_seconds
        self._oldest_seconds = oldest_seconds
        self._ticketer = ticketer
        self._intents = intents
        self._workers: dict[str, Worker] = {}
        self._processes = ThreadPoolExecutor(_THREADS, "workers")

    @property
    def running(self) -> int:
        """Number of running workers of users."""
        return sum(worker.running for worker in self._workers.values())

    def of(self, user: str) -> Worker:
        if user == self._service:
            return self._own
        if user not in self._workers:
            self._workers[user] = Worker(
                self._starter(user),
                self._processes,
                self._ticketer and partial(self._ticketer, user),
                self._intents and self._intents(user),
            )
        return self._workers[user]

    async def rest(self) -> float:
        """End idle and old workers; return the seconds until the next check."""
        for worker in self._workers.values():
            worker.rest(self._idle_seconds, self._oldest_seconds)
        return min(_LOOK_SECONDS, self._idle_seconds)

    async def close(self) -> None:
        """End all workers after their pending operations."""
        await asyncio.gather(*(worker.close() for worker in self._workers.values()))
        self._processes.shutdown(wait=False, cancel_futures=True)
