"""Wakes requests that wait for changes, with one database query for all of them."""

import asyncio
from collections import defaultdict
from contextlib import suppress

from gatewright.core.background import Background
from gatewright.domains.store.ports import DocumentStore

LOOK_SECONDS = 0.5
_AT_ONCE = 500
"""Largest number of collections in one database query."""


class ChangeWatch:
    """Wakes the waiting requests of this process when a collection changes.

    Changes made by this process are signalled at once (`tell`). To detect those of
    other processes, the change numbers of all collections that any request waits for
    are queried together every half second; nothing is queried if no request waits.
    """

    def __init__(self, documents: DocumentStore) -> None:
        self._documents = documents
        self._waiting: defaultdict[str, dict[asyncio.Future[None], int]]
        self._waiting = defaultdict(dict)
        self._looking: asyncio.Task[None] | None = None

    def tell(self, collection: str) -> None:
        """Wake all requests that wait for a collection."""
        for future in self._waiting.get(collection, ()):
            if not future.done():
                future.set_result(None)

    async def wait(self, collection: str, known: int, seconds: float) -> None:
        """Wait until the number of a collection's last change differs from ``known``.

        It may return earlier: after ``seconds``, or after a change of permissions.
        """
        future = asyncio.get_running_loop().create_future()
        self._waiting[collection][future] = known
        if self._looking is None:
            look = Background(
                "watching collections", self._look, most_pause=2 * LOOK_SECONDS
            )
            self._looking = asyncio.create_task(look.run())
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await future
        finally:
            del self._waiting[collection][future]
            if not self._waiting[collection]:
                del self._waiting[collection]
            if not self._waiting:
                self._looking.cancel()
                self._looking = None

    async def _look(self) -> float:
        names = sorted(self._waiting)
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            numbers = await self._documents.numbers(some)
            for name in some:
                now = numbers.get(name)  # None: it was deleted
                for future, known in self._waiting.get(name, {}).items():
                    if known != now and not future.done():
                        future.set_result(None)
        return LOOK_SECONDS
