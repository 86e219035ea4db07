"""Waking those who wait for a change."""

import asyncio
from contextlib import suppress


class WriteSignal:
    """Tells the waiting requests of this process that something was written."""

    def __init__(self) -> None:
        self._changed = asyncio.Condition()

    async def tell(self) -> None:
        """Wake all that wait."""
        async with self._changed:
            self._changed.notify_all()

    async def wait(self, seconds: float) -> None:
        """Wait until something was written here, at most some seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait()
