"""Metadata of a file as a JSON list of eleven members.

``[name, mode, size, mtime_ns, ctime_ns, owner, group, device, inode, links, target]``.
Bytes are text with one character for each byte, and the target is null except for
symbolic links.
"""

import contextlib
import grp
import os
import pwd
import stat
from functools import lru_cache

Row = list[object]
Folder = int | None


def text(value: bytes) -> str:
    """Return bytes as the text of a message."""
    return value.decode("latin-1")


def raw(value: str) -> bytes:
    """Return the bytes of a message's text."""
    return value.encode("latin-1")


def look(folder: Folder, name: bytes) -> tuple[os.stat_result, bytes | None]:
    """Return a file's status and, for a symbolic link, its target.

    Links are not followed.
    """
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISLNK(status.st_mode):
        return status, None
    return status, os.readlink(name, dir_fd=folder)


def row(name: bytes, status: os.stat_result, target: bytes | None = None) -> Row:
    """Return the metadata of a file as a list."""
    return [
        text(name),
        status.st_mode,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        owner(status.st_uid),
        group(status.st_gid),
        status.st_dev,
        status.st_ino,
        status.st_nlink,
        None if target is None else text(target),
    ]


def version(status: os.stat_result) -> str:
    """Return a text that changes when a file's content does (for the ETag).

    It includes the ctime, which users cannot set.
    """
    numbers = (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )
    return "-".join(f"{number:x}" for number in numbers)


@lru_cache(1024)
def owner(number: int) -> str:
    """Return the name of a uid, or the number if it has no name."""
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(number).pw_name
    return str(number)


@lru_cache(1024)
def group(number: int) -> str:
    """Return the name of a gid, or the number if it has no name."""
    with contextlib.suppress(KeyError):
        return grp.getgrgid(number).gr_name
    return str(number)
