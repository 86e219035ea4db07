"""A page of 100 among ten million candidates, as the list and the scan ask for it.

The rows are made in the database, without its indexes, which are created afterwards as
the schema has them. Prints the median and the 99th percentile of each question, of the
wall time and of the CPU time of this process and the database's, and the indexes that
it uses. With GATEWRIGHT_BENCH_POSTGRESQL (the URL of an empty database) it does the
same there. GATEWRIGHT_BENCH_FOLDER keeps the SQLite database for another run.
"""

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.support.processes import cpu_seconds
from gatewright.backends.postgresql import POSTGRESQL, PostgresqlDatabase
from gatewright.backends.sql import Database, Statement, Work
from gatewright.backends.sql.candidate_pages import (
    CandidatePage,
    bound_statements,
    count_statement,
    is_few,
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
# Weyl sequences scatter places, strengths and scores; votes are on the best scores. The
# scores of the last survey grow with the right ascension: its best are far from most
# places that are asked for.
_ROWS = """
INSERT INTO candidate (id, source, difference, number, object, mjd, time_assumed, zone,
  ra, dec, ux, uy, uz, x, y, snr, strength, flux, flux_error, score, classifier, band,
  reason, features, votes, votes_real, votes_bogus, votes_unsure)
WITH RECURSIVE n(i) AS (SELECT CAST(? AS BIGINT) UNION ALL
  SELECT i + 1 FROM n WHERE i + 1 < ?),
a AS (SELECT i, i / 500 AS d, (i * 618033989 % 1000000007) / 1000000007.0 AS u,
  (i * 754877666 % 1000000007) / 1000000007.0 AS v,
  (i * 569840290 % 1000000007) / 1000000007.0 AS w,
  (i * 380116160 % 1000000007) / 1000000007.0 AS q FROM n),
b AS (SELECT a.*, 360.0 * u AS ra, degrees(asin(2.0 * v - 1.0)) AS dec,
  CASE WHEN d % 5 = 4 THEN u ELSE q END AS s FROM a)
SELECT 'd-0123456789abcdef' || d || '.' || (i % 500), d % 5 + 1,
  'd-0123456789abcdef' || d, i % 500, 'o-0123456789abcdef' || (i / 3),
  58000.0 + d / 100.0, 0, CAST(floor((dec + 90.0) * 60.0) AS BIGINT), ra, dec,
  cos(radians(dec)) * cos(radians(ra)), cos(radians(dec)) * sin(radians(ra)),
  sin(radians(dec)), 100.0, 100.0, 5.0 / (w + 0.001), 5.0 / (w + 0.001), 1000.0, 10.0,
  CASE WHEN i % 5 > 0 THEN s END, 'c-1',
  CASE d % 3 WHEN 0 THEN 'g' WHEN 1 THEN 'r' ELSE 'i' END,
  CASE WHEN i % 4 = 0 THEN 'dipole' END,
  '{"sharpness": ' || v || ', "likeness": ' || w || '}',
  CASE WHEN s > 0.98 THEN 1 ELSE 0 END, CASE WHEN s > 0.99 THEN 1 ELSE 0 END,
  CASE WHEN s > 0.98 AND s <= 0.99 THEN 1 ELSE 0 END, 0
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
    "10 degrees": CandidateQuery(place=Cone(10, 20, 10.0)),
    "10 degrees, score above 0.9": CandidateQuery(
        place=Cone(10, 20, 10.0), min_score=0.9
    ),
    "30 degrees": CandidateQuery(place=Cone(10, 20, 30.0)),
    "30 degrees, score above 0.5": CandidateQuery(
        place=Cone(10, 20, 30.0), min_score=0.5
    ),
    "30 degrees, score above 0.9": CandidateQuery(
        place=Cone(10, 20, 30.0), min_score=0.9
    ),
    "30 degrees, score above 0.9, best elsewhere": CandidateQuery(
        place=Cone(10, 20, 30.0), min_score=0.9, surveys=("s4",)
    ),
    "60 degrees, score above 0.9": CandidateQuery(
        place=Cone(10, 20, 60.0), min_score=0.9
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

    if isinstance(database, PostgresqlDatabase):
        # As PostgreSQL does by itself some minutes after so many rows came.
        await database.read("VACUUM ANALYZE")
    seconds = time.perf_counter() - began
    print(f"{ROWS} candidates made in {seconds:.0f} s", flush=True)


async def plan(database: Database, query: CandidateQuery) -> str:
    """Return the indexes of candidates that a question uses, and what it scans."""
    numbers = list(range(1, len(SURVEYS) + 1))
    count = count_statement(query)
    counted = [] if count is None else await database.read(count[0], *count[1])
    few = is_few(query, counted)
    walked = is_walked(query, few=few)
    bound = (6.0, "d") if walked else None
    page = CandidatePage(query, "ada", PAGE, visible=numbers, bound=bound, few=few)
    statements = [
        page_statement(numbers, page),
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


def told(name: str, spent: Sequence[tuple[float, float]], more: str) -> None:
    """Print the median and the 99th percentile of wall and CPU times in seconds."""
    texts = []
    for what, times in zip(("wall", "CPU"), zip(*spent, strict=True), strict=True):
        ms = sorted(1000 * second for second in times)
        middle, last = ms[len(ms) // 2], ms[min(len(ms) - 1, int(0.99 * len(ms)))]
        texts.append(f"{what} p50 {middle:.1f} ms, p99 {last:.1f} ms")
    print(f"{name}: {'; '.join(texts)} ({more})", flush=True)


async def servers(database: Database) -> list[int]:
    """Return the process of PostgreSQL that serves the one connection, if any."""
    if isinstance(database, SqliteDatabase):
        return []
    rows = await database.read("SELECT pg_backend_pid() AS pid")
    return [int(row["pid"]) for row in rows]


def spent(pids: Sequence[int]) -> tuple[float, float]:
    """Return the time, and the CPU seconds of this process and some others."""
    return time.perf_counter(), time.process_time() + sum(map(cpu_seconds, pids))


def since(before: tuple[float, float], pids: Sequence[int]) -> tuple[float, float]:
    """Return the wall and CPU seconds since an earlier moment."""
    now = spent(pids)
    return now[0] - before[0], now[1] - before[1]


async def ask(database: Database) -> None:
    """Ask each question again and again, at first pages and at later ones."""
    store = SqlCandidates(database)
    pids = await servers(database)
    dice = random.Random(3)
    for name, asked in QUESTIONS.items():
        taken: list[tuple[float, float]] = []
        cursor, count = None, 0
        for _ in range(REPEATS):
            query = asked
            if asked.place is not None:
                there = Cone(dice.uniform(0, 360), dice.uniform(-70, 70), 0)
                query = replace(asked, place=replace(there, radius=asked.place.radius))
                cursor = None
            began = spent(pids)
            page = await store.page(
                SURVEYS, query, person="ada", limit=PAGE, cursor=cursor
            )
            taken.append(since(began, pids))
            cursor, count = page.next, count + len(page.items)
        used = await plan(database, asked)
        told(name, taken, f"{count / REPEATS:.0f} found on a page; {used}")
    taken = []
    for number in range(REPEATS):
        began = spent(pids)
        claim = Claim(f"p{number % 7}", float(number), number + 300.0)
        await store.claim(SURVEYS, CandidateQuery(unscanned=True), claim, 3)
        taken.append(since(began, pids))
    told("claim of 3", taken, "with its commit")


async def run(folder: Path) -> None:
    """Fill and ask each database."""
    sqlite = await SqliteDatabase.open(folder / "gateway.sqlite")
    await migrate(sqlite, SQLITE)
    if not await sqlite.read("SELECT 1 FROM candidate LIMIT 1"):
        await fill(sqlite)
    await ask(sqlite)
    await sqlite.close()
    if url := os.environ.get("GATEWRIGHT_BENCH_POSTGRESQL"):
        print("PostgreSQL", flush=True)
        postgresql = await PostgresqlDatabase.open(url, seconds=3600, connections=1)
        await migrate(postgresql, POSTGRESQL)
        if not await postgresql.read("SELECT 1 FROM candidate LIMIT 1"):
            await fill(postgresql)
        await ask(postgresql)
        await postgresql.close()


def main() -> None:
    """Run the benchmark."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = os.environ.get("GATEWRIGHT_BENCH_FOLDER", temporary)
        asyncio.run(run(Path(folder)))


if __name__ == "__main__":
    main()
