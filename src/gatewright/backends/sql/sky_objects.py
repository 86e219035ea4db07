"""Merges and splits of objects in a database."""

import json
from collections.abc import Sequence

import msgspec

from gatewright.backends.sql.candidate_rows import zone_of
from gatewright.backends.sql.database import Database, Lock, Row, Statement, Work
from gatewright.backends.sql.records import moment, readable, surveys_of
from gatewright.core.pages import Page, decode_cursor, encode_cursor
from gatewright.domains.discovery import (
    ChangeKind,
    ObjectChange,
    place_of,
    unit_vector,
    weight_of,
)

_MEMBERS = "SELECT ux, uy, uz, snr, reason FROM candidate WHERE object = ?"
_HERE = "SELECT id FROM candidate WHERE object = ? ORDER BY id"
_MOVE = "UPDATE candidate SET object = ? WHERE id = ? AND object = ?"
_REMOVE = "DELETE FROM sky_object WHERE id = ?"
_PLACE = """
INSERT INTO sky_object (id, zone, ra, ux, uy, uz, weight) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET zone = excluded.zone, ra = excluded.ra,
ux = excluded.ux, uy = excluded.uy, uz = excluded.uz, weight = excluded.weight
"""
_NOTE = """
INSERT INTO object_change
(id, kind, source, target, surveys, candidates, person, at, undone_by)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)
"""
_CHANGES = """
SELECT * FROM object_change WHERE (source = ? OR target = ?) AND id > ?
ORDER BY id LIMIT ?
"""
_CHANGE_OF = """
SELECT * FROM object_change WHERE id = ? AND (source = ? OR target = ?)
"""
_CHANGE = "SELECT * FROM object_change WHERE id = ?"
_UNDONE = "UPDATE object_change SET undone_by = ? WHERE id = ?"


class SqlObjects:
    """Implements :class:`gatewright.domains.discovery.ObjectStore` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def move(self, change: ObjectChange) -> bool:
        values = (
            *(change.id, str(change.kind), change.source, change.target),
            *(json.dumps(list(change.surveys)), json.dumps(list(change.candidates))),
            *(change.person, change.at),
        )

        def work() -> Work[bool]:
            yield Lock("candidates")
            here = yield from _members_of(change.source)
            if not here.issuperset(change.candidates):
                return False
            yield Statement(_NOTE, values)
            yield from _moved(change.candidates, change.source, change.target)
            return True

        return await self._database.run(work)

    async def changes(
        self, sky_object: str, limit: int, cursor: str | None = None
    ) -> Page[ObjectChange]:
        (after,) = ("",) if cursor is None else decode_cursor(cursor, str)
        values = (sky_object, sky_object, after, limit + 1)
        rows = await self._database.read(_CHANGES, *values)
        found = readable(rows[:limit], _object_change, "id")
        if len(rows) <= limit:
            return Page(found)
        return Page(found, encode_cursor(rows[limit - 1]["id"]))

    async def change(self, sky_object: str, change: str) -> ObjectChange | None:
        rows = await self._database.read(_CHANGE_OF, change, sky_object, sky_object)
        return next(iter(readable(rows, _object_change, "id")), None)

    async def undo(self, change: ObjectChange, person: str) -> bool:
        def work() -> Work[bool]:
            yield Lock("candidates")
            (row,) = yield Statement(_CHANGE, (change.id,))
            here = yield from _members_of(change.target)
            if row["undone_by"] is not None or not here.issuperset(change.candidates):
                return False
            yield Statement(_UNDONE, (person, change.id))
            yield from _moved(change.candidates, change.target, change.source)
            return True

        return await self._database.run(work)


def _members_of(sky_object: str) -> Work[set[str]]:
    rows = yield Statement(_HERE, (sky_object,))
    return {row["id"] for row in rows}


def _moved(candidates: Sequence[str], source: str, target: str) -> Work[None]:
    """Move candidates, and update the mean positions of both objects."""
    for candidate in candidates:
        yield Statement(_MOVE, (target, candidate, source))
    for name in (source, target):
        members = yield Statement(_MEMBERS, (name,))
        if not members:
            yield Statement(_REMOVE, (name,))
            continue
        total, weights = [0.0, 0.0, 0.0], 0.0
        for row in members:
            weight = weight_of(row["snr"], row["reason"])
            weights += weight
            for axis, column in enumerate(("ux", "uy", "uz")):
                total[axis] += weight * row[column]
        ra, dec = place_of(total)
        place = (name, zone_of(dec), ra, *unit_vector(ra, dec), weights)
        yield Statement(_PLACE, place)


def _object_change(row: Row) -> ObjectChange:
    return ObjectChange(
        id=row["id"],
        kind=ChangeKind(row["kind"]),
        source=row["source"],
        target=row["target"],
        surveys=surveys_of(row),
        candidates=msgspec.json.decode(row["candidates"], type=list[str]),
        person=row["person"],
        at=moment(row["at"]),
        undone_by=row["undone_by"],
    )
