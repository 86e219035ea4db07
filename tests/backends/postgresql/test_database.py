"""The database of several gateways keeps to the port."""

from collections.abc import Awaitable, Callable

import pytest

from gatewright.backends.postgresql import POSTGRESQL, PostgresqlDatabase
from gatewright.testing.database import DatabaseContract, MigrationContract


@pytest.fixture
def open_database(postgresql_url: str) -> Callable[[], Awaitable[PostgresqlDatabase]]:
    return lambda: PostgresqlDatabase.open(postgresql_url, seconds=90)


class TestDatabase(DatabaseContract):
    dialect = POSTGRESQL


class TestMigrations(MigrationContract):
    dialect = POSTGRESQL
