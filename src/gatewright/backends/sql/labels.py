"""Labels of candidates in a database."""

from collections.abc import Collection, Sequence

from gatewright.backends.sql.candidates import visible_sources
from gatewright.backends.sql.database import Database, Lock, Row, Statement, Work
from gatewright.backends.sql.records import moment, readable
from gatewright.core.pages import Page, decode_cursor, encode_cursor
from gatewright.domains.discovery import Label, LabelKind

_LABELS = """
SELECT * FROM candidate_label WHERE candidate = ? AND id > ? ORDER BY id LIMIT ?
"""
_OWN = "SELECT * FROM candidate_label WHERE candidate = ? AND person = ?"
_GIVE = """
INSERT INTO candidate_label (id, candidate, kind, name, person, at)
VALUES (?, ?, ?, ?, ?, ?)
"""
_REPLACE = """
DELETE FROM candidate_label WHERE candidate = ? AND person = ? AND kind = ?
"""
_TAKE = """
DELETE FROM candidate_label WHERE id = ? AND candidate = ? AND person = ? RETURNING *
"""


class SqlLabels:
    """Implements :class:`gatewright.domains.discovery.LabelStore` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def labels(
        self, candidate: str, limit: int, cursor: str | None = None
    ) -> Page[Label]:
        after = _after(cursor)
        rows = await self._database.read(_LABELS, candidate, after, limit + 1)
        return _page(rows, limit)

    async def labels_of_object(
        self,
        visible: Collection[str],
        sky_object: str,
        limit: int,
        cursor: str | None = None,
    ) -> Page[Label]:
        after = _after(cursor)
        sources = list(await visible_sources(self._database, visible))
        marks = ", ".join("?" for _ in sources or [0])
        text = (
            "SELECT l.* FROM candidate c JOIN candidate_label l "  # noqa: S608  # own names
            "ON l.candidate = c.id "
            f"WHERE c.object = ? AND +c.source IN ({marks}) AND l.id > ? "
            "ORDER BY l.id LIMIT ?"
        )
        values = (sky_object, *(sources or [0]), after, limit + 1)
        return _page(await self._database.read(text, *values), limit)

    async def give(self, label: Label, most: int) -> Label | None:
        kind = str(label.kind)
        values = (label.id, label.candidate, kind, label.name, label.person, label.at)

        def work() -> Work[Label | None]:
            yield Lock("labels")
            rows = yield Statement(_OWN, (label.candidate, label.person))
            own = readable(rows, _label, "id")
            for one in own:
                if (one.kind, one.name) == (label.kind, label.name):
                    return one
            if label.kind is LabelKind.CLASS:
                own = [one for one in own if one.kind is not LabelKind.CLASS]
                yield Statement(_REPLACE, (label.candidate, label.person, kind))
            if len(own) >= most:
                return None
            yield Statement(_GIVE, values)
            return label

        return await self._database.run(work)

    async def take(self, candidate: str, label: str, person: str) -> Label | None:
        def work() -> Work[Label | None]:
            rows = yield Statement(_TAKE, (label, candidate, person))
            return next(iter(readable(rows, _label, "id")), None)

        return await self._database.run(work)


def _after(cursor: str | None) -> object:
    return "" if cursor is None else decode_cursor(cursor, str)[0]


def _page(rows: Sequence[Row], limit: int) -> Page[Label]:
    found = readable(rows[:limit], _label, "id")
    more = encode_cursor(rows[limit - 1]["id"]) if len(rows) > limit else None
    return Page(found, more)


def _label(row: Row) -> Label:
    return Label(
        id=row["id"],
        candidate=row["candidate"],
        kind=LabelKind(row["kind"]),
        name=row["name"],
        person=row["person"],
        at=moment(row["at"]),
    )
