"""The service through which faces use the document store."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TypeVar

from gatewright.core.caller import Caller, Scope
from gatewright.core.errors import InvalidContent, NotFound, StorageFull, TooLarge
from gatewright.core.ids import new_id
from gatewright.core.pages import Page, decode_cursor, encode_cursor
from gatewright.domains.store import writing
from gatewright.domains.store.content import check_content, check_whole, decode
from gatewright.domains.store.model import (
    Content,
    Permissions,
    Requester,
    Right,
    Snapshot,
    Usage,
    permissions_of,
    requester_of,
)
from gatewright.domains.store.names import check_collection, check_field, check_key
from gatewright.domains.store.ports import Accounts, Decide, DocumentStore
from gatewright.domains.store.recipients import check_recipients
from gatewright.domains.store.rights import (
    readable_collection,
    readable_document,
    right_on,
    writable_document,
)
from gatewright.domains.store.views import CollectionView, DocumentView
from gatewright.domains.store.watching import ChangeWatch
from gatewright.domains.store.writing import KEEP, Check, Lifetime, Stored

T = TypeVar("T")

MAXIMUM_BULK = 1000
_LARGE = 65_536


class Store:
    """Reads and writes documents for callers, and checks their rights.

    Methods that take a caller raise NotAllowed, or NotSignedIn for a visitor, without
    the scope for the collection.

    Parameters
    ----------
    documents
        The database of documents.
    document_bytes
        Largest document in bytes.
    accounts
        Accounts and groups that can be given rights; None to allow any name (in tests).
    """

    def __init__(
        self,
        documents: DocumentStore,
        *,
        document_bytes: int,
        accounts: Accounts | None = None,
    ) -> None:
        self.documents = documents
        self._accounts = accounts
        self.watch = ChangeWatch(documents)
        self._document_bytes = document_bytes

    async def collections(
        self, caller: Caller, limit: int, cursor: str | None = None
    ) -> Page[CollectionView]:
        """Return a page of the collections that the caller may see, by name."""
        if not any(scope.startswith(f"{Scope.STORE}:") for scope in caller.scopes):
            caller.require(Scope.STORE)
        after = "" if cursor is None else str(decode_cursor(cursor, str)[0])
        who = requester_of(caller)
        found = await self.documents.collections(who, after, limit + 1)
        page = found[:limit]
        views = [
            CollectionView(collection, right)
            for collection, right in page
            if caller.may(f"{Scope.STORE}:{collection.name}")
        ]
        last = encode_cursor(page[-1][0].name) if len(found) > limit else None
        return Page(views, last)

    async def collection(self, caller: Caller, name: str) -> CollectionView:
        """Return one collection.

        Raises
        ------
        NotFound
            The caller can read no collection of this name.
        """
        who = self._requester(caller, name)
        snapshot = await self.documents.look(name, (), who)
        readable_collection(snapshot)
        return await self._view(snapshot)

    async def save_collection(
        self,
        caller: Caller,
        name: str,
        *,
        indexes: Sequence[str] | None = None,
        permissions: Permissions | None = None,
        create_only: bool = False,
    ) -> tuple[CollectionView, bool]:
        """Create a collection, or change its indexes or permissions.

        ``indexes`` and ``permissions`` that are None stay as they are. The second value
        says whether the collection is new. Of ``permissions`` whose ``others_stay``,
        only the rights of accounts are changed, of a collection that exists.

        Raises
        ------
        NotFound
            The collection may not be read, or its permissions cannot be changed yet.
        NotAllowed
            The caller may read the collection, but not administer it.
        InvalidContent
            An indexed field is not valid, or permissions name an account or group that
            does not exist.
        PreconditionFailed
            The collection exists, and ``create_only`` is given.
        """
        who = self._requester(caller, name)
        fields = None if indexes is None else tuple(map(check_field, indexes))
        await check_recipients(permissions, self._accounts)

        decide = partial(
            writing.save,
            who=who,
            indexes=fields,
            permissions=permissions,
            create_only=create_only,
        )
        created, unbuilt = await self._change(name, (), who, decide)
        for field in unbuilt:
            await self.documents.build_index(name, field)
        # Who gave their own right away is still told what they did.
        snapshot = await self.documents.look(name, (), who)
        return await self._view(snapshot), created

    async def drop_collection(self, caller: Caller, name: str) -> None:
        """Delete a collection with all its documents.

        Raises
        ------
        NotFound
            The caller can read no collection of this name.
        NotAllowed
            The caller may not administer it.
        """
        await self._change(name, (), self._requester(caller, name), writing.drop)

    async def get(self, caller: Caller, name: str, key: str) -> DocumentView:
        """Return a document.

        Raises
        ------
        NotFound
            The caller can read no document of this key.
        BackendFailed
            The document's record is damaged.
        """
        who = self._requester(caller, name)
        snapshot = await self.documents.look(name, (check_key(key),), who)
        found = readable_document(snapshot, key, who)
        check_whole(found.document)
        return DocumentView(found.document, right_on(snapshot, found, who))

    async def put(
        self,
        caller: Caller,
        name: str,
        key: str,
        body: bytes,
        *,
        check: Check = writing.unconditional,
        lifetime: Lifetime = KEEP,
    ) -> Stored:
        """Create or replace a document; a missing collection is created.

        Raises
        ------
        NotFound, NotAllowed
            The caller may not read, or not write, the document.
        PreconditionFailed
            Raised by ``check``.
        TooLarge, InvalidRequest, InvalidContent
            The body is not valid as a document.
        StorageFull
            The caller's quota is used up.
        """
        who = self._requester(caller, name)
        check_key(key)
        content = await self._content(body)

        decide = partial(
            writing.put,
            key=key,
            who=who,
            content=content,
            check=check,
            lifetime=lifetime,
        )
        return await self._change(name, (key,), who, decide)

    async def add(
        self,
        caller: Caller,
        name: str,
        body: bytes,
        *,
        numbered: bool = False,
        lifetime: Lifetime = KEEP,
    ) -> Stored:
        """Create a document under a new key: time-based, or the next free number.

        The errors are those of :meth:`put`.
        """
        who = self._requester(caller, name)
        content = await self._content(body)
        made = new_id()
        decide: Decide[Stored] = partial(
            writing.add_by_time, made=made, who=who, content=content, lifetime=lifetime
        )
        if numbered:
            decide = partial(
                writing.put, key=None, who=who, content=content, lifetime=lifetime
            )
        return await self._change(name, (made,), who, decide, number=numbered)

    async def put_many(
        self,
        caller: Caller,
        name: str,
        bodies: Mapping[str, bytes],
        *,
        lifetime: Lifetime = KEEP,
    ) -> list[Stored]:
        """Create or replace many documents, all of them or none.

        The errors are those of :meth:`put`.
        """
        who = self._requester(caller, name)
        if not 1 <= len(bodies) <= MAXIMUM_BULK:
            raise InvalidContent(f"Send 1 to {MAXIMUM_BULK} documents at once.")
        for key in bodies:
            check_key(key)
        limit = self._document_bytes

        def check_all() -> Mapping[str, Content]:
            return {key: check_content(body, limit) for key, body in bodies.items()}

        contents = await asyncio.to_thread(check_all)
        decide = partial(
            writing.put_many, who=who, contents=contents, lifetime=lifetime
        )
        return await self._change(name, tuple(contents), who, decide)

    async def patch(
        self,
        caller: Caller,
        name: str,
        key: str,
        body: bytes,
        *,
        check: Check = writing.unconditional,
        lifetime: Lifetime = KEEP,
    ) -> Stored:
        """Apply a JSON merge patch (RFC 7396) to a document.

        The errors are those of :meth:`put`, and NotFound if there is no document.
        """
        who = self._requester(caller, name)
        check_key(key)
        if len(body) > self._document_bytes:
            raise TooLarge(f"A patch has at most {self._document_bytes} bytes.")
        await asyncio.to_thread(decode, body) if len(body) > _LARGE else decode(body)

        decide = partial(
            writing.patch,
            key=key,
            who=who,
            change=body,
            limit=self._document_bytes,
            check=check,
            lifetime=lifetime,
        )
        return await self._change(name, (key,), who, decide)

    async def delete(
        self,
        caller: Caller,
        name: str,
        key: str,
        *,
        check: Check = writing.unconditional,
    ) -> None:
        """Delete a document.

        Raises
        ------
        NotFound, NotAllowed
            The caller may not read, or not write, the document.
        PreconditionFailed
            Raised by ``check``.
        """
        who = self._requester(caller, name)
        check_key(key)
        decide = partial(writing.delete, key=key, who=who, check=check)
        await self._change(name, (key,), who, decide)

    async def permissions(
        self, caller: Caller, name: str, key: str
    ) -> Permissions | None:
        """Return a document's own permissions; None if it has those of the collection.

        Raises
        ------
        NotFound, NotAllowed
            The caller may not read, or not administer, the document.
        """
        who = self._requester(caller, name)
        snapshot = await self.documents.look(name, (check_key(key),), who)
        found = writable_document(snapshot, key, who, Right.ADMIN)
        if not found.document.guarded:
            return None
        return permissions_of(await self.documents.grants(name, key))

    async def set_permissions(
        self, caller: Caller, name: str, key: str, permissions: Permissions | None
    ) -> None:
        """Give a document its own permissions; None returns it to the collection's.

        Raises
        ------
        NotFound, NotAllowed
            The caller may not read, or not administer, the document.
        InvalidContent
            Permissions name an account or group that does not exist.
        """
        who = self._requester(caller, name)
        check_key(key)
        await check_recipients(permissions, self._accounts)

        decide = partial(
            writing.set_document_permissions, key=key, who=who, permissions=permissions
        )
        await self._change(name, (key,), who, decide)

    async def usage(self, caller: Caller) -> Usage:
        """Return how much of the caller's quota is used."""
        caller.require(Scope.STORE)
        return await self.documents.usage(caller.require_user())

    async def _view(self, snapshot: Snapshot) -> CollectionView:
        found = snapshot.collection
        if found is None:
            raise NotFound("The collection was deleted meanwhile.")
        if snapshot.right < Right.ADMIN:
            return CollectionView(found, snapshot.right)
        permissions = permissions_of(await self.documents.grants(found.name))
        return CollectionView(found, snapshot.right, permissions)

    def _requester(self, caller: Caller, name: str) -> Requester:
        caller.require(f"{Scope.STORE}:{check_collection(name)}")
        return requester_of(caller)

    async def _content(self, body: bytes) -> Content:
        if len(body) <= _LARGE:
            return check_content(body, self._document_bytes)
        return await asyncio.to_thread(check_content, body, self._document_bytes)

    async def _change(
        self,
        name: str,
        keys: Sequence[str],
        who: Requester,
        decide: Decide[T],
        *,
        number: bool = False,
    ) -> T:
        while True:
            try:
                answer = await self.documents.change(
                    name, keys, who, decide, number=number
                )
            except StorageFull:
                # What has expired may hold the room, and a sweep removes some of it,
                # which may be others': it is tried again while there is more.
                if not await self.documents.sweep():
                    raise
            else:
                self.watch.tell(name)
                return answer
