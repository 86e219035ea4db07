"""Lists, queries and the change feed of collections.

A query reads the documents of an index range, or else all documents, in steps. What one
request reads is limited; at the limit, the page tells how to continue and which index
would help. A sorted list needs all documents of its query at once, and is refused above
the limit.
"""

import asyncio
import logging
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import msgspec

from gatewright.core.caller import Caller, Scope
from gatewright.core.errors import Conflict, NotFound, TooLarge, Unavailable
from gatewright.core.pages import decode_cursor, encode_cursor
from gatewright.domains.store.model import (
    Change,
    Document,
    IndexRange,
    Requester,
    Right,
    Snapshot,
    Window,
    requester_of,
)
from gatewright.domains.store.names import check_collection, check_prefix
from gatewright.domains.store.order import SortField, in_order, project
from gatewright.domains.store.query import Condition, index_range, matches
from gatewright.domains.store.rights import readable_collection
from gatewright.domains.store.service import Store
from gatewright.domains.store.watching import LOOK_SECONDS

SCANNED_DOCUMENTS = 10_000
SCANNED_BYTES = 32 << 20
SCANNED_STEPS = 100
PAGE_BYTES = 8 << 20
LONGEST_WAIT = 30.0
_STEP_DOCUMENTS = 500
_FOLLOWED = 100
_STEP_BYTES = 4 << 20
_LOOK_AGAIN_SECONDS = 300.0
"""Seconds after which a follower's rights are checked again without any change of a
document; another process may have changed them. Each change checks them too."""
_LARGE = 65_536

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which documents of a collection are listed, and how."""

    prefix: str = ""
    """Text with which the keys begin."""
    conditions: tuple[Condition, ...] = ()
    """Conditions, all of which must hold."""
    order: tuple[SortField, ...] = ()
    """Fields by which the list is sorted, before the keys."""
    fields: tuple[str, ...] = ()
    """Fields to which the documents are reduced; empty for whole documents."""


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """A page of a list of documents."""

    documents: Sequence[Document]
    """Documents of the page, in order."""
    next: str | None
    """Cursor of the next page; None on the last page."""
    advice: str | None
    """How to make the query faster, if the page ended early at the reading limit."""
    count: int | None = None
    """Number of documents in the whole list; None if it was not requested or is above
    the reading limit."""


@dataclass(frozen=True, slots=True)
class ChangePage:
    """A page of the changes of a collection."""

    changes: Sequence[Change]
    """Changes, oldest first; for each document the last one only."""
    last: int
    """Number from which to ask for the next page."""


@dataclass(slots=True)
class _Scan:
    """The documents that a query has found so far, and how much it has read."""

    limit: int
    after: str = ""
    page_bytes: int = PAGE_BYTES
    found: list[Document] = field(default_factory=list)
    found_bytes: int = 0
    steps: int = 0
    read: int = 0
    read_bytes: int = 0
    more: bool = True

    def is_full(self) -> bool:
        return len(self.found) >= self.limit or self.found_bytes >= self.page_bytes

    def take(
        self, documents: Sequence[Document], kept: Sequence[bool], position: str | None
    ) -> None:
        """Collect matching documents until the page is full."""
        self.steps += 1
        for document, keep in zip(documents, kept, strict=True):
            if self.is_full():
                return
            self.after = document.key
            self.read += 1
            self.read_bytes += document.size
            if keep:
                self.found.append(document)
                self.found_bytes += document.size
        self.more = position is not None
        self.after = self.after if position is None else position


class Listings:
    """Reads lists of documents and changes for callers.

    Parameters
    ----------
    store
        The store.
    scanned
        Largest number of documents that one request reads for a query.
    """

    def __init__(self, store: Store, *, scanned: int = SCANNED_DOCUMENTS) -> None:
        self._store = store
        self._scanned = scanned

    async def documents(
        self,
        caller: Caller,
        name: str,
        selection: Selection = EVERYTHING,
        *,
        limit: int = 100,
        cursor: str | None = None,
        count: bool = False,
    ) -> DocumentPage:
        """Return a page of the documents that the caller may read, by key or sorted.

        With ``count`` the page has the number of all documents in the list.

        Raises
        ------
        NotFound
            The caller can read no collection of this name.
        TooLarge
            A sorted list has more documents than one request may read.
        """
        who, snapshot = await self._look(caller, name)
        check_prefix(selection.prefix)
        built = [
            path
            for path, ready in readable_collection(snapshot).indexes.items()
            if ready
        ]
        within = index_range(selection.conditions, built)
        reading = _Reading(name, snapshot.right, who, selection, within)
        if selection.order:
            page = await self._sorted(reading, limit, cursor)
            page = page if count else replace(page, count=None)
        else:
            page = await self._by_key(reading, limit, cursor)
            if count:
                page = replace(page, count=await self._count(reading))
        fields = selection.fields
        if not fields:
            return page

        def cut() -> Sequence[Document]:
            return [replace(d, text=project(d.text, fields)) for d in page.documents]

        return replace(page, documents=await asyncio.to_thread(cut))

    async def _by_key(
        self, reading: "_Reading", limit: int, cursor: str | None
    ) -> DocumentPage:
        after = str(decode_cursor(cursor, str)[0]) if cursor is not None else ""
        scan = _Scan(limit, after)
        await self._read(scan, reading)
        last = encode_cursor(scan.after) if scan.more else None
        advice = None
        if last is not None and not scan.is_full() and reading.within is None:
            advice = (
                f"{scan.read} documents were read and the end is not reached; “next” "
                "goes on. An index makes this quick: PUT the collection with "
                f'{{"indexes": [{reading.fields}]}}.'
            )
        return DocumentPage(scan.found, last, advice)

    async def _sorted(
        self, reading: "_Reading", limit: int, cursor: str | None
    ) -> DocumentPage:
        """Return a page that begins after the last document of the page before.

        If that document is gone, the page begins at its former position. Documents that
        change between two pages may be left out or occur twice.
        """
        scan = _Scan(sys.maxsize, page_bytes=sys.maxsize)
        await self._read(scan, reading)
        if scan.more:
            raise TooLarge(
                f"There are more than {scan.read} documents to be sorted, which is as "
                "many as one request reads. Ask for fewer of them with “prefix”, or "
                "with “query” on a field that has an index."
            )
        ordered = await asyncio.to_thread(in_order, scan.found, reading.selection.order)
        begin = 0
        if cursor is not None:
            place, key = decode_cursor(cursor, int, str)
            places = {found.key: number for number, found in enumerate(ordered)}
            begin = max(0, places.get(str(key), int(str(place)) - 2) + 1)
        page = _Scan(limit)
        page.take(ordered[begin:], [True] * len(ordered[begin:]), None)
        end = begin + len(page.found)
        last = encode_cursor(end, page.found[-1].key) if end < len(ordered) else None
        return DocumentPage(page.found, last, None, len(ordered))

    async def _count(self, reading: "_Reading") -> int | None:
        """Return the number of matching documents; None above the reading limit."""
        if not reading.selection.conditions:
            window = Window(prefix=reading.selection.prefix)
            return await self._store.documents.count(
                reading.name, reading.right, reading.who, window
            )
        scan = _Scan(sys.maxsize, page_bytes=sys.maxsize)
        await self._read(scan, reading)
        return None if scan.more else len(scan.found)

    async def _read(self, scan: _Scan, reading: "_Reading") -> None:
        """Read documents until the page is full, at the limit, or none remain."""
        conditions = reading.selection.conditions
        while (
            scan.more
            and not scan.is_full()
            and scan.steps < SCANNED_STEPS
            and scan.read < self._scanned
            and scan.read_bytes < SCANNED_BYTES
        ):
            documents, position = await self._store.documents.documents(
                reading.name, reading.right, reading.who, reading.window(scan)
            )
            kept = await _kept(documents, conditions)
            scan.take(documents, kept, position)

    async def changes(
        self,
        caller: Caller,
        name: str,
        since: int,
        *,
        limit: int = 100,
        wait: float = 0.0,
    ) -> ChangePage:
        """Return the changes after a number, or wait for one up to ``wait`` seconds.

        Raises
        ------
        NotFound
            The caller can read no collection of this name.
        Conflict
            The number is too old or from another collection; start again from 0.
        """
        until = time.monotonic() + min(wait, LONGEST_WAIT)
        while True:
            page = await self._changes(caller, name, since, limit)
            left = until - time.monotonic()
            if page.changes or left <= 0:
                return page
            since = page.last
            await self._store.watch.wait(name, since, left)

    async def start(self, caller: Caller, name: str, seen: int | None) -> int:
        """Return the number from which to follow: ``seen``, or else the newest.

        Raises
        ------
        NotFound
            The caller can read no collection of this name.
        Conflict
            The number is too old or from another collection; start again from 0.
        """
        if seen is None:
            _, snapshot = await self._look(caller, name)
            return readable_collection(snapshot).sequence
        await self._changes(caller, name, seen, 1)
        return seen

    async def follow(
        self, caller: Caller, name: str, since: int
    ) -> AsyncIterator[Change]:
        """Yield changes as they happen, as long as the caller may read them.

        ``since`` is the last known number (see :meth:`start`). The iteration also ends
        if the collection is deleted and created again. Changes made while the database
        is unavailable follow later: a browser would take an error for final and not
        reconnect.
        """
        last = since
        with suppress(NotFound, Conflict):
            while True:
                try:
                    page = await self._changes(caller, name, last, _FOLLOWED)
                except Unavailable:
                    await asyncio.sleep(LOOK_SECONDS)
                    continue
                last = page.last
                for change in page.changes:
                    yield change
                if not page.changes:
                    await self._store.watch.wait(name, last, _LOOK_AGAIN_SECONDS)

    async def _changes(
        self, caller: Caller, name: str, since: int, limit: int
    ) -> ChangePage:
        who, snapshot = await self._look(caller, name)
        found = readable_collection(snapshot)
        if since and not found.floor <= since <= found.sequence:
            raise Conflict(
                "Deletions since that number are forgotten, or it is not of this "
                "collection. List the documents, then follow from “since=0”.",
                last=found.sequence,
            )
        changes = await self._store.documents.changes(
            name, snapshot.right, who, since=since, until=found.sequence, limit=limit
        )
        last = changes[-1].number if len(changes) == limit else found.sequence
        return ChangePage(changes, last)

    async def _look(self, caller: Caller, name: str) -> tuple[Requester, Snapshot]:
        caller.require(f"{Scope.STORE}:{check_collection(name)}")
        who = requester_of(caller)
        snapshot = await self._store.documents.look(name, (), who)
        readable_collection(snapshot)
        return who, snapshot


@dataclass(frozen=True, slots=True)
class _Reading:
    """The parameters of one query."""

    name: str
    right: Right
    who: Requester
    selection: Selection
    within: IndexRange | None

    @property
    def fields(self) -> str:
        """Fields of the conditions, as JSON strings."""
        names = {condition.field for condition in self.selection.conditions}
        return ", ".join(msgspec.json.encode(name).decode() for name in sorted(names))

    def window(self, scan: _Scan) -> Window:
        """Return which documents the next step reads."""
        few = min(scan.limit - len(scan.found), _STEP_DOCUMENTS)
        limit = _STEP_DOCUMENTS if self.selection.conditions else few
        return Window(
            scan.after, self.selection.prefix, self.within, limit, _STEP_BYTES
        )


async def _kept(
    documents: Sequence[Document], conditions: tuple[Condition, ...]
) -> Sequence[bool]:
    """Return for each document whether it meets the conditions; False if damaged."""

    def look() -> Iterator[bool]:
        for document in documents:
            try:
                if conditions:
                    yield matches(msgspec.json.decode(document.text), conditions)
                else:
                    msgspec.json.decode(document.text, type=msgspec.Raw)
                    yield True
            except msgspec.DecodeError as error:
                _log.error("The document %r cannot be read: %s", document.key, error)
                yield False

    if not conditions and sum(document.size for document in documents) <= _LARGE:
        return list(look())
    return await asyncio.to_thread(lambda: list(look()))
