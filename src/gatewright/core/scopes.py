"""Scopes as text: a whole action such as ``store``, or a part of one.

``store:COLLECTION`` is a part of ``store``; ``files:read:/FOLDER`` and
``files:write:/FOLDER`` are parts of ``files:read`` and ``files:write``. A folder is
percent-encoded like a URL path, so that it may hold any bytes, while the scope has no
space or comma, which separate scopes in a list.
"""

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from gatewright.core.errors import InvalidContent

# Surrogates U+DC80 to U+DCFF stand for bytes of a command line that are not UTF-8
# (PEP 383); no folder has other surrogates.
_FILES = re.compile(r"(files:read|files:write):(/[^\ud800-\udc7f\udd00-\udfff]*)")
_NO_NAMES = (b"", b".")
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_LONGEST_FOLDER: Final = 1024
_SAFE = "/!$&'()*+;=:@"


def covers(scopes: Collection[str], scope: str) -> bool:
    """Return whether a scope, or a whole action that includes it, is among ``scopes``.

    The scope of a folder does not include those of folders below it: such a folder may
    be a symbolic link that leads elsewhere, which a caller narrowed to the outer folder
    must not follow.
    """
    if scope in scopes or (scope.startswith("store:") and "store" in scopes):
        return True
    action, folder = split(scope)
    return folder is not None and action in scopes


def split(scope: str) -> tuple[str, bytes | None]:
    """Return the action and the folder of a scope of files.

    For a scope without a folder it returns the scope and None.
    """
    found = _FILES.fullmatch(scope)
    if found is None:
        return scope, None
    return found[1], unquote_to_bytes(_raw(found[2]))


def folders(scopes: Collection[str], action: str) -> list[bytes]:
    """Return the sorted folders to which ``scopes`` narrow an action."""
    parts = sorted(map(split, scopes), key=lambda part: part[1] or b"")
    return [folder for name, folder in parts if name == action and folder is not None]


def is_within(path: bytes, folder: bytes) -> bool:
    """Return whether a normalized path is, or is below, a folder, by name only."""
    return path == folder or path.startswith(folder + b"/")


def plain(scope: str) -> str:
    """Return the normal form of a scope of files, and any other scope unchanged.

    With the root as its folder, the scope is the whole action.

    Raises
    ------
    InvalidContent
        The folder has ``..``, NUL or a ``%`` without two hexadecimal digits, or is
        longer than 1024 bytes.
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
    """Return the folder as bytes, which on a command line need not be UTF-8."""
    return folder.encode("utf-8", "surrogateescape")
