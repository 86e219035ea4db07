"""Converts rows to values, leaving out damaged ones with an error in the log.

A row may be damaged or written by another version. A request for it gets the answer
that it does not exist; a request for many rows gets the others.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec

from gatewright.backends.sql.database import Row, Values

R = TypeVar("R", Row, Values)
T = TypeVar("T")

_LATEST = 253_402_300_799.0
"""Last second of the year 9999, the latest that a timestamp can express."""
FAULTS = (
    *(ValueError, TypeError, LookupError, AttributeError),
    *(RecursionError, msgspec.MsgspecError),
)
"""What the conversion of a damaged row may raise."""

_NUMBER = int | float

_log = logging.getLogger(__name__)


def readable(rows: Iterable[R], convert: Callable[[R], T], name: str | int) -> list[T]:
    """Return the values of rows, without rows that cannot be converted.

    ``name`` is the column that identifies a row in the log, or its place in a row
    without names.
    """
    key: Any = name
    found = []
    for row in rows:
        try:
            found.append(convert(row))
        except FAULTS as error:
            what = convert.__name__.strip("_")
            _log.error("The %s %r cannot be read: %r", what, row[key], error)
    return found


def surveys_of(row: Row) -> list[str]:
    """Return the surveys of a row; people who may see all of them may see the record.

    Raises
    ------
    ValueError
        The column is not a JSON array of names, or is empty: everybody could see it.
    """
    surveys = msgspec.json.decode(row["surveys"], type=list[str])
    if not surveys:
        raise ValueError("no survey")
    return surveys


def moment(value: object) -> float:
    """Return a stored time in seconds since 1970.

    Raises
    ------
    ValueError, TypeError
        The value is not a valid time.
    """
    if not isinstance(value, _NUMBER):
        raise TypeError("a time that is no number")
    if not 0 <= value <= _LATEST:
        raise ValueError("a time that is out of range")
    return float(value)


def optional_moment(value: object) -> float | None:
    """Return a stored time in seconds since 1970; None if none is stored."""
    return None if value is None else moment(value)


def time_or_zero(value: object) -> float:
    """Return a stored time in seconds since 1970; 0 for an invalid one."""
    try:
        return moment(value)
    except (ValueError, TypeError):
        return 0.0
