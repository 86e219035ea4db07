"""The rules that decide what a caller may do with collections and documents.

The owner and administrators of a collection may do everything in it. A document has the
permissions of its collection, unless it has permissions of its own, which then apply
instead. The creator of a document administers it as long as they may write to the
collection or the document.
"""

from gatewright.core.errors import NotAllowed, NotFound
from gatewright.domains.store.model import (
    Collection,
    FoundDocument,
    Requester,
    Right,
    Snapshot,
)


def right_on(snapshot: Snapshot, found: FoundDocument, who: Requester) -> Right:
    """Return a caller's right on a document."""
    if snapshot.right is Right.ADMIN:
        return Right.ADMIN
    right = found.own if found.document.guarded else snapshot.right
    made_it = found.document.creator == who.user
    if made_it and max(found.own, snapshot.right) >= Right.WRITE:
        return Right.ADMIN
    return right


def readable_document(snapshot: Snapshot, key: str, who: Requester) -> FoundDocument:
    """Return the document of a key if the caller may read it.

    Raises
    ------
    NotFound
        There is none, or the caller may not read it.
    """
    found = snapshot.documents.get(key)
    if found is None or right_on(snapshot, found, who) < Right.READ:
        raise NotFound("There is no document of that key that you may read.")
    return found


def writable_document(
    snapshot: Snapshot, key: str, who: Requester, needed: Right = Right.WRITE
) -> FoundDocument:
    """Return the document of a key if the caller has the right ``needed``.

    Raises
    ------
    NotFound
        There is none, or the caller may not read it.
    NotAllowed
        The caller may read it, but lacks the right.
    """
    found = readable_document(snapshot, key, who)
    if right_on(snapshot, found, who) < needed:
        raise NotAllowed(f"You need the right “{needed.word}” on this document.")
    return found


def readable_collection(snapshot: Snapshot) -> Collection:
    """Return the collection if the caller may read it or any document of it.

    Raises
    ------
    NotFound
        There is none, or the caller may not read it.
    """
    found = snapshot.collection
    if found is None or (snapshot.right < Right.READ and not snapshot.granted):
        raise NotFound("There is no collection of that name that you may read.")
    return found


def writable_collection(snapshot: Snapshot, needed: Right = Right.WRITE) -> Collection:
    """Return the collection if the caller has the right ``needed``.

    Raises
    ------
    NotFound
        There is none, or the caller may not read it.
    NotAllowed
        The caller may read it, but lacks the right.
    """
    found = readable_collection(snapshot)
    if snapshot.right < needed:
        raise NotAllowed(f"You need the right “{needed.word}” on this collection.")
    return found


def place_for_document(
    snapshot: Snapshot, key: str, who: Requester
) -> FoundDocument | None:
    """Return the document that a write would replace; None if it would be new.

    A caller who may not write to the collection gets the same error for a missing key
    and for one that they may not read, so that they cannot find out which keys exist.

    Raises
    ------
    NotFound
        The caller may not read the collection, or may write to it but not read the
        document.
    NotAllowed
        The caller may not write the document.
    """
    found = snapshot.documents.get(key)
    hidden = found is None or right_on(snapshot, found, who) < Right.READ
    if hidden and snapshot.collection is not None:
        writable_collection(snapshot)
    return None if found is None else writable_document(snapshot, key, who)
