"""The data model of the store: collections, documents, permissions and changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Generic, TypeVar

from gatewright.core.caller import Caller

T_co = TypeVar("T_co", covariant=True)

EVERYONE = "everyone"
"""Principal that stands for every account."""


class Right(IntEnum):
    """Right on a collection or document; each includes those below it."""

    NONE = 0
    """No right: the collection or document appears not to exist."""
    READ = 1
    """Read documents, lists of documents and changes."""
    WRITE = 2
    """Create, replace and delete documents."""
    ADMIN = 3
    """Change permissions, declare indexes and delete the collection."""

    @property
    def word(self) -> str:
        """Name of the right in the API."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Requester:
    """The caller of the store, with the principals that rights can be granted to."""

    user: str
    """Account name."""
    principals: tuple[str, ...]
    """``everyone``, ``user:NAME``, and ``group:NAME`` for each group."""


def requester_of(caller: Caller) -> Requester:
    """Return a caller with its principals.

    Raises
    ------
    NotSignedIn
        The caller has no account.
    """
    user = caller.require_user()
    groups = sorted(f"group:{group}" for group in caller.groups)
    return Requester(user, (EVERYONE, f"user:{user}", *groups))


@dataclass(frozen=True, slots=True)
class Permissions:
    """Rights on a collection or a document."""

    users: Mapping[str, Right] = field(default_factory=dict)
    """Rights by name of account."""
    groups: Mapping[str, Right] = field(default_factory=dict)
    """Rights by name of group."""
    everyone: Right = Right.NONE
    """Right of every account."""
    others_stay: bool = False
    """Whether accounts and groups that are not named keep the rights that they have, so
    that of two people who change some at the same time neither undoes the other's."""

    def grants(self) -> dict[str, Right]:
        """Return the rights by principal."""
        grants = {f"user:{name}": right for name, right in self.users.items()}
        grants |= {f"group:{name}": right for name, right in self.groups.items()}
        grants |= {EVERYONE: self.everyone}
        return {who: right for who, right in grants.items() if right > Right.NONE}


def permissions_of(grants: Mapping[str, Right]) -> Permissions:
    """Return the permissions that rights by principal express."""

    def named(kind: str) -> dict[str, Right]:
        found = {w: r for w, r in grants.items() if w.startswith(f"{kind}:")}
        return {w.removeprefix(f"{kind}:"): found[w] for w in sorted(found)}

    everyone = grants.get(EVERYONE, Right.NONE)
    return Permissions(named("user"), named("group"), everyone)


@dataclass(frozen=True, slots=True)
class Collection:
    """A named set of documents."""

    name: str
    """Name in URLs, unique in the gateway."""
    owner: str
    """Account that created it."""
    created_at: float
    """Time of creation, seconds since 1970-01-01 UTC."""
    sequence: int = 0
    """Number of the last change; it grows with each change."""
    floor: int = 0
    """Number of the last change up to which deletions are no longer recorded."""
    counter: int = 0
    """Next number that may be free as the key of a numbered document."""
    newest_key: str = ""
    """Last time-based key that was given to a document; the next one sorts after it."""
    documents: int = 0
    """Number of documents."""
    bytes: int = 0
    """Total size of its documents in bytes."""
    indexes: Mapping[str, bool] = field(default_factory=dict)
    """Whether the index is complete, by indexed field."""


@dataclass(frozen=True, slots=True)
class Content:
    """A checked JSON text."""

    text: str
    """The text as it was sent."""
    etag: str
    """Digest of the text, without quotes."""
    size: int
    """Size of the text in UTF-8, bytes."""
    value: object
    """The decoded value."""


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON document under its key."""

    key: str
    """Name of the document within its collection."""
    sequence: int
    """Number of its last change in the collection."""
    etag: str
    """Digest of the text, without quotes."""
    size: int
    """Size of the text in UTF-8, bytes."""
    creator: str
    """Account that created it."""
    writer: str
    """Account that wrote it last, and to whose quota it counts."""
    created_at: float
    """Time of creation, seconds since 1970-01-01 UTC."""
    modified_at: float
    """Time of the last write, seconds since 1970-01-01 UTC."""
    expires_at: float | None
    """Time of expiry, seconds since 1970-01-01 UTC; None for never."""
    guarded: bool
    """Whether it has permissions of its own, which replace those of the collection."""
    text: str
    """The JSON text."""


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A document, and the caller's right by the document's own permissions."""

    document: Document
    """The document."""
    own: Right
    """The caller's right by the document's own permissions."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A collection and some of its documents, read in one transaction for a caller."""

    now: float
    """Time of reading, seconds since 1970-01-01 UTC."""
    collection: Collection | None = None
    """The collection; None if it does not exist."""
    right: Right = Right.NONE
    """The caller's right on the collection."""
    granted: bool = False
    """Whether any document's own permissions give the caller a right."""
    documents: Mapping[str, FoundDocument] = field(default_factory=dict)
    """The requested documents that exist and have not expired, by key."""
    fresh_key: str = ""
    """An unused numeric key, if one was requested; else empty."""


@dataclass(frozen=True, slots=True)
class Change:
    """The last change of a document."""

    number: int
    """Number of the change in the collection."""
    key: str
    """Key of the document."""
    deleted: bool
    """Whether the document was deleted."""
    etag: str
    """Digest of the new text; empty for a deletion."""
    at: float
    """Time of the change, seconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class Usage:
    """The part of a user's quota that is used."""

    documents: int
    """Number of documents that the user was the last to write."""
    bytes: int
    """Size of these documents in bytes."""


@dataclass(frozen=True, slots=True)
class IndexRange:
    """A range of index entries that includes all documents a query can match."""

    field: str
    """The indexed field."""
    numeric: bool
    """Whether the range is among the numbers; if not, among the texts of other values.
    """
    low: float | str | None = None
    """Lowest entry, included; None for no limit."""
    high: float | str | None = None
    """Highest entry, included for numbers and excluded for texts; None for no limit."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which documents one step of a listing reads."""

    after: str = ""
    """Only documents whose keys sort after this one."""
    prefix: str = ""
    """Only documents whose keys begin with this text."""
    within: IndexRange | None = None
    """Only documents with an entry in this range of an index; None for all."""
    limit: int = 100
    """Largest number of documents."""
    bytes: int = 4 << 20
    """Largest total size in bytes; a first document may exceed it."""


@dataclass(frozen=True, slots=True)
class CreateCollection:
    """Edit that creates the collection."""

    owner: str
    """Account that gets all rights on it."""


@dataclass(frozen=True, slots=True)
class SaveIndexes:
    """Edit that sets which fields are indexed."""

    indexes: Mapping[str, bool]
    """Whether the index is complete, by field."""


@dataclass(frozen=True, slots=True)
class SetGrants:
    """Edit that replaces the permissions of the collection or of a document."""

    grants: Mapping[str, Right] | None
    """Rights by principal; None removes a document's own permissions."""
    key: str = ""
    """Key of the document; empty for the collection."""


@dataclass(frozen=True, slots=True)
class ChangeGrants:
    """Edit that changes some permissions of the collection; the others stay."""

    grants: Mapping[str, Right]
    """Rights by principal; :attr:`Right.NONE` removes one."""
    most: int
    """Most principals that may have a right in the end."""


@dataclass(frozen=True, slots=True)
class PutDocument:
    """Edit that creates or replaces a document."""

    key: str
    """Key of the document."""
    content: Content
    """The new content."""
    writer: str
    """Account that writes."""
    expires_at: float | None = None
    """Time of expiry, seconds since 1970-01-01 UTC; None for never."""
    by_time: bool = False
    """Whether the key is time-based and becomes the collection's newest one."""


@dataclass(frozen=True, slots=True)
class DeleteDocument:
    """Edit that deletes an existing document."""

    key: str
    """Key of the document."""


@dataclass(frozen=True, slots=True)
class DropCollection:
    """Edit that deletes the collection with its documents."""


Edit = (
    CreateCollection
    | SaveIndexes
    | SetGrants
    | ChangeGrants
    | PutDocument
    | DeleteDocument
    | DropCollection
)


@dataclass(frozen=True, slots=True)
class Decision(Generic[T_co]):
    """The edits that a request makes, and its result."""

    edits: Sequence[Edit]
    """The edits; all of them are made, or none."""
    answer: T_co
    """The result for the caller."""
