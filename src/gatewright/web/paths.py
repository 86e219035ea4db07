"""Reads paths in URLs as bytes.

File names are bytes, but the decoded path of a request is text, in which bytes that are
not UTF-8 are lost. So the bytes are taken from ``raw_path``. In the path of a file an
escaped slash (``%2F``) counts as a slash: no file name has one, and clients generated
from the OpenAPI document escape all slashes. A name that has the text ``%2F`` in it is
written ``%252F``.
"""

import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

from starlette.convertors import Convertor, register_url_convertor
from starlette.types import Scope
from typing_extensions import override

from gatewright.core.errors import InvalidRequest

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_SAFE = "/!$&'()*+,;=:@"
_PLAIN = (
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"
    + _SAFE.encode()
)
"""Bytes that stand for themselves in a path."""


class AnyPath(Convertor[str]):
    """Route convertor for the rest of a path, newlines included.

    Starlette's convertor ``path`` stops at newlines.
    """

    regex = r"(?s:.*)"

    @override
    def convert(self, value: str) -> str:
        return value

    @override
    def to_string(self, value: str) -> str:
        return value


register_url_convertor("rest", AnyPath())


def part_of_path(scope: Scope, number: int) -> bytes:
    """Return one segment of a request's path as bytes, in which ``%2F`` is a slash.

    ``number`` counts from 0 after the application's prefix: in
    ``/store/{collection}/{key}`` the key is segment 2.

    Raises
    ------
    InvalidRequest
        A percent-escape is malformed.
    """
    part = _raw_parts(scope)[number]
    if _BAD_ESCAPE.search(part):
        raise InvalidRequest("A “%” in a path begins two hexadecimal digits.")
    return unquote_to_bytes(part)


def count_of_parts(scope: Scope) -> int:
    """Return the number of a path's segments after the application's prefix."""
    return len(_raw_parts(scope))


def rest_of_path(scope: Scope, parts: int) -> bytes:
    """Return a request's path after its first segments, as bytes that begin with ``/``.

    ``parts`` is the number of segments between the application's prefix and the rest: 2
    for ``/files/{system}/{path:rest}``.

    Raises
    ------
    InvalidRequest
        A percent-escape is malformed, the rest has a NUL, or one of the first segments
        has an escaped slash.
    """
    names = _raw_parts(scope)
    escaped = [name for name in names[:parts] if b"%" in name]
    if any(b"/" in unquote_to_bytes(name) for name in escaped):
        raise InvalidRequest("The name of a system cannot have a slash in it.")
    return decode_path(b"/" + b"/".join(names[parts:]))


def _raw_parts(scope: Scope) -> list[bytes]:
    """Return the segments of a path, still escaped, after the application's prefix."""
    raw: bytes = (
        scope.get("raw_path")
        or quote_from_bytes(scope["path"].encode("utf-8", "surrogateescape")).encode()
    )
    prefix = scope.get("root_path", "").count("/")
    return raw.split(b"/")[1 + prefix :]


def decode_path(path: bytes) -> bytes:
    """Return a path with its percent-escapes decoded to bytes.

    Raises
    ------
    InvalidRequest
        A percent-escape is malformed, or the path has a NUL.
    """
    decoded = path
    if b"%" in path:
        if _BAD_ESCAPE.search(path):
            raise InvalidRequest("A “%” in a path begins two hexadecimal digits.")
        decoded = unquote_to_bytes(path)
    if b"\0" in decoded:
        raise InvalidRequest("A name cannot have a NUL in it.")
    return decoded


def encode_path(path: bytes) -> str:
    """Return a path as in a URL, with all that is not plain ASCII escaped."""
    if not path.rstrip(_PLAIN):  # nothing to escape, as in most names
        return path.decode("ascii")
    return quote_from_bytes(path, safe=_SAFE)
