"""Candidates in SQLite and PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.backends.sql.databases import SECONDS

from gatewright.backends.postgresql import POSTGRESQL, PostgresqlDatabase
from gatewright.backends.sql.candidate_pages import page_statement
from gatewright.backends.sql.candidates import SqlCandidates
from gatewright.backends.sql.migrations import migrate
from gatewright.backends.sqlite import SQLITE, SqliteDatabase
from gatewright.domains.discovery import CandidateQuery, Cone
from gatewright.testing.candidate_store import CandidateStoreContract


class TestSqlite(CandidateStoreContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[SqlCandidates]:
        database = await SqliteDatabase.open(
            tmp_path / "gateway.sqlite", seconds=SECONDS
        )
        await migrate(database, SQLITE)
        yield SqlCandidates(database)
        await database.close()


class TestPostgresql(CandidateStoreContract):
    @pytest.fixture
    async def store(self, postgresql_url: str) -> AsyncIterator[SqlCandidates]:
        database = await PostgresqlDatabase.open(postgresql_url, seconds=SECONDS)
        await migrate(database, POSTGRESQL)
        yield SqlCandidates(database)
        await database.close()


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (CandidateQuery(), "candidate_by_strength"),
        (CandidateQuery(unscanned=True), "candidate_unscanned"),
        (CandidateQuery(min_score=0.5), "candidate_by_score"),
        (CandidateQuery(min_score=0.5, unscanned=True), "candidate_unscanned_score"),
        (CandidateQuery(difference="d-1"), "candidate_by_difference"),
        (CandidateQuery(place=Cone(10, 20, 0.01)), "candidate_by_place"),
        (CandidateQuery(place=Cone(0, 20, 0.01)), "candidate_by_place"),
        (CandidateQuery(place=Cone(10, 20, 2)), "candidate_by_place"),
        (CandidateQuery(place=Cone(10, 20, 2.1)), "candidate_by_strength"),
        (CandidateQuery(place=Cone(0, 90, 60), min_score=0.5), "candidate_by_score"),
        (CandidateQuery(place=Cone(0, 20, 5), unscanned=True), "candidate_unscanned"),
    ],
)
async def test_a_page_is_found_by_its_index(
    tmp_path: Path, query: CandidateQuery, index: str
) -> None:
    database = await SqliteDatabase.open(tmp_path / "gateway.sqlite", seconds=SECONDS)
    await migrate(database, SQLITE)
    text, values = page_statement([1, 2], query, "ada", None, 100)
    rows = await database.read(f"EXPLAIN QUERY PLAN {text}", *values)
    plan = [row["detail"] for row in rows]
    searches = [line for line in plan if index in line]
    assert searches, plan
    assert all("SEARCH" in line for line in searches), plan
    assert not any(line.startswith("SCAN candidate") for line in plan), plan
    await database.close()
