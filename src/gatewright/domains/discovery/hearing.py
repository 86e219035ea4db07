"""Who may hear an event of candidates: the access rules of surveys, read seldom.

Each event is offered to each follower. Were the rules read each time, one vote with a
thousand followers would cost a thousand queries.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from gatewright.core.access import Access
from gatewright.core.caller import Caller, Scope
from gatewright.core.clock import Clock, system_clock
from gatewright.core.events import Event

Rules = Callable[[], Awaitable[Mapping[str, Access]]]
"""Reads the access rule of each survey."""

FRESH_SECONDS = 1.0
"""Longest time for which rules are used before they are read again."""


class Hearing:
    """Decides who may hear events, by rules that all followers share.

    The rules are read after an event happened, so that a survey that is as new as the
    event is known, and at least each second while there are events.

    Parameters
    ----------
    rules
        Reads the access rule of each survey.
    clock
        Returns the time with which events are compared, seconds since 1970.
    monotonic
        Returns seconds that never go back.
    """

    def __init__(
        self,
        rules: Rules,
        clock: Clock = system_clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = rules
        self._clock = clock
        self._monotonic = monotonic
        self._rules: Mapping[str, Access] = {}
        self._as_of = float("-inf")
        self._newest = -1
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def may_hear(self, caller: Caller, event: Event) -> bool:
        """Return whether a caller may see all surveys that an event names."""
        surveys = event.data.get("surveys")
        if not isinstance(surveys, list) or not caller.may(Scope.SKY_READ):
            return False
        if not self._are_newer_than(event):
            await self._reading.acquire()
            try:
                # Another follower may have read them meanwhile.
                if not self._are_newer_than(event):
                    as_of = self._clock()
                    self._rules = await self._read()
                    self._as_of, self._read_at = as_of, self._monotonic()
                    self._newest = max(self._newest, event.number)
            finally:
                self._reading.release()
        return all(
            name in self._rules and self._rules[name].admits(caller) for name in surveys
        )

    def _are_newer_than(self, event: Event) -> bool:
        """Return whether the rules were read after an event, and within a second.

        The clock of another machine may be ahead: an event for which they were read,
        or one before it, has happened all the same.
        """
        if self._monotonic() - self._read_at >= FRESH_SECONDS:
            return False
        return self._as_of > event.at or event.number <= self._newest
