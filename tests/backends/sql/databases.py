"""Both databases with the shipped tables, for what stands on them.

They wait long for one another: a test that has many write at once on a slow machine
would run into the time after which a person is told to try again.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from gatewright.backends.postgresql import POSTGRESQL, PostgresqlDatabase
from gatewright.backends.sql import Database
from gatewright.backends.sql.migrations import Dialect, migrate
from gatewright.backends.sqlite import SQLITE, SqliteDatabase

Opener = Callable[[], Awaitable[Database]]
SECONDS = 90.0


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Opener, Dialect]:
    """Return what opens the test's database, and its dialect."""
    if request.param == "sqlite":
        path = tmp_path / "state.sqlite"
        return (lambda: SqliteDatabase.open(path, seconds=SECONDS)), SQLITE
    url = request.getfixturevalue("postgresql_url")
    return (lambda: PostgresqlDatabase.open(url, seconds=SECONDS)), POSTGRESQL


@pytest.fixture
async def databases(
    backend: tuple[Opener, Dialect],
) -> AsyncIterator[tuple[Database, Database]]:
    """Yield two handles of one database, as two gateway processes have."""
    open_database, dialect = backend
    handles = (await open_database(), await open_database())
    await migrate(handles[0], dialect)
    yield handles
    for handle in handles:
        await handle.close()
