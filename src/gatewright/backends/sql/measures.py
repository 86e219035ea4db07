"""Measures the database: whether it accepts writes, its size, and open jobs."""

import time
from collections.abc import Mapping, Sequence

from gatewright.backends.sql.database import Database, Statement, Work
from gatewright.core.clock import Clock
from gatewright.core.measures import Measurement

SIZES: Mapping[str, str] = {
    "sqlite": "SELECT page_count * page_size AS size "
    "FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database()) AS size",
}
"""Query for the size in bytes, by kind of database."""

_OPEN = """
SELECT system, state, COUNT(*) AS found, MIN(submitted_at) AS oldest FROM jobs
WHERE ended_at IS NULL GROUP BY system, state
"""
_WRITE = "UPDATE health_probe SET number = number + 1"


async def check_writes(database: Database) -> None:
    """Make a durable write to a probe row.

    Raises
    ------
    Unavailable, StorageFull
        The database accepts no writes.
    """

    def work() -> Work[None]:
        yield Statement(_WRITE)

    await database.run(work)


async def measure_database(database: Database, kind: str) -> Sequence[Measurement]:
    """Return the duration of a small read in seconds, and the size in bytes."""
    began = time.perf_counter()
    await database.read("SELECT number FROM health_probe")
    seconds = time.perf_counter() - began
    rows = await database.read(SIZES[kind])
    return [
        Measurement("database_read_seconds", "Time of a small read.", [({}, seconds)]),
        Measurement("database_bytes", "Size of the database.", [({}, rows[0]["size"])]),
    ]


async def measure_jobs(database: Database, clock: Clock) -> Sequence[Measurement]:
    """Return the number of open jobs by system and state, and the longest waits."""
    rows = await database.read(_OPEN)
    now = clock()
    counts = [
        ({"system": row["system"], "state": row["state"]}, float(row["found"]))
        for row in rows
    ]
    waits = [
        ({"system": row["system"]}, max(0.0, now - row["oldest"]))
        for row in rows
        if row["state"] == "queued"
    ]
    return [
        Measurement("jobs", "Jobs that have not ended.", counts),
        Measurement("queue_oldest_seconds", "Longest wait of a queued job.", waits),
    ]
