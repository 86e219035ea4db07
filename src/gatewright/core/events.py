"""What happened, for those who may know: the event log and its readers.

An event is written to a durable log that all gateway processes share and gets the
next number; a client that comes back says the last number it saw (``Last-Event-ID``).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

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

    async def latest(self) -> int:
        """Return the number of the newest event, 0 when there is none."""
        ...


class EventHub:
    """Follows the log for all clients of one process, with one look at a time.

    A look at the log is made when something was announced in this process, and every
    ``interval`` seconds for what other processes wrote.
    """

    def __init__(self, log: EventLog, interval: float = 0.5) -> None:
        self.log = log
        self._interval = interval
        self._news = asyncio.Condition()

    async def publish(
        self, kind: str, subject: str, owner: str, data: Mapping[str, object]
    ) -> int:
        """Write an event and wake the readers of this process."""
        number = await self.log.append(kind, subject, owner, data)
        async with self._news:
            self._news.notify_all()
        return number

    async def start(self, seen: int | None) -> int:
        """Return the number after which a follower begins: what it saw last, or now.

        An answer begins only after this: a client that has read its head, and then
        looks at a resource, misses nothing that happens to it. A number that is yet to
        come (the log is an older copy that was put back) is now.
        """
        latest = await self.log.latest()
        return latest if seen is None else min(seen, latest)

    async def follow(
        self, *, owner: str, subject: str = "", after: int
    ) -> AsyncIterator[Event | None]:
        """Yield an owner's events as they come, and None when a look found none.

        ``after`` is the last number seen (see :meth:`start`). The caller ends the
        iteration (a client that went away).
        """
        number = after
        while True:
            events = await self._look(number, owner, subject)
            for event in events:
                number = event.number
                yield event
            if not events:
                yield None
                await self._wait()

    async def _look(self, number: int, owner: str, subject: str) -> Sequence[Event]:
        """Return what is new; nothing while the log is away, and all of it later.

        A stream that broke off would be asked for anew at once and refused, and a
        browser asks no more after a refusal.
        """
        try:
            return await self.log.after(number, owner=owner, subject=subject)
        except Unavailable:
            return ()

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._interval), self._news:
                await self._news.wait()
