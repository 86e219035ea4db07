"""The embedded database under kills, locks, full disks and other processes."""

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from gatewright.backends.sql import Batch, Statement, Work
from gatewright.backends.sql.migrations import migrate
from gatewright.backends.sqlite import SQLITE, SqliteDatabase, readers
from gatewright.backends.sqlite.connection import as_gateway_error, open_reader
from gatewright.core.errors import (
    BackendFailed,
    Conflict,
    InvalidContent,
    StorageFull,
    Unavailable,
)

Patience = Callable[[], AbstractContextManager[None]]

_TABLE = "CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, text TEXT)"

_WRITER = """
import asyncio, sys
from pathlib import Path
from gatewright.backends.sql import Statement
from gatewright.backends.sqlite import SqliteDatabase

async def main(path, name):
    database = await SqliteDatabase.open(Path(path), seconds=90)

    async def writer(branch):
        for number in range(100000):
            def work():
                key = f"{name}.{branch}.{number}"
                yield Statement("INSERT INTO notes VALUES (?, ?)", (key, "x" * 500))
                return key
            print(await database.run(work), flush=True)

    await asyncio.gather(*(writer(branch) for branch in range(8)))

asyncio.run(main(*sys.argv[1:]))
"""

_COUNTER = """
import asyncio, sys
from pathlib import Path
from gatewright.backends.sql import Statement
from gatewright.backends.sql.migrations import migrate
from gatewright.backends.sqlite import SQLITE, SqliteDatabase

def work():
    rows = yield Statement("SELECT text FROM notes WHERE name = 'n'")
    number = int(rows[0]["text"]) + 1
    yield Statement("UPDATE notes SET text = ? WHERE name = 'n'", (str(number),))

async def main(path):
    database = await SqliteDatabase.open(Path(path), seconds=90)
    schema = {"1.sql": "CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT);\\n"
              "INSERT INTO notes VALUES ('n', '0');"}
    await migrate(database, SQLITE, schema)
    for _ in range(10):
        await asyncio.gather(*(database.run(work) for _ in range(10)))
    await database.close()

asyncio.run(main(*sys.argv[1:]))
"""


def put(name: str, size: int = 1) -> Work[None]:
    yield Statement("INSERT INTO notes VALUES (?, ?)", (name, "x" * size))


def pragma(text: str) -> Work[None]:
    yield Statement(f"PRAGMA {text}")


async def names(database: SqliteDatabase) -> list[str]:
    rows = await database.read("SELECT name FROM notes ORDER BY name")
    return [row["name"] for row in rows]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[SqliteDatabase]:
    """Yield a database that waits as long as a test may have to."""
    database = await SqliteDatabase.open(path, seconds=90)
    await migrate(database, SQLITE, {"1.sql": f"{_TABLE};"})
    yield database
    await database.close()


@pytest.fixture
def impatient(database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch) -> Patience:
    """Return what makes it wait half a second within a block."""

    @contextmanager
    def patience() -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(database._writer, "_seconds", 0.5)
            yield

    return patience


def python(code: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
    )


async def test_what_was_acknowledged_survives_a_kill(
    path: Path, database: SqliteDatabase
) -> None:
    """R6: no acknowledged write is lost in ten rounds of kill -9."""
    await database.close()
    chance = random.Random(5)
    acknowledged: set[str] = set()
    for round_ in range(10):
        process = python(_WRITER, path, f"r{round_}")
        assert process.stdout is not None
        acknowledged.update(process.stdout.readline().strip() for _ in range(6))
        time.sleep(chance.uniform(0, 0.15))
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read()
        process.wait()
        # The last line may be cut off; the write behind it was still acknowledged.
        acknowledged.update(rest.split("\n")[:-1])
        process.stdout.close()
    connection = sqlite3.connect(path)
    stored = {row[0] for row in connection.execute("SELECT name FROM notes")}
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert len(acknowledged) > 50
    assert acknowledged <= stored


async def test_processes_that_start_and_count_together(path: Path) -> None:
    processes = [python(_COUNTER, path) for _ in range(3)]
    for process in processes:
        assert process.communicate(timeout=120)[0] == ""
        assert process.returncode == 0
    database = await SqliteDatabase.open(path)
    rows = await database.read("SELECT text FROM notes WHERE name = 'n'")
    assert rows[0]["text"] == "300"
    await database.close()


async def test_a_locked_file(
    path: Path, database: SqliteDatabase, impatient: Patience
) -> None:
    await database.run(lambda: put("a"))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with impatient():
        async with asyncio.timeout(60):
            results = await asyncio.gather(
                *(database.run(lambda n=n: put(f"n{n}")) for n in range(3)),  # type: ignore[misc]
                return_exceptions=True,
            )
    assert all(isinstance(result, Unavailable) for result in results)
    assert await names(database) == ["a"]
    waiting = asyncio.create_task(database.run(lambda: put("b")))
    await asyncio.sleep(0.05)
    other.execute("ROLLBACK")
    other.close()
    await waiting
    assert await names(database) == ["a", "b"]


async def test_a_file_that_was_moved_away(
    path: Path, database: SqliteDatabase, impatient: Patience
) -> None:
    await database.run(lambda: put("a"))
    elsewhere = path.with_name("elsewhere")
    path.rename(elsewhere)
    with impatient(), pytest.raises(Unavailable):
        await database.run(lambda: put("b"))
    waiting = asyncio.create_task(database.run(lambda: put("c")))
    await asyncio.sleep(0.1)
    elsewhere.rename(path)
    await waiting
    assert await names(database) == ["a", "c"]


async def test_another_file_in_its_place(
    path: Path, database: SqliteDatabase, impatient: Patience
) -> None:
    path.rename(path.with_name("elsewhere"))
    path.write_bytes(b"")
    with impatient(), pytest.raises(Unavailable):
        await database.run(lambda: put("b"))
    path.with_name("elsewhere").rename(path)
    await database.run(lambda: put("c"))


async def test_a_full_disk(database: SqliteDatabase) -> None:
    await database.run(lambda: put("first"))
    rows = await database.read("PRAGMA page_count")
    limit = rows[0]["page_count"] + 20
    await database.run(lambda: pragma(f"max_page_count = {limit}"))
    sizes = {"a": 10, "b": 20_000, "c": 500_000, "d": 10, "e": 20_000}
    results = await asyncio.gather(
        *(
            database.run(lambda name=name, size=size: put(name, size))  # type: ignore[misc]
            for name, size in sizes.items()
        ),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [
        type(None), type(None), StorageFull, type(None), type(None),
    ]  # fmt: skip
    assert await names(database) == ["a", "b", "d", "e", "first"]
    await database.run(lambda: pragma("max_page_count = 100000"))
    await database.run(lambda: put("c", 500_000))


async def test_the_log_is_cut(path: Path, database: SqliteDatabase) -> None:
    def fill() -> Work[None]:
        yield Batch("INSERT INTO notes VALUES (?, ?)", rows)

    rows = [(f"k{n}", "x" * 1_000_000) for n in range(24)]
    await database.run(fill)
    await database.run(lambda: put("last"))
    log = path.with_name(f"{path.name}-wal")
    deadline = time.monotonic() + 60
    while log.stat().st_size > 17 << 20:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_what_is_queued_is_finished(path: Path, database: SqliteDatabase) -> None:
    tasks = [
        asyncio.create_task(database.run(lambda n=n: put(f"n{n}")))  # type: ignore[misc]
        for n in range(20)
    ]
    await asyncio.sleep(0)
    await database.close()
    await asyncio.gather(*tasks)
    again = await SqliteDatabase.open(path)
    assert len(await names(again)) == 20
    await again.close()


async def test_what_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        await SqliteDatabase.open(tmp_path, seconds=0.1)
    with pytest.raises(Unavailable):
        await SqliteDatabase.open(tmp_path / "none" / "x", seconds=0.1)
    wrong = tmp_path / "wrong"
    wrong.write_bytes(b"no database at all" * 100)
    with pytest.raises(BackendFailed):
        await SqliteDatabase.open(wrong, seconds=0.1)


async def test_a_value_that_is_too_large(database: SqliteDatabase) -> None:
    with pytest.raises(InvalidContent, match="larger"):
        await database.read("SELECT length(zeroblob(1000000001)) AS n")


async def test_reading_beside_a_long_query(
    path: Path, database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [(f"k{n}", "") for n in range(500)]

    def fill() -> Work[None]:
        yield Batch("INSERT INTO notes VALUES (?, ?)", rows)

    await database.run(fill)
    enough = threading.Event()

    def go_on() -> bool:
        """Hold a query up in a thread; on the loop it is only long."""
        return threading.current_thread() is threading.main_thread() or enough.wait(90)

    def holding(path: Path, *, seconds: float) -> sqlite3.Connection:
        connection = open_reader(path, seconds=seconds)
        connection.create_function("go_on", 0, go_on)
        return connection

    monkeypatch.setattr(readers, "open_reader", holding)
    held = await SqliteDatabase.open(path)
    slow = (
        "SELECT COUNT(*) AS n FROM notes a, notes b WHERE a.name > b.name AND go_on()"
    )
    pending = [asyncio.create_task(held.read(slow)) for _ in range(3)]
    for _ in range(20):
        assert (await held.read("SELECT 1 AS one"))[0]["one"] == 1
        await asyncio.sleep(0)
    assert not any(task.done() for task in pending)
    enough.set()
    assert {(await task)[0]["n"] for task in pending} == {500 * 499 // 2}
    await held.close()


async def test_a_commit_that_fails_for_one(database: SqliteDatabase) -> None:
    """A broken promise shows at the commit; the others of the group are written."""

    def make() -> Work[None]:
        yield Statement(
            "CREATE TABLE links (name TEXT REFERENCES notes (name) "
            "DEFERRABLE INITIALLY DEFERRED)"
        )

    def link(name: str) -> Work[None]:
        yield Statement("INSERT INTO links VALUES (?)", (name,))

    def fail() -> Work[None]:
        yield from put("never")
        raise LookupError

    await database.run(make)
    results = await asyncio.gather(
        database.run(lambda: put("a")),
        database.run(lambda: link("nowhere")),
        database.run(lambda: link("a")),
        database.run(fail),
        database.run(lambda: put("b")),
        return_exceptions=True,
    )
    kinds = [type(result) for result in results]
    nothing = type(None)
    assert kinds == [nothing, Conflict, nothing, LookupError, nothing]
    assert await names(database) == ["a", "b"]
    assert await database.read("SELECT name FROM links") == [{"name": "a"}]


async def test_readers_that_cannot_be_opened(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *, seconds: float) -> sqlite3.Connection:
        raise _error(sqlite3.SQLITE_CANTOPEN)

    monkeypatch.setattr(readers, "open_reader", refuse)
    with pytest.raises(Unavailable):
        await SqliteDatabase.open(path)


async def test_many_slow_queries(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "_REMEMBERED", 1)
    count = (
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
        "WHERE n < 50000) SELECT MAX(n) + {} AS n FROM c"
    )
    for extra in range(3):
        rows = await database.read(count.format(extra))
        assert rows[0]["n"] == 50000 + extra


def _error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("it")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("free", "meaning"), [(0, StorageFull), (1 << 30, Unavailable), (None, Unavailable)]
)
def test_an_error_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int | None, meaning: type
) -> None:
    def volume(path: Path) -> SimpleNamespace:
        if free is None:
            raise OSError
        return SimpleNamespace(f_bavail=free, f_frsize=1)

    monkeypatch.setattr(os, "statvfs", volume)
    found = as_gateway_error(_error(sqlite3.SQLITE_IOERR_WRITE), tmp_path / "x")
    assert isinstance(found, meaning)


def test_an_error_without_a_code(tmp_path: Path) -> None:
    error = sqlite3.OperationalError("ours")
    assert as_gateway_error(error, tmp_path / "x") is error
