"""Brings the index of a survey up to date with the survey's files."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from gatewright.core.claims import Claims
from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import Conflict, GatewayError, Unavailable
from gatewright.core.ids import new_id
from gatewright.domains.sky.model import (
    LeftOut,
    Reading,
    ScannedFile,
    Survey,
    SurveyFile,
)
from gatewright.domains.sky.ports import ImageIndex, ImageReader
from gatewright.domains.sky.rules import with_times

_log = logging.getLogger("gatewright.sky")

LEASE_SECONDS = 12.0
"""Seconds after which another process may continue the scan of one that was killed."""
_TOGETHER = 64
_AGAIN_SECONDS = 1.0
_TRIES = 5


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What one scan of a survey found."""

    survey: str
    """Id of the survey."""
    files: int
    """Number of the survey's files on disk."""
    read: int
    """Number of files that were new or changed, and therefore read."""
    images: int
    """Number of images in the files that were read."""
    removed: int
    """Number of files that are gone from disk, and were removed from the index."""
    left_out: Sequence[LeftOut]
    """Files and images among those read that are not in the index, with the reasons."""


class Ingest:
    """Reads new and changed files into the index, and removes files that are gone.

    Several gateway processes may call it: for each survey, the index lets only one of
    them scan at a time.

    Parameters
    ----------
    index, reader
        The index of images, and the reader of their files.
    clock
        Gives the time in seconds since 1970.
    at_once
        Number of files that are read at the same time.
    again_after
        Seconds after which a file is tried again while the readers are busy.
    """

    def __init__(
        self,
        index: ImageIndex,
        reader: ImageReader,
        *,
        clock: Clock = system_clock,
        at_once: int = 2,
        again_after: float = _AGAIN_SECONDS,
    ) -> None:
        self._index = index
        self._reader = reader
        self._clock = clock
        self._at_once = at_once
        self._again_after = again_after
        self._holder = new_id()
        self.claims = Claims(clock, LEASE_SECONDS)

    async def run(
        self, survey: Survey, told: Callable[[Reading], object] = id
    ) -> IngestReport | None:
        """Bring a survey's index up to date; None if another process is doing so.

        ``told`` is called with the progress after each batch of files.

        Raises
        ------
        Conflict
            The survey was removed during the scan, or another process took over the
            scan.
        """
        if not await self._claim(survey, self.claims.until()):
            return None
        try:
            async with self.claims.renewed(
                f"the scan of {survey.id}", partial(self._claim, survey)
            ):
                return await self._update(survey, told)
        finally:
            await self._index.finish(survey.id, self._holder, self._clock())

    async def _claim(self, survey: Survey, until: float) -> bool:
        return await self._index.claim(survey.id, self._holder, self._clock(), until)

    async def _update(
        self, survey: Survey, told: Callable[[Reading], object]
    ) -> IngestReport:
        files = await self._reader.find(survey.pattern)
        known = await self._index.files(survey.id)
        here = {file.path for file in files}
        gone = [path for path in known if path not in here]
        if gone:
            await self._index.remove_files(survey.id, gone)
        fresh = [file for file in files if known.get(file.path) != file.identity]
        images, left_out, done = 0, [], 0
        async for batch in self._scan(survey, fresh):
            reading = Reading(done := done + len(batch), len(fresh))
            # A file for which no reader was free is not in the index, so that the next
            # scan reads it.
            read = [found for found in batch if isinstance(found, ScannedFile)]
            await self._index.put_files(survey.id, read)
            await self._index.tell(survey.id, self._holder, reading)
            told(reading)
            if not await self._claim(survey, self.claims.until()):
                raise Conflict(
                    f"The survey “{survey.id}” was removed while it was read, or "
                    "another process reads it now."
                )
            images += sum(len(scanned.images) for scanned in read)
            left_out += [LeftOut(s.file.path, r) for s in read for r in s.left_out]
            left_out += [found for found in batch if isinstance(found, LeftOut)]
        for item in left_out[:100]:
            _log.warning(
                "survey %s: left out %s: %s", survey.id, item.path, item.reason
            )
        return IngestReport(
            survey.id, len(files), len(fresh), images, len(gone), left_out
        )

    async def _scan(
        self, survey: Survey, files: Sequence[SurveyFile]
    ) -> AsyncIterator[list[ScannedFile | LeftOut]]:
        """Read files, and yield what was found in batches of at most 64 files.

        A file that cannot be read is in its batch too, with the reason and without
        images; of one for which no reader was free there is only the reason.
        """
        room = asyncio.Semaphore(self._at_once)

        async def scan(file: SurveyFile) -> ScannedFile | LeftOut:
            async with room:
                try:
                    found = await self._read(survey, file)
                except Unavailable as error:
                    return LeftOut(file.path, f"{error.text} The next scan reads it.")
                except GatewayError as error:
                    return ScannedFile(file, left_out=(error.text,))
                timed = [with_times(i, file, survey.rules) for i in found.images]
                return replace(found, images=timed)

        for first in range(0, len(files), _TOGETHER):
            some = files[first : first + _TOGETHER]
            yield list(await asyncio.gather(*map(scan, some)))

    async def _read(self, survey: Survey, file: SurveyFile) -> ScannedFile:
        """Read a file, some more times while the readers are busy with requests."""
        for _ in range(_TRIES - 1):
            with suppress(Unavailable):
                return await self._reader.scan(survey, file)
            await asyncio.sleep(self._again_after)
        return await self._reader.scan(survey, file)
