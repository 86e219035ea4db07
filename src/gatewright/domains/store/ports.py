"""Ports of the store domain: the database of documents, and the accounts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from gatewright.domains.store.model import (
    Change,
    Collection,
    Decision,
    Document,
    Requester,
    Right,
    Snapshot,
    Usage,
    Window,
)

T = TypeVar("T")

Decide = Callable[[Snapshot], Decision[T]]
"""Decides, from a snapshot, which edits to make. It must have no side effects, since it
may be called again; if it raises, nothing is changed."""


class Accounts(Protocol):
    """The accounts and groups to which rights can be granted."""

    async def exists(self, name: str) -> bool:
        """Return whether there is an account of this name."""
        ...

    async def group_exists(self, name: str) -> bool:
        """Return whether the group has any member."""
        ...


class DocumentStore(Protocol):
    """Durable collections of documents; changes are atomic and have a total order."""

    async def change(
        self,
        collection: str,
        keys: Sequence[str],
        who: Requester,
        decide: Decide[T],
        *,
        number: bool = False,
    ) -> T:
        """Make the edits that ``decide`` chooses from a snapshot of these keys.

        With ``number``, the snapshot has an unused numeric key, counted from 0, which
        no other request gets. The edits are durable when this returns.

        Raises
        ------
        StorageFull
            The user's documents would exceed their quota, or the disk is full.
        """
        ...

    async def look(
        self, collection: str, keys: Sequence[str], who: Requester
    ) -> Snapshot:
        """Return a snapshot of the collection and the documents with these keys."""
        ...

    async def documents(
        self, collection: str, right: Right, who: Requester, window: Window
    ) -> tuple[Sequence[Document], str | None]:
        """Return documents that the caller may read, sorted by key, and where to go on.

        ``right`` is the caller's right on the collection. The second value is the key
        after which to continue; None at the end. Before the end there may be fewer
        documents than the window allows, or none.
        """
        ...

    async def count(
        self, collection: str, right: Right, who: Requester, window: Window
    ) -> int:
        """Return how many documents with the window's prefix the caller may read."""
        ...

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
        """Return changes with numbers above ``since`` up to ``until``, oldest first.

        Changes of documents that the caller may not read are left out.
        """
        ...

    async def numbers(self, collections: Sequence[str]) -> Mapping[str, int]:
        """Return the number of the last change of each of these collections.

        Collections that do not exist are left out. This is called every half second for
        all collections that somebody waits for.
        """
        ...

    async def collections(
        self, who: Requester, after: str, limit: int
    ) -> Sequence[tuple[Collection, Right]]:
        """Return up to ``limit`` collections that the caller may see.

        They are sorted by name and follow ``after``. Each has the caller's right on it.
        """
        ...

    async def grants(self, collection: str, key: str = "") -> Mapping[str, Right]:
        """Return the rights by principal on a collection, or on a document."""
        ...

    async def build_index(self, collection: str, field: str) -> None:
        """Add all documents to an index that was declared."""
        ...

    async def usage(self, user: str) -> Usage:
        """Return how much of a user's quota is used."""
        ...

    async def sweep(self) -> int:
        """Delete some expired documents and old records of deletions.

        Returns the number of documents that were deleted.
        """
        ...
