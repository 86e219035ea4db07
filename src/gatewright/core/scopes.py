"""Scopes as text: the whole of an action, or a part of it.

``store:COLLECTION`` is a part of ``store``; ``files:read:/FOLDER`` and
``files:write:/FOLDER`` are parts of ``files:read`` and ``files:write``. A folder is
written as a URL has it: what is not plain ASCII is escaped, so that any bytes fit and
a scope has neither a space nor a comma in it, between which scopes are listed.
"""

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from gatewright.core.errors import InvalidContent

# A surrogate that stands for no byte (of a command line) is in no folder.
_FILES = re.compile(r"(files:read|files:write):(/[^\ud800-\udc7f\udd00-\udfff]*)")
_NO_NAMES = (b"", b".")
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_LONGEST_FOLDER: Final = 1024
_SAFE = "/!$&'()*+;=:@"


def covers(scopes: Collection[str], scope: str) -> bool:
    """Return whether a scope, or the whole of which it is a part, is among scopes.

    A folder is no part of the one that it is below as text: it may be a link that
    leads out, and then be reached by who is narrowed to it.
    """
    if scope in scopes or (scope.startswith("store:") and "store" in scopes):
        return True
    action, folder = split(scope)
    return folder is not None and action in scopes


def split(scope: str) -> tuple[str, bytes | None]:
    """Return a scope of files without its folder, and the folder; or all, and None."""
    found = _FILES.fullmatch(scope)
    if found is None:
        return scope, None
    return found[1], unquote_to_bytes(_raw(found[2]))


def folders(scopes: Collection[str], action: str) -> list[bytes]:
    """Return the folders to which scopes narrow an action, in their order."""
    parts = sorted(map(split, scopes), key=lambda part: part[1] or b"")
    return [folder for name, folder in parts if name == action and folder is not None]


def is_within(path: bytes, folder: bytes) -> bool:
    """Return whether a plain path is a folder, or is below it as text says."""
    return path == folder or path.startswith(folder + b"/")


def plain(scope: str) -> str:
    """Return the one way to write a scope of files; others come back as they are.

    The root as the folder is no folder: the scope is the whole.

    Raises
    ------
    InvalidContent
        The folder has ``..``, NUL, a ``%`` that escapes nothing, or is very long.
    """
    found = _FILES.fullmatch(scope)
    if found is None:
        return scope
    raw = _raw(found[2])
    names = [
        name for name in unquote_to_bytes(raw).split(b"/") if name not in _NO_NAMES
    ]
    folder = b"/" + b"/".join(names)
    wrong = b".." in names or b"\0" in folder or _BAD_ESCAPE.search(raw)
    if wrong or len(folder) > _LONGEST_FOLDER:
        raise InvalidContent(
            "A scope's folder is an absolute path of at most "
            f"{_LONGEST_FOLDER} bytes without “..” and NUL, in which a “%” begins two "
            "hexadecimal digits.",
            scope=scope[:80],
        )
    return f"{found[1]}:{quote_from_bytes(folder, safe=_SAFE)}" if names else found[1]


def _raw(folder: str) -> bytes:
    """Return the bytes of a folder as written; a command line's need not be UTF-8."""
    return folder.encode("utf-8", "surrogateescape")
