"""A place in PostgreSQL that has all tables, used by one test after another.

To make the tables takes the server 150 ms for each test. So a place is emptied and used
again, unless a test has changed the tables themselves.
"""

import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from tests.support.postgresql import Server

from gatewright.backends.postgresql import POSTGRESQL, PostgresqlDatabase
from gatewright.backends.sql.migrations import migrate

_SECONDS = 90.0
_WITH_ROWS = """
SELECT relname FROM pg_class
WHERE relnamespace = $1::regnamespace AND relkind = 'r' AND relname <> 'migrations'
AND pg_relation_size(oid) > 0 ORDER BY relname
"""
_DEFINITIONS = """
SELECT c.oid, c.relname, a.attname, a.atttypid, a.attnotnull,
    (SELECT array_agg(oid ORDER BY oid) FROM pg_constraint WHERE conrelid = c.oid),
    (SELECT array_agg(oid ORDER BY oid) FROM pg_trigger WHERE tgrelid = c.oid)
FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = $1::regnamespace ORDER BY c.oid, a.attnum
"""

Connection = Any
"""A connection of asyncpg, which ships no types."""


@dataclass(frozen=True, slots=True)
class Place:
    """A schema with all tables, and another with the rows that migrations write."""

    name: str
    first: Sequence[str]
    """Tables that have rows from the beginning."""
    definitions: Sequence[object]
    """The tables, indexes, columns, constraints and triggers as they were made."""


@pytest.fixture(scope="session")
def kept_places(postgresql_server: Server) -> list[Place]:
    """Return the places on the session's server that no test uses now."""
    return []


@pytest.fixture
async def postgresql_tables(
    postgresql_server: Server, kept_places: list[Place]
) -> AsyncIterator[str]:
    """Yield the URL of a place with the tables of this version, as if new."""
    place = kept_places.pop() if kept_places else await _made(postgresql_server)
    yield f"{postgresql_server.url()}&search_path={place.name}"
    connection = await asyncpg.connect(postgresql_server.url())
    try:
        if await connection.fetch(_DEFINITIONS, place.name) == place.definitions:
            await _empty(connection, place)
            kept_places.append(place)
        else:
            await connection.execute(f"DROP SCHEMA {place.name} CASCADE")
    finally:
        await connection.close()


async def _made(server: Server) -> Place:
    name = f"tables_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(server.url())
    try:
        await connection.execute(f"CREATE SCHEMA {name}; CREATE SCHEMA first_{name}")
        database = await PostgresqlDatabase.open(
            f"{server.url()}&search_path={name}", seconds=_SECONDS
        )
        await migrate(database, POSTGRESQL)
        await database.close()
        first = [row[0] for row in await connection.fetch(_WITH_ROWS, name)]
        for table in first:
            await connection.execute(
                f"CREATE TABLE first_{name}.{table} AS TABLE {name}.{table}"
            )
        return Place(name, first, await connection.fetch(_DEFINITIONS, name))
    finally:
        await connection.close()


async def _empty(connection: Connection, place: Place) -> None:
    written = [row[0] for row in await connection.fetch(_WITH_ROWS, place.name)]
    tables = ", ".join(f"{place.name}.{table}" for table in written)
    again = "".join(
        f"INSERT INTO {place.name}.{table} TABLE first_{place.name}.{table};"
        for table in place.first
    )
    await connection.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE; {again}")
