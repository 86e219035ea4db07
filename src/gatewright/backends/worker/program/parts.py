"""Temporary names of files that are being written, which listings hide."""

import contextlib
import errno
import fcntl
import os

PREFIX = ".gatewright-part-"
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def is_part(name: str | bytes) -> bool:
    """Return whether a name is that of a file being written."""
    prefix: str | bytes = PREFIX if isinstance(name, str) else PREFIX.encode()
    return name[: len(prefix)] == prefix


def refuse(path: bytes) -> None:
    """Refuse (EILSEQ) a name that a listing would hide and clean up."""
    if is_part(os.path.basename(path)):  # noqa: PTH119  # bytes paths
        raise OSError(errno.EILSEQ, "a name of files in the making")


def new_name() -> bytes:
    """Return a new temporary name."""
    return f"{PREFIX}{os.urandom(12).hex()}".encode()


def create(folder: int | None, beside: bytes) -> tuple[int, bytes]:
    """Create an empty temporary file in the folder of ``beside``.

    Returns its descriptor, which holds a lock as long as it is open, and its name.
    """
    name = os.path.join(os.path.dirname(beside), new_name())  # noqa: PTH118, PTH120  # bytes paths
    descriptor = os.open(name, _CREATE, 0o600, dir_fd=folder)
    with contextlib.suppress(OSError):  # a file system without locks: never reaped here
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor, name


def reap(folder: int, names: list[str]) -> None:
    """Remove temporary files that no process holds any more."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    for name in names:
        with contextlib.suppress(OSError):  # held by its maker, or no file
            descriptor = os.open(name, flags, dir_fd=folder)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(name, dir_fd=folder)
            finally:
                os.close(descriptor)
