"""Looks up Unix accounts; this may query a directory service and block."""

import ctypes
import grp
import os
import pwd
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gatewright.core.errors import Unavailable

_ROOM = 1 << 16
_ENTRY = 256
_NOT_KNOWN = frozenset({0, 2, 3})
"""Values that ``getpwnam_r`` returns if nobody has the name: 0, ENOENT or ESRCH (see
RETURN VALUE in its manual)."""


@dataclass(frozen=True, slots=True)
class UnixAccount:
    """A Unix account of the machine."""

    name: str
    """Its name."""
    uid: int
    """User id."""
    home: Path
    """Home directory."""
    groups: frozenset[str]
    """Names of all its groups."""


def unix_account(name: str) -> UnixAccount | None:
    """Return an account with its groups; None if there is none. This blocks.

    Raises
    ------
    Unavailable
        The service that knows the accounts does not answer.
    """
    entry = _entry(name)
    if entry is None:
        return None
    names = set[str]()
    for number in os.getgrouplist(name, entry.pw_gid):
        with suppress(KeyError):  # a group that has no name
            names.add(grp.getgrgid(number).gr_name)
    return UnixAccount(name, entry.pw_uid, Path(entry.pw_dir), frozenset(names))


def unix_home(name: str) -> Path | None:
    """Return the home of an account as :func:`unix_account` does, without its groups.

    Each group may need a query to a directory service.
    """
    entry = _entry(name)
    return None if entry is None else Path(entry.pw_dir)


def _entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except (KeyError, ValueError):  # an unknown name, or one with a NUL
        if "\0" not in name and _is_unanswered(name):
            raise Unavailable(
                "The service of the Unix accounts does not answer. Try again later.",
                retry_after=5,
            ) from None
        return None


def _is_unanswered(name: str) -> bool:
    """Return whether the look-up failed; ``pwd`` reports this as an unknown name."""
    libc = ctypes.CDLL(None)
    entry, room = (
        ctypes.create_string_buffer(_ENTRY),
        ctypes.create_string_buffer(_ROOM),
    )
    found = ctypes.c_void_p()
    status: int = libc.getpwnam_r(
        os.fsencode(name), entry, room, ctypes.c_size_t(_ROOM), ctypes.byref(found)
    )
    return status not in _NOT_KNOWN
