"""The document store as tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from gatewright.backends.sql import document_rows as rows_of
from gatewright.backends.sql.database import Database, Lock, Row, Statement, Work
from gatewright.backends.sql.document_edits import (
    UNGRANT,
    Edits,
    enter,
    save_indexes,
)
from gatewright.backends.sql.records import readable
from gatewright.core.clock import Clock, system_clock
from gatewright.domains.store import (
    Change,
    Collection,
    Decide,
    DeleteDocument,
    Document,
    FoundDocument,
    Requester,
    Right,
    Snapshot,
    Usage,
    Window,
)

T = TypeVar("T")

_SWEEP = 500
_KEYS = 500
_FORGET_SECONDS = 30 * 86400.0
_NOBODY = Requester("", ("",))
_STEP = Window(limit=200)

_KEYS_AND_SIZES = "SELECT d.key, d.size {where} ORDER BY d.key LIMIT ?"
_PAGE = "SELECT {columns} {where} AND d.key <= ? ORDER BY d.key LIMIT ?"
_COUNT_UP = "UPDATE store_collections SET counter = ? WHERE name = ?"
_TAKEN = """
SELECT 1 AS one FROM store_documents WHERE collection = ? AND key = ? AND deleted = 0
"""
_INDEXES = "SELECT name, indexes FROM store_collections WHERE name = ?"
_SIZES = """
SELECT key, size FROM store_documents WHERE collection = ? AND key > ? AND deleted = 0
ORDER BY key LIMIT ?
"""
_TEXTS = """
SELECT key, text FROM store_documents WHERE collection = ? AND key > ? AND key <= ?
AND deleted = 0
"""
_FORGETFUL = """
SELECT DISTINCT collection FROM store_documents WHERE deleted = 1 AND modified_at <= ?
"""
_OLD = """
SELECT key, sequence FROM store_documents
WHERE collection = ? AND deleted = 1 AND modified_at <= ? ORDER BY sequence LIMIT ?
"""
_REMOVE = "DELETE FROM store_documents WHERE collection = ? AND key = ?"
_RAISE_FLOOR = "UPDATE store_collections SET floor = ? WHERE name = ? AND floor < ?"


class SqlDocuments:
    """Implements :class:`gatewright.domains.store.DocumentStore` with a database.

    Parameters
    ----------
    database
        The database with the tables.
    quota
        Largest total size of one user's documents in bytes.
    clock
        Gives the time in seconds since 1970 UTC.
    forget_seconds
        Time for which a deletion stays in the change feed.
    """

    def __init__(
        self,
        database: Database,
        *,
        quota: int,
        clock: Clock = system_clock,
        forget_seconds: float = _FORGET_SECONDS,
    ) -> None:
        self._database = database
        self._quota = quota
        self._clock = clock
        self._forget_seconds = forget_seconds

    async def change(
        self,
        collection: str,
        keys: Sequence[str],
        who: Requester,
        decide: Decide[T],
        *,
        number: bool = False,
    ) -> T:
        work = partial(self._change, collection, keys, who, decide, number=number)
        return await self._database.run(work)

    async def look(
        self, collection: str, keys: Sequence[str], who: Requester
    ) -> Snapshot:
        now = self._clock()
        key = keys[0] if keys else ""
        text, values = rows_of.snapshot_query(collection, key, who, now)
        return rows_of.snapshot(await self._database.read(text, *values), now)

    async def documents(
        self, collection: str, right: Right, who: Requester, window: Window
    ) -> tuple[Sequence[Document], str | None]:
        now = self._clock()
        position: str | None = None
        if window.within is None:
            chosen, values = rows_of.selected(collection, window, now)
        else:
            # Two queries with one plan each, where a join may be planned badly.
            text, values = rows_of.entries_query(collection, window, window.within)
            rows = await self._database.read(text, *values)
            keys = [row["key"] for row in rows[: window.limit]]
            position = keys[-1] if len(rows) > window.limit else None
            if not keys:
                return (), None
            chosen, values = rows_of.among(collection, keys, now)
        seen, people = rows_of.visible(right, who)
        where = f"FROM store_documents d WHERE {chosen} AND {seen}"
        values += people
        # The sizes are read first, so that large documents come a few at a time.
        text = _KEYS_AND_SIZES.format(where=where)
        sizes = await self._database.read(text, *values, window.limit + 1)
        last, more = _fitting(sizes, window)
        if last is None:
            return (), position
        text = _PAGE.format(columns=rows_of.DOCUMENT, where=where)
        rows = await self._database.read(text, *values, last, window.limit)
        documents = readable(rows, rows_of.document, "key")
        return documents, last if more else position

    async def count(
        self, collection: str, right: Right, who: Requester, window: Window
    ) -> int:
        chosen, values = rows_of.selected(collection, window, self._clock())
        seen, people = rows_of.visible(right, who)
        text = f"""
        SELECT COUNT(*) AS found FROM store_documents d WHERE {chosen} AND {seen}
        """  # noqa: S608  # fixed words and placeholders
        rows = await self._database.read(text, *values, *people)
        return int(rows[0]["found"])

    async def changes(
        self,
        collection: str,
        right: Right,
        who: Requester,
        *,
        since: int,
        until: int,
        limit: int,
    ) -> Sequence[Change]:
        seen, people = rows_of.visible(right, who)
        text = f"""
        SELECT d.key, d.sequence, d.deleted, d.etag, d.modified_at
        FROM store_documents d
        WHERE d.collection = ? AND d.sequence > ? AND d.sequence <= ? AND {seen}
        ORDER BY d.sequence LIMIT ?
        """  # noqa: S608  # fixed words and placeholders
        rows = await self._database.read(text, collection, since, until, *people, limit)
        return readable(rows, rows_of.change, "key")

    async def numbers(self, collections: Sequence[str]) -> Mapping[str, int]:
        marks = ", ".join("?" * len(collections))
        text = f"SELECT name, sequence FROM store_collections WHERE name IN ({marks})"  # noqa: S608  # marks alone
        rows = await self._database.read(text, *collections)
        return {row["name"]: row["sequence"] for row in rows}

    async def collections(
        self, who: Requester, after: str, limit: int
    ) -> Sequence[tuple[Collection, Right]]:
        people = rows_of.marks(who.principals)
        text = f"""
        SELECT c.name, c.owner, c.created_at AS made_at, c.sequence AS last, c.floor,
            c.counter, c.newest_key, c.documents, c.bytes, c.indexes,
            (SELECT MAX(g.level) FROM store_grants g WHERE g.collection = c.name
                AND g.key = '' AND g.who IN ({people})) AS level
        FROM store_collections c WHERE c.name > ? AND c.name IN
            (SELECT g.collection FROM store_grants g WHERE g.who IN ({people}))
        ORDER BY c.name LIMIT ?
        """  # noqa: S608  # only placeholders are put in
        values = (*who.principals, after, *who.principals, limit)
        rows = await self._database.read(text, *values)

        def seen(row: Row) -> tuple[Collection, Right]:
            return rows_of.collection(row), rows_of.right_of(row["level"])

        return readable(rows, seen, "name")

    async def grants(self, collection: str, key: str = "") -> Mapping[str, Right]:
        text = "SELECT who, level FROM store_grants WHERE collection = ? AND key = ?"
        rows = await self._database.read(text, collection, key)
        return {row["who"]: rows_of.right_of(row["level"]) for row in rows}

    async def build_index(self, collection: str, field: str) -> None:
        after: str | None = ""
        while after is not None:
            step = self._index_step(collection, field, after)
            after = await self._database.run(step)

    async def usage(self, user: str) -> Usage:
        text = "SELECT documents, bytes FROM store_usage WHERE account = ?"
        rows = await self._database.read(text, user)
        if not rows:
            return Usage(0, 0)
        return Usage(rows[0]["documents"], rows[0]["bytes"])

    async def sweep(self) -> int:
        text = """
        SELECT collection, key FROM store_documents WHERE expires_at <= ?
        ORDER BY expires_at LIMIT ?
        """
        rows = await self._database.read(text, self._clock(), _SWEEP)
        expired: dict[str, list[str]] = {}
        for row in rows:
            expired.setdefault(row["collection"], []).append(row["key"])
        for collection, keys in expired.items():
            await self._database.run(self._expiry(collection, keys))
        await self._forget()
        return len(rows)

    def _change(
        self,
        collection: str,
        keys: Sequence[str],
        who: Requester,
        decide: Decide[T],
        *,
        number: bool,
    ) -> Work[T]:
        # One writer of a collection at a time: its changes are numbered in the order
        # in which they are seen.
        yield Lock(f"store:{collection}")
        snapshot = yield from self._snapshot(collection, keys, who)
        if number:
            # The next number that is free as a key.
            free = snapshot.collection.counter if snapshot.collection else 0
            while (yield Statement(_TAKEN, (collection, str(free)))):
                free += 1
            snapshot = replace(snapshot, fresh_key=str(free))
        decision = decide(snapshot)
        edits = Edits(collection, snapshot, self._quota)
        yield from edits.carry_out(decision.edits)
        if number:
            following = int(snapshot.fresh_key) + 1
            yield Statement(_COUNT_UP, (following, collection))
        return decision.answer

    def _snapshot(
        self, collection: str, keys: Sequence[str], who: Requester
    ) -> Work[Snapshot]:
        now = self._clock()
        key = keys[0] if keys else ""
        rows = yield Statement(*rows_of.snapshot_query(collection, key, who, now))
        snapshot = rows_of.snapshot(rows, now)
        if len(keys) < 2 or not rows:
            return snapshot
        documents: dict[str, FoundDocument] = {}
        for start in range(0, len(keys), _KEYS):
            some = keys[start : start + _KEYS]
            rows = yield Statement(*rows_of.own_query(collection, some, who, now))
            documents |= {row["key"]: rows_of.found(row) for row in rows}
        return replace(snapshot, documents=documents)

    def _index_step(
        self, collection: str, field: str, after: str
    ) -> Callable[[], Work[str | None]]:
        """Return a transaction that indexes some documents and returns the last key."""

        def work() -> Work[str | None]:
            yield Lock(f"store:{collection}")
            rows = yield Statement(_INDEXES, (collection,))
            indexes = rows_of.indexes_of(rows[0]) if rows else {}
            if field not in indexes:
                return None
            rows = yield Statement(_SIZES, (collection, after, _STEP.limit + 1))
            last, more = _fitting(rows, _STEP)
            if last is not None:
                rows = yield Statement(_TEXTS, (collection, after, last))
                yield from enter(collection, field, rows)
            if more:
                return last
            yield from save_indexes(collection, {**indexes, field: True})
            return None

        return work

    def _expiry(self, collection: str, keys: Sequence[str]) -> Callable[[], Work[None]]:
        """Return a transaction that deletes documents if they are still expired."""

        def work() -> Work[None]:
            yield Lock(f"store:{collection}")
            snapshot = yield from self._snapshot(collection, (), _NOBODY)
            query = rows_of.expired_query(collection, keys, snapshot.now)
            rows = yield Statement(*query)
            there = {row["key"]: rows_of.found(row) for row in rows}
            edits = Edits(collection, replace(snapshot, documents=there), self._quota)
            yield from edits.carry_out(map(DeleteDocument, there))

        return work

    async def _forget(self) -> None:
        before = self._clock() - self._forget_seconds
        rows = await self._database.read(_FORGETFUL, before)
        for row in rows:
            await self._database.run(partial(_forget, row["collection"], before))


def _forget(collection: str, before: float) -> Work[None]:
    """Remove some old deletions from the changes of a collection."""
    yield Lock(f"store:{collection}")
    rows = yield Statement(_OLD, (collection, before, _SWEEP))
    for row in rows:
        yield Statement(UNGRANT, (collection, row["key"]))
        yield Statement(_REMOVE, (collection, row["key"]))
    last = max((row["sequence"] for row in rows), default=0)
    yield Statement(_RAISE_FLOOR, (last, collection, last))


def _fitting(rows: Sequence[Row], window: Window) -> tuple[str | None, bool]:
    """Return the last key that fits a window's bytes, and whether more follow."""
    last, room = None, window.bytes
    for taken, row in enumerate(rows):
        if taken == window.limit or (taken and row["size"] > room):
            return last, True
        last = row["key"]
        room -= row["size"]
    return last, False
