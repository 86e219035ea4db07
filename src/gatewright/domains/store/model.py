"""Collections of JSON documents, who may do what with them, and what changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Generic, TypeVar

from gatewright.core.caller import Caller

T_co = TypeVar("T_co", covariant=True)

EVERYONE = "everyone"
"""Principal that every account is."""


class Right(IntEnum):
    """What someone may do; each right has those below it."""

    NONE = 0
    """Nothing: it is as if it were not there."""
    READ = 1
    """Read documents, lists and changes."""
    WRITE = 2
    """Make, replace and delete documents."""
    ADMIN = 3
    """Say who may do what, declare indexes, delete the collection."""

    @property
    def word(self) -> str:
        """The right as the API says it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Requester:
    """The caller, by the names under which permissions may be granted to them."""

    user: str
    """Account name."""
    principals: tuple[str, ...]
    """``everyone``, ``user:NAME`` and ``group:NAME`` for each group."""


def requester_of(caller: Caller) -> Requester:
    """Return the principals of a caller.

    Raises
    ------
    NotSignedIn
        There is no account behind the request.
    """
    user = caller.require_user()
    groups = sorted(f"group:{group}" for group in caller.groups)
    return Requester(user, (EVERYONE, f"user:{user}", *groups))


@dataclass(frozen=True, slots=True)
class Permissions:
    """Who may do what with a collection or a document."""

    users: Mapping[str, Right] = field(default_factory=dict)
    """Rights by account."""
    groups: Mapping[str, Right] = field(default_factory=dict)
    """Rights by group."""
    everyone: Right = Right.NONE
    """Right of every account."""

    def grants(self) -> dict[str, Right]:
        """Return the rights by principal."""
        grants = {f"user:{name}": right for name, right in self.users.items()}
        grants |= {f"group:{name}": right for name, right in self.groups.items()}
        grants |= {EVERYONE: self.everyone}
        return {who: right for who, right in grants.items() if right > Right.NONE}


def permissions_of(grants: Mapping[str, Right]) -> Permissions:
    """Return rights by principal as permissions."""

    def named(kind: str) -> dict[str, Right]:
        found = {w: r for w, r in grants.items() if w.startswith(f"{kind}:")}
        return {w.removeprefix(f"{kind}:"): found[w] for w in sorted(found)}

    everyone = grants.get(EVERYONE, Right.NONE)
    return Permissions(named("user"), named("group"), everyone)


@dataclass(frozen=True, slots=True)
class Collection:
    """A named set of documents."""

    name: str
    """Name in URLs, the only one of that name in the gateway."""
    owner: str
    """Account that made it."""
    created_at: float
    """Seconds since 1970-01-01 UTC."""
    sequence: int = 0
    """Number of the last change."""
    floor: int = 0
    """Deletions up to this change are forgotten."""
    counter: int = 0
    """Next number to try as a key of a numbered document."""
    newest_key: str = ""
    """The last of the keys that were made by time; the next one sorts after it."""
    documents: int = 0
    """Number of documents."""
    bytes: int = 0
    """Their bytes together."""
    indexes: Mapping[str, bool] = field(default_factory=dict)
    """Indexed fields, and whether all documents are in the index yet."""


@dataclass(frozen=True, slots=True)
class Content:
    """A JSON text that was checked."""

    text: str
    """The JSON text, character for character as it was sent."""
    etag: str
    """Digest of the text, without quotes."""
    size: int
    """Bytes of the text in UTF-8."""
    value: object
    """The decoded value."""


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON document under its key."""

    key: str
    """Name in the collection."""
    sequence: int
    """Number of its last change in the collection."""
    etag: str
    """Digest of the text, without quotes."""
    size: int
    """Bytes of the text in UTF-8."""
    creator: str
    """Account that made it."""
    writer: str
    """Account that wrote it last, whose quota it counts for."""
    created_at: float
    """Seconds since 1970-01-01 UTC."""
    modified_at: float
    """Seconds since 1970-01-01 UTC of the last write."""
    expires_at: float | None
    """When it will be gone; None for never."""
    guarded: bool
    """Whether it has permissions of its own, and not those of the collection."""
    text: str
    """The JSON text."""


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A document with the caller's right by the document's own permissions."""

    document: Document
    """What is there."""
    own: Right
    """The caller's right by permissions of the document's own."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A collection and some of its documents, read at one moment for one caller."""

    now: float
    """That moment, in seconds since 1970-01-01 UTC."""
    collection: Collection | None = None
    """The collection; None when there is none."""
    right: Right = Right.NONE
    """The caller's right on the collection."""
    granted: bool = False
    """Whether the caller has a right on some document by its own permissions."""
    documents: Mapping[str, FoundDocument] = field(default_factory=dict)
    """Those of the asked keys that are there; expired ones are not."""
    fresh_key: str = ""
    """A numeric key that is free, where one was asked for."""


@dataclass(frozen=True, slots=True)
class Change:
    """The last thing that happened to a document."""

    number: int
    """Place in the collection's changes."""
    key: str
    """The document."""
    deleted: bool
    """Whether it is gone."""
    etag: str
    """Its digest; empty when it is gone."""
    at: float
    """Seconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one user's documents take."""

    documents: int
    """Number of documents that the user wrote last."""
    bytes: int
    """Their bytes."""


@dataclass(frozen=True, slots=True)
class IndexRange:
    """A part of an index that holds all documents that a condition can match."""

    field: str
    """The indexed field."""
    numeric: bool
    """Whether numbers are looked for, or other values as text."""
    low: float | str | None = None
    """Lowest entry, included."""
    high: float | str | None = None
    """Highest entry: included for numbers, not for text."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which documents a step of a listing reads."""

    after: str = ""
    """Keys above this one."""
    prefix: str = ""
    """Keys that begin so."""
    within: IndexRange | None = None
    """Only those with an entry in this part of an index."""
    limit: int = 100
    """Most documents."""
    bytes: int = 4 << 20
    """Most bytes, but for a first document that is larger."""


@dataclass(frozen=True, slots=True)
class CreateCollection:
    """Make the collection."""

    owner: str
    """The account that has all rights on it."""


@dataclass(frozen=True, slots=True)
class SaveIndexes:
    """Say which fields are indexed."""

    indexes: Mapping[str, bool]
    """Fields, and whether all documents are in the index."""


@dataclass(frozen=True, slots=True)
class SetGrants:
    """Replace the permissions of the collection or of a document."""

    grants: Mapping[str, Right] | None
    """Rights by principal; None lets a document follow the collection again."""
    key: str = ""
    """The document; empty for the collection."""


@dataclass(frozen=True, slots=True)
class PutDocument:
    """Make or replace a document."""

    key: str
    """Name in the collection."""
    content: Content
    """The JSON."""
    writer: str
    """The account that writes."""
    expires_at: float | None = None
    """When it will be gone; None for never."""
    by_time: bool = False
    """Whether the key was made by time, and is the collection's newest from now on."""


@dataclass(frozen=True, slots=True)
class DeleteDocument:
    """Delete a document that is there."""

    key: str
    """Name in the collection."""


@dataclass(frozen=True, slots=True)
class DropCollection:
    """Delete the collection with its documents."""


Edit = (
    CreateCollection
    | SaveIndexes
    | SetGrants
    | PutDocument
    | DeleteDocument
    | DropCollection
)


@dataclass(frozen=True, slots=True)
class Decision(Generic[T_co]):
    """What a request changes, and what it answers."""

    edits: Sequence[Edit]
    """The changes, all of them or none."""
    answer: T_co
    """What the caller is told."""
