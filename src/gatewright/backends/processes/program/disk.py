"""Durable files and locks that a runner shares with the gateway."""

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
"""Errors of a full disk or an exhausted quota."""
ROOM_SECONDS = 0.25


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a JSON file atomically and durably."""
    write_whole(path, json.dumps(value).encode("ascii"))
    sync(path.parent)


def write_whole(path: Path, content: bytes) -> None:
    """Replace the content of a file atomically; only the folder is not synced.

    The content is durable before the rename, so that a power failure cannot leave an
    empty file.
    """
    new = path.with_suffix(".new")
    new.write_bytes(content)
    sync(new)
    new.rename(path)


def sync(path: Path) -> None:
    """Make a file, or the entries of a folder, durable (fsync)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def when_there_is_room(action: Callable[[], T]) -> T:
    """Do an action; repeat it as long as it fails because the disk is full."""
    while True:
        try:
            return action()
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            time.sleep(ROOM_SECONDS)


def poke(path: Path) -> None:
    """Write a byte into a named pipe, if any process reads it."""
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
    """Return a descriptor that holds an flock; None if another process holds it.

    ``seconds`` is the longest time to wait for it.
    """
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
    """Return the boot id of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
