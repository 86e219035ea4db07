"""Opens the services of candidates, objects and filters, visible by survey."""

from collections.abc import Collection

from gatewright.backends.sql import Database
from gatewright.backends.sql.candidates import SqlCandidates
from gatewright.backends.sql.filters import SqlFilters
from gatewright.backends.sql.labels import SqlLabels
from gatewright.backends.sql.sky_objects import SqlObjects
from gatewright.core.caller import Caller
from gatewright.core.config_discovery import DiscoverySettings
from gatewright.core.events import EventHub
from gatewright.domains.discovery import (
    Discovery,
    Filters,
    Hearing,
    Labels,
    ObjectChanges,
)
from gatewright.domains.processing.detecting import FEATURES
from gatewright.domains.sky import SkyService


def open_discovery(
    database: Database,
    sky: SkyService,
    events: EventHub,
    settings: DiscoverySettings,
) -> tuple[Discovery, ObjectChanges, Filters, Labels]:
    """Return the services of candidates, changes of objects, filters and labels."""

    async def visible(caller: Caller) -> Collection[str]:
        return {survey.id for survey in await sky.surveys(caller)}

    candidates = SqlCandidates(database)
    discovery = Discovery(candidates, visible, events, Hearing(sky.rules))
    changes = ObjectChanges(SqlObjects(database), discovery, visible, events)
    filters = Filters(SqlFilters(database), FEATURES)
    store, classes = SqlLabels(database), settings.classes
    labels = Labels(store, discovery, visible, classes, events)
    return discovery, changes, filters, labels
