"""Paths in URLs as the bytes that were sent.

A name on disk is bytes, and the decoded path of a request is text: what is not UTF-8 is
lost in it. So the bytes are taken from ``raw_path``. In the path of a file an escaped
slash is a slash: no name has one, and clients that are generated from the OpenAPI
document escape all of them. A name that holds the text ``%2F`` is written ``%252F``.
"""

import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

from starlette.convertors import Convertor, register_url_convertor
from starlette.types import Scope
from typing_extensions import override

from gatewright.core.errors import InvalidRequest

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_SAFE = "/!$&'()*+,;=:@"


class AnyPath(Convertor[str]):
    """The rest of a path, newlines too (``path`` of Starlette stops at them)."""

    regex = r"(?s:.*)"

    @override
    def convert(self, value: str) -> str:
        return value

    @override
    def to_string(self, value: str) -> str:
        return value


register_url_convertor("rest", AnyPath())


def part_of_path(scope: Scope, number: int) -> bytes:
    """Return the bytes of one part of a request's path, an escaped slash among them.

    ``number`` counts from 0, without the parts of the application's own prefix: the key
    is part 2 of ``/store/{collection}/{key}``.

    Raises
    ------
    InvalidRequest
        A percent escape is not one.
    """
    part = _raw_parts(scope)[number]
    if _BAD_ESCAPE.search(part):
        raise InvalidRequest("A “%” in a path begins two hexadecimal digits.")
    return unquote_to_bytes(part)


def count_of_parts(scope: Scope) -> int:
    """Return the number of parts of a request's path, without those of the prefix."""
    return len(_raw_parts(scope))


def rest_of_path(scope: Scope, parts: int) -> bytes:
    """Return the bytes of a request's path after its first parts, from ``/`` on.

    ``parts`` counts the parts of the route before the rest, without those of the
    application's own prefix: 2 for ``/files/{system}/{path:rest}``.

    Raises
    ------
    InvalidRequest
        A percent escape is not one, a name has NUL in it, or a slash before the rest
        is escaped.
    """
    names = _raw_parts(scope)
    if any(b"/" in unquote_to_bytes(name) for name in names[:parts]):
        raise InvalidRequest("The name of a system has no slash in it.")
    return decode_path(b"/" + b"/".join(names[parts:]))


def _raw_parts(scope: Scope) -> list[bytes]:
    """Return the parts of a path as they were sent, without those of the prefix."""
    raw: bytes = (
        scope.get("raw_path")
        or quote_from_bytes(scope["path"].encode("utf-8", "surrogateescape")).encode()
    )
    prefix = scope.get("root_path", "").count("/")
    return raw.split(b"/")[1 + prefix :]


def decode_path(path: bytes) -> bytes:
    """Return a path with its percent escapes as bytes.

    Raises
    ------
    InvalidRequest
        A percent escape is not one, or a name has NUL in it.
    """
    if _BAD_ESCAPE.search(path):
        raise InvalidRequest("A “%” in a path begins two hexadecimal digits.")
    decoded = unquote_to_bytes(path)
    if b"\0" in decoded:
        raise InvalidRequest("A name has no NUL in it.")
    return decoded


def encode_path(path: bytes) -> str:
    """Return a path as a URL has it: all that is not plain ASCII is escaped."""
    return quote_from_bytes(path, safe=_SAFE)
