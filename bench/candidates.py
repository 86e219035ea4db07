"""A page of 100 among ten million candidates, as the list and the scan ask for it.

The rows are made in the database, without its indexes, which are created afterwards as
the schema has them. Prints the median and the 99th percentile of each question, and the
indexes that it uses. With GATEWRIGHT_BENCH_POSTGRESQL (the URL of an empty database) it
does the same there.
"""

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gatewright.backends.postgresql import POSTGRESQL, PostgresqlDatabase
from gatewright.backends.sql import Database, Statement, Work
from gatewright.backends.sql.candidate_pages import (
    bound_statements,
    count_statement,
    is_walked,
    page_statement,
)
from gatewright.backends.sql.candidates import SqlCandidates
from gatewright.backends.sql.migrations import migrate, schema_files
from gatewright.backends.sqlite import SQLITE, SqliteDatabase
from gatewright.domains.discovery import CandidateQuery, Claim, Cone, parse_condition

ROWS = int(os.environ.get("GATEWRIGHT_BENCH_CANDIDATES", "10000000"))
CHUNK = 200_000
SURVEYS = [f"s{number}" for number in range(5)]
REPEATS = 100
PAGE = 100
OF_DIFFERENCE = 500
FEATURES = ("sharpness", "likeness")
_INDEXES = {
    name: text.strip()
    for schema in schema_files().values()
    for text in schema.split(";\n")
    if "ON candidate (" in text and (name := text.split("INDEX ")[1].split()[0])
}
# Weyl sequences scatter places, strengths and scores; votes are on the best scores.
_ROWS = """
INSERT INTO candidate (id, source, difference, number, object, mjd, time_assumed, zone,
  ra, dec, ux, uy, uz, x, y, snr, strength, flux, flux_error, score, classifier, band,
  reason, features, votes, votes_real, votes_bogus, votes_unsure)
WITH RECURSIVE n(i) AS (SELECT CAST(? AS BIGINT) UNION ALL
  SELECT i + 1 FROM n WHERE i + 1 < ?),
a AS (SELECT i, i / 500 AS d, (i * 618033989 % 1000000007) / 1000000007.0 AS u,
  (i * 754877666 % 1000000007) / 1000000007.0 AS v,
  (i * 569840290 % 1000000007) / 1000000007.0 AS w FROM n),
b AS (SELECT a.*, 360.0 * u AS ra, degrees(asin(2.0 * v - 1.0)) AS dec FROM a)
SELECT 'd-0123456789abcdef' || d || '.' || (i % 500), d % 5 + 1,
  'd-0123456789abcdef' || d, i % 500, 'o-0123456789abcdef' || (i / 3),
  58000.0 + d / 100.0, 0, CAST(floor((dec + 90.0) * 60.0) AS BIGINT), ra, dec,
  cos(radians(dec)) * cos(radians(ra)), cos(radians(dec)) * sin(radians(ra)),
  sin(radians(dec)), 100.0, 100.0, 5.0 / (w + 0.001), 5.0 / (w + 0.001), 1000.0, 10.0,
  CASE WHEN i % 5 > 0 THEN u END, 'c-1',
  CASE d % 3 WHEN 0 THEN 'g' WHEN 1 THEN 'r' ELSE 'i' END,
  CASE WHEN i % 4 = 0 THEN 'dipole' END,
  '{"sharpness": ' || v || ', "likeness": ' || w || '}',
  CASE WHEN u > 0.98 THEN 1 ELSE 0 END, CASE WHEN u > 0.99 THEN 1 ELSE 0 END,
  CASE WHEN u > 0.98 AND u <= 0.99 THEN 1 ELSE 0 END, 0
FROM b
"""


def conditions(text: str) -> CandidateQuery:
    """Return the query of a filter."""
    return CandidateQuery(conditions=[parse_condition(text, FEATURES)])


PLAIN = CandidateQuery()
QUESTIONS: dict[str, CandidateQuery] = {
    "all": PLAIN,
    "one survey": CandidateQuery(surveys=("s1",)),
    "unscanned": CandidateQuery(unscanned=True),
    "score above 0.9": CandidateQuery(min_score=0.9),
    "score above 0.9, unscanned": CandidateQuery(min_score=0.9, unscanned=True),
    "one difference": CandidateQuery(difference="d-0123456789abcdef7"),
    "1 arcmin": CandidateQuery(place=Cone(10, 20, 1 / 60)),
    "1 degree": CandidateQuery(place=Cone(10, 20, 1.0)),
    "2 degrees": CandidateQuery(place=Cone(10, 20, 2.0)),
    "3 degrees": CandidateQuery(place=Cone(10, 20, 3.0)),
    "6 degrees": CandidateQuery(place=Cone(10, 20, 6.0)),
    "30 degrees": CandidateQuery(place=Cone(10, 20, 30.0)),
    "30 degrees, score above 0.9": CandidateQuery(
        place=Cone(10, 20, 30.0), min_score=0.9
    ),
    "30 degrees, unscanned": CandidateQuery(place=Cone(10, 20, 30.0), unscanned=True),
    "filter, one in ten": conditions('snr > 8 and score >= 0.6 and band == "r"'),
    "filter with features": conditions("features.sharpness < 0.5 and reason == null"),
    "filter with history": conditions("history.count > 1 and history.bogus == 0"),
    "filter, one in a million": conditions("score > 0.97 and score < 0.970001"),
    "filter, unscanned": replace(
        conditions("score > 0.5 and votes.bogus == 0"), unscanned=True
    ),
}


async def fill(database: Database) -> None:
    """Store the rows, and create the indexes."""
    began = time.perf_counter()

    def before() -> Work[None]:
        for name in _INDEXES:
            yield Statement(f"DROP INDEX {name}")
        for number, survey in enumerate(SURVEYS, 1):
            text = (
                "INSERT INTO candidate_source (number, surveys, science) "
                "VALUES (?, ?, ?)"
            )
            yield Statement(text, (number, *2 * [f'["{survey}"]']))

    await database.run(before)
    for first in range(0, ROWS, CHUNK):

        def some(first: int = first) -> Work[None]:
            yield Statement(_ROWS, (first, min(first + CHUNK, ROWS)))

        await database.run(some)
    for text in _INDEXES.values():

        def index(text: str = text) -> Work[None]:
            yield Statement(text[text.index("CREATE") :])

        await database.run(index)

    def after() -> Work[None]:
        yield Statement("ANALYZE")

    if isinstance(database, PostgresqlDatabase):
        await database.run(after)
    seconds = time.perf_counter() - began
    print(f"{ROWS} candidates made in {seconds:.0f} s", flush=True)


async def plan(database: Database, query: CandidateQuery) -> str:
    """Return the indexes of candidates that a question uses, and what it scans."""
    numbers = list(range(1, len(SURVEYS) + 1))
    count = count_statement(query)
    few = query.difference is not None or count is not None
    walked = is_walked(query, few=few)
    bound = (6.0, "d") if walked else None
    asked = (numbers, query, "ada", None, PAGE)
    statements = [
        page_statement(*asked, visible=numbers, bound=bound, few=few),
        *([] if count is None else [count]),
    ]
    if walked:
        statements += bound_statements(numbers, query, None, few=few)
    explain = "EXPLAIN QUERY PLAN "
    if isinstance(database, PostgresqlDatabase):
        explain = "EXPLAIN "
    lines: list[str] = []
    for text, values in statements:
        rows = await database.read(explain + text, *values)
        lines += [str(row.get("detail", row.get("QUERY PLAN"))) for row in rows]
    used = [name for name in _INDEXES if any(f"{name} " in f"{li} " for li in lines)]
    scans = [li for li in lines if "SCAN candidate" in li or "Seq Scan on cand" in li]
    return ", ".join([*used, *scans])


def told(name: str, seconds: Sequence[float], more: str) -> None:
    """Print the median and the 99th percentile of some times."""
    ms = sorted(1000 * second for second in seconds)
    middle, last = ms[len(ms) // 2], ms[min(len(ms) - 1, int(0.99 * len(ms)))]
    print(f"{name}: p50 {middle:.1f} ms, p99 {last:.1f} ms ({more})", flush=True)


async def ask(database: Database) -> None:
    """Ask each question again and again, at first pages and at later ones."""
    store = SqlCandidates(database)
    dice = random.Random(3)
    for name, asked in QUESTIONS.items():
        seconds: list[float] = []
        cursor, count = None, 0
        for _ in range(REPEATS):
            query = asked
            if asked.place is not None:
                there = Cone(dice.uniform(0, 360), dice.uniform(-70, 70), 0)
                query = replace(asked, place=replace(there, radius=asked.place.radius))
                cursor = None
            began = time.perf_counter()
            page = await store.page(
                SURVEYS, query, person="ada", limit=PAGE, cursor=cursor
            )
            seconds.append(time.perf_counter() - began)
            cursor, count = page.next, count + len(page.items)
        used = await plan(database, asked)
        told(name, seconds, f"{count / REPEATS:.0f} found on a page; {used}")
    seconds = []
    for number in range(REPEATS):
        began = time.perf_counter()
        claim = Claim(f"p{number % 7}", float(number), number + 300.0)
        await store.claim(SURVEYS, CandidateQuery(unscanned=True), claim, 3)
        seconds.append(time.perf_counter() - began)
    told("claim of 3", seconds, "with its commit")


async def run(folder: Path) -> None:
    """Fill and ask each database."""
    sqlite = await SqliteDatabase.open(folder / "gateway.sqlite")
    await migrate(sqlite, SQLITE)
    await fill(sqlite)
    await ask(sqlite)
    await sqlite.close()
    if url := os.environ.get("GATEWRIGHT_BENCH_POSTGRESQL"):
        print("PostgreSQL", flush=True)
        postgresql = await PostgresqlDatabase.open(url, seconds=600)
        await migrate(postgresql, POSTGRESQL)
        await fill(postgresql)
        await ask(postgresql)
        await postgresql.close()


def main() -> None:
    """Run the benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


if __name__ == "__main__":
    main()
