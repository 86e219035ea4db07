"""Assigns calls to readers, and queues calls that must wait.

Small calls go before windows (parts of large answers). A window takes the last free
reader only after it has waited a little, so that this reader stays free for other
calls. Long calls, which take seconds, and first looks into files together never occupy
all readers, so that a small call always finds one. Waiting long calls are served in
turn: each person gets one before anyone gets a second. Calls with the same key, such as
a file, go to the reader that served the key last, whose caches are warm, if it is free.
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
"""Number of people whose long calls together may fill the queue."""


class Weight(IntEnum):
    """How long a call is expected to occupy a reader."""

    SMALL = 0
    """Milliseconds."""
    LOOK = 1
    """Reading the metadata of a file: short, unless the file has very many variables.
    """
    WINDOW = 2
    """A part of a large answer: some milliseconds."""
    LONG = 3
    """Seconds or more: a large subset, or a file that was slow before."""


@dataclass(slots=True, eq=False)
class _Waiter(Generic[R]):
    key: str
    weight: Weight
    person: str
    since: float
    turn: asyncio.Future[R] = field(repr=False)


class CallQueue(Generic[R]):
    """The free readers and the waiting calls of one pool.

    Parameters
    ----------
    readers
        Number of readers.
    waiting
        Most calls of one weight that may wait.
    for_looks
        Number of readers that long calls leave for first looks, besides the one that
        both leave for small calls.
    """

    def __init__(self, readers: int, waiting: int, for_looks: int = 0) -> None:
        self._readers = readers
        self._most_waiting = waiting
        self._most_slow = max(1, readers - 1)
        self._most_long = max(1, readers - 1 - for_looks)
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
        """Add a free reader, and assign it to a waiting call."""
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
            Too many calls wait, or no reader became free within ``seconds``.
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
        if weight in self._with:
            slow = sum(map(len, self._with.values()))
            long = len(self._with[Weight.LONG])
            if slow >= self._most_slow or (
                weight is Weight.LONG and long >= self._most_long
            ):
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
        """Assign free readers to waiting calls, small calls first.

        Among long calls, that of the person who was served longest ago comes first.
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
    """Store a value under a key; above the limit drop the least recently used key."""
    known[key] = value
    known.move_to_end(key)
    if len(known) > _KEYS:
        known.popitem(last=False)


def _busy(weight: Weight) -> Unavailable:
    if weight is not Weight.LONG:
        return Unavailable("All readers are busy; try again soon.", retry_after=1)
    return Unavailable(
        "The readers are busy with large requests. Try again in a minute, or request "
        "less: small requests are answered meanwhile.",
        retry_after=30,
    )
