"""Runs short queries directly on the event loop, and long ones in threads.

An indexed look-up takes some 20 microseconds, far less than a call in a thread. So a
query runs on the event loop first. If it takes longer than a millisecond, it is
interrupted and run in a thread; for the next seconds the same query goes to a thread at
once.
"""

import asyncio
import queue
import sqlite3
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from gatewright.backends.sql.database import Values
from gatewright.backends.sqlite.connection import gateway_errors, open_reader
from gatewright.core.errors import Unavailable

_THREADS = 4
_INLINE_SECONDS = 0.001
_INLINE_INSTRUCTIONS = 2000
_BATCH = 20
"""Rows that are taken before the time is looked at again."""
_SLOW_SECONDS = 5.0
_REMEMBERED = 1000
_PASS_ON = {sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class Readers:
    """Connections for reading, shared by the requests of one process."""

    def __init__(self, path: Path, *, seconds: float) -> None:
        self._path = path
        self._seconds = seconds
        self._closed = False
        self._slow: dict[str, float] = {}
        self._inline = open_reader(path, seconds=0)
        self._until: float | None = None
        self._inline.set_progress_handler(self._is_slow, _INLINE_INSTRUCTIONS)
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="sqlite-reader")

    async def read(
        self, text: str, values: Sequence[object], *, named: bool
    ) -> Sequence[Any]:
        """Return the rows of a query: values by column name if ``named``, else alone.

        Raises
        ------
        Unavailable
            The database stays locked, or was closed.
        """
        if self._closed:
            raise Unavailable("The gateway is stopping.")
        if self._slow.get(text, 0.0) < time.monotonic():
            try:
                return self._read_inline(text, values, named=named)
            except _Slow:
                pass
            except (sqlite3.Error, UnicodeEncodeError, OverflowError):
                with gateway_errors(self._path):
                    raise
            if len(self._slow) >= _REMEMBERED:
                self._slow.clear()
            self._slow[text] = time.monotonic() + _SLOW_SECONDS
        read = partial(self._read, text, values, named=named)
        return await asyncio.get_running_loop().run_in_executor(self._pool, read)

    def close(self) -> None:
        """Wait for running queries and close the connections."""
        self._closed = True
        self._pool.shutdown()
        self._inline.close()
        while not self._idle.empty():
            self._idle.get().close()

    def _read_inline(
        self, text: str, values: Sequence[object], *, named: bool
    ) -> Sequence[Any]:
        self._until = None
        cursor = self._inline.cursor()
        try:
            cursor.execute(text, values)
            rows = batch = cursor.fetchmany(_BATCH)
            while len(batch) == _BATCH:
                if self._is_slow():
                    raise _Slow
                batch = cursor.fetchmany(_BATCH)
                rows += batch
            return _rows(cursor, rows, named=named)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in _PASS_ON:
                raise _Slow from error
            raise
        finally:
            cursor.close()

    def _is_slow(self) -> bool:
        """Return whether the query on the event loop has used up its time.

        The time begins with the first call, which short queries never come to: they
        end before SQLite asks, and reading the thread's clock costs a system call.
        """
        now = time.thread_time()
        if self._until is None:
            self._until = now + _INLINE_SECONDS
        return now > self._until

    def _read(
        self, text: str, values: Sequence[object], *, named: bool
    ) -> Sequence[Any]:
        with gateway_errors(self._path):
            try:
                connection = self._idle.get_nowait()
            except queue.Empty:
                connection = open_reader(self._path, seconds=self._seconds)
            try:
                cursor = connection.execute(text, values)
                return _rows(cursor, cursor.fetchall(), named=named)
            finally:
                self._idle.put(connection)


def _rows(
    cursor: sqlite3.Cursor, rows: Sequence[Values], *, named: bool
) -> Sequence[Any]:
    if not named or not rows:
        return rows
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in rows]


class _Slow(Exception):
    """A query takes too long for the event loop, or meets a lock."""
