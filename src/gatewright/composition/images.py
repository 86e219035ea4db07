"""Opens all services of the sky: archives of images, products, and candidates."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from gatewright.backends.light_curves import PooledCurvePainter
from gatewright.backends.readers import ReaderPool
from gatewright.backends.sql import Database
from gatewright.backends.sql.classifiers import SqlClassifiers
from gatewright.backends.sql.leases import SqlLeases
from gatewright.backends.sql.scores import SqlScores
from gatewright.composition.discovery import open_discovery
from gatewright.composition.processing import open_processing
from gatewright.composition.readers import open_image_reader
from gatewright.composition.sky import open_sky, open_survey_maps
from gatewright.core.background import Background
from gatewright.core.config import Config
from gatewright.core.events import EventHub
from gatewright.core.health import Part
from gatewright.domains.discovery import Discovery, Filters, Labels, ObjectChanges
from gatewright.domains.processing import CurvePainter
from gatewright.domains.sky import SkyService, SurveyMaps, SurveyWatch
from gatewright.operations.classification import Classifiers
from gatewright.operations.processing import Processing
from gatewright.operations.rescoring import Rescoring


@dataclass(frozen=True, slots=True)
class ImageServices:
    """The services of images, and of what is made of them and found in them."""

    sky: SkyService
    """Surveys, their images, and cut-outs."""
    surveys: SurveyWatch
    """The task that indexes the files of the surveys."""
    survey_maps: SurveyMaps
    """Maps of where the images of surveys are."""
    processing: Processing
    """Coadds, differences and light curves."""
    curve_painter: CurvePainter
    """Draws light curves."""
    classifiers: Classifiers
    """What tells real candidates from bogus ones, and its training."""
    discovery: Discovery
    """Candidates, objects, votes and comments."""
    object_changes: ObjectChanges
    """Merging and splitting of objects by people."""
    filters: Filters
    """Saved filters of candidates."""
    labels: Labels
    """Classes and tags of candidates and objects."""
    parts: Mapping[str, Part]
    """Their parts for the health checks."""


async def open_images(
    config: Config,
    database: Database,
    events: EventHub,
    readers: ReaderPool,
    leases: SqlLeases,
    stack: AsyncExitStack,
) -> ImageServices:
    """Open the services over the surveys of the configuration; the stack closes them.

    Raises
    ------
    InvalidRequest
        The settings of a survey are wrong.
    Unavailable
        The folder of products cannot be created.
    """
    sky, surveys, indexing = await open_sky(config, database, readers, stack)
    discovery, object_changes, filters, labels = open_discovery(
        database, sky, events, config.discovery
    )
    reader = open_image_reader(config, readers)
    processing, classifiers = await open_processing(
        config, database, sky, reader, discovery, stack
    )
    rescoring = Background(
        "scoring stored candidates again",
        Rescoring(
            SqlClassifiers(database), classifiers.judges, SqlScores(database), events
        ).look,
        lease=leases.lease("classifiers/rescoring"),
    )
    await stack.enter_async_context(rescoring)
    parts = {
        **indexing,
        "products/claims": Part(processing.claims.ready),
        "classifiers/claims": Part(classifiers.claims.ready),
        "classifiers/rescoring": Part(rescoring.ready),
    }
    return ImageServices(
        sky,
        surveys,
        open_survey_maps(sky, database, readers),
        processing,
        PooledCurvePainter(readers),
        classifiers,
        discovery,
        object_changes,
        filters,
        labels,
        parts,
    )
