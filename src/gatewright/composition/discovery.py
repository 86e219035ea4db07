"""Candidates from the gateway's database, seen by who may see their surveys."""

from collections.abc import Collection

from gatewright.backends.sql import Database
from gatewright.backends.sql.candidates import SqlCandidates
from gatewright.core.caller import Caller
from gatewright.core.events import EventHub
from gatewright.domains.discovery import Discovery
from gatewright.domains.sky import SkyService


def open_discovery(database: Database, sky: SkyService, events: EventHub) -> Discovery:
    """Return the service of candidates."""

    async def visible(caller: Caller) -> Collection[str]:
        return {survey.id for survey in await sky.surveys(caller)}

    return Discovery(SqlCandidates(database), visible, events)
