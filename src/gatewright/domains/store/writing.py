"""Decides which edits a write makes, as pure functions of a snapshot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from gatewright.core.errors import InvalidContent, PreconditionFailed
from gatewright.core.ids import later_id
from gatewright.domains.store.content import check_content, check_whole, merge
from gatewright.domains.store.model import (
    ChangeGrants,
    Content,
    CreateCollection,
    Decision,
    DeleteDocument,
    DropCollection,
    Edit,
    Permissions,
    PutDocument,
    Requester,
    Right,
    SaveIndexes,
    SetGrants,
    Snapshot,
)
from gatewright.domains.store.rights import (
    place_for_document,
    readable_collection,
    writable_collection,
    writable_document,
)

Check = Callable[[str | None], None]
"""Checks the conditions of a request against the digest of the existing document (None
if there is none), and raises PreconditionFailed if they do not hold."""

MAXIMUM_INDEXES = 16
MAXIMUM_GRANTS = 1000


@dataclass(frozen=True, slots=True)
class Stored:
    """Result of writing a document."""

    key: str
    """Key of the document."""
    etag: str
    """Digest of its text, without quotes."""
    size: int
    """Size of its text in UTF-8, bytes."""
    created: bool
    """Whether it is new."""
    expires_at: float | None
    """Time of expiry, seconds since 1970-01-01 UTC; None for never."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a document is kept."""

    seconds: float | None = None
    """Seconds from the write on. None keeps the existing time of expiry; a new document
    then does not expire."""
    for_ever: bool = False
    """Whether an existing time of expiry is removed."""

    def end(self, now: float, before: float | None) -> float | None:
        """Return the time of expiry of a document, or None.

        ``before`` is the old one.
        """
        if self.for_ever:
            return None
        return before if self.seconds is None else now + self.seconds


KEEP = Lifetime()


def unconditional(_etag: str | None) -> None:
    """Accept every state, for requests without conditions."""


def _first_use(snapshot: Snapshot, who: Requester) -> list[Edit]:
    """Return the edit that creates the collection, if it does not exist."""
    return [] if snapshot.collection is not None else [CreateCollection(who.user)]


def put(
    snapshot: Snapshot,
    key: str | None,
    who: Requester,
    content: Content,
    check: Check = unconditional,
    lifetime: Lifetime = KEEP,
) -> Decision[Stored]:
    """Create or replace a document, and its collection if that is missing.

    Without a key, the document gets the unused number of the snapshot.
    """
    key = snapshot.fresh_key if key is None else key
    found = place_for_document(snapshot, key, who)
    check(found.document.etag if found else None)
    # A document that is replaced whole lives by the new request alone.
    end = lifetime.end(snapshot.now, None)
    edits = [*_first_use(snapshot, who), PutDocument(key, content, who.user, end)]
    stored = Stored(key, content.etag, content.size, found is None, end)
    return Decision(edits, stored)


def add_by_time(
    snapshot: Snapshot,
    made: str,
    who: Requester,
    content: Content,
    lifetime: Lifetime = KEEP,
) -> Decision[Stored]:
    """Create a document whose key sorts after all earlier time-based keys.

    ``made`` is a new id. If the clock was set back it does not sort last, and a later
    key is derived from the newest one.
    """
    found = snapshot.collection
    key = later_id(made, found.newest_key) if found is not None else made
    decision = put(snapshot, key, who, content, lifetime=lifetime)
    *before, last = decision.edits
    assert isinstance(last, PutDocument)  # noqa: S101  # it is what put ends with
    return Decision([*before, replace(last, by_time=True)], decision.answer)


def put_many(
    snapshot: Snapshot,
    who: Requester,
    contents: Mapping[str, Content],
    lifetime: Lifetime = KEEP,
) -> Decision[list[Stored]]:
    """Create or replace documents, all of them or none."""
    edits = _first_use(snapshot, who)
    answers = []
    for key, content in contents.items():
        decision = put(snapshot, key, who, content, lifetime=lifetime)
        edits.append(decision.edits[-1])
        answers.append(decision.answer)
    return Decision(edits, answers)


def patch(
    snapshot: Snapshot,
    key: str,
    who: Requester,
    change: bytes,
    limit: int,
    check: Check,
    lifetime: Lifetime = KEEP,
) -> Decision[Stored]:
    """Apply a merge patch to a document."""
    found = writable_document(snapshot, key, who)
    check(found.document.etag)
    check_whole(found.document)
    content = check_content(merge(found.document.text.encode(), change), limit)
    end = lifetime.end(snapshot.now, found.document.expires_at)
    stored = Stored(key, content.etag, content.size, created=False, expires_at=end)
    return Decision([PutDocument(key, content, who.user, end)], stored)


def delete(
    snapshot: Snapshot, key: str, who: Requester, check: Check
) -> Decision[None]:
    """Delete a document."""
    found = writable_document(snapshot, key, who)
    check(found.document.etag)
    return Decision([DeleteDocument(key)], None)


def drop(snapshot: Snapshot) -> Decision[None]:
    """Delete a collection with its documents."""
    writable_collection(snapshot, Right.ADMIN)
    return Decision([DropCollection()], None)


def save(
    snapshot: Snapshot,
    who: Requester,
    indexes: tuple[str, ...] | None,
    permissions: Permissions | None,
    *,
    create_only: bool = False,
) -> Decision[tuple[bool, tuple[str, ...]]]:
    """Create a collection, or change its indexes and permissions.

    The answer says whether it is new, and which indexes have to be built.
    """
    before: Mapping[str, bool] = {}
    owner = who.user
    if snapshot.collection is not None:
        before = writable_collection(snapshot, Right.ADMIN).indexes
        owner = snapshot.collection.owner
        if create_only:
            raise PreconditionFailed("There is a collection of that name already.")
    edits = _first_use(snapshot, who)
    declared = before if indexes is None else _indexes(snapshot, indexes)
    if declared != before:
        edits.append(SaveIndexes(declared))
    if permissions is not None and permissions.others_stay:
        readable_collection(snapshot)  # there is nothing to change in a new one
        people = {f"user:{name}": right for name, right in permissions.users.items()}
        people.pop(f"user:{owner}", None)
        edits.append(ChangeGrants(people, MAXIMUM_GRANTS))
    elif permissions is not None:
        # The owner keeps all rights, whatever the grants are.
        grants = {**permissions.grants(), f"user:{owner}": Right.ADMIN}
        edits.append(SetGrants(_bounded(grants)))
    unbuilt = tuple(field for field, built in declared.items() if not built)
    return Decision(edits, (snapshot.collection is None, unbuilt))


def _indexes(snapshot: Snapshot, fields: tuple[str, ...]) -> Mapping[str, bool]:
    if len(set(fields)) > MAXIMUM_INDEXES:
        raise InvalidContent(f"A collection has at most {MAXIMUM_INDEXES} indexes.")
    found = snapshot.collection
    before = found.indexes if found is not None else {}
    # What has no documents has nothing to build.
    empty = found is None or found.documents == 0
    return {field: before.get(field, empty) for field in sorted(set(fields))}


def _bounded(grants: Mapping[str, Right]) -> Mapping[str, Right]:
    if len(grants) > MAXIMUM_GRANTS:
        raise InvalidContent(
            f"Permissions can name at most {MAXIMUM_GRANTS} accounts and groups."
        )
    return grants


def set_document_permissions(
    snapshot: Snapshot, key: str, who: Requester, permissions: Permissions | None
) -> Decision[None]:
    """Give a document its own permissions, or with None those of the collection."""
    writable_document(snapshot, key, who, Right.ADMIN)
    grants = None if permissions is None else _bounded(permissions.grants())
    return Decision([SetGrants(grants, key)], None)
