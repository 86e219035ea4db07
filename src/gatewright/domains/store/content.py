"""Checks, stores and merges the JSON texts of documents.

A document is stored as the text that was sent, so that numbers keep all digits. JSON
that readers may interpret differently is refused: a name that occurs twice in one
object (RFC 8259, section 4), numbers outside the range of a double, NUL characters and
unpaired surrogates.
"""

import hashlib
import re

import msgspec

from gatewright.core.errors import (
    BackendFailed,
    InvalidContent,
    InvalidRequest,
    TooLarge,
)
from gatewright.domains.store.model import Content, Document

MAXIMUM_DEPTH = 64
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"(?:[ \t\r\n]*+(:))?', re.DOTALL)
"""A text, with the colon after it if it is the name of a member."""
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*+\\u0000")
_WHITE = b" \t\r\n"


def check_content(body: bytes, limit: int) -> Content:
    """Return a JSON text as the content of a document of at most ``limit`` bytes.

    Raises
    ------
    TooLarge
        The text is longer.
    InvalidRequest
        The text is not JSON.
    InvalidContent
        The text is JSON that cannot be stored.
    """
    if len(body) > limit:
        raise TooLarge(f"A document has at most {limit} bytes.", limit=limit)
    value = decode(body)
    etag = hashlib.sha256(body).hexdigest()[:32]
    return Content(body.decode(), etag, len(body), value)


def decode(body: bytes) -> object:
    """Return the value of a JSON text that all readers interpret in the same way.

    Raises
    ------
    InvalidRequest
        The text is not JSON.
    InvalidContent
        A name occurs twice in an object, the nesting is too deep, or there is a NUL
        character.
    """
    try:
        value: object = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        reason = str(error).removeprefix("JSON is malformed: ").rstrip(".")
        raise InvalidRequest(f"The document is not JSON: {reason}.") from error
    except RecursionError as error:
        raise _too_deep() from error
    except UnicodeDecodeError as error:
        raise InvalidRequest("The document is not UTF-8.") from error
    if b"\\u0000" in body and _NUL.search(body):
        raise InvalidContent("A document must not contain NUL characters (\\u0000).")
    if sum(1 for text in _TEXT.finditer(body) if text[1]) != _count_members(value):
        raise InvalidContent("A name occurs twice in one object of the document.")
    return value


def _count_members(value: object) -> int:
    """Return the number of members in all objects of a value.

    Raises
    ------
    InvalidContent
        The nesting is too deep.
    """
    members = depth = 0
    level: list[dict[str, object] | list[object]] = _containers([value])
    while level:
        depth += 1
        if depth > MAXIMUM_DEPTH:
            raise _too_deep()
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                members += len(item)
                inner.extend(item.values())
            else:
                inner.extend(item)
        level = _containers(inner)
    return members


def _containers(items: list[object]) -> list[dict[str, object] | list[object]]:
    return [item for item in items if isinstance(item, dict | list)]


def check_whole(document: Document) -> None:
    """Refuse to return a document whose record is damaged.

    Raises
    ------
    BackendFailed
        Its text is not JSON.
    """
    try:
        msgspec.json.decode(document.text, type=msgspec.Raw)
    except msgspec.DecodeError as error:
        raise BackendFailed(
            "The record of this document is damaged. Write it anew, or delete it."
        ) from error


def merge(target: bytes, patch: bytes) -> bytes:
    """Return a JSON text with a merge patch applied (RFC 7396).

    Both texts were checked before. Members that the patch does not name keep their
    text.
    """
    if not _is_object(patch):
        return patch
    members = _members(target) if _is_object(target) else {}
    for name, value in _members(patch).items():
        text = bytes(value).strip(_WHITE)
        if text == b"null":
            members.pop(name, None)
        else:
            before = bytes(members.get(name, b"null"))
            members[name] = msgspec.Raw(merge(before, text))
    return msgspec.json.encode(members)


def _is_object(text: bytes) -> bool:
    return text.lstrip(_WHITE)[:1] == b"{"


def _members(text: bytes) -> dict[str, msgspec.Raw]:
    return msgspec.json.decode(text, type=dict[str, msgspec.Raw])


def _too_deep() -> InvalidContent:
    return InvalidContent(f"A document is nested at most {MAXIMUM_DEPTH} levels deep.")
