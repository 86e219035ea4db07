"""Contract tests of the ``Database`` port.

Subclass :class:`DatabaseContract` in a test module and provide the fixture
``open_database``.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import pytest

from gatewright.backends.sql import Batch, Database, Lock, Statement, Work
from gatewright.backends.sql.migrations import Dialect, migrate
from gatewright.core.errors import (
    AlreadyExists,
    Conflict,
    GatewayError,
    InvalidContent,
    Unavailable,
)

Opener = Callable[[], Awaitable[Database]]

_SCHEMA = """
-- A comment; with a semicolon.
CREATE TABLE things (
    name TEXT NOT NULL PRIMARY KEY,
    amount BIGINT,
    size DOUBLE PRECISION,
    note TEXT
) {clustered};
CREATE TABLE counted (
    number {serial},
    name TEXT NOT NULL
);
"""


def put(name: str, amount: object = None, size: object = None) -> Work[None]:
    yield Statement(
        "INSERT INTO things (name, amount, size) VALUES (?, ?, ?)", (name, amount, size)
    )


def add(name: str, amount: int) -> Work[int]:
    """Read an amount, add to it, and return the sum."""
    rows = yield Statement("SELECT amount FROM things WHERE name = ?", (name,))
    total = int(rows[0]["amount"]) + amount
    yield Statement("UPDATE things SET amount = ? WHERE name = ?", (total, name))
    return total


def refuse(name: str) -> Work[None]:
    yield from put(name)
    raise LookupError(name)


def count_up() -> Work[int]:
    yield Lock("counted")
    rows = yield Statement("INSERT INTO counted (name) VALUES ('x') RETURNING number")
    return int(rows[0]["number"])


class DatabaseContract:
    """Tests that every driver passes."""

    dialect: Dialect

    @pytest.fixture
    async def database(self, open_database: Opener) -> AsyncIterator[Database]:
        """Yield a database with two tables."""
        database = await open_database()
        await migrate(database, self.dialect, {"0001_things.sql": _SCHEMA})
        yield database
        await database.close()

    @pytest.fixture
    async def other(
        self, database: Database, open_database: Opener
    ) -> AsyncIterator[Database]:
        """Yield a second connection to it, as another gateway process has."""
        other = await open_database()
        yield other
        await other.close()

    async def names(self, database: Database) -> list[str]:
        rows = await database.read("SELECT name FROM things ORDER BY name")
        return [row["name"] for row in rows]

    async def test_what_was_written_is_read_here_and_elsewhere(
        self, database: Database, other: Database
    ) -> None:
        await database.run(lambda: put("a", 1, 0.5))
        for handle in (database, other):
            rows = await handle.read("SELECT name, amount, size, note FROM things")
            assert [dict(row) for row in rows] == [
                {"name": "a", "amount": 1, "size": 0.5, "note": None}
            ]

    async def test_values_without_names(self, database: Database) -> None:
        def many() -> Work[None]:
            insert = "INSERT INTO things (name, amount) VALUES (?, ?)"
            yield Batch(insert, [(f"{n:04}", n) for n in range(3000)])

        await database.run(many)
        text = "SELECT name, amount, note FROM things WHERE amount < ? ORDER BY name"
        for most in (0, 1, 3000):
            rows = await database.read_values(text, most)
            named = await database.read(text, most)
            assert [tuple(row) for row in rows] == [tuple(r.values()) for r in named]
            assert len(rows) == most
        (row,) = await database.read_values(text, 1)
        assert tuple(row) == ("0000", 0, None)

    async def test_a_transaction_returns_its_result(self, database: Database) -> None:
        def work() -> Work[tuple[str, int]]:
            yield Batch(
                "INSERT INTO things (name, amount) VALUES (?, ?)", [("a", 1), ("b", 2)]
            )
            rows = yield Statement("UPDATE things SET amount = 3 RETURNING name")
            nothing = yield Statement("DELETE FROM things WHERE name = ?", ("z",))
            assert not nothing
            return max(row["name"] for row in rows), len(rows)

        assert await database.run(work) == ("b", 2)

    async def test_one_without_statements(self, database: Database) -> None:
        def work() -> Work[int]:
            yield from ()
            return 7

        assert await database.run(work) == 7

    async def test_a_failed_one_is_rolled_back_alone(self, database: Database) -> None:
        works = [partial(refuse if n % 3 == 0 else put, f"n{n:02}") for n in range(30)]
        results = await asyncio.gather(
            *(database.run(work) for work in works), return_exceptions=True
        )
        failed = [n for n, result in enumerate(results) if result is not None]
        assert failed == list(range(0, 30, 3))
        assert all(isinstance(results[n], LookupError) for n in failed)
        assert await self.names(database) == [f"n{n:02}" for n in range(30) if n % 3]

    async def test_a_name_that_is_taken(self, database: Database) -> None:
        await database.run(lambda: put("a"))

        def work() -> Work[None]:
            yield from put("b")
            yield from put("a")

        with pytest.raises(AlreadyExists):
            await database.run(work)
        assert await self.names(database) == ["a"]

    async def test_a_value_that_does_not_fit(self, database: Database) -> None:
        with pytest.raises(Conflict):
            await database.run(lambda: put(None))  # type: ignore[arg-type]

    async def test_no_update_is_lost(self, database: Database, other: Database) -> None:
        await database.run(lambda: put("a", 0))
        handles = (database, other)
        totals = await asyncio.gather(
            *(handles[n % 2].run(lambda: add("a", 1)) for n in range(24))
        )
        assert sorted(totals) == list(range(1, 25))

    async def test_numbers_are_seen_in_order(
        self, database: Database, other: Database
    ) -> None:
        async def watch(handle: Database) -> list[int]:
            seen: list[int] = []
            while len(seen) < 40:
                last = seen[-1] if seen else 0
                rows = await handle.read(
                    "SELECT number FROM counted WHERE number > ? ORDER BY number", last
                )
                seen += [row["number"] for row in rows]
                await asyncio.sleep(0)
            return seen

        watcher = asyncio.create_task(watch(other))
        handles = (database, other)
        numbers = await asyncio.gather(
            *(handles[n % 2].run(count_up) for n in range(40))
        )
        assert await watcher == sorted(numbers)

    @pytest.mark.parametrize("amount", [0, -1, 2**63 - 1, -(2**63)])
    async def test_whole_numbers(self, database: Database, amount: int) -> None:
        await database.run(lambda: put("a", amount))
        rows = await database.read("SELECT amount FROM things WHERE amount = ?", amount)
        assert rows[0]["amount"] == amount

    @pytest.mark.parametrize("size", [0.1, -1e300, 5e-324, 1 / 3])
    async def test_floats(self, database: Database, size: float) -> None:
        await database.run(lambda: put("a", None, size))
        rows = await database.read("SELECT size FROM things WHERE size = ?", size)
        assert rows[0]["size"] == size

    @pytest.mark.parametrize("name", ["\ud800", "a\udfff"])
    async def test_half_a_surrogate_pair(self, database: Database, name: str) -> None:
        with pytest.raises(InvalidContent):
            await database.run(lambda: put(name))
        with pytest.raises(InvalidContent):
            await database.read("SELECT name FROM things WHERE name = ?", name)

    async def test_a_number_beyond_64_bits(self, database: Database) -> None:
        with pytest.raises(InvalidContent):
            await database.run(lambda: put("a", 2**63))

    async def test_nul_is_kept_or_refused(self, database: Database) -> None:
        try:
            await database.run(lambda: put("a\0b"))
        except InvalidContent:
            assert await self.names(database) == []
        else:
            assert await self.names(database) == ["a\0b"]

    async def test_text_stands_in_the_order_of_its_bytes(
        self, database: Database
    ) -> None:
        names = ["B", "a", "Z", "é", "_", "a b", "A", "😀", "￿", "~", "0"]
        for name in names:
            await database.run(partial(put, name))
        assert await self.names(database) == sorted(names, key=str.encode)
        rows = await database.read("SELECT name FROM things WHERE name < ?", "a")
        assert {row["name"] for row in rows} == {"B", "Z", "_", "A", "0"}

    async def test_our_mistake_is_not_the_clients(self, database: Database) -> None:
        with pytest.raises(Exception, match="nowhere") as caught:
            await database.read("SELECT * FROM nowhere")
        assert not isinstance(caught.value, GatewayError)

    async def test_one_that_is_not_waited_for(self, database: Database) -> None:
        tasks = [
            asyncio.create_task(database.run(partial(put, f"n{n}"))) for n in range(9)
        ]
        await asyncio.sleep(0)
        tasks[4].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(results.pop(4), asyncio.CancelledError)
        assert results == [None] * 8
        await database.run(lambda: put("after"))
        expected = {"after", *(f"n{n}" for n in range(9) if n != 4)}
        assert set(await self.names(database)) - {"n4"} == expected

    async def test_a_long_query(self, database: Database) -> None:
        await database.run(
            lambda: _yield(
                Batch(
                    "INSERT INTO things (name, amount) VALUES (?, ?)",
                    [(f"{n:05}", n) for n in range(2000)],
                )
            )
        )
        text = (
            "SELECT COUNT(*) AS pairs FROM things a JOIN things b "
            "ON a.amount + b.amount = ?"
        )
        for _ in range(2):
            rows = await database.read(text, 1999)
            assert rows[0]["pairs"] == 2000
        rows = await database.read("SELECT * FROM things ORDER BY name")
        assert [row["amount"] for row in rows] == list(range(2000))

    async def test_after_the_end(self, database: Database) -> None:
        await database.close()
        with pytest.raises(Unavailable):
            await database.run(lambda: put("a"))
        with pytest.raises(Unavailable):
            await database.read("SELECT 1 AS one")


class MigrationContract:
    """Tests of the creation of tables that every driver passes."""

    dialect: Dialect
    schema: Mapping[str, str] = {
        "0001_a.sql": "CREATE TABLE a (x TEXT);",
        "0002_b.sql": "CREATE TABLE b (x TEXT);\nINSERT INTO b (x) VALUES ('once');",
    }

    @pytest.fixture
    async def two(self, open_database: Opener) -> AsyncIterator[tuple[Database, ...]]:
        """Yield two connections to an empty database."""
        handles = (await open_database(), await open_database())
        yield handles
        for handle in handles:
            await handle.close()

    async def test_each_file_once(self, two: tuple[Database, Database]) -> None:
        applied = await asyncio.gather(
            *(migrate(handle, self.dialect, self.schema) for handle in two)
        )
        assert sorted(map(list, applied)) == [[], ["0001_a.sql", "0002_b.sql"]]
        assert await migrate(two[0], self.dialect, self.schema) == []
        assert len(await two[1].read("SELECT x FROM b")) == 1

    async def test_a_file_that_was_added(self, two: tuple[Database, Database]) -> None:
        first = {"0001_a.sql": self.schema["0001_a.sql"]}
        await migrate(two[0], self.dialect, first)
        assert await migrate(two[0], self.dialect, self.schema) == ["0002_b.sql"]

    async def test_a_file_that_was_changed(
        self, two: tuple[Database, Database]
    ) -> None:
        await migrate(two[0], self.dialect, self.schema)
        changed = {**self.schema, "0001_a.sql": "CREATE TABLE a (y TEXT);"}
        with pytest.raises(Conflict, match=r"0001_a\.sql.*changed"):
            await migrate(two[0], self.dialect, changed)

    async def test_a_newer_database(self, two: tuple[Database, Database]) -> None:
        await migrate(two[0], self.dialect, self.schema)
        older = {"0001_a.sql": self.schema["0001_a.sql"]}
        with pytest.raises(Conflict, match="newer"):
            await migrate(two[0], self.dialect, older)

    async def test_a_broken_file_leaves_nothing(
        self, two: tuple[Database, Database]
    ) -> None:
        broken = {**self.schema, "0003_c.sql": "CREATE TABLE c (x TEXT);\nNONSENSE;"}
        with pytest.raises(Exception, match=r"syntax|NONSENSE"):
            await migrate(two[0], self.dialect, broken)
        assert len(await migrate(two[0], self.dialect, self.schema)) == 2

    async def test_the_shipped_files(self, two: tuple[Database, Database]) -> None:
        applied = await migrate(two[0], self.dialect)
        assert "0001_events.sql" in applied
        assert list(applied) == sorted(applied)


def _yield(step: Any) -> Work[None]:
    yield step
