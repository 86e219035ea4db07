"""PostgreSQL's and asyncpg's errors as the gateway's."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from asyncpg import exceptions as pg

from gatewright.core.errors import (
    AlreadyExists,
    Conflict,
    GatewayError,
    InvalidContent,
    StorageFull,
    Unavailable,
)

AGAIN = (pg.SerializationError, pg.DeadlockDetectedError)
"""The transaction met another one and may be tried again."""

_LOST = (
    ConnectionError,
    pg.PostgresConnectionError,
    pg.AdminShutdownError,
    pg.CrashShutdownError,
    pg.CannotConnectNowError,
    pg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,  # an end that the server told between two requests
)

_AWAY = (
    *AGAIN,
    *_LOST,
    OSError,
    TimeoutError,
    pg.InsufficientResourcesError,
    pg.OperatorInterventionError,
    pg.LockNotAvailableError,
    pg.ReadOnlySQLTransactionError,
    pg.InvalidAuthorizationSpecificationError,
    pg.InvalidCatalogNameError,
)
OUTSIDE = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""All that asyncpg raises, but for the operating system's own errors."""

_TEXT = (pg.CharacterNotInRepertoireError, pg.UntranslatableCharacterError)


@contextmanager
def gateway_errors() -> Iterator[None]:
    """Turn what asyncpg raises into errors of the gateway's tree."""
    try:
        yield
    except (*OUTSIDE, OSError) as error:
        meaning = as_gateway_error(error)
        if meaning is None:
            raise
        raise meaning from error


def as_gateway_error(error: Exception) -> GatewayError | None:
    """Return the error of the tree that says what happened; None for our mistakes."""
    if isinstance(error, pg.DiskFullError):
        return StorageFull("The database's disk is full. Its operator must make room.")
    if isinstance(error, pg.UniqueViolationError):
        return AlreadyExists("Something of that name is there already.")
    if isinstance(error, pg.IntegrityConstraintViolationError):
        return Conflict("The change does not fit what is stored.")
    if isinstance(error, _TEXT):
        return InvalidContent("A text has a character that the database cannot hold.")
    if isinstance(error, asyncpg.DataError):
        # Another one is a value of the wrong type, which is our mistake.
        if not isinstance(error.__cause__, OverflowError | UnicodeEncodeError):
            return None
        return InvalidContent(
            "A text has half a surrogate pair, or a number is beyond 64 bits."
        )
    if isinstance(error, _AWAY) or _closed(error):
        return Unavailable(
            "The gateway's database is away. Try again soon.", retry_after=2
        )
    return None


def is_lost(error: BaseException) -> bool:
    """Return whether the connection is gone.

    What was not yet being committed may then be tried again.
    """
    return isinstance(error, _LOST) or _closed(error)


def _closed(error: BaseException) -> bool:
    """Tell a closed connection or pool from a misuse of asyncpg, our mistake."""
    if not isinstance(error, asyncpg.InterfaceError):
        return False
    return any(word in str(error) for word in ("closed", "closing", "released"))
