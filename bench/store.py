"""Durable writes and reads of small documents, compared with the approach of aiosqlite.

The peer is the standard library's sqlite3 behind one thread, like aiosqlite: WAL,
synchronous FULL, one transaction per write. Ours are the embedded database alone (with
the same statement) and the whole document store (permissions, quota, change feed). All
run in turn in one process, with 64 clients that each wait for every response.
"""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from bench.support.processes import tell
from gatewright.backends.sql import Statement, Work
from gatewright.backends.sql.documents import SqlDocuments
from gatewright.backends.sql.migrations import migrate
from gatewright.backends.sqlite import SQLITE, SqliteDatabase
from gatewright.core.caller import OWNER_SCOPES, Caller
from gatewright.domains.store import Store

CLIENTS = 64
PUTS = 6400
GETS = 6400
REPEATS = 5
_BODY = '{"name": "SN 2011fe", "magnitude": 9.9, "note": "' + "x" * 200 + '"}'
_TABLE = "CREATE TABLE kv (key TEXT PRIMARY KEY, text TEXT NOT NULL)"
_PUT = (
    "INSERT INTO kv (key, text) VALUES (?, ?) "
    "ON CONFLICT (key) DO UPDATE SET text = excluded.text"
)
_GET = "SELECT text FROM kv WHERE key = ?"

Act = Callable[[str], Awaitable[object]]


class Peer:
    """A connection behind one thread, with one commit per write."""

    def __init__(self, path: Path) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(_TABLE)

    async def put(self, key: str) -> None:
        execute = partial(self._connection.execute, _PUT, (key, _BODY))
        await asyncio.get_running_loop().run_in_executor(self._thread, execute)

    async def get(self, key: str) -> object:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._get, key)

    def _get(self, key: str) -> object:
        return self._connection.execute(_GET, (key,)).fetchone()

    def close(self) -> None:
        self._thread.shutdown()
        self._connection.close()


def put_work(key: str) -> Work[None]:
    yield Statement(_PUT, (key, _BODY))


async def rate(act: Act, keys: list[str]) -> float:
    """Return how many calls per second all clients complete together."""

    async def client(mine: list[str]) -> None:
        for key in mine:
            await act(key)

    began = time.perf_counter()
    await asyncio.gather(*(client(keys[n::CLIENTS]) for n in range(CLIENTS)))
    return len(keys) / (time.perf_counter() - began)


async def measure(folder: Path) -> dict[str, list[float]]:
    """Return the rates of all ways, which are measured in turn in each repeat."""
    async with AsyncExitStack() as stack:
        peer = Peer(folder / "peer.sqlite")
        stack.callback(peer.close)
        database = await SqliteDatabase.open(folder / "ours.sqlite")
        stack.push_async_callback(database.close)
        await migrate(database, SQLITE)
        await database.run(_make)
        store = Store(SqlDocuments(database, quota=1 << 40), document_bytes=1 << 20)
        ada = Caller("ada", frozenset(map(str, OWNER_SCOPES)))
        body = _BODY.encode()
        puts: dict[str, Act] = {
            "peer put": peer.put,
            "database put": lambda key: database.run(partial(put_work, key)),
            "store put": lambda key: store.put(ada, "bench", key, body),
        }
        gets: dict[str, Act] = {
            "peer get": peer.get,
            "database get": lambda key: database.read(_GET, key),
            "store get": lambda key: store.get(ada, "bench", key),
        }
        rates: dict[str, list[float]] = {name: [] for name in (*puts, *gets)}
        for repeat in range(REPEATS):
            keys = [f"{repeat}-{n}" for n in range(PUTS)]
            for name, act in puts.items():
                rates[name].append(await rate(act, keys))
            for name, act in gets.items():
                rates[name].append(await rate(act, keys[:GETS]))
        return rates


def _make() -> Work[None]:
    yield Statement(_TABLE)


def main() -> None:
    """Measure, and print ratios (above 1 means more per second than the peer)."""
    with tempfile.TemporaryDirectory() as folder:
        rates = asyncio.run(measure(Path(folder)))
    for way in ("database", "store"):
        for verb in ("put", "get"):
            name = f"{way}, {verb}s a second"
            tell(name, rates[f"{way} {verb}"], rates[f"peer {verb}"], "/s")


if __name__ == "__main__":
    main()
