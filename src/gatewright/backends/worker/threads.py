"""Threads that end when there is nothing to do, and begin again when there is."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from typing_extensions import override

P = ParamSpec("P")
T = TypeVar("T")


class RestingThreads(Executor):
    """An executor whose threads can be ended while others still hold it.

    A gateway has one for each user; a file that is being sent holds its owner's. An
    executor of the standard library keeps its threads for good, or takes no more calls.

    Parameters
    ----------
    most
        Largest number of threads.
    name
        Beginning of the threads' names.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._lock = threading.Lock()
        self._running: ThreadPoolExecutor | None = None
        self._closed = False

    @override
    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Call a function in a thread, and begin a thread if none is free.

        Raises
        ------
        RuntimeError
            The executor was shut down.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError("These threads have been shut down.")
            if self._running is None:
                self._running = ThreadPoolExecutor(self._most, self._name)
            return self._running.submit(fn, *args, **kwargs)

    def rest(self) -> None:
        """End the threads after the calls that were made; the next begins others."""
        with self._lock:
            running, self._running = self._running, None
        if running is not None:
            running.shutdown(wait=False)

    @override
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads; none begins again."""
        with self._lock:
            self._closed = True
            running, self._running = self._running, None
        if running is not None:
            running.shutdown(wait=wait, cancel_futures=cancel_futures)
