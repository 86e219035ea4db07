"""Scans all surveys at intervals for new and changed files."""

import asyncio
import logging
import time
from contextlib import suppress

from gatewright.core.clock import system_clock
from gatewright.core.errors import GatewayError, Unavailable
from gatewright.domains.sky.ingest import Ingest
from gatewright.domains.sky.model import Reading, Survey
from gatewright.domains.sky.ports import ImageIndex

_log = logging.getLogger("gatewright.sky")
_TURN_SECONDS = 0.5
_PAUSE_SECONDS = 300.0
_SHARE = 20.0


class SurveyWatch:
    """Scans the files of all surveys at the start and then at intervals.

    If several gateway processes run, one of them scans each survey and the others wait
    for it, since each must know when the first scan is over.

    Parameters
    ----------
    index, ingest
        The index of surveys, and what brings it up to date with their files.
    pause
        Least seconds between two scans; the pause grows to 20 times the duration of a
        scan that takes long.
    """

    def __init__(
        self, index: ImageIndex, ingest: Ingest, pause: float = _PAUSE_SECONDS
    ) -> None:
        self._index = index
        self._ingest = ingest
        self._pause = pause
        self._looked = asyncio.Event()
        self._since = system_clock()
        self._how_far = ""

    async def wait(self, seconds: float) -> bool:
        """Wait at most ``seconds`` for the first scan to end.

        Return whether it has ended.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._looked.wait()
        return self._looked.is_set()

    async def ready(self) -> None:
        """Return if the first scan of all surveys is over.

        Raises
        ------
        Unavailable
            The first scan is still running.
        """
        if not self._looked.is_set():
            raise Unavailable(
                f"The images of a survey are still being read{self._how_far}."
            )

    async def look(self) -> float:
        """Scan all surveys; return the seconds until the next scan.

        A survey that cannot be read is logged, and the others are scanned all the same.

        Raises
        ------
        GatewayError
            The surveys cannot be listed.
        """
        began = time.monotonic()
        for survey in await self._index.surveys():
            try:
                await self._look_at(survey, self._since)
            except GatewayError as error:
                _log.error("survey %s: %s", survey.id, error.text)
            except Exception:  # noqa: BLE001  # the other surveys go on
                _log.exception("survey %s cannot be read", survey.id)
        self._looked.set()
        pause = max(self._pause, _SHARE * (time.monotonic() - began))
        self._since = system_clock() + pause / 2
        return pause

    async def _look_at(self, survey: Survey, since: float) -> None:
        """Scan a survey, unless another process has scanned it since ``since``."""
        while True:
            looked = (await self._index.coverage(survey.id)).scanned_at
            if looked is not None and looked >= since:
                return

            def hear(reading: Reading) -> None:
                self._how_far = (
                    f": {reading.done} of {reading.files} files of {survey.id}"
                )

            report = await self._ingest.run(survey, hear)
            if report is not None:
                changed = report.read or report.removed
                _log.log(
                    logging.INFO if changed else logging.DEBUG,
                    "survey %s: %d files, %d read with %d images, %d gone, %d left out",
                    report.survey,
                    report.files,
                    report.read,
                    report.images,
                    report.removed,
                    len(report.left_out),
                )
                return
            await asyncio.sleep(_TURN_SECONDS)
