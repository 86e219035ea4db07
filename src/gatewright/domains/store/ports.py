"""What the store needs of a database."""

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
"""Decides what to change by what is there; it has no effects of its own, since it may
be asked again, and what it raises changes nothing."""


class Accounts(Protocol):
    """Which names there are for permissions to be given to."""

    async def exists(self, name: str) -> bool:
        """Return whether there is an account of this name."""
        ...

    async def group_exists(self, name: str) -> bool:
        """Return whether there is a group of this name, with somebody in it."""
        ...


class DocumentStore(Protocol):
    """Durable collections of documents; each change is atomic and in one order."""

    async def change(
        self,
        collection: str,
        keys: Sequence[str],
        who: Requester,
        decide: Decide[T],
        *,
        number: bool = False,
    ) -> T:
        """Change a collection by what ``decide`` makes of the documents under the keys.

        With ``number`` the snapshot has a free numeric key, from 0 upwards, which no
        other request gets. It is on disk when this returns.

        Raises
        ------
        StorageFull
            The user's documents would take more than their quota, or the disk is full.
        """
        ...

    async def look(
        self, collection: str, keys: Sequence[str], who: Requester
    ) -> Snapshot:
        """Return what is there under the keys."""
        ...

    async def documents(
        self, collection: str, right: Right, who: Requester, window: Window
    ) -> tuple[Sequence[Document], str | None]:
        """Return documents that the caller may read, by key, and where to go on.

        ``right`` is the caller's on the collection. The second value is the key to go
        on after, None at the end; there may be fewer documents than asked for, or
        none, before the end.
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
        """Return what changed above ``since`` up to ``until``, oldest first."""
        ...

    async def numbers(self, collections: Sequence[str]) -> Mapping[str, int]:
        """Return the numbers of the last changes of those collections that are there.

        It is asked every half second for all collections that somebody waits for.
        """
        ...

    async def collections(
        self, who: Requester, after: str, limit: int
    ) -> Sequence[tuple[Collection, Right]]:
        """Return the collections that the caller may see, by name."""
        ...

    async def grants(self, collection: str, key: str = "") -> Mapping[str, Right]:
        """Return the rights by principal on a collection or a document."""
        ...

    async def build_index(self, collection: str, field: str) -> None:
        """Put all documents into an index that was declared."""
        ...

    async def usage(self, user: str) -> Usage:
        """Return what a user's documents take."""
        ...

    async def sweep(self) -> int:
        """Delete what has expired, forget old deletions; return how many expired."""
        ...
