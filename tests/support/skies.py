"""The sky services over real files, with real reader processes."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.migrated import put_tables
from tests.support.needs import SHARED

from gatewright.backends.sql import Database
from gatewright.backends.sql.leases import SqlLeases
from gatewright.composition.announcements import open_announcements
from gatewright.composition.images import ImageServices, open_images
from gatewright.composition.readers import open_readers
from gatewright.composition.state import open_database, open_event_hub
from gatewright.core.concurrency import ConcurrencyLimit
from gatewright.core.config import Config, Gateway, Limits, SurveySource
from gatewright.core.events import EventHub
from gatewright.domains.status import Announcements


@dataclass
class SkyServices:
    """What of the services the faces of the sky use."""

    config: Config
    database: Database
    images: ImageServices
    events: EventHub
    streams: ConcurrencyLimit
    cutouts: ConcurrencyLimit
    announcements: Announcements


def shared_surveys() -> list[SurveySource]:
    """Return the surveys of the shared archives, none where these are missing."""
    sky = SHARED / "data" / "sky"
    if not sky.exists():
        return []
    return [
        SurveySource(id="decam_mini", images=f"{sky}/decam_mini/*.f*"),
        SurveySource(id="legacypipe", images=f"{sky}/legacypipe_decam/**/*.fits"),
    ]


@asynccontextmanager
async def sky_services(
    folder: Path,
    surveys: list[SurveySource],
    *,
    url: str = "http://gateway",
    response_bytes: int = 2_000_000,
    cutouts_bytes: int = 2_000_000,
    places: Path | None = None,
) -> AsyncIterator[SkyServices]:
    """Open the services over surveys, read and ready."""
    config = Config(
        gateway=Gateway(state=folder / "state", url=url, places=places),
        surveys=[*surveys, *shared_surveys()],
        limits=Limits(response_bytes=response_bytes, cutouts_bytes=cutouts_bytes),
    )
    async with AsyncExitStack() as stack:
        await put_tables(folder / "state" / "gateway.sqlite")
        database = await open_database(config, stack)
        readers = await open_readers(config, stack)
        events = open_event_hub(database)
        images = await open_images(
            config, database, events, readers, SqlLeases(database), stack
        )
        assert await images.surveys.wait(150)
        streams = ConcurrencyLimit(config.limits.streams_per_user, "streams")
        cutouts = ConcurrencyLimit(
            config.limits.cutouts_per_user, "archives of cut-outs"
        )
        yield SkyServices(
            config,
            database,
            images,
            events,
            streams,
            cutouts,
            open_announcements(config, database),
        )
