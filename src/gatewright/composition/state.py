"""Opens the gateway's database."""

from contextlib import AsyncExitStack

from gatewright.backends.postgresql import POSTGRESQL, PostgresqlDatabase
from gatewright.backends.sql import Database
from gatewright.backends.sql.events import SqlEventLog
from gatewright.backends.sql.migrations import migrate
from gatewright.backends.sqlite import SQLITE, SqliteDatabase
from gatewright.core.config import Config
from gatewright.core.errors import Unavailable
from gatewright.core.events import EventHub

_FILE = "gateway.sqlite"
_UPGRADE_SECONDS = 6 * 3600.0
"""Longest time to bring tables up to date: indexes of millions take minutes."""


async def open_database(config: Config, stack: AsyncExitStack) -> Database:
    """Open the configured database and bring its tables up to date.

    Closing the stack closes the database.

    Raises
    ------
    Unavailable
        The database cannot be opened, or the state folder cannot be created.
    Conflict
        Its tables do not fit this version of the gateway.
    """
    folder = config.gateway.state
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise Unavailable(
            f"The state folder “{folder}” cannot be used: {error.strerror}. It has to "
            "be a folder of the user who runs the gateway (state in [gateway])."
        ) from error
    url = config.gateway.database
    if url == "sqlite":
        embedded = await SqliteDatabase.open(folder / _FILE)
        stack.push_async_callback(embedded.close)
        await migrate(embedded, SQLITE)
        return embedded
    database = await PostgresqlDatabase.open(url)
    stack.push_async_callback(database.close)
    # A request's statement is broken off after half a minute, and waits for a lock for
    # some seconds; an upgrade has to go on, and to be waited for by other processes.
    patient = await PostgresqlDatabase.open(
        url, seconds=_UPGRADE_SECONDS, connections=1
    )
    try:
        await migrate(patient, POSTGRESQL)
    finally:
        await patient.close()
    return database


def open_event_hub(database: Database) -> EventHub:
    """Return the hub of the event log in a database."""
    return EventHub(SqlEventLog(database))
