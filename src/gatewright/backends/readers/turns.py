"""Whose turn it is: which reader takes which call, and who waits.

Small calls go before bulk windows, and a bulk window does not take the last free
reader until it has waited a little. Whole files, which take seconds, never have all
readers at once. A key (a file) goes to the reader that served it last, whose caches are
warm, if that one is free.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Generic, TypeVar

from gatewright.core.errors import Unavailable

R = TypeVar("R", bound=Hashable)

_PATIENCE_SECONDS = 0.05
_KEYS = 4096


class Weight(IntEnum):
    """How long a call holds a reader."""

    SMALL = 0
    """A moment."""
    WINDOW = 1
    """A piece of a large answer: some milliseconds."""
    FILE = 2
    """A whole file that is made: up to seconds."""


@dataclass(slots=True, eq=False)
class _Waiter(Generic[R]):
    key: str
    weight: Weight
    since: float
    turn: asyncio.Future[R] = field(repr=False)


class Turns(Generic[R]):
    """Free readers and waiting calls of one pool."""

    def __init__(self, readers: int, waiting: int) -> None:
        self._readers = readers
        self._most_waiting = waiting
        self._most_files = max(1, readers - 1)
        self._free: deque[R] = deque()
        self._with_files: set[R] = set()
        self._waiters: list[_Waiter[R]] = []
        self._served_by: OrderedDict[str, R] = OrderedDict()

    @property
    def free(self) -> int:
        """Number of free readers."""
        return len(self._free)

    @property
    def waiting(self) -> int:
        """Number of calls that wait."""
        return len(self._waiters)

    def give(self, reader: R) -> None:
        """Say that a reader is free."""
        self._with_files.discard(reader)
        self._free.append(reader)
        self._wake()

    def forget(self, reader: R) -> None:
        """Say that a reader is gone."""
        self._with_files.discard(reader)
        if reader in self._free:
            self._free.remove(reader)
        for key in [k for k, r in self._served_by.items() if r == reader]:
            del self._served_by[key]

    async def take(self, key: str, weight: Weight, seconds: float) -> R:
        """Wait for a reader and take it.

        Raises
        ------
        Unavailable
            Too many calls wait, or none of the readers became free in time.
        """
        loop = asyncio.get_running_loop()
        if not self._waiters and self._may_go(weight, 0.0):
            return self._pick(key, weight)
        if len(self._waiters) >= self._most_waiting:
            raise Unavailable("All readers are busy; try again soon.", retry_after=1)
        waiter = _Waiter[R](key, weight, loop.time(), loop.create_future())
        self._waiters.append(waiter)
        self._wake()
        if weight and not waiter.turn.done():
            loop.call_later(_PATIENCE_SECONDS * 1.01, self._wake)
        return await self._wait(waiter, seconds)

    async def _wait(self, waiter: _Waiter[R], seconds: float) -> R:
        try:
            async with asyncio.timeout(seconds):
                return await waiter.turn
        except BaseException as error:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            if waiter.turn.done() and not waiter.turn.cancelled():
                self.give(waiter.turn.result())
            if isinstance(error, TimeoutError):
                raise Unavailable(
                    "All readers are busy; try again soon.", retry_after=1
                ) from error
            raise

    def _may_go(self, weight: Weight, waited: float) -> bool:
        if weight is Weight.FILE and len(self._with_files) >= self._most_files:
            return False
        if not weight or self._readers == 1 or waited >= _PATIENCE_SECONDS:
            return bool(self._free)
        return len(self._free) > 1

    def _pick(self, key: str, weight: Weight) -> R:
        reader = self._served_by.get(key)
        if reader is None or reader not in self._free:
            reader = self._free[0]
        self._free.remove(reader)
        if weight is Weight.FILE:
            self._with_files.add(reader)
        self._remember(key, reader)
        return reader

    def _remember(self, key: str, reader: R) -> None:
        if not key:
            return
        self._served_by.setdefault(key, reader)
        self._served_by.move_to_end(key)
        if len(self._served_by) > _KEYS:
            self._served_by.popitem(last=False)

    def _wake(self) -> None:
        while self._free and (waiter := self._next()) is not None:
            self._waiters.remove(waiter)
            if not waiter.turn.done():
                waiter.turn.set_result(self._pick(waiter.key, waiter.weight))

    def _next(self) -> _Waiter[R] | None:
        now = asyncio.get_running_loop().time()
        for waiter in sorted(self._waiters, key=_by_weight):
            if self._may_go(waiter.weight, now - waiter.since):
                return waiter
        return None


def _by_weight(waiter: _Waiter[R]) -> Weight:
    return waiter.weight
