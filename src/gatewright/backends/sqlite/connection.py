"""Opens connections to the SQLite file, and converts errors to those of the gateway."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from gatewright.backends.sql.migrations import Dialect
from gatewright.core.errors import (
    AlreadyExists,
    BackendFailed,
    Conflict,
    GatewayError,
    InvalidContent,
    StorageFull,
    Unavailable,
)

SQLITE = Dialect(
    serial="INTEGER PRIMARY KEY AUTOINCREMENT", clustered="WITHOUT ROWID", text="TEXT"
)

_WRITER = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA journal_size_limit = 16777216",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -16384",
)
_READER = ("PRAGMA query_only = ON", "PRAGMA cache_size = -8192")
_ROOM = 1 << 20
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNIQUE = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}
_MISTAKES = (sqlite3.ProgrammingError, sqlite3.NotSupportedError)


def open_writer(path: Path, *, seconds: float) -> sqlite3.Connection:
    """Open the process's only writing connection; create the file if missing."""
    return _open(path, "rwc", seconds, _WRITER)


def open_reader(path: Path, *, seconds: float) -> sqlite3.Connection:
    """Open a connection that can only read."""
    return _open(path, "rw", seconds, _READER)


def _open(
    path: Path, mode: str, seconds: float, pragmas: Sequence[str]
) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=seconds,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    for pragma in pragmas:
        connection.execute(pragma)
    return connection


@contextmanager
def gateway_errors(path: Path) -> Iterator[None]:
    """Convert errors of SQLite to those of ``core.errors``."""
    try:
        yield
    except (UnicodeEncodeError, OverflowError) as error:
        raise InvalidContent(
            "A text contains an unpaired surrogate, or a number exceeds 64 bits."
        ) from error
    except _MISTAKES:
        raise
    except sqlite3.Error as error:
        raise as_gateway_error(error, path) from error


def as_gateway_error(error: sqlite3.Error, path: Path) -> GatewayError | sqlite3.Error:
    """Return the error of ``core.errors`` for an error of SQLite.

    Programming errors are returned unchanged.
    """
    extended = getattr(error, "sqlite_errorcode", None)
    if extended is None:
        return error
    code = extended & 0xFF
    if isinstance(error, sqlite3.IntegrityError):
        if extended in _UNIQUE:
            return AlreadyExists("Something of that name exists already.")
        return Conflict("The change does not fit what is stored.")
    free = _ROOM
    if code == sqlite3.SQLITE_IOERR:
        with suppress(OSError):
            volume = os.statvfs(path.parent)
            free = volume.f_bavail * volume.f_frsize
    if code == sqlite3.SQLITE_FULL or free < _ROOM:
        return disk_full()
    if code in _DAMAGED:
        return BackendFailed("The gateway's database is damaged.")
    if code in {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_RANGE}:
        return error
    if code == sqlite3.SQLITE_TOOBIG:
        return InvalidContent("A value is larger than the database takes.")
    return away()


def disk_full() -> StorageFull:
    """Return the error for a disk without space for the database."""
    return StorageFull("The gateway's disk is full. Its operator must free some space.")


def away() -> Unavailable:
    """Return the error for a database that is locked or missing."""
    return Unavailable(
        "The gateway's database cannot be reached. Try again soon.", retry_after=2
    )
