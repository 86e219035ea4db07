"""What happened, for those who may know: the event log and its readers.

An event is written to a durable log that all gateway processes share and gets the
next number; a client that comes back says the last number it saw (``Last-Event-ID``).
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from gatewright.core.background import Background
from gatewright.core.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened."""

    number: int
    """Place in the log, rising, unique."""
    at: float
    """Seconds since 1970-01-01 UTC."""
    kind: str
    """Dotted name of what happened, such as ``job.completed``."""
    subject: str
    """Path of the resource below ``/api/v1/``, such as ``jobs/local/17``."""
    owner: str
    """The user who may read it."""
    data: Mapping[str, object]
    """What changed, as JSON values."""


class EventLog(Protocol):
    """A durable list of events, shared by all processes of the gateway."""

    async def append(
        self, kind: str, subject: str, owner: str, data: Mapping[str, object]
    ) -> int:
        """Write an event and return its number."""
        ...

    async def after(
        self, number: int, *, owner: str, subject: str = "", limit: int = 500
    ) -> Sequence[Event]:
        """Return an owner's events above a number, oldest first.

        ``subject`` limits them to that resource and those below it.
        """
        ...

    async def since(self, number: int, limit: int = 500) -> Sequence[Event]:
        """Return all owners' events above a number, oldest first."""
        ...

    async def latest(self) -> int:
        """Return the number of the newest event, 0 when there is none."""
        ...


_PAGE = 500
_PENDING = 256
"""Events that wait for one follower; one that is further behind reads the log."""
_AT_ONCE = 32
"""Followers that are woken, or begin, before others have their turn."""


class EventHub:
    """Follows the log for all clients of one process, with one look at a time.

    A look at the log is made when something was announced in this process, and every
    ``interval`` seconds for what other processes wrote, while there is a follower. What
    it finds is handed to the followers of each owner.
    """

    def __init__(self, log: EventLog, interval: float = 0.5) -> None:
        self.log = log
        self._interval = interval
        self._news = asyncio.Event()
        self._seen: int | None = None
        self._followers: defaultdict[str, set[_Follower]] = defaultdict(set)
        self._looking: asyncio.Task[None] | None = None
        self._beginning: asyncio.Task[int] | None = None
        self._begins_next: asyncio.Task[int] | None = None
        self._begin_together = 0

    async def publish(
        self, kind: str, subject: str, owner: str, data: Mapping[str, object]
    ) -> int:
        """Write an event and wake the readers of this process."""
        number = await self.log.append(kind, subject, owner, data)
        self._news.set()
        return number

    async def start(self, seen: int | None) -> int:
        """Return the number after which a follower begins: its last one, or the newest.

        An answer begins only after this: a client that has read its head, and then
        looks at a resource, misses nothing that happens to it. A number that is yet to
        come (the log is an older copy that was put back) is now.

        Many that begin together share one read, which starts after each has asked, and
        go on some at a time.
        """
        if self._begins_next is None:
            self._begins_next = asyncio.create_task(self._read_latest())
            self._begin_together = 0
        turn = self._begin_together // _AT_ONCE
        self._begin_together += 1
        # One that is cancelled (its client went away) does not end it for the others.
        latest = await asyncio.shield(self._begins_next)
        for _ in range(turn):
            await asyncio.sleep(0)
        return latest if seen is None else min(seen, latest)

    async def _read_latest(self) -> int:
        """Read the newest number, once the read before this one has ended."""
        before, own = self._beginning, asyncio.current_task()
        if before is not None:
            await asyncio.wait([before])
        self._beginning, self._begins_next = own, None
        return await self.log.latest()

    async def follow(
        self, *, owner: str, subject: str = "", after: int
    ) -> AsyncIterator[Event | None]:
        """Yield an owner's events as they come, and None when there are no more yet.

        ``after`` is the last number seen (see :meth:`start`). The caller ends the
        iteration (a client that went away).
        """
        follower = _Follower(subject, after)
        self._followers[owner].add(follower)
        if self._looking is None:
            self._seen = None
            look = Background(
                "handing out events", self._look, most_pause=2 * self._interval
            )
            self._looking = asyncio.create_task(look.run())
        # What has not been handed out yet will be; only what was before it is read.
        follower.behind = self._seen is None or after < self._seen
        try:
            while True:
                if follower.behind:
                    async for event in self._caught_up(owner, follower):
                        yield event
                for event in follower.taken():
                    follower.number = event.number
                    yield event
                if not follower.has_more:
                    yield None
                    await follower.wait()
        finally:
            self._followers[owner].discard(follower)
            if not self._followers[owner]:
                del self._followers[owner]
            if not self._followers and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    async def _caught_up(
        self, owner: str, follower: "_Follower"
    ) -> AsyncIterator[Event]:
        """Yield from the log what a follower has not been handed.

        While the log is away nothing comes, and all of it later: a stream that broke
        off would be asked for anew at once and refused, and a browser asks no more
        after a refusal.
        """
        while follower.behind:
            follower.behind = False
            try:
                events = await self.log.after(
                    follower.number, owner=owner, subject=follower.subject, limit=_PAGE
                )
            except Unavailable:
                follower.behind = True
                await asyncio.sleep(self._interval)
                continue
            if len(events) == _PAGE:
                follower.behind = True
            for event in events:
                follower.number = event.number
                yield event

    async def _look(self) -> float:
        """Hand out what is new, and wait for more; return that it goes on at once."""
        self._news.clear()
        if self._seen is None:
            self._seen = await self._begin()
        events = await self.log.since(self._seen, _PAGE)
        for event in events:
            self._seen = event.number  # before it: who comes meanwhile reads the log
            followers = tuple(self._followers.get(event.owner, ()))
            for count, follower in enumerate(followers, 1):
                follower.offer(event)
                if count % _AT_ONCE == 0:
                    await asyncio.sleep(0)
        if len(events) < _PAGE:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await self._news.wait()
        return 0.0

    async def _begin(self) -> int:
        """Return the number above which events are handed out.

        Whoever follows already reads the log once more, for what came before this.
        """
        latest = await self.log.latest()
        for followers in self._followers.values():
            for follower in followers:
                follower.fall_behind()
        return latest


class _Follower:
    """One iteration over the events of an owner."""

    __slots__ = ("_events", "_waiting", "behind", "number", "subject")

    def __init__(self, subject: str, number: int) -> None:
        self.subject = subject
        self.number = number
        """Last event that was yielded."""
        self.behind = True
        """Whether the log has events that were not handed to it."""
        self._events: list[Event] = []
        self._waiting: asyncio.Future[None] | None = None

    @property
    def has_more(self) -> bool:
        """Whether there is something to yield at once."""
        return self.behind or bool(self._events)

    def offer(self, event: Event) -> None:
        """Take an event if it is wanted, up to some; above that it is read later."""
        wanted, subject = self.subject, event.subject
        if wanted and subject != wanted and not subject.startswith(f"{wanted}/"):
            return
        if len(self._events) < _PENDING:
            self._events.append(event)
            self._wake()
        else:
            self.fall_behind()

    def fall_behind(self) -> None:
        """Let it read the log for what was not handed to it."""
        self._events.clear()
        self.behind = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def taken(self) -> Sequence[Event]:
        """Return the events that were handed to it and that it has not seen."""
        events, self._events = self._events, []
        return [event for event in events if event.number > self.number]

    async def wait(self) -> None:
        """Wait until there is something to yield."""
        if self.has_more:  # since it came while the reader was elsewhere
            return
        self._waiting = asyncio.get_running_loop().create_future()
        await self._waiting
