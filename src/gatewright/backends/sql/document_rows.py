"""Queries of the store, and the conversion of their rows to values."""

import logging
from collections.abc import Mapping, Sequence

import msgspec

from gatewright.backends.sql.database import Row
from gatewright.backends.sql.records import time_or_zero
from gatewright.domains.store import (
    Change,
    Collection,
    Document,
    FoundDocument,
    IndexRange,
    Requester,
    Right,
    Snapshot,
    Window,
    successor,
)

_log = logging.getLogger(__name__)

DOCUMENT = (
    "d.key, d.sequence, d.etag, d.size, d.creator, d.writer, d.created_at, "
    "d.modified_at, d.expires_at, d.guarded, d.text"
)
LIVE = "d.deleted = 0 AND (d.expires_at IS NULL OR d.expires_at > ?)"

_GRANTED = """d.guarded = 1 AND EXISTS (SELECT 1 FROM store_grants g WHERE
    g.collection = d.collection AND g.key = d.key AND g.who IN ({people}))"""

Clause = tuple[str, list[object]]
"""SQL and the values of its placeholders."""


def marks(values: Sequence[object]) -> str:
    """Return as many placeholders as there are values."""
    return ", ".join("?" * len(values))


def snapshot_query(name: str, key: str, who: Requester, now: float) -> Clause:
    """Return the query for a collection, a document and the caller's rights."""
    people = marks(who.principals)
    text = f"""
    SELECT c.name, c.owner, c.created_at AS made_at, c.sequence AS last, c.floor,
        c.counter, c.newest_key, c.documents, c.bytes, c.indexes, {DOCUMENT},
        (SELECT MAX(g.level) FROM store_grants g WHERE g.collection = c.name
            AND g.key = '' AND g.who IN ({people})) AS level,
        (SELECT MAX(g.level) FROM store_grants g WHERE g.collection = c.name
            AND g.key = d.key AND g.who IN ({people})) AS own,
        (SELECT MAX(g.level) FROM store_grants g WHERE g.collection = c.name
            AND g.who IN ({people})) AS some
    FROM store_collections c LEFT JOIN store_documents d
        ON d.collection = c.name AND d.key = ? AND {LIVE}
    WHERE c.name = ?
    """  # noqa: S608  # only placeholders are put in
    return text, [*who.principals, *who.principals, *who.principals, key, now, name]


def _padded(keys: Sequence[str]) -> list[str]:
    """Return the keys, padded to a power of two by the last, to reuse SQL texts."""
    length = 1 << (len(keys) - 1).bit_length()
    return [*keys, *([keys[-1]] * (length - len(keys)))]


def expired_query(name: str, keys: Sequence[str], now: float) -> Clause:
    """Return the query for those of some documents that have expired."""
    keys = _padded(keys)
    text = f"""
    SELECT {DOCUMENT}, 0 AS own FROM store_documents d
    WHERE d.collection = ? AND d.key IN ({marks(keys)}) AND d.expires_at <= ?
    """  # noqa: S608  # only placeholders are put in
    return text, [name, *keys, now]


def own_query(name: str, keys: Sequence[str], who: Requester, now: float) -> Clause:
    """Return the query for several documents and the caller's rights on them."""
    keys = _padded(keys)
    text = f"""
    SELECT {DOCUMENT}, (SELECT MAX(g.level) FROM store_grants g
        WHERE g.collection = d.collection AND g.key = d.key
        AND g.who IN ({marks(who.principals)})) AS own
    FROM store_documents d
    WHERE d.collection = ? AND d.key IN ({marks(keys)}) AND {LIVE}
    """  # noqa: S608  # only placeholders are put in
    return text, [*who.principals, name, *keys, now]


def visible(right: Right, who: Requester) -> Clause:
    """Return the condition for documents ``d`` that the caller may read.

    It is the SQL equivalent of ``gatewright.domains.store.rights.right_on``.
    """
    if right is Right.ADMIN:
        return "1 = 1", []
    parts = [_GRANTED.format(people=marks(who.principals))]
    values: list[object] = [*who.principals]
    if right >= Right.READ:
        parts.append("d.guarded = 0")
    if right >= Right.WRITE:
        parts.append("d.creator = ?")
        values.append(who.user)
    return f"({' OR '.join(parts)})", values


def selected(name: str, window: Window, now: float) -> Clause:
    """Return the SQL condition for the unexpired documents (``d``) in a window."""
    keys, values = _keys(window, "d.key")
    return f"d.collection = ? AND {keys} AND {LIVE}", [name, *values, now]


def _keys(window: Window, column: str) -> Clause:
    """Return the condition for keys after a window's start and with its prefix."""
    end = successor(window.prefix) if window.prefix else None
    bounds = {">": window.after, ">=": window.prefix, "<": end}
    parts = {sign: bound for sign, bound in bounds.items() if bound is not None}
    return " AND ".join(f"{column} {sign} ?" for sign in parts), [*parts.values()]


def among(name: str, keys: Sequence[str], now: float) -> Clause:
    """Return the condition for unexpired documents ``d`` with one of the keys."""
    keys = _padded(keys)
    text = f"d.collection = ? AND d.key IN ({marks(keys)}) AND {LIVE}"
    return text, [name, *keys, now]


def entries_query(name: str, window: Window, within: IndexRange) -> Clause:
    """Return the query for the keys in a range of an index, sorted."""
    column, above = ("number", "<=") if within.numeric else ("text", "<")
    keys, places = _keys(window, "key")
    parts = [keys, f"{column} IS NOT NULL"]
    values: list[object] = [name, within.field, *places]
    bounds = ((">=", within.low), (above, within.high))
    if within.numeric and within.low == within.high:
        bounds = (("=", within.low), ("=", None))
    for sign, bound in bounds:
        if bound is not None:
            parts.append(f"{column} {sign} ?")
            values.append(bound)
    text = f"""
    SELECT key FROM store_entries WHERE collection = ? AND field = ?
    AND {" AND ".join(parts)} ORDER BY key LIMIT ?
    """  # noqa: S608  # fixed words and placeholders
    return text, [*values, window.limit + 1]


def right_of(level: object) -> Right:
    """Return the right of a stored level; NONE for an unknown level."""
    if isinstance(level, int) and level in set(Right):
        return Right(level)
    return Right.NONE


def indexes_of(row: Row) -> Mapping[str, bool]:
    """Return the indexes of a collection; none if their record is damaged."""
    try:
        return msgspec.json.decode(row["indexes"], type=dict[str, bool])
    except msgspec.MsgspecError as error:
        _log.error("The indexes of %r cannot be read: %r", row["name"], error)
        return {}


def collection(row: Row) -> Collection:
    """Return the collection of a snapshot's row."""
    return Collection(
        name=row["name"],
        owner=row["owner"],
        created_at=time_or_zero(row["made_at"]),
        sequence=row["last"],
        floor=row["floor"],
        counter=row["counter"],
        newest_key=row["newest_key"],
        documents=row["documents"],
        bytes=row["bytes"],
        indexes=indexes_of(row),
    )


def document(row: Row) -> Document:
    """Return the document of a row."""
    end = row["expires_at"]
    return Document(
        key=row["key"],
        sequence=row["sequence"],
        etag=row["etag"],
        size=row["size"],
        creator=row["creator"],
        writer=row["writer"],
        created_at=time_or_zero(row["created_at"]),
        modified_at=time_or_zero(row["modified_at"]),
        expires_at=end if end is None else time_or_zero(end),
        guarded=bool(row["guarded"]),
        text=row["text"],
    )


def found(row: Row) -> FoundDocument:
    """Return the document of a row, with the caller's own right on it."""
    return FoundDocument(document(row), right_of(row["own"]))


def snapshot(rows: Sequence[Row], now: float) -> Snapshot:
    """Return the snapshot from the rows of its query."""
    if not rows:
        return Snapshot(now)
    row = rows[0]
    documents: Mapping[str, FoundDocument] = {}
    if row["key"] is not None:
        documents = {row["key"]: found(row)}
    return Snapshot(
        now=now,
        collection=collection(row),
        right=right_of(row["level"]),
        granted=right_of(row["some"]) > Right.NONE,
        documents=documents,
    )


def change(row: Row) -> Change:
    """Return the change of a row."""
    return Change(
        number=row["sequence"],
        key=row["key"],
        deleted=bool(row["deleted"]),
        etag=row["etag"],
        at=row["modified_at"],
    )
