"""Names of files in the making, which no listing shows, and removal of stale ones."""

import contextlib
import errno
import fcntl
import os
import secrets

PREFIX = ".gatewright-part-"
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def is_part(name: str | bytes) -> bool:
    """Return whether a name is that of a file in the making."""
    prefix: str | bytes = PREFIX if isinstance(name, str) else PREFIX.encode()
    return name[: len(prefix)] == prefix


def refuse(path: bytes) -> None:
    """Refuse (EILSEQ) to give a file a name that the next listing would remove."""
    if is_part(os.path.basename(path)):  # noqa: PTH119  # bytes paths
        raise OSError(errno.EILSEQ, "a name of files in the making")


def new_name() -> bytes:
    """Return a name that nothing has yet."""
    return f"{PREFIX}{secrets.token_hex(12)}".encode()


def create(folder: int | None, beside: bytes) -> tuple[int, bytes]:
    """Make an empty file in the folder that ``beside`` is in.

    Returns its descriptor, locked for as long as someone holds it open, and its name.
    """
    name = os.path.join(os.path.dirname(beside), new_name())  # noqa: PTH118, PTH120  # bytes paths
    descriptor = os.open(name, _CREATE, 0o600, dir_fd=folder)
    with contextlib.suppress(OSError):  # a file system without locks: never reaped here
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor, name


def reap(folder: int, names: list[str]) -> None:
    """Remove the files in the making that nobody holds any more."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    for name in names:
        with contextlib.suppress(OSError):  # held by its maker, or no file
            descriptor = os.open(name, flags, dir_fd=folder)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(name, dir_fd=folder)
            finally:
                os.close(descriptor)
