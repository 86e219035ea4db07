"""Decides which reader takes which call, and which calls wait.

Small calls go before bulk windows, and a bulk window does not take the last free
reader until it has waited a little. Long calls, which take seconds, never have all
readers at once, nor do first looks into files. Of the long calls that wait, each
person's has a turn before one has a second. A key (a file) goes to the reader that
served it last, whose caches are warm, if that one is free.
"""

import asyncio
import itertools
from collections import OrderedDict, deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Generic, TypeVar

from gatewright.core.errors import Unavailable

R = TypeVar("R", bound=Hashable)
T = TypeVar("T")

_PATIENCE_SECONDS = 0.05
_KEYS = 4096
_SHARES = 4
"""Persons who together may fill the list of waiting long calls."""


class Weight(IntEnum):
    """How long a call holds a reader."""

    SMALL = 0
    """A moment."""
    LOOK = 1
    """A first look into a file: a moment, unless the file has very many variables."""
    WINDOW = 2
    """A piece of a large answer: some milliseconds."""
    LONG = 3
    """Seconds or more: a large subset, or a file that was slow before."""


@dataclass(slots=True, eq=False)
class _Waiter(Generic[R]):
    key: str
    weight: Weight
    person: str
    since: float
    turn: asyncio.Future[R] = field(repr=False)


class Turns(Generic[R]):
    """Free readers and waiting calls of one pool."""

    def __init__(self, readers: int, waiting: int) -> None:
        self._readers = readers
        self._most_waiting = waiting
        self._most_alike = max(1, readers - 1)
        self._free: deque[R] = deque()
        self._with: dict[Weight, set[R]] = {Weight.LOOK: set(), Weight.LONG: set()}
        self._waiters: list[_Waiter[R]] = []
        self._served_by: OrderedDict[str, R] = OrderedDict()
        self._long_calls = itertools.count(1)
        self._last_long: OrderedDict[str, int] = OrderedDict()

    @property
    def free(self) -> int:
        """Number of free readers."""
        return len(self._free)

    @property
    def waiting(self) -> int:
        """Number of calls that wait."""
        return len(self._waiters)

    def give(self, reader: R) -> None:
        """Add a free reader, and give it to whoever waits."""
        self._done(reader)
        self._free.append(reader)
        self._wake()

    def forget(self, reader: R) -> None:
        """Remove a reader that has ended."""
        self._done(reader)
        if reader in self._free:
            self._free.remove(reader)
        for key in [k for k, r in self._served_by.items() if r == reader]:
            del self._served_by[key]

    def _done(self, reader: R) -> None:
        for busy in self._with.values():
            busy.discard(reader)

    async def take(
        self, key: str, weight: Weight, seconds: float, person: str = ""
    ) -> R:
        """Wait for a reader and take it.

        Raises
        ------
        Unavailable
            Too many calls wait, or none of the readers became free in time.
        """
        loop = asyncio.get_running_loop()
        if not self._waiters and self._may_go(weight, 0.0):
            return self._pick(key, weight, person)
        if self._is_full(weight, person):
            raise _busy(weight)
        waiter = _Waiter[R](key, weight, person, loop.time(), loop.create_future())
        self._waiters.append(waiter)
        self._wake()
        if weight > Weight.LOOK and not waiter.turn.done():
            loop.call_later(_PATIENCE_SECONDS * 1.01, self._wake)
        try:
            async with asyncio.timeout(seconds):
                return await waiter.turn
        except BaseException as error:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            if waiter.turn.done() and not waiter.turn.cancelled():
                self.give(waiter.turn.result())
            if isinstance(error, TimeoutError):
                raise _busy(weight) from error
            raise

    def _is_full(self, weight: Weight, person: str) -> bool:
        """Return whether no more calls of this weight, or of this person, may wait."""
        alike = [waiter for waiter in self._waiters if waiter.weight is weight]
        if weight is Weight.LONG:
            own = sum(waiter.person == person for waiter in alike)
            if own >= max(1, self._most_waiting // _SHARES):
                return True
        return len(alike) >= self._most_waiting

    def _may_go(self, weight: Weight, waited: float) -> bool:
        if weight in self._with and len(self._with[weight]) >= self._most_alike:
            return False
        if weight <= Weight.LOOK or self._readers == 1 or waited >= _PATIENCE_SECONDS:
            return bool(self._free)
        return len(self._free) > 1

    def _pick(self, key: str, weight: Weight, person: str) -> R:
        reader = self._served_by.get(key)
        if reader is None or reader not in self._free:
            reader = self._free[0]
        self._free.remove(reader)
        if weight in self._with:
            self._with[weight].add(reader)
        if weight is Weight.LONG:
            _remember(self._last_long, person, next(self._long_calls))
        if key:
            _remember(self._served_by, key, self._served_by.get(key, reader))
        return reader

    def _wake(self) -> None:
        """Give free readers to those who wait and may go, small calls first.

        Of long calls, that of the person goes first whose last one is longest ago.
        """

        def order(waiter: _Waiter[R]) -> tuple[Weight, int]:
            if waiter.weight is not Weight.LONG:
                return waiter.weight, 0
            return waiter.weight, self._last_long.get(waiter.person, 0)

        now = asyncio.get_running_loop().time()
        while self._free:
            for waiter in sorted(self._waiters, key=order):
                if self._may_go(waiter.weight, now - waiter.since):
                    break
            else:
                return
            self._waiters.remove(waiter)
            if not waiter.turn.done():
                waiter.turn.set_result(
                    self._pick(waiter.key, waiter.weight, waiter.person)
                )


def _remember(known: OrderedDict[str, T], key: str, value: T) -> None:
    """Keep a value under a key; the key that was used longest ago is dropped."""
    known[key] = value
    known.move_to_end(key)
    if len(known) > _KEYS:
        known.popitem(last=False)


def _busy(weight: Weight) -> Unavailable:
    if weight is not Weight.LONG:
        return Unavailable("All readers are busy; try again soon.", retry_after=1)
    return Unavailable(
        "Others' large requests are being worked on. Try again in a minute, or ask for "
        "less: small pieces are given meanwhile.",
        retry_after=30,
    )
