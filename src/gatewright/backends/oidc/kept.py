"""Keeps what a provider publishes, and asks for it again when it is old."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from gatewright.core.errors import GatewayError

T = TypeVar("T")

FRESH_SECONDS = 3600.0
GOOD_SECONDS = 86_400.0
"""For so long a value is used while the provider does not give a newer one."""
AGAIN_SECONDS = 5.0
"""After a failure the provider is not asked again for so long."""


class Kept(Generic[T]):
    """A value that is fetched at its first use, and kept for an hour.

    Parameters
    ----------
    fetch
        Returns the value as it is now.
    now
        Gives the time in seconds of a clock that is never set.
    """

    def __init__(
        self, fetch: Callable[[], Awaitable[T]], now: Callable[[], float]
    ) -> None:
        self._fetch = fetch
        self._now = now
        self._lock = asyncio.Lock()
        self._value: T | None = None
        self._fetched_at = 0.0
        self._failed_at = -AGAIN_SECONDS
        self._failure: GatewayError | None = None

    async def get(self) -> T:
        """Return the value, fetched within the last hour if the provider answers.

        Raises
        ------
        GatewayError
            There is no value of the last day, and the provider gives none.
        """
        async with self._lock:
            value = self._value
            if value is not None and self._now() - self._fetched_at < FRESH_SECONDS:
                return value
            return await self._fetched()

    async def refresh_now(self) -> T:
        """Return the value, fetched now if the provider answers."""
        async with self._lock:
            return await self._fetched()

    async def _fetched(self) -> T:
        now = self._now()
        if self._failure is None or now - self._failed_at >= AGAIN_SECONDS:
            try:
                self._value = await self._fetch()
            except GatewayError as error:
                self._failure, self._failed_at = error, self._now()
            else:
                self._fetched_at, self._failure = self._now(), None
        value = self._value
        if value is not None and now - self._fetched_at < GOOD_SECONDS:
            return value
        assert self._failure is not None  # noqa: S101  # or there would be a value
        raise self._failure


steady_clock: Callable[[], float] = time.monotonic
