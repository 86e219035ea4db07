"""Checks names of collections, keys of documents and paths of fields."""

import re
from functools import lru_cache

from gatewright.core.errors import InvalidContent

_COLLECTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,127}")
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,127}")
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Matches control characters and unpaired surrogates."""

_ESCAPED = re.compile(r"\\([.:\\-])")
_RESERVED_COLLECTIONS = frozenset({"usage"})
_RESERVED_KEYS = frozenset({".", "..", "changes", "bulk"})
_KEY_BYTES = 255
_FIELD_PARTS = 16


def check_collection(name: str) -> str:
    """Return the name if it is valid for a collection.

    Raises
    ------
    InvalidContent
        The name is not valid.
    """
    if not _COLLECTION.fullmatch(name) or name in _RESERVED_COLLECTIONS:
        raise InvalidContent(
            "A collection's name has up to 128 letters, digits, “.”, “_”, “~” and “-”, "
            "begins with a letter or digit, and is not “usage”."
        )
    return name


def check_key(key: str) -> str:
    """Return the key if it is valid for a document.

    Raises
    ------
    InvalidContent
        The key is not valid.
    """
    if not key or key in _RESERVED_KEYS or "/" in key or not _is_plain(key):
        raise InvalidContent(
            "A key is text of 1 to 255 bytes without “/” and control characters, and "
            "is not “.”, “..”, “changes” or “bulk”."
        )
    return key


def _is_plain(text: str) -> bool:
    return not _UNFIT.search(text) and len(text.encode()) <= _KEY_BYTES


def check_prefix(prefix: str) -> str:
    """Return the prefix if keys can begin with it.

    Raises
    ------
    InvalidContent
        No key can begin with it.
    """
    if not _is_plain(prefix):
        raise InvalidContent(
            "A prefix has at most 255 bytes and no control characters."
        )
    return prefix


def check_field(path: str) -> str:
    """Return the path of a field, its names joined by dots, if it is valid.

    Raises
    ------
    InvalidContent
        The path is too long, or a name in it is empty.
    """
    parts = names_of(path)
    if len(parts) > _FIELD_PARTS or not all(parts) or not _is_plain(path):
        raise InvalidContent(
            "A field is a name, or names joined by dots (“position.ra”, “tags.0”): at "
            f"most {_FIELD_PARTS} of them and 255 bytes. Before a dot or colon that is "
            "part of a name stands a backslash (“a\\.b”)."
        )
    return path


@lru_cache(maxsize=1024)
def names_of(field: str) -> tuple[str, ...]:
    r"""Return the names in the path of a field.

    A backslash before ``.``, ``:``, ``-`` or a backslash makes that character a part of
    the name: ``a\.b`` is the single name “a.b”.
    """
    return tuple(_ESCAPED.sub(r"\1", name) for name in _split(field, "."))


def split_condition(text: str) -> tuple[str, str]:
    """Return the parts of a text before and after its first unescaped colon."""
    field = _split(text, ":")[0]
    return field, text[len(field) + 1 :]


def _split(text: str, sign: str) -> list[str]:
    """Split a text at a character, except where a backslash stands before it."""
    parts, begin, escaped = [], 0, False
    for place, character in enumerate(text):
        if character == sign and not escaped:
            parts.append(text[begin:place])
            begin = place + 1
        escaped = character == "\\" and not escaped
    return [*parts, text[begin:]]


def check_account(name: str) -> str:
    """Return the name if an account or group in permissions can have it.

    Raises
    ------
    InvalidContent
        No account or group can have this name.
    """
    if not _ACCOUNT.fullmatch(name):
        raise InvalidContent(
            "Permissions name accounts and groups by their sign-in names."
        )
    return name


def successor(text: str) -> str | None:
    """Return the first text that sorts after all that begin with ``text``, or None."""
    bare = text.rstrip("\U0010ffff")
    if not bare:
        return None
    point = ord(bare[-1]) + 1
    return bare[:-1] + chr(0xE000 if point == 0xD800 else point)
