"""Opens the services of candidates and objects, which are visible by survey."""

from collections.abc import Collection

from gatewright.backends.sql import Database
from gatewright.backends.sql.candidates import SqlCandidates
from gatewright.backends.sql.sky_objects import SqlObjects
from gatewright.core.caller import Caller
from gatewright.core.events import EventHub
from gatewright.domains.discovery import Discovery, Hearing, ObjectChanges
from gatewright.domains.sky import SkyService


def open_discovery(
    database: Database, sky: SkyService, events: EventHub
) -> tuple[Discovery, ObjectChanges]:
    """Return the service of candidates, and the service that changes objects."""

    async def visible(caller: Caller) -> Collection[str]:
        return {survey.id for survey in await sky.surveys(caller)}

    candidates = SqlCandidates(database)
    discovery = Discovery(candidates, visible, events, Hearing(sky.rules))
    changes = ObjectChanges(SqlObjects(database), discovery, visible, events)
    return discovery, changes
