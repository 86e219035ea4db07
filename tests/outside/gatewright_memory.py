"""A store of somebody else: documents that last as long as the gateway."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

import msgspec

from gatewright.backends.plugin import StorePlugin, StoreSetting
from gatewright.core.clock import Clock, system_clock
from gatewright.core.config import Section
from gatewright.core.errors import InvalidContent, StorageFull
from gatewright.domains.store import (
    Change,
    ChangeGrants,
    Collection,
    CreateCollection,
    Decide,
    DeleteDocument,
    Document,
    DropCollection,
    Edit,
    FoundDocument,
    IndexRange,
    PutDocument,
    Requester,
    Right,
    SaveIndexes,
    SetGrants,
    Snapshot,
    Usage,
    Window,
    entry,
)

T = TypeVar("T")

Grants = Mapping[str, Right]


@dataclass(slots=True)
class Kept:
    """A collection with its documents; a deleted one is kept without its text."""

    collection: Collection
    documents: dict[str, Document] = field(default_factory=dict)
    deleted: frozenset[str] = frozenset()
    grants: dict[str, Grants] = field(default_factory=dict)

    def copy(self) -> "Kept":
        return Kept(
            self.collection, dict(self.documents), self.deleted, dict(self.grants)
        )

    def right(self, who: Requester, key: str = "") -> Right:
        granted = self.grants.get(key, {})
        return max(granted.get(one, Right.NONE) for one in who.principals)

    def sees(self, document: Document, right: Right, who: Requester) -> bool:
        if right is Right.ADMIN or (right >= Right.READ and not document.guarded):
            return True
        own = document.guarded and self.right(who, document.key) > Right.NONE
        return own or (right >= Right.WRITE and document.creator == who.user)

    def edit(
        self,
        edit: SaveIndexes | SetGrants | ChangeGrants | PutDocument | DeleteDocument,
        now: float,
    ) -> None:
        match edit:
            case SaveIndexes(indexes):
                self.collection = replace(self.collection, indexes=indexes)
            case ChangeGrants(grants, most):
                rights = {**self.grants.get("", {}), **grants}
                self.grants[""] = {who: right for who, right in rights.items() if right}
                if len(self.grants[""]) > most:
                    raise InvalidContent("Permissions name too many.")
            case SetGrants(grants, key):
                self.set_grants(grants, key)
            case PutDocument():
                self.put(edit, now)
            case DeleteDocument(key):
                self.delete(key, now)

    def put(self, edit: PutDocument, now: float) -> None:
        before = self.documents.get(edit.key)
        if before is not None and (edit.key in self.deleted or _ended(before, now)):
            self.grants.pop(edit.key, None)
            before = None
        self.documents[edit.key] = Document(
            key=edit.key,
            sequence=self.next(),
            etag=edit.content.etag,
            size=edit.content.size,
            creator=before.creator if before else edit.writer,
            writer=edit.writer,
            created_at=before.created_at if before else now,
            modified_at=now,
            expires_at=edit.expires_at,
            guarded=before.guarded if before else False,
            text=edit.content.text,
        )
        self.deleted -= {edit.key}
        if edit.by_time:
            self.collection = replace(self.collection, newest_key=edit.key)

    def delete(self, key: str, now: float) -> None:
        self.documents[key] = replace(
            self.documents[key],
            sequence=self.next(),
            etag="",
            size=0,
            text="",
            modified_at=now,
            expires_at=None,
        )
        self.deleted |= {key}

    def set_grants(self, grants: Grants | None, key: str) -> None:
        self.grants[key] = dict(grants or {})
        if key:
            self.documents[key] = replace(
                self.documents[key],
                guarded=grants is not None,
                sequence=self.next(),
            )

    def next(self) -> int:
        number = self.collection.sequence + 1
        self.collection = replace(self.collection, sequence=number)
        return number

    def live(self) -> Iterator[Document]:
        """Yield what was not deleted, expired or not."""
        return (d for key, d in self.documents.items() if key not in self.deleted)

    def counted(self) -> "Kept":
        sizes = [document.size for document in self.live()]
        self.collection = replace(
            self.collection, documents=len(sizes), bytes=sum(sizes)
        )
        return self


@dataclass(slots=True)
class Shelves:
    """What all handles of one store share."""

    collections: dict[str, Kept] = field(default_factory=dict)
    highest: int = 0


def _ended(document: Document, now: float) -> bool:
    return document.expires_at is not None and document.expires_at <= now


def _within(document: Document, part: IndexRange | None) -> bool:
    if part is None:
        return True
    held = entry(msgspec.json.decode(document.text), part.field)
    if held is None or isinstance(held, str) is part.numeric:
        return False
    above = part.low is None or held >= part.low  # type: ignore[operator]
    if part.high is None:
        return above
    below = held <= part.high if part.numeric else held < part.high  # type: ignore[operator]
    return above and below


class MemoryDocuments:
    """Implements the port; each change happens in one go of the event loop."""

    def __init__(
        self,
        shelves: Shelves,
        *,
        quota: int,
        clock: Clock = system_clock,
        forget_seconds: float = 30 * 86400.0,
    ) -> None:
        self._shelves = shelves
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
        snapshot = await self.look(collection, keys, who)
        if number:
            found = self._shelves.collections.get(collection)
            taken = {document.key for document in found.live()} if found else set()
            fresh = found.collection.counter if found else 0
            while str(fresh) in taken:
                fresh += 1
            snapshot = replace(snapshot, fresh_key=str(fresh))
        decision = decide(snapshot)
        self._apply(collection, decision.edits, snapshot.now)
        if number:
            kept = self._shelves.collections[collection]
            following = int(snapshot.fresh_key) + 1
            kept.collection = replace(kept.collection, counter=following)
        return decision.answer

    def _apply(self, name: str, edits: Sequence[Edit], now: float) -> None:
        before = self._usage()
        old = self._shelves.collections.get(name)
        kept = old.copy() if old else None
        for edit in edits:
            if isinstance(edit, CreateCollection):
                first = max(int(now * 1000), self._shelves.highest + 1)
                made = Collection(name, edit.owner, now, sequence=first, floor=first)
                kept = Kept(made, grants={"": {f"user:{edit.owner}": Right.ADMIN}})
                continue
            assert kept is not None
            if isinstance(edit, DropCollection):
                number = kept.collection.sequence
                self._shelves.highest = max(self._shelves.highest, number)
                kept = None
            else:
                kept.edit(edit, now)
        self._place(name, kept)
        for user, usage in self._usage().items():
            grown = usage.bytes > before.get(user, Usage(0, 0)).bytes
            if grown and usage.bytes > self._quota:
                self._place(name, old)
                raise StorageFull("There is no room.", quota=self._quota)

    def _place(self, name: str, kept: Kept | None) -> None:
        self._shelves.collections.pop(name, None)
        if kept is not None:
            self._shelves.collections[name] = kept.counted()

    def _usage(self) -> dict[str, Usage]:
        found: dict[str, Usage] = {}
        for kept in self._shelves.collections.values():
            for document in kept.live():
                had = found.get(document.writer, Usage(0, 0))
                found[document.writer] = Usage(
                    had.documents + 1, had.bytes + document.size
                )
        return found

    async def look(
        self, collection: str, keys: Sequence[str], who: Requester
    ) -> Snapshot:
        now = self._clock()
        kept = self._shelves.collections.get(collection)
        if kept is None:
            return Snapshot(now)
        live = {document.key: document for document in kept.live()}
        there = {
            key: FoundDocument(live[key], kept.right(who, key))
            for key in keys
            if key in live and not _ended(live[key], now)
        }
        granted = any(kept.right(who, key) > Right.NONE for key in kept.grants)
        return Snapshot(now, kept.collection, kept.right(who), granted, there)

    def _visible(
        self, collection: str, right: Right, who: Requester, window: Window
    ) -> list[Document]:
        kept = self._shelves.collections.get(collection)
        now = self._clock()
        return sorted(
            (
                document
                for document in (kept.live() if kept else ())
                if document.key > window.after
                and document.key.startswith(window.prefix)
                and not _ended(document, now)
                and _within(document, window.within)
                and kept is not None
                and kept.sees(document, right, who)
            ),
            key=lambda document: document.key,
        )

    async def documents(
        self, collection: str, right: Right, who: Requester, window: Window
    ) -> tuple[Sequence[Document], str | None]:
        found: list[Document] = []
        room = window.bytes
        for document in self._visible(collection, right, who, window):
            if len(found) == window.limit or (found and document.size > room):
                return found, found[-1].key
            found.append(document)
            room -= document.size
        return found, None

    async def count(
        self, collection: str, right: Right, who: Requester, window: Window
    ) -> int:
        return len(self._visible(collection, right, who, window))

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
        kept = self._shelves.collections.get(collection)
        if kept is None:
            return []
        seen = [
            document
            for document in kept.documents.values()
            if since < document.sequence <= until and kept.sees(document, right, who)
        ]
        seen.sort(key=lambda document: document.sequence)
        return [
            Change(d.sequence, d.key, d.key in kept.deleted, d.etag, d.modified_at)
            for d in seen[:limit]
        ]

    async def numbers(self, collections: Sequence[str]) -> Mapping[str, int]:
        there = self._shelves.collections
        return {
            name: there[name].collection.sequence
            for name in collections
            if name in there
        }

    async def collections(
        self, who: Requester, after: str, limit: int
    ) -> Sequence[tuple[Collection, Right]]:
        found = [
            (kept.collection, kept.right(who))
            for name, kept in sorted(self._shelves.collections.items())
            if name > after
            and any(kept.right(who, key) > Right.NONE for key in kept.grants)
        ]
        return found[:limit]

    async def grants(self, collection: str, key: str = "") -> Mapping[str, Right]:
        kept = self._shelves.collections.get(collection)
        return {} if kept is None else dict(kept.grants.get(key, {}))

    async def build_index(self, collection: str, field: str) -> None:
        kept = self._shelves.collections.get(collection)
        if kept is not None and field in kept.collection.indexes:
            built = {**kept.collection.indexes, field: True}
            kept.collection = replace(kept.collection, indexes=built)

    async def usage(self, user: str) -> Usage:
        return self._usage().get(user, Usage(0, 0))

    async def sweep(self) -> int:
        now, swept = self._clock(), 0
        for name, kept in list(self._shelves.collections.items()):
            gone = [d.key for d in kept.live() if _ended(d, now)]
            self._apply(name, [DeleteDocument(key) for key in gone], now)
            swept += len(gone)
            self._forget(self._shelves.collections[name], now - self._forget_seconds)
        return swept

    def _forget(self, kept: Kept, before: float) -> None:
        for key in sorted(kept.deleted):
            document = kept.documents[key]
            if document.modified_at <= before:
                del kept.documents[key]
                kept.deleted -= {key}
                kept.grants.pop(key, None)
                floor = max(kept.collection.floor, document.sequence)
                kept.collection = replace(kept.collection, floor=floor)


class MemoryOptions(Section):
    """Documents in the gateway's memory, gone when it stops."""

    share: float = 1.0
    """Part of the usual quota that each user has."""


@asynccontextmanager
async def open_store(
    setting: StoreSetting[MemoryOptions],
) -> AsyncIterator[MemoryDocuments]:
    quota = int(setting.quota * setting.options.share)
    yield MemoryDocuments(Shelves(), quota=quota, clock=setting.clock)


plugin = StorePlugin(MemoryOptions, open_store)
