"""Opens the processing of images: coadds, differences and light curves."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from gatewright.backends.processing import Workshop, WorkshopSettings
from gatewright.backends.processing.threads import threads_of_each
from gatewright.backends.processing.trainer import PoolTrainer
from gatewright.backends.readers import PoolSettings
from gatewright.backends.sql import Database
from gatewright.backends.sql.classifiers import SqlClassifiers
from gatewright.backends.sql.products import SqlProducts
from gatewright.composition.readers import published_folders
from gatewright.core.config import Config
from gatewright.core.errors import Unavailable
from gatewright.domains.discovery import Discovery
from gatewright.domains.processing import StarCatalogue
from gatewright.domains.sky import ImageReader, SkyService
from gatewright.operations.classification import Classifiers
from gatewright.operations.discovery import record_difference
from gatewright.operations.processing import Processing

_PROGRAMS = (
    "gatewright.backends.processing.program",
    "gatewright.backends.processing.trials",
)


async def open_processing(
    config: Config,
    database: Database,
    sky: SkyService,
    reader: ImageReader,
    discovery: Discovery,
    stack: AsyncExitStack,
) -> tuple[Processing, Classifiers]:
    """Return the processing of images, and the classifiers.

    Their processes start when they are first needed.

    Raises
    ------
    Unavailable
        The folder of products cannot be created.
    """
    products = config.gateway.state / "products"
    try:
        # Create it first: the processes' sandbox admits only folders that exist.
        products.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"The folder “{products}” cannot be used: {error.strerror}. It is for "
            "coadds and differences: remove what is there, or let the gateway write "
            "there."
        ) from error
    limits = config.limits
    catalogues = catalogues_of(config)
    folders = {Path(one.path).parent for one in catalogues.values()}
    settings = PoolSettings(
        programs=_PROGRAMS,
        folders=(*published_folders(config), *folders, products),
        spool=config.gateway.state / "spool",
        # One more than can be busy, since a pool keeps one process for short calls.
        readers=limits.processors + 1,
        memory_bytes=limits.processor_memory_bytes,
        seconds=limits.processor_seconds,
        file_bytes=limits.response_bytes,
    )
    threads = threads_of_each(config.gateway.processes * limits.processors)
    workshop = Workshop(
        WorkshopSettings(settings, products, catalogues, threads), stack
    )
    classifiers = Classifiers(
        sky,
        PoolTrainer(workshop),
        SqlClassifiers(database),
        discovery.voted,
    )
    stack.push_async_callback(classifiers.close)
    record = partial(record_difference, discovery, classifiers.judges)
    processing = Processing(
        sky,
        reader,
        workshop,
        SqlProducts(database),
        record,
        catalogues=catalogues,
    )
    stack.push_async_callback(processing.close)
    return processing, classifiers


def catalogues_of(config: Config) -> Mapping[str, StarCatalogue]:
    """Return the catalogue of stars of each survey that has one."""
    return {
        survey.id: StarCatalogue(
            path=str(source.file.resolve()),
            name=source.name or source.file.name,
            system=source.system,
            ra=source.ra,
            dec=source.dec,
            bands=source.bands,
        )
        for survey in config.surveys
        if (source := survey.catalogue) is not None
    }
