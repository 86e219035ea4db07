"""The workers of all people: each started by the broker, ended when idle."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from gatewright.backends.worker import Worker, WorkerStarter

_LOOK_SECONDS = 10.0
_THREADS = 16
OLDEST_SECONDS = 600.0


class BrokerWorkers:
    """The port `Workers`: everyone's calls are answered by their own process.

    Parameters
    ----------
    starter
        Returns what starts the worker of an account.
    service
        Name that is no account's, for what is asked for everyone together.
    own
        The worker that answers to that name: a child of the gateway, as its account.
    idle_seconds
        A worker that had nothing to do for so long is ended; the next call starts
        another.
    oldest_seconds
        A worker is begun anew after so long even if it is always used: it has the
        groups with which it began, and its account may have been closed since.
    """

    def __init__(
        self,
        starter: Callable[[str], WorkerStarter],
        service: str,
        own: Worker,
        idle_seconds: float,
        oldest_seconds: float = OLDEST_SECONDS,
    ) -> None:
        self._starter = starter
        self._service = service
        self._own = own
        self._idle_seconds = idle_seconds
        self._oldest_seconds = oldest_seconds
        self._workers: dict[str, Worker] = {}
        self._processes = ThreadPoolExecutor(_THREADS, "workers")

    @property
    def running(self) -> int:
        """How many workers of people run."""
        return sum(worker.running for worker in self._workers.values())

    def of(self, user: str) -> Worker:
        if user == self._service:
            return self._own
        if user not in self._workers:
            self._workers[user] = Worker(self._starter(user), self._processes)
        return self._workers[user]

    async def rest(self) -> float:
        """End workers that are idle or old; return the seconds until the next look."""
        for worker in self._workers.values():
            worker.rest(self._idle_seconds, self._oldest_seconds)
        return min(_LOOK_SECONDS, self._idle_seconds)

    async def close(self) -> None:
        """End all workers after the operations in hand."""
        await asyncio.gather(*(worker.close() for worker in self._workers.values()))
        self._processes.shutdown(wait=False, cancel_futures=True)
