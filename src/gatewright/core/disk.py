"""Free space on the disk of the state folder."""

import asyncio
import shutil
from contextvars import ContextVar
from pathlib import Path

from gatewright.core.errors import StorageFull
from gatewright.core.measures import Measurement

LEAST_FREE_BYTES = 16 << 20
"""A disk with less free space than this counts as full, since the database needs some
for its log."""

GIVES_ROOM_BACK: ContextVar[bool] = ContextVar("gives_room_back", default=False)
"""Whether the current context writes in order to delete. On a full disk such a write
may use the reserved space, so that users can free some."""


async def check_room(folder: Path) -> None:
    """Check that the disk of a folder has free space.

    Raises
    ------
    StorageFull
        Fewer than :data:`LEAST_FREE_BYTES` are free.
    """
    free = (await asyncio.to_thread(shutil.disk_usage, folder)).free
    if free < LEAST_FREE_BYTES:
        raise StorageFull(f"The disk of the state folder has {free} bytes left.")


async def measure_disk(folder: Path) -> list[Measurement]:
    """Return the size of a folder's disk and its free space, in bytes."""
    usage = await asyncio.to_thread(shutil.disk_usage, folder)
    labels = {"folder": "state"}
    size, free = float(usage.total), float(usage.free)
    return [
        Measurement("disk_bytes", "Size of the disk.", [(labels, size)]),
        Measurement("disk_free_bytes", "Room on the disk.", [(labels, free)]),
    ]
