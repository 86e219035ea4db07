"""The output of a job as it is written, until the job has ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from gatewright.core.caller import Caller
from gatewright.core.errors import Conflict, NotFound
from gatewright.domains.compute.model import Stream
from gatewright.domains.compute.ports import OutputFile
from gatewright.domains.compute.service import JobService

BLOCK = 1 << 16
"""Most bytes of one piece."""
_PAUSE = 0.2


async def follow(
    jobs: JobService, caller: Caller, system: str, job_id: str, stream: Stream
) -> AsyncIterator[bytes]:
    """Yield what a job writes, from the beginning of the file.

    An empty piece is yielded when there is nothing new. The iteration ends when all
    has been yielded of a job that has ended, and not before.

    Raises
    ------
    Conflict
        The file became shorter: what was yielded is not what is there.
    """
    file: OutputFile | None = None
    offset = 0
    try:
        while True:
            job = await jobs.get(caller, system, job_id)
            if file is None:
                with suppress(NotFound):
                    file = await jobs.output(caller, system, job_id, stream)
            if file is not None:
                async for piece in _rest(file, offset):
                    offset += len(piece)
                    yield piece
            if job.ended:
                return
            yield b""
            await asyncio.sleep(_PAUSE)
    finally:
        if file is not None:
            file.close()


async def _rest(file: OutputFile, offset: int) -> AsyncIterator[bytes]:
    """Yield what the file has beyond an offset."""
    while True:
        # The byte before comes along: a file that has not even that became shorter.
        known = min(offset, 1)
        found = await file.read(offset - known, BLOCK + known)
        if len(found) < known:
            raise Conflict("The output became shorter while it was followed.")
        if len(found) == known:
            return
        offset += len(found) - known
        yield found[known:]
