"""Converts errors of PostgreSQL and asyncpg to errors of the gateway."""

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
"""Errors of a transaction that conflicted with another and can be repeated."""

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
"""All errors of asyncpg, except those of the operating system."""

_TEXT = (pg.CharacterNotInRepertoireError, pg.UntranslatableCharacterError)


@contextmanager
def gateway_errors() -> Iterator[None]:
    """Convert errors of asyncpg to those of ``core.errors``."""
    try:
        yield
    except (*OUTSIDE, OSError) as error:
        meaning = as_gateway_error(error)
        if meaning is None:
            raise
        raise meaning from error


def as_gateway_error(error: Exception) -> GatewayError | None:
    """Return the error of ``core.errors`` for an error.

    None for a programming error.
    """
    if isinstance(error, pg.DiskFullError):
        return StorageFull(
            "The database's disk is full. Its operator must free some space."
        )
    if isinstance(error, pg.UniqueViolationError):
        return AlreadyExists("Something of that name exists already.")
    if isinstance(error, pg.IntegrityConstraintViolationError):
        return Conflict("The change does not fit what is stored.")
    if isinstance(error, _TEXT):
        return InvalidContent("A text has a character that the database cannot hold.")
    if isinstance(error, asyncpg.DataError):
        # Another one is a value of the wrong type, which is our mistake.
        if not isinstance(error.__cause__, OverflowError | UnicodeEncodeError):
            return None
        return InvalidContent(
            "A text contains an unpaired surrogate, or a number exceeds 64 bits."
        )
    if isinstance(error, _AWAY) or _closed(error):
        return Unavailable(
            "The gateway's database cannot be reached. Try again soon.", retry_after=2
        )
    return None


def unreached(error: Exception, seconds: float) -> Unavailable:
    """Return the error of a first connection that failed, for the operator.

    Parameters
    ----------
    error
        What asyncpg or the system said.
    seconds
        How long the server was waited for.
    """
    why = str(error) or f"no answer within {seconds:g} seconds"
    return Unavailable(
        f"The gateway's database cannot be reached: {why.rstrip('.')}. “database” of "
        "[gateway] is its address.",
        retry_after=2,
    )


def is_lost(error: BaseException) -> bool:
    """Return whether an error means that the connection is gone.

    A transaction whose COMMIT was not sent can then be repeated.
    """
    return isinstance(error, _LOST) or _closed(error)


def _closed(error: BaseException) -> bool:
    """Return whether the connection or pool is closed, not asyncpg misused."""
    if not isinstance(error, asyncpg.InterfaceError):
        return False
    return any(word in str(error) for word in ("closed", "closing", "released"))
