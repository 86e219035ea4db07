"""Reads the accounting of one system into the book, at an interval."""

import logging

from gatewright.core.clock import Clock
from gatewright.core.errors import GatewayError
from gatewright.domains.accounting.model import DAY_SECONDS, day_text
from gatewright.domains.accounting.ports import AccountBook, AccountingSource

LATE_SECONDS = 7200.0
"""Seconds after the end of a day from which on its usage is final: schedulers correct
late what jobs used that were lost track of."""
_AT_ONCE = 7
_SOON = 1.0
_AGAIN = 60.0

_log = logging.getLogger(__name__)


class Keeper:
    """Keeps the book of one system; one gateway process at a time does.

    Today is read each time; a past day once, after it is final. Missing days are read a
    few at a time, the newest first, so that a scheduler's database is never asked for
    its whole history at once.
    """

    def __init__(
        self, system: str, source: AccountingSource, book: AccountBook, clock: Clock
    ) -> None:
        self._system = system
        self._source = source
        self._book = book
        self._clock = clock
        self._unread: set[int] = set()

    async def look(self) -> float:
        """Read the projects, today's usage and some missing days.

        Returns the seconds to wait before the next call.
        """
        now = float(int(self._clock()))
        try:
            report = await self._source.report()
            missing, failure = await self._read_days(now)
        except GatewayError as error:
            await self._book.fail(self._system, error.text)
            _log.warning("The accounting of %s is old: %s", self._system, error.text)
            return min(self._source.interval, _AGAIN)
        await self._book.save(self._system, report, now)
        if failure:
            await self._book.fail(self._system, failure)
            _log.warning("The accounting of %s: %s", self._system, failure)
        return _SOON if missing else self._source.interval

    async def _read_days(self, now: float) -> tuple[bool, str]:
        """Read today and the newest missing days.

        Returns whether to go on soon with others, and why a past day could not be read.
        """
        today = int(now // DAY_SECONDS)
        first = today - self._source.days + 1
        read_at = await self._book.days(self._system, first)
        due = [
            day
            for day in range(today, first - 1, -1)
            if read_at.get(day, 0.0) < (day + 1) * DAY_SECONDS + LATE_SECONDS
        ]
        due.sort(key=self._unread.__contains__)
        for day in due[:_AT_ONCE]:
            start = day * float(DAY_SECONDS)
            end = min(now, start + DAY_SECONDS)
            try:
                uses = await self._source.usage(start, end) if start < end else ()
            except GatewayError as error:
                if day == today:
                    raise
                self._unread.add(day)
                told = f"The usage of {day_text(day)} cannot be read: {error.text}"
                return False, told
            await self._book.record(self._system, day, uses, now)
            self._unread.discard(day)
        return len(due) > _AT_ONCE, ""
