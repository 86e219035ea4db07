"""Statements that make the edits of the store, within one transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

import msgspec

from gatewright.backends.sql.database import Batch, Row, Statement, Work
from gatewright.core.errors import InvalidContent, StorageFull
from gatewright.domains.store import (
    ChangeGrants,
    CreateCollection,
    DeleteDocument,
    Document,
    DropCollection,
    Edit,
    FoundDocument,
    PutDocument,
    Right,
    SaveIndexes,
    SetGrants,
    Snapshot,
    entry,
)

_CREATE = """
INSERT INTO store_collections
    (name, owner, created_at, sequence, floor, counter, documents, bytes, indexes)
VALUES (?, ?, ?, ?, ?, 0, 0, 0, '{}')
"""
_PUT = """
INSERT INTO store_documents (collection, key, sequence, etag, size, creator, writer,
    created_at, modified_at, expires_at, guarded, deleted, text)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)
ON CONFLICT (collection, key) DO UPDATE SET sequence = excluded.sequence,
    etag = excluded.etag, size = excluded.size, creator = excluded.creator,
    writer = excluded.writer, created_at = excluded.created_at,
    modified_at = excluded.modified_at, expires_at = excluded.expires_at,
    guarded = excluded.guarded, deleted = 0, text = excluded.text
"""
_DELETE = """
UPDATE store_documents SET sequence = ?, modified_at = ?, deleted = 1, etag = '',
    size = 0, expires_at = NULL, text = '' WHERE collection = ? AND key = ?
"""
_GRANT = """
INSERT INTO store_grants (collection, key, who, level, given_at) VALUES (?, ?, ?, ?, ?)
"""
_GUARD = """
UPDATE store_documents SET guarded = ?, sequence = ? WHERE collection = ? AND key = ?
"""
UNGRANT = "DELETE FROM store_grants WHERE collection = ? AND key = ?"
_UNGRANT_ONE = "DELETE FROM store_grants WHERE collection = ? AND key = '' AND who = ?"
_GRANTED = (
    "SELECT COUNT(*) AS grants FROM store_grants WHERE collection = ? AND key = ''"
)
_UNENTER = "DELETE FROM store_entries WHERE collection = ? AND key = ?"
_ENTER = """
INSERT INTO store_entries (collection, field, key, number, text)
VALUES (?, ?, ?, ?, ?) ON CONFLICT (collection, field, key) DO NOTHING
"""
_COUNT = """
UPDATE store_collections SET sequence = ?, documents = documents + ?,
    bytes = bytes + ?, newest_key = ? WHERE name = ?
"""
_HIGHEST = "SELECT highest FROM store_numbers"
_RAISE_HIGHEST = "UPDATE store_numbers SET highest = ? WHERE highest < ?"
_USE = """
INSERT INTO store_usage (account, documents, bytes) VALUES (?, ?, ?)
ON CONFLICT (account) DO UPDATE SET documents = store_usage.documents + ?,
    bytes = store_usage.bytes + ? RETURNING bytes
"""
_DROP = (
    "DELETE FROM store_entries WHERE collection = ?",
    "DELETE FROM store_grants WHERE collection = ?",
    "DELETE FROM store_documents WHERE collection = ?",
    "DELETE FROM store_collections WHERE name = ?",
)
_TAKEN = """
SELECT writer, COUNT(*) AS documents, SUM(size) AS bytes FROM store_documents
WHERE collection = ? AND deleted = 0 GROUP BY writer
"""


class Edits:
    """Translates the edits of one decision to SQL, and updates the stored counts."""

    def __init__(self, name: str, snapshot: Snapshot, quota: int) -> None:
        self._name = name
        self._now = snapshot.now
        self._there: Mapping[str, FoundDocument] = snapshot.documents
        self._quota = quota
        found = snapshot.collection
        self._sequence = self._begin = found.sequence if found else 0
        self._newest_key = found.newest_key if found else ""
        self._indexes: Mapping[str, bool] = found.indexes if found else {}
        self._documents: defaultdict[str, int] = defaultdict(int)
        self._bytes: defaultdict[str, int] = defaultdict(int)

    def carry_out(self, edits: Iterable[Edit]) -> Work[None]:
        """Yield the statements of all edits and of the counts."""
        for edit in edits:
            match edit:
                case CreateCollection(owner):
                    yield from self._create(owner)
                case SaveIndexes(indexes):
                    yield from self._save_indexes(indexes)
                case SetGrants(grants, key):
                    yield from self._set_grants(grants, key)
                case ChangeGrants():
                    yield from self._change_grants(edit)
                case PutDocument():
                    yield from self._put(edit)
                case DeleteDocument(key):
                    yield from self._delete(self._there[key].document)
                case DropCollection():
                    yield from self._drop()
        if self._sequence != self._begin:
            documents = sum(self._documents.values())
            size = sum(self._bytes.values())
            counts = (self._sequence, documents, size, self._newest_key, self._name)
            yield Statement(_COUNT, counts)
        yield from self._charge()

    def _create(self, owner: str) -> Work[None]:
        # A number of a collection that had this name before is below all of the new
        # one's, whatever the clock says; the clock keeps those apart that were given
        # after a copy of the database was made to which the operator went back.
        rows = yield Statement(_HIGHEST)
        first = max(int(self._now * 1000), rows[0]["highest"] + 1)
        self._sequence = self._begin = first
        values = (self._name, owner, self._now, first, first)
        yield Statement(_CREATE, values)
        yield from self._set_grants({f"user:{owner}": Right.ADMIN}, "")

    def _save_indexes(self, indexes: Mapping[str, bool]) -> Work[None]:
        gone = set(self._indexes) - set(indexes)
        text = "DELETE FROM store_entries WHERE collection = ? AND field = ?"
        for field in sorted(gone):
            yield Statement(text, (self._name, field))
        self._indexes = indexes
        yield from save_indexes(self._name, indexes)

    def _set_grants(self, grants: Mapping[str, Right] | None, key: str) -> Work[None]:
        yield Statement(UNGRANT, (self._name, key))
        rows = [
            (self._name, key, who, int(right), self._now)
            for who, right in (grants or {}).items()
        ]
        if rows:
            yield Batch(_GRANT, rows)
        if key:
            # Those who may read it from now on find it among the changes.
            self._sequence += 1
            guarded = int(grants is not None)
            yield Statement(_GUARD, (guarded, self._sequence, self._name, key))

    def _change_grants(self, edit: ChangeGrants) -> Work[None]:
        rights = edit.grants.items()
        if not rights:
            return
        yield Batch(_UNGRANT_ONE, [(self._name, who) for who, _ in rights])
        rows = [
            (self._name, "", who, int(right), self._now)
            for who, right in rights
            if right
        ]
        if rows:
            yield Batch(_GRANT, rows)
        found = yield Statement(_GRANTED, (self._name,))
        if found[0]["grants"] > edit.most:
            raise InvalidContent(
                f"Permissions can name at most {edit.most} accounts and groups."
            )

    def _put(self, edit: PutDocument) -> Work[None]:
        self._sequence += 1
        found = self._there.get(edit.key)
        before = found.document if found else None
        if before is None:
            # What was deleted or has expired gives way with all that was said of it.
            yield from self._clear(edit.key)
        else:
            self._release(before)
        self._documents[edit.writer] += 1
        self._bytes[edit.writer] += edit.content.size
        if edit.by_time:
            self._newest_key = edit.key
        row = (
            self._name,
            edit.key,
            self._sequence,
            edit.content.etag,
            edit.content.size,
            before.creator if before else edit.writer,
            edit.writer,
            before.created_at if before else self._now,
            self._now,
            edit.expires_at,
            int(before.guarded) if before else 0,
            edit.content.text,
        )
        yield Statement(_PUT, row)
        if self._indexes:
            yield Statement(_UNENTER, (self._name, edit.key))
            held = entries(self._name, edit.key, edit.content.value, self._indexes)
            if held:
                yield Batch(_ENTER, held)

    def _clear(self, key: str) -> Work[None]:
        text = (
            "SELECT writer, size, deleted FROM store_documents "
            "WHERE collection = ? AND key = ?"
        )
        rows = yield Statement(text, (self._name, key))
        for row in rows:
            yield Statement(UNGRANT, (self._name, key))
            if not row["deleted"]:
                self._documents[row["writer"]] -= 1
                self._bytes[row["writer"]] -= row["size"]

    def _delete(self, document: Document) -> Work[None]:
        self._sequence += 1
        self._release(document)
        values = (self._sequence, self._now, self._name, document.key)
        yield Statement(_DELETE, values)
        if self._indexes:
            yield Statement(_UNENTER, (self._name, document.key))

    def _release(self, document: Document) -> None:
        self._documents[document.writer] -= 1
        self._bytes[document.writer] -= document.size

    def _drop(self) -> Work[None]:
        rows = yield Statement(_TAKEN, (self._name,))
        for row in rows:
            self._documents[row["writer"]] -= row["documents"]
            self._bytes[row["writer"]] -= int(row["bytes"])
        yield Statement(_RAISE_HIGHEST, (self._sequence, self._sequence))
        for text in _DROP:
            yield Statement(text, (self._name,))

    def _charge(self) -> Work[None]:
        for user in sorted(set(self._documents) | set(self._bytes)):
            counts = (self._documents[user], self._bytes[user])
            if counts == (0, 0):
                continue
            rows = yield Statement(_USE, (user, *counts, *counts))
            if counts[1] > 0 and rows[0]["bytes"] > self._quota:
                raise StorageFull(
                    f"The documents of {user} would take more than the "
                    f"{self._quota} bytes that are theirs. Delete some first.",
                    quota=self._quota,
                )


def entries(
    name: str, key: str, value: object, fields: Iterable[str]
) -> list[tuple[object, ...]]:
    """Return the index rows of a document."""
    rows: list[tuple[object, ...]] = []
    for field in fields:
        held = entry(value, field)
        if isinstance(held, str):
            rows.append((name, field, key, None, held))
        elif held is not None:
            rows.append((name, field, key, held, None))
    return rows


def enter(name: str, field: str, rows: Sequence[Row]) -> Work[None]:
    """Add documents, given as rows of key and text, to an index."""
    held: list[tuple[object, ...]] = []
    for row in rows:
        with suppress(msgspec.DecodeError):  # a damaged document is in no index
            value = msgspec.json.decode(row["text"])
            held += entries(name, row["key"], value, (field,))
    if held:
        yield Batch(_ENTER, held)


def save_indexes(name: str, indexes: Mapping[str, bool]) -> Work[None]:
    """Store which fields are indexed."""
    text = "UPDATE store_collections SET indexes = ? WHERE name = ?"
    yield Statement(text, (msgspec.json.encode(dict(indexes)).decode(), name))
