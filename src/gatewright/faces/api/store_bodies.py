"""Parses requests to the document store, and describes its content as JSON."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from fastapi import Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from gatewright.core.clock import optional_timestamp, timestamp
from gatewright.core.errors import (
    InvalidContent,
    InvalidRequest,
    UnsupportedMediaType,
)
from gatewright.domains.store import (
    Change,
    CollectionView,
    Document,
    Lifetime,
    Permissions,
    Right,
    Stored,
    check_key,
    decode,
)
from gatewright.web.conditional import check_preconditions, http_date, validators
from gatewright.web.json_body import is_json
from gatewright.web.json_model import read_model
from gatewright.web.paths import part_of_path

_TEN_YEARS = 315_360_000
_WORDS = {right.word: right for right in Right}

Responses = dict[int | str, dict[str, Any]]
"""Descriptions of responses by status, as FastAPI takes them."""

SomeRight = Literal["read", "write", "admin"]


class PermissionsBody(BaseModel):
    """Permissions; each right includes those before it: read, write, admin."""

    model_config = ConfigDict(extra="forbid", strict=True)

    users: dict[str, SomeRight] = Field(
        default_factory=dict,
        description="Rights by account.",
        examples=[{"ben": "write"}],
    )
    groups: dict[str, SomeRight] = Field(
        default_factory=dict,
        description="Rights by group.",
        examples=[{"supernovae": "read"}],
    )
    everyone: Literal["read", "write"] | None = Field(
        None, description="Right of every account; null for none."
    )

    def permissions(self) -> Permissions:
        """Return the permissions as the domain's :class:`Permissions`."""
        return Permissions(
            {name: _WORDS[word] for name, word in self.users.items()},
            {name: _WORDS[word] for name, word in self.groups.items()},
            _WORDS[self.everyone or "none"],
        )


class CollectionBody(BaseModel):
    """Settings of a collection; settings that are left out stay unchanged."""

    model_config = ConfigDict(extra="forbid", strict=True)

    indexes: list[str] | None = Field(
        None,
        max_length=64,
        description="Fields to index for queries. Join the names of nested fields by "
        "dots; write a backslash before a dot in a name.",
        examples=[["magnitude", "position.ra"]],
    )
    permissions: PermissionsBody | None = Field(
        None, description="Permissions; the owner has all rights in any case."
    )

    def given_permissions(self) -> Permissions | None:
        """Return the domain's :class:`Permissions`, or None if none were sent."""
        return None if self.permissions is None else self.permissions.permissions()


class CollectionAnswer(BaseModel):
    """A collection."""

    name: str = Field(description="Name in URLs.")
    owner: str = Field(description="Account that made it.")
    right: str = Field(
        description="Your right: “read”, “write” or “admin”, or “none” if you may read "
        "only some documents."
    )
    documents: int = Field(description="Number of documents.")
    bytes: int = Field(description="Bytes of the documents.")
    created_at: str = Field(description="When it was created, RFC 3339 in UTC.")
    last_change: int = Field(description="Number of the last change.")
    indexes: list[str] = Field(description="Indexed fields.")
    permissions: PermissionsBody | None = Field(
        None, description="Permissions; shown only to those who may change them."
    )


class CollectionList(BaseModel):
    """Collections that you own or in which you may read a document."""

    collections: list[CollectionAnswer] = Field(description="Collections, by name.")
    next: str | None = Field(description="Cursor of the next page, null on the last.")


class StoredAnswer(BaseModel):
    """A document that was written."""

    key: str = Field(description="Name in the collection.")
    etag: str = Field(description="Entity tag, with its quotes.")
    bytes: int = Field(description="Size of the JSON text in bytes.")
    created: bool = Field(description="Whether the document is new.")
    expires_at: str | None = Field(description="When it expires; null for never.")


class BulkAnswer(BaseModel):
    """Documents that were written together."""

    documents: list[StoredAnswer] = Field(description="Documents, in the order sent.")


class BulkBody(BaseModel):
    """Documents to write together, all of them or none."""

    documents: dict[str, object] = Field(
        description="Documents by key.", examples=[{"a": {"x": 1}, "b": {"x": 2}}]
    )


class DocumentEntry(BaseModel):
    """A document in a list."""

    key: str = Field(description="Name in the collection.")
    etag: str = Field(description="Entity tag, with its quotes.")
    modified_at: str = Field(description="Last write, RFC 3339 in UTC.")
    modified_by: str = Field(description="Account that wrote it last.")
    expires_at: str | None = Field(description="When it expires; null for never.")
    document: object = Field(description="The document, as it was sent.")


class DocumentList(BaseModel):
    """Documents of a collection."""

    documents: list[DocumentEntry] = Field(
        description="Documents, sorted by key or as “sort” says."
    )
    next: str | None = Field(description="Cursor of the next page, null on the last.")
    advice: str | None = Field(
        None, description="How to speed up a query that read many documents."
    )
    count: int | None = Field(
        None,
        description="Number of documents in the whole list, if “count” was requested; "
        "null if counting would read too many documents.",
    )


class ChangeEntry(BaseModel):
    """The last change of one document."""

    number: int = Field(description="Place in the collection's changes.")
    key: str = Field(description="Key of the document.")
    kind: Literal["put", "delete"] = Field(description="Kind of change.")
    etag: str | None = Field(description="New entity tag; null after a deletion.")
    at: str = Field(description="Time of the change, RFC 3339 in UTC.")


class ChangeList(BaseModel):
    """Changes of a collection."""

    changes: list[ChangeEntry] = Field(description="Changes, oldest first.")
    last: int = Field(description="Number to send as “since” the next time.")


class StoreUsageAnswer(BaseModel):
    """Total size of your documents, and the limit."""

    documents: int = Field(description="Number of documents whose last writer you are.")
    bytes: int = Field(description="Size of these documents in bytes.")
    limit_bytes: int = Field(description="Largest size that they may have, in bytes.")


CollectionName = Annotated[
    str,
    Path(
        title="Collection",
        description="Up to 128 letters, digits, “.”, “_”, “~” and “-”.",
        examples=["observations"],
    ),
]


async def document_key(
    request: Request,
    key: Annotated[
        str,
        Path(
            title="Key",
            description="1 to 255 bytes of UTF-8 without “/” and control characters.",
            examples=["sn-2011fe"],
        ),
    ],
) -> str:
    """Return the key in the path, decoded from its raw bytes.

    Raises
    ------
    InvalidRequest
        The key is not valid UTF-8.
    InvalidContent
        No document may have this key, such as one with an escaped slash.
    """
    try:
        return check_key(part_of_path(request.scope, 2).decode())
    except UnicodeDecodeError as error:
        raise InvalidRequest("A key has to be percent-encoded UTF-8.") from error


Key = Annotated[str, Depends(document_key)]

ExpiresIn = Annotated[
    Annotated[float, Field(gt=0, le=_TEN_YEARS, allow_inf_nan=False)]
    | Literal["never"]
    | None,
    Query(
        title="Seconds to live",
        description="The document expires after this many seconds; “never” removes an "
        "expiry that was set before.",
        examples=[3600],
    ),
]


def lifetime(expires_in: float | Literal["never"] | None) -> Lifetime:
    """Return the lifetime that the parameter ``expires_in`` describes."""
    if isinstance(expires_in, str):
        return Lifetime(for_ever=True)
    return Lifetime(expires_in)


def quoted(etag: str) -> str:
    """Return an entity tag with its quotes."""
    return f'"{etag}"'


def conditions(request: Request) -> Callable[[str | None], None]:
    """Return a function that checks the request's preconditions on an entity tag."""

    def check(etag: str | None) -> None:
        check_preconditions(request, None if etag is None else quoted(etag))

    return check


async def read_document(request: Request, *media_types: str) -> bytes:
    """Return a request's body, which has to be JSON.

    ``media_types`` are accepted instead of ``application/json``.

    Raises
    ------
    UnsupportedMediaType
        ``Content-Type`` is another type.
    """
    said = request.headers.get("content-type", "")
    kind = said.partition(";")[0].strip().lower()
    if said and not (is_json(said) if not media_types else kind in media_types):
        wanted = media_types[0] if media_types else "application/json"
        raise UnsupportedMediaType(f"Send the body as “Content-Type: {wanted}”.")
    return await request.body()


async def read_collection(request: Request) -> CollectionBody:
    """Return the collection settings in a body; an empty body has none."""
    if not await request.body():
        return CollectionBody()
    return await read_model(request, CollectionBody)


class _Bulk(msgspec.Struct, forbid_unknown_fields=True):
    documents: dict[str, msgspec.Raw]


def split_bulk(body: bytes) -> Mapping[str, bytes]:
    """Return the documents of a bulk request by key, each as it was sent.

    Raises
    ------
    InvalidRequest, InvalidContent
        The body is not ``{"documents": {key: document}}``.
    """
    decode(body)
    try:
        asked = msgspec.json.decode(body, type=_Bulk)
    except msgspec.ValidationError as error:
        raise InvalidContent(f"{error}.") from error
    return {key: bytes(raw).strip() for key, raw in asked.documents.items()}


def permissions_answer(permissions: Permissions) -> dict[str, object]:
    """Return permissions as JSON values."""
    everyone = permissions.everyone
    return {
        "users": {name: right.word for name, right in permissions.users.items()},
        "groups": {name: right.word for name, right in permissions.groups.items()},
        "everyone": everyone.word if everyone else None,
    }


def collection_answer(view: CollectionView) -> dict[str, object]:
    """Return a collection as JSON values."""
    collection = view.collection
    answer: dict[str, object] = {
        "name": collection.name,
        "owner": collection.owner,
        "right": view.right.word,
        "documents": collection.documents,
        "bytes": collection.bytes,
        "created_at": timestamp(collection.created_at),
        "last_change": collection.sequence,
        "indexes": sorted(collection.indexes),
    }
    if view.permissions is not None:
        answer["permissions"] = permissions_answer(view.permissions)
    return answer


def stored_answer(stored: Stored) -> dict[str, object]:
    """Return a written document's key, entity tag and size as JSON values."""
    return {
        "key": stored.key,
        "etag": quoted(stored.etag),
        "bytes": stored.size,
        "created": stored.created,
        "expires_at": optional_timestamp(stored.expires_at),
    }


def entry_answer(document: Document) -> dict[str, object]:
    """Return a document in a list as JSON values."""
    return {
        "key": document.key,
        "etag": quoted(document.etag),
        "modified_at": timestamp(document.modified_at),
        "modified_by": document.writer,
        "expires_at": optional_timestamp(document.expires_at),
        "document": msgspec.Raw(document.text.encode()),
    }


def change_answer(change: Change) -> dict[str, object]:
    """Return a change as JSON values."""
    return {
        "number": change.number,
        "key": change.key,
        "kind": "delete" if change.deleted else "put",
        "etag": None if change.deleted else quoted(change.etag),
        "at": timestamp(change.at),
    }


def document_headers(document: Document) -> dict[str, str]:
    """Return the headers of a document; ``Sunset`` is its expiry (RFC 8594)."""
    headers = validators(quoted(document.etag), document.modified_at)
    headers["Cache-Control"] = "private, no-cache"
    if document.expires_at is not None:
        headers["Sunset"] = http_date(document.expires_at)
    return headers
