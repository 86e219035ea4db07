"""Streams the output of a job while it is written, until the job has ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from gatewright.core.caller import Caller
from gatewright.core.errors import Conflict, NotFound
from gatewright.domains.compute.model import Stream
from gatewright.domains.compute.ports import OutputFile
from gatewright.domains.compute.service import JobService

BLOCK = 1 << 16
"""Largest piece that is yielded, in bytes."""
_PAUSE = 0.2


async def follow(
    jobs: JobService, caller: Caller, system: str, job_id: str, stream: Stream
) -> AsyncIterator[bytes]:
    """Yield the contents of a job's output file from its beginning.

    An empty piece is yielded when there is nothing new. The iteration ends after all
    output of a job that has ended was yielded.

    Raises
    ------
    NotFound
        The caller has no such job on this system.
    Conflict
        The file was truncated, so that what was yielded is not its content any more.
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
    """Yield the contents of the file from an offset to its end.

    Raises
    ------
    Conflict
        The file is now shorter than the offset.
    """
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
