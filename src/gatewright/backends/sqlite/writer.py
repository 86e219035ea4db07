"""The writer thread of a process, which commits queued transactions together.

Every transaction has its own savepoint, so one that fails is rolled back alone. A
caller gets its result after the commit, when it is durable.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from gatewright.backends.sql.database import Batch, Lock, Row, Statement, Step, Work
from gatewright.backends.sqlite.connection import (
    as_gateway_error,
    away,
    disk_full,
    gateway_errors,
    open_writer,
)
from gatewright.backends.sqlite.reserve import Reserve
from gatewright.core.disk import GIVES_ROOM_BACK
from gatewright.core.errors import StorageFull, Unavailable

T = TypeVar("T")

_GROUP = 512
_RETRY_SECONDS = 0.25
_LOOK_SECONDS = 0.05
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_WAL_BYTES = 16 << 20


@dataclass(slots=True)
class _Job:
    """A transaction that waits for its commit."""

    work: Callable[[], Work[Any]]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    deadline: float
    gives_room_back: bool
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Runs transactions on one connection in one thread, several per commit.

    Parameters
    ----------
    path
        The database file; it is created if it is missing.
    seconds
        Longest wait for a database that is locked or missing.
    """

    def __init__(self, path: Path, *, seconds: float) -> None:
        self._path = path
        self._seconds = seconds
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        with gateway_errors(path):
            self._connection = open_writer(path, seconds=seconds)
            self._connection.execute(
                f"PRAGMA busy_timeout = {_RETRY_SECONDS * 1e3:.0f}"
            )
        self._identity = _identity(path)
        self._reserve = Reserve(path)
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="sqlite-writer")
        self._thread.daemon = True
        self._thread.start()

    async def run(self, work: Callable[[], Work[T]]) -> T:
        """Run a transaction and return its result once it is durable.

        Raises
        ------
        Unavailable
            The database stays locked or missing, or was closed.
        """
        if self._closed:
            raise Unavailable("The gateway is stopping.")
        loop = asyncio.get_running_loop()
        deadline = time.monotonic() + self._seconds
        future = loop.create_future()
        job = _Job(work, future, loop, deadline, GIVES_ROOM_BACK.get())
        self._jobs.put(job)
        result: T = await job.future
        return result

    def close(self) -> None:
        """Finish queued transactions, checkpoint the write-ahead log and close."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
            self._thread.join()

    def _serve(self) -> None:
        group: list[_Job] = []
        while self._take(group):
            if self._begin(group):
                self._run_group(group)
                group = []
                if self._jobs.empty():
                    # Truncate a large write-ahead log while no transaction waits.
                    with suppress(OSError, sqlite3.Error):
                        log = self._path.with_name(f"{self._path.name}-wal")
                        if log.stat().st_size > _WAL_BYTES:
                            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    def _take(self, group: list[_Job]) -> bool:
        """Add queued transactions to the group, waiting only if it is empty.

        Returns False when the writer is closed and nothing is left.
        """
        with suppress(queue.Empty):
            while len(group) < _GROUP:
                job = self._jobs.get(block=not group)
                if job is None:
                    # The mark stays in the queue until all before it is done.
                    self._jobs.put(None)
                    return bool(group)
                if not job.future.cancelled():
                    group.append(job)
        return True

    def _begin(self, group: list[_Job]) -> bool:
        """Begin a transaction; return whether it was begun.

        While the database is locked or its file is missing, the jobs past their
        deadline fail and are removed from the group.
        """
        try:
            if _identity(self._path) != self._identity:
                # The file was moved away, or another stands in its place: the next
                # start would not read what is written now.
                raise FileNotFoundError
            self._connection.execute("BEGIN IMMEDIATE")
        except (sqlite3.Error, OSError) as error:
            now = time.monotonic()
            # Waiting may help where the file is locked, or moved away for a while.
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_BUSY)
            passing = (code & 0xFF) in _BUSY
            late = [job for job in group if job.deadline <= now or not passing]
            for job in late:
                job.error = (
                    as_gateway_error(error, self._path)
                    if isinstance(error, sqlite3.Error)
                    else away()
                )
            group[:] = [job for job in group if job.error is None]
            _tell(late)
            if isinstance(error, OSError):
                time.sleep(_LOOK_SECONDS)
            return False
        return True

    def _run_group(self, group: list[_Job]) -> None:
        if self._reserve.spent:
            self._reserve.keep()
        if self._reserve.spent or not self._attempt(group):
            # The whole commit failed, so that each is tried in a commit of its own.
            self._roll_back()
            for job in group:
                job.result = job.error = None
                self._run_alone(job)
        for job in group:
            if job.gives_room_back and isinstance(job.error, StorageFull):
                # The room of the reserve, and that of the log, which begins anew.
                self._reserve.give_back()
                with suppress(sqlite3.Error):
                    rows_of(self._connection.execute("PRAGMA wal_checkpoint(RESTART)"))
                job.error = None
                self._run_alone(job)
        _tell(group)

    def _run_alone(self, job: _Job) -> None:
        if self._reserve.spent and not job.gives_room_back:
            job.error = disk_full()
            return
        try:
            with gateway_errors(self._path):
                self._connection.execute("BEGIN IMMEDIATE")
                self._step_through(job)
                if job.error is None:
                    self._connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001  # told to the one who waits for it
            job.error = error
        finally:
            self._roll_back()

    def _attempt(self, group: Sequence[_Job]) -> bool:
        """Run all jobs in the open transaction.

        Return False if it cannot be committed.
        """
        try:
            for job in group:
                self._connection.execute("SAVEPOINT job")
                self._step_through(job)
                if not self._connection.in_transaction:
                    return False
                if job.error is not None:
                    self._connection.execute("ROLLBACK TO job")
                self._connection.execute("RELEASE job")
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            return False
        finally:
            self._roll_back()
        return True

    def _step_through(self, job: _Job) -> None:
        try:
            with gateway_errors(self._path):
                job.result = _run(self._connection, job.work())
        except BaseException as error:  # noqa: BLE001  # told to the one who waits
            job.error = error

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")


def _run(connection: sqlite3.Connection, work: Work[T]) -> T:
    """Run the steps of a transaction and return its result."""
    try:
        step = next(work)
        while True:
            step = work.send(execute(connection, step))
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        work.close()


def execute(connection: sqlite3.Connection, step: Step) -> Sequence[Row]:
    """Run one step of a transaction and return its rows."""
    match step:
        case Lock():
            return ()
        case Batch(text, rows):
            connection.executemany(text, rows)
            return ()
        case Statement(text, values):
            return rows_of(connection.execute(text, tuple(values)))


def rows_of(cursor: sqlite3.Cursor) -> Sequence[Row]:
    """Return all rows of a cursor, each as values by column name."""
    if cursor.description is None:
        return ()
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _tell(jobs: Sequence[_Job]) -> None:
    """Give each caller its result or error, waking each event loop once."""

    def settle(jobs: Sequence[_Job]) -> None:
        for job in jobs:
            if job.future.done():
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)

    for loop in {job.loop for job in jobs}:
        mine = [job for job in jobs if job.loop is loop]
        with suppress(RuntimeError):  # nobody waits where the loop is closed
            loop.call_soon_threadsafe(settle, mine)
