"""How much room a disk has."""

import asyncio
import shutil
from contextvars import ContextVar
from pathlib import Path

from gatewright.core.errors import StorageFull
from gatewright.core.measures import Measurement

LEAST_FREE_BYTES = 16 << 20
"""A disk with less room than this is as good as full: the database's log needs some."""

GIVES_ROOM_BACK: ContextVar[bool] = ContextVar("gives_room_back", default=False)
"""Whether what is written in this context belongs to a deletion: on a full disk it may
use what is kept in reserve."""


async def check_room(folder: Path) -> None:
    """Check that the disk of a folder has room.

    Raises
    ------
    StorageFull
        It is full, or nearly.
    """
    free = (await asyncio.to_thread(shutil.disk_usage, folder)).free
    if free < LEAST_FREE_BYTES:
        raise StorageFull(f"The disk of the state folder has {free} bytes left.")


async def measure_disk(folder: Path) -> list[Measurement]:
    """Return the size of the disk of a folder and what is free of it, in bytes."""
    usage = await asyncio.to_thread(shutil.disk_usage, folder)
    labels = {"folder": "state"}
    size, free = float(usage.total), float(usage.free)
    return [
        Measurement("disk_bytes", "Size of the disk.", [(labels, size)]),
        Measurement("disk_free_bytes", "Room on the disk.", [(labels, free)]),
    ]
