"""Measures how long the event loop is held while something else is done."""

import asyncio
import time
from collections.abc import Awaitable


async def turns(work: Awaitable[object]) -> list[float]:
    """Return the CPU seconds of the process between the turns of the event loop.

    They are those of all threads, since a thread that holds the interpreter holds the
    event loop too. Unlike the time that passes, they do not grow with the load of the
    machine.
    """
    found: list[float] = []
    working = asyncio.ensure_future(work)
    while not working.done():
        before = time.process_time()
        await asyncio.sleep(0)
        found.append(time.process_time() - before)
    await working
    return found
