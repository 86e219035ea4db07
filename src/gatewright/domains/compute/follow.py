"""The output of a job as it is written, until the job has ended."""

import asyncio
import os
from collections.abc import AsyncIterator

from gatewright.core.caller import Caller
from gatewright.core.errors import Conflict, NotFound
from gatewright.domains.compute.model import Stream
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
    descriptor: int | None = None
    offset = 0
    try:
        while True:
            job = await jobs.get(caller, system, job_id)
            if descriptor is None:
                descriptor = await _try_open(jobs, caller, system, job_id, stream)
            if descriptor is not None:
                async for piece in _rest(descriptor, offset):
                    offset += len(piece)
                    yield piece
            if job.ended:
                return
            yield b""
            await asyncio.sleep(_PAUSE)
    finally:
        if descriptor is not None:
            os.close(descriptor)


async def _try_open(
    jobs: JobService, caller: Caller, system: str, job_id: str, stream: Stream
) -> int | None:
    try:
        return await jobs.output(caller, system, job_id, stream)
    except NotFound:
        return None


async def _rest(descriptor: int, offset: int) -> AsyncIterator[bytes]:
    """Yield what the file has beyond an offset."""
    while piece := await asyncio.to_thread(_piece, descriptor, offset):
        offset += len(piece)
        yield piece


def _piece(descriptor: int, offset: int) -> bytes:
    if os.fstat(descriptor).st_size < offset:
        raise Conflict("The output became shorter while it was followed.")
    return os.pread(descriptor, BLOCK, offset)
