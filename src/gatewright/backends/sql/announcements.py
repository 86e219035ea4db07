"""Incidents, planned outages and notices in a database."""

from collections.abc import Callable, Sequence

import msgspec

from gatewright.backends.sql.database import Database, Lock, Row, Statement, Work
from gatewright.backends.sql.records import readable
from gatewright.core.pages import Page, decode_cursor, encode_cursor
from gatewright.domains.status import Announcement, Phase, Wanted

_NEVER = 1e12
"""End of what has no end, in seconds since 1970: later than any time."""
_ADD = """
INSERT INTO announcement (kind, begins_at, until, withdrawn, content, id)
VALUES (?, ?, ?, ?, ?, ?)
"""
_REPLACE = """
UPDATE announcement SET kind = ?, begins_at = ?, until = ?, withdrawn = ?, content = ?
WHERE id = ?
"""
_ONE = "SELECT id, content FROM announcement WHERE id = ?"
_PHASES = {
    Phase.PLANNED: ("begins_at > ?", 1),
    Phase.CURRENT: ("(until > ? AND begins_at <= ?)", 2),
    Phase.PAST: ("(until <= ? AND begins_at <= ?)", 2),
}
"""Condition of each phase, and how often it has the time."""
_DECODER = msgspec.json.Decoder(Announcement)


class SqlAnnouncements:
    """Implements :class:`gatewright.domains.status.AnnouncementBook` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, announcement: Announcement) -> None:
        def work() -> Work[None]:
            yield Statement(_ADD, _values(announcement))

        await self._database.run(work)

    async def change(
        self, announcement: str, change: Callable[[Announcement], Announcement]
    ) -> Announcement | None:
        def work() -> Work[Announcement | None]:
            yield Lock("announcements")
            rows = yield Statement(_ONE, (announcement,))
            for old in readable(rows, _announcement, "id"):
                new = change(old)
                yield Statement(_REPLACE, _values(new))
                return new
            return None

        return await self._database.run(work)

    async def announcement(self, announcement: str) -> Announcement | None:
        rows = await self._database.read(_ONE, announcement)
        return next(iter(readable(rows, _announcement, "id")), None)

    async def announcements(
        self, wanted: Wanted, limit: int, cursor: str | None
    ) -> Page[Announcement]:
        conditions, values = ["withdrawn = ?"], list[object]([int(wanted.withdrawn)])
        if wanted.phases != frozenset(Phase):
            chosen = [_PHASES[phase] for phase in Phase if phase in wanted.phases]
            either = " OR ".join(condition for condition, _ in chosen)
            conditions.append(f"({either or '1 = 0'})")
            values += [wanted.now] * sum(times for _, times in chosen)
        if wanted.kind is not None:
            conditions.append("kind = ?")
            values.append(str(wanted.kind))
        if cursor is not None:
            conditions.append("(begins_at, id) < (?, ?)")
            values += decode_cursor(cursor, float, str)
        rows = await self._database.read(
            "SELECT id, begins_at, content FROM announcement WHERE "  # noqa: S608  # conditions of constants
            f"{' AND '.join(conditions)} ORDER BY begins_at DESC, id DESC LIMIT ?",
            *values,
            limit + 1,
        )
        page = rows[:limit]
        more = len(rows) > limit
        last = (page[-1]["begins_at"], page[-1]["id"]) if more else ()
        return Page(
            readable(page, _announcement, "id"), encode_cursor(*last) if more else None
        )


def _values(announcement: Announcement) -> Sequence[object]:
    """Return an announcement as values of a row, with its id at the end."""
    return (
        str(announcement.kind),
        announcement.begins_at,
        _NEVER if announcement.ends_at is None else announcement.ends_at,
        int(announcement.withdrawn),
        msgspec.json.encode(announcement).decode(),
        announcement.id,
    )


def _announcement(row: Row) -> Announcement:
    return _DECODER.decode(row["content"])
