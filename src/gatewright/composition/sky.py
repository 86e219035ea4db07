"""Surveys from the configuration, their index, and the look at their files."""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from gatewright.backends.fits import FitsReader
from gatewright.backends.readers import ReaderPool
from gatewright.backends.sql import Database
from gatewright.backends.sql.images import SqlImageIndex
from gatewright.composition.readers import open_readers
from gatewright.composition.state import open_database
from gatewright.core.clock import system_clock
from gatewright.core.config import Config, SurveySource
from gatewright.core.errors import GatewayError, Unavailable
from gatewright.domains.sky import (
    ImageIndex,
    Ingest,
    IngestReport,
    SkyService,
    Survey,
)

_log = logging.getLogger("gatewright.sky")
_FIRST_LOOK_SECONDS = 20.0
_TURN_SECONDS = 0.5
_PAUSE_SECONDS = 300.0
_SHARE = 20.0


class SurveyWatch:
    """Looks at the files of all surveys when it is opened, and again now and then.

    Where several gateway processes run, one of them looks and the others wait.

    Parameters
    ----------
    index, ingest
        The surveys, and what reads their files.
    pause
        Least seconds between two looks; it is longer where a look takes long.
    """

    def __init__(
        self, index: ImageIndex, ingest: Ingest, pause: float = _PAUSE_SECONDS
    ) -> None:
        self._index = index
        self._ingest = ingest
        self._pause = pause
        self._looked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Leave off, wherever it is."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def wait(self, seconds: float) -> bool:
        """Wait for the first look to end, for so long; return whether it did."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._looked.wait()
        return self._looked.is_set()

    async def ready(self) -> None:
        """Return when all surveys have been looked at.

        Raises
        ------
        Unavailable
            The first look is still going on.
        """
        if not self._looked.is_set():
            raise Unavailable("The images of a survey are still being read.")

    async def _watch(self) -> None:
        since = system_clock()
        while True:
            began = time.monotonic()
            await self._look_at_all(since)
            self._looked.set()
            pause = max(self._pause, _SHARE * (time.monotonic() - began))
            await asyncio.sleep(pause)
            since = system_clock() - pause / 2

    async def _look_at_all(self, since: float) -> None:
        try:
            surveys = await self._index.surveys()
        except GatewayError as error:
            _log.error("the surveys cannot be listed: %s", error.text)
            return
        for survey in surveys:
            try:
                await self._look_at(survey, since)
            except GatewayError as error:
                _log.error("survey %s: %s", survey.id, error.text)
            except Exception:  # noqa: BLE001  # the other surveys go on
                _log.exception("survey %s cannot be read", survey.id)

    async def _look_at(self, survey: Survey, since: float) -> None:
        """Look at a survey, unless another process did since then."""
        while True:
            looked = (await self._index.coverage(survey.id)).scanned_at
            if looked is not None and looked >= since:
                return
            report = await self._ingest.run(survey)
            if report is not None:
                _tell(report)
                return
            await asyncio.sleep(_TURN_SECONDS)


def _tell(report: IngestReport) -> None:
    level = logging.INFO if report.read or report.removed else logging.DEBUG
    _log.log(
        level,
        "survey %s: %d files, %d read with %d images, %d gone, %d left out",
        report.survey,
        report.files,
        report.read,
        report.images,
        report.removed,
        len(report.left_out),
    )


@dataclass(frozen=True, slots=True)
class SkyTools:
    """What a command needs to change surveys."""

    index: ImageIndex
    """The index in the gateway's database."""
    ingest: Ingest
    """Reads files into it."""


async def open_sky_tools(config: Config, stack: AsyncExitStack) -> SkyTools:
    """Open the index and readers beside a gateway that may be running."""
    database = await open_database(config, stack)
    readers = await open_readers(config, stack)
    index = SqlImageIndex(database)
    reader = FitsReader(readers, config.limits.response_bytes)
    return SkyTools(index, Ingest(index, reader, at_once=config.limits.readers))


async def open_sky(
    config: Config, database: Database, readers: ReaderPool, stack: AsyncExitStack
) -> tuple[SkyService, SurveyWatch]:
    """Open the index, begin to look at the surveys' files, and return the service.

    It waits a little, so that a small archive is there when the gateway answers; a
    large one is read while it does (:meth:`SurveyWatch.ready` says so).
    """
    index = SqlImageIndex(database)
    reader = FitsReader(readers, config.limits.response_bytes)
    await save_surveys(index, config.surveys)
    surveys = await index.surveys()
    reader.publish([survey.pattern for survey in surveys])
    watch = SurveyWatch(index, Ingest(index, reader, at_once=config.limits.readers))
    stack.push_async_callback(watch.stop)
    watch.start()
    await watch.wait(_FIRST_LOOK_SECONDS)
    return SkyService(index, reader), watch


async def save_surveys(index: ImageIndex, sources: Sequence[SurveySource]) -> None:
    """Make the configured surveys those of the configuration, and no others.

    Surveys that a command added stay, unless the configuration names one of them too.
    """
    named = {source.id for source in sources}
    for survey in await index.surveys():
        if survey.configured and survey.id not in named:
            await index.remove_survey(survey.id)
    for source in sources:
        await index.save_survey(survey_of(source))


def survey_of(source: SurveySource) -> Survey:
    """Return the survey that a part of the configuration describes."""
    access = source.access
    return Survey(
        id=source.id,
        title=source.title or source.id,
        pattern=source.images,
        access=access if isinstance(access, str) else tuple(access),
        configured=True,
    )
