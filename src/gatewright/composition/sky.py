"""Opens the surveys of the configuration, their index, and the indexing of files."""

import csv
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from gatewright.backends.footprints import PooledFootprintPainter
from gatewright.backends.readers import ReaderPool
from gatewright.backends.sql import Database
from gatewright.backends.sql.footprints import SqlFootprints
from gatewright.backends.sql.images import SqlImageIndex
from gatewright.composition.readers import open_image_reader, open_readers
from gatewright.composition.state import open_database
from gatewright.core.access import access_of
from gatewright.core.background import Background
from gatewright.core.config import Config, SurveySource
from gatewright.core.errors import InvalidRequest
from gatewright.core.health import Part
from gatewright.domains.sky import (
    NO_NAMES,
    ImageIndex,
    Ingest,
    Places,
    SkyService,
    Survey,
    SurveyMaps,
    SurveyRules,
    SurveyWatch,
    check_rules,
    named_places,
)

_FIRST_LOOK_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class SkyTools:
    """The index and its reader, for commands that change surveys."""

    index: ImageIndex
    """Index of images in the gateway's database."""
    ingest: Ingest
    """Reads files into the index."""


async def open_sky_tools(config: Config, stack: AsyncExitStack) -> SkyTools:
    """Open the index and readers for a command, also while a gateway is running."""
    database = await open_database(config, stack)
    readers = await open_readers(config, stack)
    index = SqlImageIndex(database)
    reader = open_image_reader(config, readers)
    return SkyTools(index, Ingest(index, reader, at_once=config.limits.readers))


async def open_sky(
    config: Config, database: Database, readers: ReaderPool, stack: AsyncExitStack
) -> tuple[SkyService, SurveyWatch, Mapping[str, Part]]:
    """Open the index, and begin to index the surveys' files in the background.

    Returns the service, the watch that indexes, and the parts of it that health checks.
    If a survey or its settings are new, this waits up to 20 seconds, so that a small
    archive is complete when the gateway starts; a large one is indexed while the
    gateway runs (:meth:`SurveyWatch.ready` tells).
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
    ingest = Ingest(index, reader, at_once=config.limits.readers)
    watch = SurveyWatch(index, ingest)
    looking = Background("looking at the surveys' files", watch.look)
    await stack.enter_async_context(looking)
    if unread:
        await watch.wait(_FIRST_LOOK_SECONDS)
    parts = {
        "surveys": Part(looking.ready),
        "surveys/claims": Part(ingest.claims.ready),
    }
    seconds = config.limits.reader_seconds
    return SkyService(index, reader, places_of(config), seconds), watch, parts


def open_survey_maps(
    sky: SkyService, database: Database, readers: ReaderPool
) -> SurveyMaps:
    """Return the maps of where the images of surveys are."""
    return SurveyMaps(sky, SqlFootprints(database), PooledFootprintPainter(readers))


async def save_surveys(index: ImageIndex, sources: Sequence[SurveySource]) -> None:
    """Store the configured surveys in the index, and remove those no longer configured.

    Surveys that a command added remain, unless the configuration has one with the same
    id.
    """
    named = {source.id for source in sources}
    for survey in await index.surveys():
        if survey.configured and survey.id not in named:
            await index.remove_survey(survey.id)
    for source in sources:
        await index.save_survey(survey_of(source))


def survey_of(source: SurveySource) -> Survey:
    """Return the survey that a table of the configuration describes."""
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
    """Return the observation times in a survey's table, by file name.

    Raises
    ------
    InvalidRequest
        The table cannot be read, or does not have the columns ``file`` and ``time``.
    """
    if source.times is None:
        return {}
    what = f"The table of times “{source.times}” of the survey “{source.id}”"
    rows = _rows_of(source.times, what)
    try:
        return {row["file"].strip(): row["time"].strip() for row in rows}
    except (KeyError, AttributeError) as error:
        raise InvalidRequest(
            f"{what} needs the columns “file” and “time” in each of its lines."
        ) from error


def places_of(config: Config) -> Places:
    """Return the places that the operator's table names.

    Raises
    ------
    InvalidRequest
        The table cannot be read, or a line of it is wrong.
    """
    table = config.gateway.places
    if table is None:
        return NO_NAMES
    what = f"The table of places “{table}”"
    rows = _rows_of(table, what)
    try:
        return Places(named_places(rows))
    except InvalidRequest as error:
        raise InvalidRequest(f"{what}: {error.text}") from error


def _rows_of(table: Path, what: str) -> Sequence[Mapping[str, str]]:
    """Return the rows of a CSV table; ``what`` names the table in errors."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidRequest(
            f"{what} cannot be read: {error}. Give a CSV file in UTF-8."
        ) from error
