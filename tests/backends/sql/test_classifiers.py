"""Classifiers in SQLite and PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.backends.sql.databases import SECONDS
from tests.support.migrated import open_migrated

from gatewright.backends.postgresql import PostgresqlDatabase
from gatewright.backends.sql.classifiers import SqlClassifiers
from gatewright.testing.classifier_store import ClassifierStoreContract


class TestSqlite(ClassifierStoreContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[SqlClassifiers]:
        database = await open_migrated(tmp_path / "gateway.sqlite")
        yield SqlClassifiers(database)
        await database.close()


class TestPostgresql(ClassifierStoreContract):
    @pytest.fixture
    async def store(self, postgresql_tables: str) -> AsyncIterator[SqlClassifiers]:
        database = await PostgresqlDatabase.open(postgresql_tables, seconds=SECONDS)
        yield SqlClassifiers(database)
        await database.close()
