"""Limits callers to the folders to which their token is restricted.

A token may be restricted to folders (``files:read:/data``). A path must then begin with
one of them as text, and the file system must not follow links out of that folder, since
the text alone would be no limit.
"""

from gatewright.core.caller import Caller, Scope
from gatewright.core.errors import NotAllowed
from gatewright.core.scopes import is_within
from gatewright.domains.files import path as paths

Reached = tuple[bytes | None, bytes]
"""Folder that a look-up may not leave (None for no limit), and a plain path."""


def require_any(caller: Caller) -> None:
    """Refuse a caller who may not read any file.

    Raises
    ------
    NotSignedIn, NotAllowed
        A visitor, or an account or token without the scope to read files.
    """
    if not caller.folders(Scope.FILES_READ):
        caller.require(Scope.FILES_READ)


def reading(caller: Caller, path: bytes) -> Reached:
    """Return the folder that limits a caller who reads a path, and the plain path.

    Raises
    ------
    NotAllowed
        The caller may not read files, or not there.
    InvalidRequest
        The path is not valid.
    """
    return _reached(caller, Scope.FILES_READ, path)


def changing(caller: Caller, path: bytes) -> Reached:
    """Return the folder that limits a caller who changes a path, and the plain path.

    Raises
    ------
    NotAllowed
        The caller may not write files, or not there; or the path is the root directory
        or the folder itself to which the token is restricted.
    InvalidRequest
        The path is not valid.
    """
    folder, plain = _reached(caller, Scope.FILES_WRITE, path)
    check_not_root(plain)
    if plain == folder:
        raise NotAllowed(
            "A token cannot change the folder itself to which it is restricted."
        )
    return folder, plain


def check_not_root(path: bytes) -> None:
    """Refuse the root directory of a system.

    Raises
    ------
    NotAllowed
        The path is the root directory.
    """
    if paths.is_root(path):
        raise NotAllowed("The root folder of a system cannot be changed.")


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
    raise NotAllowed(f"This token is restricted to {names}.", scope=str(scope))
