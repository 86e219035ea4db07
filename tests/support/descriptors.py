"""What this process has open, and that it closes what it opened."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

_PATIENCE_SECONDS = 60.0
_GUARDS = 8


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
    waits. So files of an earlier test may end within the block as well: that no others
    are closed is seen by what is no file, and by a few files that are open meanwhile.
    ``but`` is how many may stay, for what goes on behind the block.
    """
    gc.collect()  # what earlier tests left does not end within the block
    with ExitStack() as stack:
        opened = [Path("/dev/null").open("rb") for _ in range(_GUARDS)]  # noqa: SIM115
        guards = {stack.enter_context(one).fileno() for one in opened}
        before = descriptors()
        yield
        deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        while len(left := descriptors().items() - before.items()) > but:
            assert asyncio.get_running_loop().time() < deadline, f"left open: {left}"
            await asyncio.sleep(0.01)
        gone = before.items() - descriptors().items()
        lost = [one for one in gone if one[0] in guards or not one[1].startswith("/")]
        assert not lost, f"closed, and not the block's own: {lost}"
