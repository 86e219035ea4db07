"""Scores of stored candidates in SQLite and PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.backends.sql.databases import SECONDS
from tests.support.migrated import open_migrated

from gatewright.backends.postgresql import PostgresqlDatabase
from gatewright.backends.sql import Database, Statement, Work
from gatewright.backends.sql.candidates import SqlCandidates
from gatewright.backends.sql.classifiers import SqlClassifiers
from gatewright.backends.sql.scores import SqlScores
from gatewright.backends.sqlite import SqliteDatabase
from gatewright.testing.classifier_store import ready
from gatewright.testing.score_store import ScoreStoreContract, ScoreStores


def _over(database: Database) -> ScoreStores:
    return ScoreStores(
        SqlClassifiers(database), SqlCandidates(database), SqlScores(database)
    )


class TestSqlite(ScoreStoreContract):
    @pytest.fixture
    async def stores(self, tmp_path: Path) -> AsyncIterator[ScoreStores]:
        path = tmp_path / "gateway.sqlite"
        database = await open_migrated(path)
        yield _over(database)
        await database.close()


class TestPostgresql(ScoreStoreContract):
    @pytest.fixture
    async def stores(self, postgresql_tables: str) -> AsyncIterator[ScoreStores]:
        database = await PostgresqlDatabase.open(postgresql_tables, seconds=SECONDS)
        yield _over(database)
        await database.close()


async def _change(database: Database, text: str, *values: object) -> None:
    def work() -> Work[None]:
        yield Statement(text, values)

    await database.run(work)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    opened = await open_migrated(tmp_path / "gateway.sqlite")
    yield opened
    await opened.close()


@pytest.mark.parametrize("text", ["", "{", '{"a": "b"}', "[" * 10_000, "7"])
async def test_a_candidate_with_damaged_features_has_none(
    database: SqliteDatabase, text: str
) -> None:
    stores = _over(database)
    await stores.add("d-1", ["night"], many=2)
    one = await ready(stores.classifiers)
    await _change(
        database, "UPDATE candidate SET features = ? WHERE id = 'd-1.1'", text
    )
    found = {one.id: one.features for one in await stores.scores.some(one.id, 9)}
    assert found == {"d-1.1": None, "d-1.2": {"a": 1.0}}


async def test_older_candidates_of_several_surveys_follow_the_versions_they_had(
    database: SqliteDatabase,
) -> None:
    stores = _over(database)
    first = await ready(stores.classifiers, "night")
    await stores.add("d-1", ["night", "team"], first.id)
    await stores.add("d-2", ["night", "team"])
    for science in (None, "["):
        await _change(database, "UPDATE candidate_source SET science = ?", science)
        team = await ready(stores.classifiers, "team")
        assert await stores.left(team.id) == set()
        second = await ready(stores.classifiers, "night")
        assert await stores.left(second.id) == {"d-1.1"}


async def test_what_is_left_is_found_by_an_index(database: SqliteDatabase) -> None:
    for condition in ("IS NULL", "< 'r-1'", "> 'r-1'", "= 'r-1'"):
        rows = await database.read(
            "EXPLAIN QUERY PLAN SELECT id, features FROM candidate "  # ours
            f"WHERE source = 1 AND classifier {condition} LIMIT 500"
        )
        assert "candidate_by_classifier" in rows[0]["detail"], condition
