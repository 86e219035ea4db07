"""The audit log as a table.

Entries that requests of one process write at the same time go into one transaction.
Otherwise they would have to wait for one another, since each record includes the hash
of the one before.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from gatewright.backends.sql.database import (
    Batch,
    Database,
    Lock,
    Row,
    Statement,
    Work,
)
from gatewright.domains.identity import START, AuditEntry, AuditRecord, chained

_GROUP = 256

_END = "SELECT number, hash FROM audit_record ORDER BY number DESC LIMIT 1"
_RECORD = """
INSERT INTO audit_record (number, hash, at, account, token, method, path, status,
    request_id, address, note)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INTENT = """
INSERT INTO audit_intent (id, at, account, token, method, path, status,
    request_id, address, note)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INTENT_DONE = "DELETE FROM audit_intent WHERE id = ?"
_AFTER = "SELECT * FROM audit_record WHERE number > ? ORDER BY number LIMIT ?"
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


def _transaction(group: Sequence[_Write]) -> Work[None]:
    yield Lock("audit")
    intents = [(w.intent, *_values(w.entry)) for w in group if w.begins]
    if intents:
        yield Batch(_INTENT, intents)
    entries = [write.entry for write in group if not write.begins]
    if not entries:
        return
    end = yield Statement(_END)
    number, before = (end[0]["number"], end[0]["hash"]) if end else (0, START)
    rows = []
    for entry in entries:
        record = chained(before, number + 1, entry)
        number, before = record.number, record.hash
        rows.append((number, before, *_values(entry)))
    yield Batch(_RECORD, rows)
    ended = [(w.intent,) for w in group if w.intent and not w.begins]
    yield Batch(_INTENT_DONE, ended)


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
    )
