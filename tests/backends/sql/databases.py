"""Both databases with the shipped tables, for what stands on them.

They wait long for one another: a test that has many write at once on a slow machine
would run into the time after which a person is told to try again.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from tests.support.migrated import open_migrated

from gatewright.backends.postgresql import POSTGRESQL, PostgresqlDatabase
from gatewright.backends.sql import Database
from gatewright.backends.sql.migrations import Dialect
from gatewright.backends.sqlite import SQLITE, SqliteDatabase

Opener = Callable[[], Awaitable[Database]]
SECONDS = 90.0


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Return which database a test is run with."""
    return str(request.param)


@pytest.fixture
def backend(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> tuple[Opener, Dialect]:
    """Return what opens a database without tables, and its dialect."""
    if kind == "sqlite":
        path = tmp_path / "state.sqlite"
        return (lambda: SqliteDatabase.open(path, seconds=SECONDS)), SQLITE
    url = request.getfixturevalue("postgresql_url")
    return (lambda: PostgresqlDatabase.open(url, seconds=SECONDS)), POSTGRESQL


@pytest.fixture
def place(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the file or the URL of the database that has the shipped tables."""
    if kind == "sqlite":
        return str(tmp_path / "state.sqlite")
    return str(request.getfixturevalue("postgresql_tables"))


@pytest.fixture
async def databases(kind: str, place: str) -> AsyncIterator[tuple[Database, Database]]:
    """Yield two handles of one database, as two gateway processes have."""
    handles = (await _opened(kind, place), await _opened(kind, place))
    yield handles
    for handle in handles:
        await handle.close()


async def _opened(kind: str, place: str) -> Database:
    if kind == "sqlite":
        return await open_migrated(Path(place))
    return await PostgresqlDatabase.open(place, seconds=SECONDS)
