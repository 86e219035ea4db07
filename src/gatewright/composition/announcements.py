"""Opens what administrators announce about the systems."""

from gatewright.backends.sql import Database
from gatewright.backends.sql.announcements import SqlAnnouncements
from gatewright.core.clock import system_clock
from gatewright.core.config import Config
from gatewright.domains.status import Announcements


def open_announcements(config: Config, database: Database) -> Announcements:
    """Return the service of incidents, planned outages and notices."""
    systems = [system.name for system in config.systems]
    return Announcements(SqlAnnouncements(database), systems, system_clock)
