"""Reads the claim files of jobs, which the workers of their users open."""

import asyncio
import os

from gatewright.backends.slurm.script import Claim, claim_in
from gatewright.backends.worker import HOLE, Worker, latin
from gatewright.core.errors import TimedOut

SECONDS = 13.0
"""Longest time that a command or the reading of a file takes."""
_MOST = 4096


def opening(path: str, *, in_grant: bool) -> tuple[dict[str, object], str]:
    """Return what opens a claim file, and the word that differs within an array.

    In a grant, the path has `HOLE` in the place of this word.
    """
    folder, _, name = path.rpartition("/")
    stem, between, index = name.partition("_")
    word = between + index
    if in_grant and word:
        path = f"{folder}/{stem}{HOLE}"
    return {"root": "/", "path": latin(os.fsencode(path)), "follow": True}, word


async def content(worker: Worker, descriptor: int) -> Claim | None:
    """Return the content of an open claim file, and close it.

    Raises
    ------
    TimedOut
        The file system that holds the file does not answer.
    """

    def read() -> bytes:
        try:
            return os.pread(descriptor, _MOST, 0)
        finally:
            os.close(descriptor)

    loop = asyncio.get_running_loop()
    reading = loop.run_in_executor(worker.threads, read)
    try:
        async with asyncio.timeout(SECONDS):
            text = await asyncio.shield(reading)
    except OSError as error:  # of which TimeoutError is one
        raise TimedOut("The claim file of a job cannot be read now.") from error
    return claim_in(text.decode("ascii", "replace"))
