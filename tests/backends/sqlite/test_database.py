"""The embedded database keeps to the port."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gatewright.backends.sqlite import SQLITE, SqliteDatabase
from gatewright.testing.database import DatabaseContract, MigrationContract


@pytest.fixture
def open_database(tmp_path: Path) -> Callable[[], Awaitable[SqliteDatabase]]:
    return lambda: SqliteDatabase.open(tmp_path / "state.sqlite", seconds=90)


class TestDatabase(DatabaseContract):
    dialect = SQLITE


class TestMigrations(MigrationContract):
    dialect = SQLITE
