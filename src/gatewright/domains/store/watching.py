"""Waking those who wait for a change, with one look at the store for all of them."""

import asyncio
from collections import defaultdict
from contextlib import suppress

from gatewright.core.background import Background
from gatewright.domains.store.ports import DocumentStore

LOOK_SECONDS = 0.5
_AT_ONCE = 500
"""Collections that one question to the store names."""


class ChangeWatch:
    """Tells the waiting requests of this process that a collection was changed.

    What this process writes is told at once (`tell`). For what other processes write,
    one look at the numbers of all collections that somebody waits for is made every
    half second, whatever the number of those who wait; none is made for nobody.
    """

    def __init__(self, documents: DocumentStore) -> None:
        self._documents = documents
        self._waiting: defaultdict[str, dict[asyncio.Future[None], int]]
        self._waiting = defaultdict(dict)
        self._looking: asyncio.Task[None] | None = None

    def tell(self, collection: str) -> None:
        """Wake all that wait for a collection."""
        for future in self._waiting.get(collection, ()):
            if not future.done():
                future.set_result(None)

    async def wait(self, collection: str, known: int, seconds: float) -> None:
        """Wait until a collection has another number than the one that is known.

        It may return earlier: after ``seconds``, or since rights were changed.
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
