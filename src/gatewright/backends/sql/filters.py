"""Saved filters in a database."""

from collections.abc import Collection

from gatewright.backends.sql.database import Batch, Database, Lock, Row, Statement, Work
from gatewright.backends.sql.records import moment, readable
from gatewright.core.access import access_of_text
from gatewright.core.pages import Page, decode_cursor, encode_cursor
from gatewright.domains.discovery import SavedFilter, readers

_ONE = "SELECT * FROM candidate_filter WHERE name = ?"
_SAVE = """
INSERT INTO candidate_filter
(name, words, description, owner, access, changed_by, changed_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (name) DO UPDATE SET words = excluded.words,
description = excluded.description, access = excluded.access,
changed_by = excluded.changed_by, changed_at = excluded.changed_at
"""
_MANY = "SELECT COUNT(*) AS many FROM candidate_filter WHERE owner = ?"
_FORGET = "DELETE FROM candidate_filter_reader WHERE name = ?"
_ADMIT = "INSERT INTO candidate_filter_reader (who, name) VALUES (?, ?)"
_REMOVE = "DELETE FROM candidate_filter WHERE name = ? RETURNING name"


class SqlFilters:
    """Implements :class:`gatewright.domains.discovery.FilterStore` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def filters(
        self, who: Collection[str], limit: int, cursor: str | None = None
    ) -> Page[SavedFilter]:
        (after,) = ("",) if cursor is None else decode_cursor(cursor, str)
        marks = ", ".join("?" for _ in who)
        text = (
            "SELECT * FROM candidate_filter WHERE name IN "  # noqa: S608  # own names
            f"(SELECT name FROM candidate_filter_reader WHERE who IN ({marks})) "
            "AND name > ? ORDER BY name LIMIT ?"
        )
        rows = await self._database.read(text, *who, after, limit + 1)
        found = readable(rows[:limit], _saved_filter, "name")
        if len(rows) <= limit:
            return Page(found)
        return Page(found, encode_cursor(rows[limit - 1]["name"]))

    async def filter(self, name: str) -> SavedFilter | None:
        rows = await self._database.read(_ONE, name)
        return next(iter(readable(rows, _saved_filter, "name")), None)

    async def save(
        self, new: SavedFilter, old: SavedFilter | None, most: int
    ) -> bool | None:
        values = (
            *(new.name, new.condition, new.description, new.owner),
            *(new.access.text, new.changed_by, new.changed_at),
        )

        def work() -> Work[bool | None]:
            yield Lock("filters")
            rows = yield Statement(_ONE, (new.name,))
            now = next(iter(readable(rows, _saved_filter, "name")), None)
            if now != old or (rows and now is None):
                return False
            if old is None:
                (row,) = yield Statement(_MANY, (new.owner,))
                if row["many"] >= most:
                    return None
            yield Statement(_SAVE, values)
            yield Statement(_FORGET, (new.name,))
            yield Batch(_ADMIT, [(who, new.name) for who in readers(new)])
            return True

        return await self._database.run(work)

    async def remove(self, name: str) -> bool:
        def work() -> Work[bool]:
            removed = yield Statement(_REMOVE, (name,))
            yield Statement(_FORGET, (name,))
            return bool(removed)

        return await self._database.run(work)


def _saved_filter(row: Row) -> SavedFilter:
    return SavedFilter(
        name=row["name"],
        condition=row["words"],
        description=row["description"],
        owner=row["owner"],
        access=access_of_text(row["access"]),
        changed_by=row["changed_by"],
        changed_at=moment(row["changed_at"]),
    )
