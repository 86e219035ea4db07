"""Stores when sessions and tokens were last used, at most once a minute each."""

import asyncio
import logging
from collections.abc import Coroutine

from gatewright.core.errors import GatewayError

TOUCH_SECONDS = 60.0

_log = logging.getLogger(__name__)


class LastUse:
    """Stores times of use in the background, so that no request waits for the disk."""

    def __init__(self) -> None:
        self._writes: dict[str, asyncio.Task[None]] = {}

    def note(self, key: str, write: Coroutine[None, None, None]) -> None:
        """Start a write, unless one for the same key is in progress."""
        if key in self._writes:
            write.close()
            return

        async def write_and_forget() -> None:
            try:
                await write
            except GatewayError as error:
                # The request itself is not worth failing for this.
                _log.warning("The last use of %s was not noted: %s", key, error.text)
            finally:
                del self._writes[key]

        self._writes[key] = asyncio.create_task(write_and_forget())

    async def settle(self) -> None:
        """Wait for all writes in progress."""
        await asyncio.gather(*self._writes.values())
