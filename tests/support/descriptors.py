"""What this process has open, and that it closes what it opened."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

_PATIENCE_SECONDS = 10.0


def descriptors() -> dict[int, str]:
    """Return what each open descriptor of this process is of."""
    found = {}
    for entry in list(Path("/proc/self/fd").iterdir()):
        with suppress(FileNotFoundError):  # the listing's own
            found[int(entry.name)] = str(entry.readlink())
    return found


@asynccontextmanager
async def all_closed(*, but: int = 0) -> AsyncIterator[None]:
    """Check that a block's descriptors are closed soon after it, and no others.

    Soon, since a user's files are closed by that user's threads, for which nobody
    waits. ``but`` is how many may stay, for what goes on behind the block.
    """
    gc.collect()  # what earlier tests left does not end within the block
    before = descriptors()
    yield
    deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    while len(left := descriptors().items() - before.items()) > but:
        assert asyncio.get_running_loop().time() < deadline, f"left open: {left}"
        await asyncio.sleep(0.01)
    lost = before.items() - descriptors().items()
    assert not lost, f"closed, and not the block's own: {lost}"
