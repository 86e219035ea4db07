"""PostgreSQL that goes away, connections that break, locks that are held."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest
from tests.support.postgresql import Server

from gatewright.backends.postgresql import POSTGRESQL, PostgresqlDatabase
from gatewright.backends.postgresql.errors import as_gateway_error
from gatewright.backends.postgresql.statements import lock_key, numbered
from gatewright.backends.sql import Lock, Statement, Work
from gatewright.backends.sql.migrations import migrate
from gatewright.core.errors import StorageFull, Unavailable


def put(name: str) -> Work[None]:
    yield Statement("INSERT INTO notes (name) VALUES (?)", (name,))


@pytest.fixture
async def database(postgresql_url: str) -> AsyncIterator[PostgresqlDatabase]:
    database = await PostgresqlDatabase.open(postgresql_url, seconds=90, connections=4)
    schema = {"1.sql": "CREATE TABLE notes (name TEXT PRIMARY KEY);"}
    await migrate(database, POSTGRESQL, schema)
    yield database
    await database.close()


@pytest.fixture
async def operator(
    postgresql_url: str,
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(postgresql_url)
    yield connection
    await connection.close()


async def test_a_server_that_goes_away(
    postgresql_server: Server, database: PostgresqlDatabase
) -> None:
    await database.run(lambda: put("a"))
    await asyncio.to_thread(postgresql_server.stop)
    try:
        async with asyncio.timeout(60):  # nobody waits until it is there again
            with pytest.raises(Unavailable):
                await database.run(lambda: put("b"))
            with pytest.raises(Unavailable):
                await database.read("SELECT name FROM notes")
    finally:
        await asyncio.to_thread(postgresql_server.start)
    await database.run(lambda: put("c"))
    rows = await database.read("SELECT name FROM notes ORDER BY name")
    assert [row["name"] for row in rows] == ["a", "c"]


async def test_connections_that_break(
    database: PostgresqlDatabase, operator: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    cut = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'gatewright'
    """
    await asyncio.gather(*(database.run(lambda n=n: put(f"{n}")) for n in range(8)))  # type: ignore[misc]
    await operator.execute(cut)
    await database.run(lambda: put("a"))
    await operator.execute(cut)
    rows = await database.read("SELECT COUNT(*) AS n FROM notes")
    assert rows[0]["n"] == 9


async def test_a_connection_that_breaks_within(
    database: PostgresqlDatabase, operator: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    tries = 0

    def work() -> Work[None]:
        nonlocal tries
        tries += 1
        rows = yield Statement("SELECT pg_backend_pid() AS pid")
        if tries == 1:
            yield Statement("SELECT pg_terminate_backend(?::int)", (rows[0]["pid"],))
        yield from put("a")

    await database.run(work)
    assert tries == 2


@pytest.mark.usefixtures("database")  # makes the table
async def test_a_lock_that_is_held(
    postgresql_url: str, operator: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    impatient = await PostgresqlDatabase.open(postgresql_url)

    def work() -> Work[str]:
        yield Lock("it")
        yield from put("a")
        return "done"

    await operator.execute(f"SELECT pg_advisory_lock({lock_key('it')})")
    results = await asyncio.gather(
        impatient.run(work), impatient.run(work), return_exceptions=True
    )
    assert all(isinstance(result, Unavailable) for result in results)
    await operator.execute(f"SELECT pg_advisory_unlock({lock_key('it')})")
    assert await impatient.run(work) == "done"
    await impatient.close()


_GRANTED = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND granted = $1"


async def test_a_lock_that_comes_as_its_waiter_gives_up_is_let_go(
    postgresql_url: str,
    database: PostgresqlDatabase,
    operator: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    """Or it stays with a connection that goes back to its pool, and nobody gets it."""
    held, go_on = threading.Event(), threading.Event()

    async def hold() -> None:
        holder = await asyncpg.connect(postgresql_url)
        await holder.execute(f"SELECT pg_advisory_lock({lock_key('it')})")
        held.set()
        assert await asyncio.to_thread(go_on.wait, 60)
        await holder.execute(f"SELECT pg_advisory_unlock({lock_key('it')})")
        while not await holder.fetchval(_GRANTED, True):
            await asyncio.sleep(0.001)
        await holder.close()

    def work() -> Work[None]:
        yield Lock("it")
        yield from put("a")

    with ThreadPoolExecutor(1) as threads:
        holding = threads.submit(asyncio.run, hold())
        await asyncio.to_thread(held.wait, 60)
        waiting = asyncio.create_task(database.run(work))
        async with asyncio.timeout(60):
            while not await operator.fetchval(_GRANTED, False):
                await asyncio.sleep(0.001)
        go_on.set()
        holding.result(60)  # meanwhile this loop stands still, and sees no answer
        waiting.cancel()
        await asyncio.wait([waiting])
    async with asyncio.timeout(60):
        await database.run(lambda: put("b"))
        assert not await operator.fetchval(_GRANTED, True)


async def test_a_lock_comes_first(database: PostgresqlDatabase) -> None:
    def work() -> Work[None]:
        yield from put("a")
        yield Lock("it")

    with pytest.raises(RuntimeError, match="first"):
        await database.run(work)
    assert not await database.read("SELECT name FROM notes")


async def test_a_transaction_that_always_meets_another(
    database: PostgresqlDatabase,
) -> None:
    def work() -> Work[None]:
        yield Statement("SELECT 1")
        raise asyncpg.SerializationError("again")

    impatient = PostgresqlDatabase(database._pool, seconds=2)
    began = time.monotonic()
    async with asyncio.timeout(60):
        with pytest.raises(Unavailable):
            await impatient.run(work)
    assert time.monotonic() - began > 1.5


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://nobody@127.0.0.1:1/none",
        "postgresql://gatewright@/none?host=/nowhere",
    ],
)
async def test_a_server_that_is_not_there(url: str) -> None:
    with pytest.raises(Unavailable):
        await PostgresqlDatabase.open(url, seconds=1)


async def test_a_database_that_is_not_there(postgresql_server: Server) -> None:
    with pytest.raises(Unavailable):
        await PostgresqlDatabase.open(postgresql_server.url("nothing"), seconds=1)


def test_what_errors_mean() -> None:
    full = as_gateway_error(asyncpg.DiskFullError("no space"))
    assert isinstance(full, StorageFull)
    assert as_gateway_error(asyncpg.PostgresSyntaxError("x")) is None
    assert as_gateway_error(asyncpg.InterfaceError("wrong use")) is None


def test_numbered_placeholders() -> None:
    assert (
        numbered("SELECT ?, ? FROM a WHERE b = ?")
        == "SELECT $1, $2 FROM a WHERE b = $3"
    )
    assert numbered("SELECT 1") == "SELECT 1"
