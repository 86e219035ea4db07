"""Background tasks that run beside the requests and restart after a failure."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from types import TracebackType
from typing import Protocol, Self

from gatewright.core.errors import GatewayError, Unavailable
from gatewright.core.lease import Lease, LeaseLost

Work = Callable[[], Awaitable[float]]
"""Does one round of the work and returns how many seconds to pause before the next."""

_log = logging.getLogger(__name__)
_FIRST_PAUSE = 0.2
_UNSTEADY_SECONDS = 10.0


class Steady(Protocol):
    """A background task as the health checks see it."""

    async def ready(self) -> None:
        """Return if the task has not failed within the last ten seconds.

        Raises
        ------
        Unavailable
            The task failed within the last ten seconds.
        """
        ...


class Background:
    """A task that repeats its work for as long as the context manager is open.

    A failure is logged, and the work is started again after a pause, which doubles with
    each failure that follows soon after the one before. With a lease, only one process
    of the gateway does the work; the others wait to take over.

    Parameters
    ----------
    name
        What the task does, for the log and for health: ``following the jobs of local``.
    work
        Coroutine function that does one round of the work.
    lease
        Lease that a process must hold to do the work; None lets every process do it.
    most_pause
        Longest pause after a failure, in seconds; at most ten.
    delay
        Seconds before the first round.
    """

    def __init__(
        self,
        name: str,
        work: Work,
        *,
        lease: Lease | None = None,
        most_pause: float = 5.0,
        delay: float = 0.0,
    ) -> None:
        self.name = name
        self._work = work
        self._lease = lease
        self._most_pause = most_pause
        self._delay = delay
        self._failed_at = float("-inf")
        self._began_at = float("-inf")
        self._pause = 0.0
        self._told = ""
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self.run(), name=self.name)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            # Unlike awaiting the task, this does not hide a cancellation of the caller.
            await asyncio.wait([self._task])

    async def ready(self) -> None:
        """Return if the task has not failed lately (see :class:`Steady`).

        A process that waits for the lease is ready, since another one does the work.
        """
        if time.monotonic() - self._failed_at < _UNSTEADY_SECONDS:
            raise Unavailable(
                f"This failed a moment ago and begins again: {self.name}."
            )

    async def run(self) -> None:
        """Repeat the work until the task is cancelled."""
        await asyncio.sleep(self._delay)
        while True:
            try:
                async with (
                    nullcontext() if self._lease is None else (self._lease.holding())
                ):
                    while True:
                        self._began_at = time.monotonic()
                        await asyncio.sleep(await self._work())
            except LeaseLost:
                _log.warning("%s: another process may take it over.", self.name)
            except GatewayError as error:
                await self._recover(error, error.text)
            except Exception as error:  # noqa: BLE001  # any failure is logged and retried
                await self._recover(error, f"{type(error).__name__}: {error}")

    async def _recover(self, error: Exception, text: str) -> None:
        """Log a failure and pause; repeats of the same failure are logged once."""
        now = time.monotonic()
        if now - self._began_at > _UNSTEADY_SECONDS:
            self._pause, self._told = 0.0, ""
        if text != self._told:
            trace = None if isinstance(error, GatewayError) else error
            _log.warning("%s begins again: %s", self.name, text, exc_info=trace)
        self._told = text
        self._pause = min(max(2 * self._pause, _FIRST_PAUSE), self._most_pause)
        self._failed_at = now
        await asyncio.sleep(self._pause)
