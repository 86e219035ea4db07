"""How long a page has, and what it has to come to by itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

SECONDS = 60
"""How long a page has to become what a test expects, on a machine with other work."""


async def until(read: Callable[[], Awaitable[T]], holds: Callable[[T], bool]) -> T:
    """Read again and again until what is read is as wanted; return that."""
    deadline = time.monotonic() + SECONDS
    while not holds(found := await read()):
        assert time.monotonic() < deadline, f"it is still {found!r}"
        await asyncio.sleep(0.05)
    return found
