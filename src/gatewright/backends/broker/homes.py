"""Home directories of Unix accounts."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gatewright.backends.broker.unix import unix_home
from gatewright.core.errors import NotAllowed

_THREADS = 4


class UnixHomes:
    """Looks up home directories; an instance is a ``core.homes.Homes``."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, "accounts")

    async def __call__(self, user: str) -> Path:
        loop = asyncio.get_running_loop()
        home = await loop.run_in_executor(self._threads, unix_home, user)
        if home is None or not home.is_absolute():
            raise NotAllowed("There is no Unix account of this name with a home here.")
        return home

    def close(self) -> None:
        """Shut the threads down."""
        self._threads.shutdown(wait=False, cancel_futures=True)
