"""Surveys from the configuration, their index, and the look at their files."""

import csv
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from gatewright.backends.readers import ReaderPool
from gatewright.backends.sql import Database
from gatewright.backends.sql.images import SqlImageIndex
from gatewright.composition.readers import open_image_reader, open_readers
from gatewright.composition.state import open_database
from gatewright.core.access import access_of
from gatewright.core.background import Background
from gatewright.core.config import Config, SurveySource
from gatewright.core.errors import InvalidRequest
from gatewright.domains.sky import (
    ImageIndex,
    Ingest,
    SkyService,
    Survey,
    SurveyRules,
    SurveyWatch,
    check_rules,
)

_FIRST_LOOK_SECONDS = 20.0


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
    reader = open_image_reader(config, readers)
    return SkyTools(index, Ingest(index, reader, at_once=config.limits.readers))


async def open_sky(
    config: Config, database: Database, readers: ReaderPool, stack: AsyncExitStack
) -> tuple[SkyService, SurveyWatch, Background]:
    """Open the index and begin to look at the surveys' files.

    Returned are the service, what looks, and the work of looking.

    Where a survey is new, or its settings are, it waits a little, so that a small
    archive is there when the gateway answers; a large one is read while it does
    (:meth:`SurveyWatch.ready` says so).
    """
    index = SqlImageIndex(database)
    reader = open_image_reader(config, readers)
    before = {one.id: one for one in await index.surveys()}
    await save_surveys(index, config.surveys)
    unread = [
        one.id
        for one in await index.surveys()
        if before.get(one.id) != one
        or (await index.coverage(one.id)).scanned_at is None
    ]
    watch = SurveyWatch(index, Ingest(index, reader, at_once=config.limits.readers))
    looking = Background("looking at the surveys' files", watch.look)
    await stack.enter_async_context(looking)
    if unread:
        await watch.wait(_FIRST_LOOK_SECONDS)
    return SkyService(index, reader), watch, looking


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
    return Survey(
        id=source.id,
        title=source.title or source.id,
        pattern=source.images,
        access=access_of(source.access),
        configured=True,
        rules=check_rules(
            SurveyRules(
                source.filters,
                source.kinds,
                source.keywords,
                source.calib_level,
                times_of(source),
            )
        ),
    )


def times_of(source: SurveySource) -> Mapping[str, str]:
    """Return the times that a survey's table gives its files, by their names.

    Raises
    ------
    InvalidRequest
        The table cannot be read, or has other columns.
    """
    if source.times is None:
        return {}
    what = f"The table of times “{source.times}” of the survey “{source.id}”"
    try:
        with source.times.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidRequest(
            f"{what} cannot be read: {error}. Give a CSV file in UTF-8."
        ) from error
    try:
        return {row["file"].strip(): row["time"].strip() for row in rows}
    except (KeyError, AttributeError) as error:
        raise InvalidRequest(
            f"{what} needs the columns “file” and “time” in each of its lines."
        ) from error
