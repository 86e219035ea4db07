"""The event log of what happens to users' resources, and the hub that follows it.

An event is written to a durable log that all gateway processes share, and gets the next
number. A client that reconnects sends the last number it saw (``Last-Event-ID``).
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from gatewright.core.background import Background
from gatewright.core.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of the event log, such as a job that completed."""

    number: int
    """Place in the log; unique and increasing."""
    at: float
    """Seconds since 1970-01-01 UTC."""
    kind: str
    """Dotted name of what happened, such as ``job.completed``."""
    subject: str
    """Path of the resource below ``/api/v1/``, such as ``jobs/local/17``."""
    owner: str
    """Account of the only user who may read the event."""
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
        """Return at most ``limit`` of an owner's events above a number, oldest first.

        ``subject`` limits them to that resource and the resources below it.
        """
        ...

    async def since(self, number: int, limit: int = 500) -> Sequence[Event]:
        """Return all owners' events above a number, oldest first, at most ``limit``."""
        ...

    async def latest(self) -> int:
        """Return the number of the newest event, or 0 if there is none."""
        ...


_PAGE = 500
_PENDING = 256
"""Most events that wait in memory for one follower; one further behind reads the
log."""
_AT_ONCE = 32
"""Most followers that are woken or started before the event loop runs other tasks."""


class EventHub:
    """Follows the event log on behalf of all clients of one process.

    While there are followers, a single task reads the log: when this process publishes
    an event, and every ``interval`` seconds for events of other processes. It hands
    each new event to the followers of the event's owner.
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
        """Write an event, wake the task that reads the log, and return its number."""
        number = await self.log.append(kind, subject, owner, data)
        self._news.set()
        return number

    async def start(self, seen: int | None) -> int:
        """Return the number after which a new follower begins.

        It is ``seen``, the last number that the client saw, or the newest number in the
        log for a client that is new. It is also the newest number if ``seen`` is above
        it, as when an older copy of the log was restored.

        A response begins only after this returns. A client that has received the
        response header and then reads a resource thus misses no later event of it.
        Clients that begin together share one read of the log, which starts after each
        has asked, and continue in groups so that the event loop stays free.
        """
        if self._begins_next is None:
            self._begins_next = asyncio.create_task(self._read_latest())
            self._begin_together = 0
        turn = self._begin_together // _AT_ONCE
        self._begin_together += 1
        # Cancelling one follower, whose client left, must not cancel the shared read.
        latest = await asyncio.shield(self._begins_next)
        for _ in range(turn):
            await asyncio.sleep(0)
        return latest if seen is None else min(seen, latest)

    async def _read_latest(self) -> int:
        """Wait for the read in progress, then read and return the newest number."""
        before, own = self._beginning, asyncio.current_task()
        if before is not None:
            await asyncio.wait([before])
        self._beginning, self._begins_next = own, None
        return await self.log.latest()

    async def follow(
        self, *, owner: str, others: Collection[str] = (), subject: str = "", after: int
    ) -> AsyncIterator[Event | None]:
        """Yield an owner's events as they come, and None when there are no more yet.

        The caller ends the iteration, as when its client disconnects.

        Parameters
        ----------
        owner
            Account whose events are yielded.
        others
            Further owners whose events are yielded, all in the order of the log.
        subject
            Path of a resource to which, and to those below it, events are limited.
        after
            Number of the last event that the client saw (see :meth:`start`).
        """
        owners = {owner, *others}
        follower = _Follower(subject, after)
        with self._handed(owners, follower):
            # Events above _seen will be handed out; only older ones are read.
            follower.behind = self._seen is None or after < self._seen
            while True:
                if follower.behind:
                    async for event in self._caught_up(owners, follower):
                        yield event
                for event in follower.taken():
                    follower.number = event.number
                    yield event
                if not follower.has_more:
                    yield None
                    await follower.wait()

    @contextmanager
    def _handed(self, owners: Collection[str], follower: "_Follower") -> Iterator[None]:
        """Register a follower for events of owners, for the length of the context.

        The log is read while any follower is registered.
        """
        for owner in owners:
            self._followers[owner].add(follower)
        if self._looking is None:
            self._seen = None
            look = Background(
                "handing out events", self._look, most_pause=2 * self._interval
            )
            self._looking = asyncio.create_task(look.run())
        try:
            yield
        finally:
            for owner in owners:
                self._followers[owner].discard(follower)
                if not self._followers[owner]:
                    del self._followers[owner]
            if not self._followers and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    async def _caught_up(
        self, owners: Collection[str], follower: "_Follower"
    ) -> AsyncIterator[Event]:
        """Yield from the log the events that a follower was not handed.

        While the log is unavailable this waits and yields nothing. If the stream were
        closed instead, the client would reconnect at once and be refused, and a browser
        does not reconnect after a refusal.
        """
        while follower.behind:
            follower.behind = False
            try:
                # What comes while several are read would be told out of order: it is
                # handed out, or read later.
                several = len(owners) > 1
                ends = [await self.log.latest()] if several else []
                found = [
                    await self.log.after(
                        follower.number,
                        owner=one,
                        subject=follower.subject,
                        limit=_PAGE,
                    )
                    for one in owners
                ]
            except Unavailable:
                follower.behind = True
                await asyncio.sleep(self._interval)
                continue
            # Behind the end of a full page there may be more of that owner.
            full = [page[-1].number for page in found if len(page) == _PAGE]
            follower.behind |= bool(full)
            ends += full
            events = sorted(chain.from_iterable(found), key=lambda event: event.number)
            if ends:
                events = [event for event in events if event.number <= min(ends)]
            for event in events:
                follower.number = event.number
                yield event

    async def _look(self) -> float:
        """Hand new events to followers and wait for more; return 0, for no pause."""
        self._news.clear()
        if self._seen is None:
            self._seen = await self.log.latest()
            # Those who follow already read the log once more for events up to there.
            for follower in chain.from_iterable(self._followers.values()):
                follower.fall_behind()
        events = await self.log.since(self._seen, _PAGE)
        for event in events:
            self._seen = event.number  # first, so that new followers read this one
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


class _Follower:
    """One client's iteration over the events of an owner."""

    __slots__ = ("_events", "_waiting", "behind", "number", "subject")

    def __init__(self, subject: str, number: int) -> None:
        self.subject = subject
        self.number = number
        """Number of the last event that was yielded."""
        self.behind = True
        """Whether the log has events that the follower was not handed."""
        self._events: list[Event] = []
        self._waiting: asyncio.Future[None] | None = None

    @property
    def has_more(self) -> bool:
        """Whether there is an event to yield without waiting."""
        return self.behind or bool(self._events)

    def offer(self, event: Event) -> None:
        """Queue an event of the follower's subject; if the queue is full, fall behind.

        A follower that falls behind reads the log instead.
        """
        wanted, subject = self.subject, event.subject
        if wanted and subject != wanted and not subject.startswith(f"{wanted}/"):
            return
        if len(self._events) < _PENDING:
            self._events.append(event)
            self._wake()
        else:
            self.fall_behind()

    def fall_behind(self) -> None:
        """Drop the queued events and have the follower read them from the log."""
        self._events.clear()
        self.behind = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def taken(self) -> Sequence[Event]:
        """Return and clear the queued events that were not yielded yet."""
        events, self._events = self._events, []
        return [event for event in events if event.number > self.number]

    async def wait(self) -> None:
        """Wait until there is an event to yield."""
        if self.has_more:  # events came while the last one was being sent
            return
        self._waiting = asyncio.get_running_loop().create_future()
        await self._waiting
