"""The audit log as a table.

Entries that requests of one process write at the same time go into one transaction.
Otherwise they would have to wait for one another, since each record includes the hash
of the one before.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from gatewright.backends.sql.database import (
    Batch,
    Database,
    Lock,
    Row,
    Statement,
    Work,
)
from gatewright.backends.sql.records import time_or_zero
from gatewright.core.pages import Page, decode_cursor, encode_cursor
from gatewright.domains.identity import (
    START,
    AuditEntry,
    AuditRecord,
    AuditSearch,
    chained,
)

_GROUP = 256
_LOOKED_AT = 50_000
"""Records that one page of a search looks at: it must end soon on a log of millions."""

_END = "SELECT number, hash FROM audit_record ORDER BY number DESC LIMIT 1"
_RECORD = """
INSERT INTO audit_record (number, hash, at, account, token, method, path, status,
    request_id, address, note, route, app)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INTENT = """
INSERT INTO audit_intent (id, at, account, token, method, path, status,
    request_id, address, note, route, app)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INTENTS_OF = "SELECT * FROM audit_intent WHERE id IN"
_INTENT_DONE = "DELETE FROM audit_intent WHERE id = ?"
_AFTER = "SELECT * FROM audit_record WHERE number > ? ORDER BY number LIMIT ?"
_SEARCH = "SELECT * FROM audit_record WHERE number < ? AND number >= ?"
_LOST = "SELECT * FROM audit_intent WHERE at < ? ORDER BY at LIMIT 1000"


@dataclass(frozen=True, slots=True)
class _Write:
    """An entry that waits for its transaction."""

    entry: AuditEntry
    intent: str
    """Id of the intent that it is or completes."""
    begins: bool
    """Whether it is an intent."""
    done: asyncio.Future[None]


class SqlAuditLog:
    """Implements :class:`gatewright.domains.identity.AuditLog` with a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Write] = []
        self._writer: asyncio.Task[None] | None = None

    async def begin(self, intent: str, entry: AuditEntry) -> None:
        await self._write(entry, intent, begins=True)

    async def append(self, entry: AuditEntry, *, intent: str = "") -> None:
        await self._write(entry, intent, begins=False)

    async def after(self, number: int, limit: int) -> Sequence[AuditRecord]:
        rows = await self._database.read(_AFTER, number, limit)
        return [AuditRecord(row["number"], _entry(row), row["hash"]) for row in rows]

    async def search(
        self, wanted: AuditSearch, limit: int, cursor: str | None
    ) -> Page[AuditRecord]:
        end = await self._database.read(_END)
        before = end[0]["number"] + 1 if end else 1
        if cursor is not None:
            (position,) = decode_cursor(cursor, int)
            before = min(before, max(1, cast("int", position)))
        # Numbers have no gaps, so that these are so many records.
        first = max(1, before - _LOOKED_AT)
        conditions = _conditions(wanted)
        text = " AND ".join([_SEARCH, *(condition for condition, _ in conditions)])
        rows = await self._database.read(
            f"{text} ORDER BY number DESC LIMIT ?",
            before,
            first,
            *(value for _, values in conditions for value in values),
            limit + 1,
        )
        records = [
            AuditRecord(
                row["number"],
                replace(_entry(row), at=time_or_zero(row["at"])),
                row["hash"],
            )
            for row in rows[:limit]
        ]
        if len(rows) > limit:
            return Page(records, encode_cursor(records[-1].number))
        return Page(records, encode_cursor(first) if first > 1 else None)

    async def intents(self, before: float) -> Sequence[tuple[str, AuditEntry]]:
        rows = await self._database.read(_LOST, before)
        return [(row["id"], _entry(row)) for row in rows]

    async def _write(self, entry: AuditEntry, intent: str, *, begins: bool) -> None:
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(_Write(entry, intent, begins, done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())
        await done

    async def _write_all(self) -> None:
        """Write waiting entries, group by group, until there are none."""
        try:
            while self._waiting:
                group = self._waiting[:_GROUP]
                del self._waiting[:_GROUP]
                error: Exception | None = None
                try:
                    await self._database.run(partial(_transaction, group))
                except Exception as failure:  # noqa: BLE001  # given to those who wait
                    error = failure
                for write in group:
                    if write.done.done():
                        continue
                    if error is None:
                        write.done.set_result(None)
                    else:
                        write.done.set_exception(error)
        finally:
            self._writer = None


def _conditions(wanted: AuditSearch) -> Sequence[tuple[str, Sequence[object]]]:
    """Return conditions in SQL, each with its values."""
    found: list[tuple[str, Sequence[object]]] = []
    if wanted.user is not None:
        found.append(("account = ?", (wanted.user,)))
    if wanted.method is not None:
        found.append(("method = ?", (wanted.method,)))
    if wanted.path:
        # Not LIKE, in which the case counts in one database and not in the other.
        found.append(("substr(path, 1, ?) = ?", (len(wanted.path), wanted.path)))
    if wanted.app:
        found.append(("substr(app, 1, ?) = ?", (len(wanted.app), wanted.app)))
    if wanted.route is not None:
        found.append(("route = ?", (wanted.route,)))
    if wanted.since is not None:
        found.append(("at >= ?", (wanted.since,)))
    if wanted.until is not None:
        found.append(("at < ?", (wanted.until,)))
    if wanted.outcome is not None:
        found.append(("status BETWEEN ? AND ?", wanted.outcome.statuses))
    return found


def _transaction(group: Sequence[_Write]) -> Work[None]:
    yield Lock("audit")
    intents = [(w.intent, *_values(w.entry)) for w in group if w.begins]
    if intents:
        yield Batch(_INTENT, intents)
    outcomes = [write for write in group if not write.begins]
    if not outcomes:
        return
    ids = [write.intent for write in outcomes if write.intent]
    marks = ", ".join("?" * len(ids))
    found = (yield Statement(f"{_INTENTS_OF} ({marks})", ids)) if ids else []
    begun = {row["id"]: _entry(row) for row in found}
    end = yield Statement(_END)
    number, before = (end[0]["number"], end[0]["hash"]) if end else (0, START)
    rows = []
    for write in outcomes:
        told = write.entry
        entry = replace(
            begun.get(write.intent, told),
            at=told.at,
            status=told.status,
            note=told.note,
        )
        record = chained(before, number + 1, entry)
        number, before = record.number, record.hash
        rows.append((number, before, *_values(entry)))
    yield Batch(_RECORD, rows)
    yield Batch(_INTENT_DONE, [(one,) for one in ids])


def _values(entry: AuditEntry) -> tuple[object, ...]:
    return (
        entry.at,
        entry.user,
        entry.token,
        entry.method,
        entry.path,
        entry.status,
        entry.request_id,
        entry.address,
        entry.note,
        entry.route,
        entry.app,
    )


def _entry(row: Row) -> AuditEntry:
    return AuditEntry(
        at=row["at"],
        user=row["account"],
        token=row["token"],
        method=row["method"],
        path=row["path"],
        status=row["status"],
        request_id=row["request_id"],
        address=row["address"],
        note=row["note"],
        route=row["route"],
        app=row["app"],
    )
