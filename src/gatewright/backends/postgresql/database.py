"""PostgreSQL as the gateway's database."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any, Generic, Self, TypeVar, cast
from weakref import WeakValueDictionary

import asyncpg

from gatewright.backends.postgresql.errors import (
    AGAIN,
    OUTSIDE,
    gateway_errors,
    is_lost,
    unreached,
)
from gatewright.backends.postgresql.statements import lock_key, numbered
from gatewright.backends.sql.database import (
    Batch,
    Lock,
    Row,
    Statement,
    Step,
    Values,
    Work,
)
from gatewright.core.errors import Unavailable

T = TypeVar("T")

_SECONDS = 6.0
_CONNECTIONS = 8
_PAUSE = 0.002
_LONGEST_PAUSE = 0.1


class PostgresqlDatabase:
    """Implements :class:`gatewright.backends.sql.Database` with a pool of connections.

    Transactions are serializable. One that conflicts with another is repeated, with
    short random pauses, for at most ``seconds``. So is one whose connection was lost
    before its COMMIT was sent.
    """

    def __init__(self, pool: "asyncpg.Pool[Any]", *, seconds: float) -> None:
        self._pool = pool
        self._seconds = seconds
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @classmethod
    async def open(
        cls, url: str, *, seconds: float = _SECONDS, connections: int = _CONNECTIONS
    ) -> Self:
        """Connect to a ``postgresql://`` URL.

        Raises
        ------
        Unavailable
            The database cannot be reached within ``seconds``; the text says why.
        """
        milliseconds = str(int(seconds * 1000))
        try:
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=connections,
                timeout=seconds,
                command_timeout=5 * seconds,
                statement_cache_size=512,
                reset=_leave_clean,
                server_settings={
                    "application_name": "gatewright",
                    "lock_timeout": milliseconds,
                    "idle_in_transaction_session_timeout": milliseconds,
                    # Compiling takes longer than all that the gateway asks for.
                    "jit": "off",
                    "timezone": "UTC",
                },
            )
        except (*OUTSIDE, OSError) as error:
            raise unreached(error, seconds) from error
        return cls(pool, seconds=seconds)

    async def run(self, work: Callable[[], Work[T]]) -> T:
        return await self._until_done(partial(self._attempt, work))

    async def read(self, text: str, *values: object) -> Sequence[Row]:
        return [dict(row) for row in await self._fetch(text, values)]

    async def read_values(self, text: str, *values: object) -> Sequence[Values]:
        return await self._fetch(text, values)  # a record is a sequence as well

    async def _fetch(self, text: str, values: Sequence[object]) -> Sequence[Any]:
        async def fetch() -> Sequence[Any]:
            async with self._connection() as connection:
                try:
                    rows: Sequence[Any] = await connection.fetch(
                        numbered(text), *values
                    )
                except Exception as error:
                    if not is_lost(error):
                        raise
                    _give_up(connection)
                    raise LostError from error
                return rows

        return await self._until_done(fetch)

    async def _until_done(self, act: Callable[[], Awaitable[T]]) -> T:
        """Repeat, with pauses, what conflicted or lost its connection."""
        until = time.monotonic() + self._seconds
        pause = _PAUSE
        while True:
            try:
                with gateway_errors():
                    return await act()
            except Unavailable as error:
                if not isinstance(error.__cause__, (*AGAIN, LostError)):
                    raise
                if time.monotonic() + pause > until:
                    raise
            await asyncio.sleep(pause * random.random())  # noqa: S311  # spreads load
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def close(self) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    async def _attempt(self, work: Callable[[], Work[T]]) -> T:
        progress = Progress(work())
        try:
            if isinstance(progress.step, Lock):
                name = progress.step.name
                progress.advance(())
                return await self._locked(progress, name)
            async with self._connection() as connection:
                return await _transact(connection, progress, "COMMIT")
        finally:
            progress.close()

    async def _locked(self, progress: "Progress[T]", name: str) -> T:
        # Those of one process wait here, so that they do not hold all connections.
        key = lock_key(name)
        lock = self._locks.setdefault(name, asyncio.Lock())
        async with asyncio.timeout(self._seconds):
            await lock.acquire()
        async with AsyncExitStack() as held:
            held.callback(lock.release)
            connection = await held.enter_async_context(self._connection())
            try:
                await connection.execute(f"SELECT pg_advisory_lock({key})")
                end = f"COMMIT; SELECT pg_advisory_unlock({key})"
                return await _transact(connection, progress, end)
            except BaseException:
                # Who is cancelled while they wait for the lock may have just got it.
                await _quietly(connection, f"SELECT pg_advisory_unlock({key})")
                raise

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        async with self._pool.acquire(timeout=self._seconds) as connection:
            yield connection


class Progress(Generic[T]):
    """A transaction's generator, with its current step and its result."""

    def __init__(self, work: Work[T]) -> None:
        self._work = work
        self._result: T | None = None
        self.step: Step | None = None
        self.advance(None)

    def advance(self, rows: Sequence[Row] | None) -> None:
        """Pass the rows of the step and go to the next; the step is None at the end."""
        try:
            self.step = self._work.send(rows)  # type: ignore[arg-type]  # None begins it
        except StopIteration as end:
            self.step = None
            self._result = end.value

    def result(self) -> T:
        """Return what the transaction returned."""
        return cast("T", self._result)

    def close(self) -> None:
        """Close the generator."""
        self._work.close()


async def _transact(connection: Any, progress: Progress[T], end: str) -> T:
    """Run the steps in a serializable transaction that the SQL text ``end`` commits."""
    try:
        await connection.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
        while progress.step is not None:
            progress.advance(await _execute(connection, progress.step))
    except BaseException as error:
        if is_lost(error):
            _give_up(connection)
            raise LostError from error
        await _quietly(connection, "ROLLBACK")
        raise
    await connection.execute(end)
    return progress.result()


async def _execute(connection: Any, step: Step) -> Sequence[Row]:
    """Run one step of a transaction and return its rows."""
    match step:
        case Lock():
            raise RuntimeError("a Lock is the first thing that a transaction yields")
        case Batch(text, rows):
            await connection.executemany(numbered(text), rows)
            return ()
        case Statement(text, values):
            return [dict(r) for r in await connection.fetch(numbered(text), *values)]


async def _quietly(connection: Any, text: str) -> None:
    """Execute SQL to clean up after a failure; drop the connection if that fails."""
    try:
        await connection.execute(text)
    except (*OUTSIDE, OSError):
        _give_up(connection)
    except BaseException:  # cancelled again: the end of the connection cleans up too
        _give_up(connection)
        raise


def _give_up(connection: Any) -> None:
    # The pool takes a connection back by itself when it notices the end.
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


async def _leave_clean(connection: Any) -> None:
    """Roll back a transaction that is open when its connection returns to the pool."""
    if connection.is_in_transaction():
        await connection.execute("ROLLBACK")


class LostError(ConnectionError):
    """The connection was lost before the COMMIT was sent."""
