"""The event log as a table."""

from collections.abc import Mapping, Sequence
from itertools import count

import msgspec

from gatewright.backends.sql.database import Database, Lock, Row, Statement, Work
from gatewright.backends.sql.records import moment, readable
from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import InvalidContent
from gatewright.core.events import Event

_APPEND = """
INSERT INTO events (at, kind, subject, owner, data) VALUES (?, ?, ?, ?, ?)
RETURNING number
"""
_AFTER = "SELECT * FROM events WHERE owner = ? AND number > ? ORDER BY number LIMIT ?"
_AFTER_BELOW = """
SELECT * FROM events WHERE owner = ? AND number > ?
AND (subject = ? OR (subject >= ? AND subject < ?)) ORDER BY number LIMIT ?
"""
_SINCE = "SELECT * FROM events WHERE number > ? ORDER BY number LIMIT ?"
_PRUNE_EVERY = 256


class SqlEventLog:
    """Implements :class:`gatewright.core.events.EventLog` with a database.

    Parameters
    ----------
    database
        The database with the table.
    seconds, events
        Largest age and number of events; older ones are removed.
    clock
        Gives the time in seconds since 1970 UTC.
    """

    def __init__(
        self,
        database: Database,
        *,
        seconds: float = 7 * 86400.0,
        events: int = 200_000,
        clock: Clock = system_clock,
    ) -> None:
        self._database = database
        self._seconds = seconds
        self._events = events
        self._clock = clock
        self._appends = count()

    async def append(
        self, kind: str, subject: str, owner: str, data: Mapping[str, object]
    ) -> int:
        try:
            encoded = msgspec.json.encode(data).decode()
        except UnicodeEncodeError as error:
            raise InvalidContent("A text contains an unpaired surrogate.") from error
        values = (self._clock(), kind, subject, owner, encoded)
        prune = next(self._appends) % _PRUNE_EVERY == 0

        def work() -> Work[int]:
            # Numbers are committed in their order, so that no reader skips a late one.
            yield Lock("events")
            rows = yield Statement(_APPEND, values)
            number = int(rows[0]["number"])
            if prune:
                oldest = self._clock() - self._seconds
                yield Statement("DELETE FROM events WHERE at < ?", (oldest,))
                last = number - self._events
                yield Statement("DELETE FROM events WHERE number <= ?", (last,))
            return number

        return await self._database.run(work)

    async def after(
        self, number: int, *, owner: str, subject: str = "", limit: int = 500
    ) -> Sequence[Event]:
        if not subject:
            rows = await self._database.read(_AFTER, owner, number, limit)
            return readable(rows, _event, "number")
        # "0" is the character after "/", so the range is all that begins with "s/".
        bounds = (subject, f"{subject}/", f"{subject}0")
        rows = await self._database.read(_AFTER_BELOW, owner, number, *bounds, limit)
        return readable(rows, _event, "number")

    async def since(self, number: int, limit: int = 500) -> Sequence[Event]:
        rows = await self._database.read(_SINCE, number, limit)
        return readable(rows, _event, "number")

    async def latest(self) -> int:
        rows = await self._database.read("SELECT MAX(number) AS number FROM events")
        return int(rows[0]["number"] or 0)


def _event(row: Row) -> Event:
    return Event(
        number=row["number"],
        at=moment(row["at"]),
        kind=row["kind"],
        subject=row["subject"],
        owner=row["owner"],
        data=msgspec.json.decode(row["data"]),
    )
