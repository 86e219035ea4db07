"""Files that a runner and its gateway share: whole, on disk, locked."""

import errno
import fcntl
import json
import os
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Errors of a disk that is full, or of a user's share of it."""
ROOM_SECONDS = 0.25


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a file that is there whole, and on disk, or not at all."""
    write_whole(path, json.dumps(value).encode("ascii"))
    sync(path.parent)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that has this content, or what it had before; its folder settles.

    The content is on disk before the name is: a power cut leaves no empty file.
    """
    new = path.with_suffix(".new")
    new.write_bytes(content)
    sync(new)
    new.rename(path)


def sync(path: Path) -> None:
    """Put a file, or a folder's entries, on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def when_there_is_room(action: Callable[[], T]) -> T:
    """Do something on disk, again and again for as long as the disk is full."""
    while True:
        try:
            return action()
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            time.sleep(ROOM_SECONDS)


def poke(path: Path) -> None:
    """Write a byte into a pipe if somebody listens there."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return
    try:
        os.write(descriptor, b".")
    except OSError:
        return
    finally:
        os.close(descriptor)


def lock(path: Path, seconds: float) -> int | None:
    """Return a descriptor that holds the lock, or None if another keeps it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                return None
            time.sleep(0.02)
        else:
            return descriptor


@cache
def boot_id() -> str:
    """Return the name of this boot of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
