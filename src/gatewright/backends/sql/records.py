"""Rows that cannot be read: each costs itself, and is told in the log.

A row may be damaged, or be of a version that wrote it otherwise. Whoever asks for it is
told that it is not there; whoever asks for many gets the others.
"""

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from gatewright.backends.sql.database import Row

T = TypeVar("T")

_LATEST = 253_402_300_799.0
"""The last second that a timestamp of four digits of the year tells."""
_FAULTS = (ValueError, TypeError, LookupError, AttributeError, msgspec.MsgspecError)

_log = logging.getLogger(__name__)


def readable(rows: Iterable[Row], convert: Callable[[Row], T], name: str) -> list[T]:
    """Return rows as values, without those that cannot be.

    ``name`` is the column by which the log names a row.
    """
    found = []
    for row in rows:
        try:
            found.append(convert(row))
        except _FAULTS as error:
            what = convert.__name__.strip("_")
            _log.error("The %s %r cannot be read: %r", what, row[name], error)
    return found


def moment(value: object) -> float:
    """Return a time in seconds since 1970.

    Raises
    ------
    ValueError, TypeError
        It is none that can be told.
    """
    if not isinstance(value, int | float):
        raise TypeError("a time that is no number")
    if not 0 <= value <= _LATEST:
        raise ValueError("a time that is out of range")
    return float(value)


def optional_moment(value: object) -> float | None:
    """Return a time in seconds since 1970, or None for none."""
    return None if value is None else moment(value)


def time_or_zero(value: object) -> float:
    """Return a time in seconds since 1970, or 0 for one that cannot be told."""
    try:
        return moment(value)
    except (ValueError, TypeError):
        return 0.0
