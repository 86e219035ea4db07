"""How far a caller reaches: all files of a system, or what is in some folders.

A token may be narrowed to folders (``files:read:/data``). Its path has to begin with
one as text, and whoever looks it up keeps beneath that folder, so that no link leads
out of it: the text alone would be no limit.
"""

from gatewright.core.caller import Caller, Scope
from gatewright.core.errors import NotAllowed
from gatewright.core.scopes import is_within
from gatewright.domains.files import path as paths

Reached = tuple[bytes | None, bytes]
"""Folder that the look-up may not leave (None: there is no limit), and a plain path."""


def require_any(caller: Caller) -> None:
    """Refuse a caller who may read no file at all."""
    if not caller.folders(Scope.FILES_READ):
        caller.require(Scope.FILES_READ)


def reading(caller: Caller, path: bytes) -> Reached:
    """Return how far the caller may look for a path to read it.

    Raises
    ------
    NotAllowed
        The caller may not read files, or not there.
    InvalidRequest
        The path is none.
    """
    return _reached(caller, Scope.FILES_READ, path)


def changing(caller: Caller, path: bytes) -> Reached:
    """Return how far the caller may look for a path to change it.

    Raises
    ------
    NotAllowed
        The caller may not write files, or not there; or the path is the root, or the
        folder itself to which a token is narrowed.
    InvalidRequest
        The path is none.
    """
    folder, plain = _reached(caller, Scope.FILES_WRITE, path)
    check_not_root(plain)
    if plain == folder:
        raise NotAllowed("The folder to which a token is narrowed stays as it is.")
    return folder, plain


def check_not_root(path: bytes) -> None:
    """Refuse the root of a system's files (`NotAllowed`)."""
    if paths.is_root(path):
        raise NotAllowed("The root of a system's files stays as it is.")


def _reached(caller: Caller, scope: Scope, path: bytes) -> Reached:
    folders = caller.folders(scope)
    if not folders:
        caller.require(scope)
        return None, paths.plain(path)
    plain = paths.plain(path)
    for folder in sorted(folders, key=len, reverse=True):
        if is_within(plain, folder):
            return folder, plain
    names = ", ".join(f"“{name.decode('utf-8', 'replace')}”" for name in folders)
    raise NotAllowed(f"This token reaches {names} only.", scope=str(scope))
