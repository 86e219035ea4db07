"""Who may do what: the rules that every verb follows.

A collection's owner and administrators may do everything in it. A document follows its
collection, unless it has permissions of its own, which then count alone. Who made a
document administers it for as long as they may write in the collection or to it.
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
    """Return the document that the caller may read.

    Raises
    ------
    NotFound
        There is none, or none for them.
    """
    found = snapshot.documents.get(key)
    if found is None or right_on(snapshot, found, who) < Right.READ:
        raise NotFound("There is no document of that key that you may read.")
    return found


def writable_document(
    snapshot: Snapshot, key: str, who: Requester, needed: Right = Right.WRITE
) -> FoundDocument:
    """Return the document that the caller may write, or has more rights on.

    Raises
    ------
    NotFound
        There is none that they may read.
    NotAllowed
        They may read it, and no more.
    """
    found = readable_document(snapshot, key, who)
    if right_on(snapshot, found, who) < needed:
        raise NotAllowed(f"You need the right “{needed.word}” on this document.")
    return found


def readable_collection(snapshot: Snapshot) -> Collection:
    """Return the collection that the caller may read, at least in part.

    Raises
    ------
    NotFound
        There is none, or none for them.
    """
    found = snapshot.collection
    if found is None or (snapshot.right < Right.READ and not snapshot.granted):
        raise NotFound("There is no collection of that name that you may read.")
    return found


def writable_collection(snapshot: Snapshot, needed: Right = Right.WRITE) -> Collection:
    """Return the collection that the caller may write to, or has more rights on.

    Raises
    ------
    NotFound
        There is none that they may read.
    NotAllowed
        They may read it, and no more.
    """
    found = readable_collection(snapshot)
    if snapshot.right < needed:
        raise NotAllowed(f"You need the right “{needed.word}” on this collection.")
    return found


def place_for_document(
    snapshot: Snapshot, key: str, who: Requester
) -> FoundDocument | None:
    """Return what a document would replace; None where it would be new.

    Who may not write to the collection is told the same of a key that is not there and
    of one that they may not read, or they would learn which keys there are.

    Raises
    ------
    NotFound
        The collection, or what has that key in it, is none that they may read.
    NotAllowed
        They may not write there.
    """
    found = snapshot.documents.get(key)
    hidden = found is None or right_on(snapshot, found, who) < Right.READ
    if hidden and snapshot.collection is not None:
        writable_collection(snapshot)
    return None if found is None else writable_document(snapshot, key, who)
