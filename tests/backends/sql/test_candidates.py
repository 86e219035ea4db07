"""Candidates in SQLite and PostgreSQL."""

import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.backends.sql.databases import SECONDS
from tests.support.migrated import open_migrated

from gatewright.backends.postgresql import PostgresqlDatabase
from gatewright.backends.sql import Database, candidate_pages
from gatewright.backends.sql.candidate_pages import (
    CandidatePage,
    count_statement,
    is_few,
    page_statement,
)
from gatewright.backends.sql.candidates import SqlCandidates
from gatewright.backends.sql.database import Row
from gatewright.domains.discovery import (
    CandidateQuery,
    Cone,
    Finding,
    Origin,
    parse_condition,
    unit_vector,
)
from gatewright.testing.candidate_store import CandidateStoreContract


class TestSqlite(CandidateStoreContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[SqlCandidates]:
        database = await open_migrated(tmp_path / "gateway.sqlite")
        yield SqlCandidates(database)
        await database.close()


class TestPostgresql(CandidateStoreContract):
    @pytest.fixture
    async def store(self, postgresql_tables: str) -> AsyncIterator[SqlCandidates]:
        database = await PostgresqlDatabase.open(postgresql_tables, seconds=SECONDS)
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
        (CandidateQuery(place=Cone(10, 20, 9)), "candidate_by_place"),
        (CandidateQuery(place=Cone(10, 20, 10.1)), "candidate_by_cell_strength"),
        (CandidateQuery(place=Cone(0, 20, 20), min_score=0), "candidate_by_cell_score"),
        (
            CandidateQuery(place=Cone(0, 20, 15), unscanned=True),
            "candidate_by_cell_strength",
        ),
        (CandidateQuery(place=Cone(0, 90, 95), min_score=0.5), "candidate_by_score"),
    ],
)
async def test_a_page_is_found_by_its_index(
    tmp_path: Path, query: CandidateQuery, index: str
) -> None:
    database = await open_migrated(tmp_path / "gateway.sqlite")
    rows: Sequence[Row] = []
    if count := count_statement(query):
        rows = await database.read(count[0], *count[1])
    few = is_few(query, rows)
    text, values = page_statement([1, 2], CandidatePage(query, "ada", 100, few=few))
    rows = await database.read(f"EXPLAIN QUERY PLAN {text}", *values)
    plan = [row["detail"] for row in rows]
    searches = [line for line in plan if index in line]
    assert searches, plan
    assert all("SEARCH" in line for line in searches), plan
    assert not any(line.startswith("SCAN candidate") for line in plan), plan
    await database.close()


@pytest.mark.parametrize("most", [30_000, 30, -1])
async def test_circles_that_are_sorted_or_walked_find_the_same(
    databases: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Also where they have both ends of the right ascension, or a pole."""
    monkeypatch.setattr(candidate_pages, "SORTED", most)
    dice = random.Random(4)  # examples
    centres = [
        (0.01, 10.0),
        (359.99, -40.0),
        (120.0, 89.5),
        (200.0, -90.0),
        (80.0, 5.0),
    ]
    found = []
    for number, (ra, dec) in enumerate(centres * 24, 1):
        across = dice.gauss(0, 2) / np.cos(np.radians(dec * 0.98))
        north = max(-90.0, min(90.0, dec + dice.gauss(0, 2)))
        finding = Finding(
            *(number, float((ra + across) % 360.0), north, 1.0, 1.0),
            *(dice.uniform(5, 50), 1.0, 1.0),
            features={},
            score=dice.choice([None, dice.random()]),
        )
        found.append(finding)
    monkeypatch.setattr(candidate_pages, "EXAMINED", 9)
    monkeypatch.setattr(candidate_pages, "_LEAST_EXAMINED", 1)
    every = parse_condition("snr > 0", ())
    store = SqlCandidates(databases[0])
    await store.add(Origin("d-1", ["night"]), found)
    for ra, dec in centres:
        for radius in (0.5, 2.0, 5.0, 30.0):
            far = [
                np.dot(unit_vector(one.ra, one.dec), unit_vector(ra, dec))
                < np.cos(np.radians(radius))
                for one in found
            ]
            near = [one for one, out in zip(found, far, strict=True) if not out]
            query = CandidateQuery(place=Cone(ra, dec, radius))
            strongest = sorted(near, key=lambda one: -one.snr)
            for asked in (query, replace(query, conditions=[every])):
                assert await numbers(store, asked) == [one.number for one in strongest]
            scored = [one for one in near if one.score is not None and one.score > 0.3]
            best = sorted(scored, key=lambda one: -(one.score or 0.0))
            assert await numbers(store, replace(query, min_score=0.3)) == [
                one.number for one in best
            ]


async def numbers(store: SqlCandidates, query: CandidateQuery) -> list[int]:
    """Return the numbers of the candidates on all pages of a query."""
    found: list[int] = []
    cursor: str | None = None
    while True:
        page = await store.page(["night"], query, person="", limit=7, cursor=cursor)
        found += [one.finding.number for one in page.items]
        cursor = page.next
        if cursor is None:
            return found
