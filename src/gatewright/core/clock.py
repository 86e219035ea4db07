"""Clocks, and times as RFC 3339 text in UTC."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

Clock = Callable[[], float]
"""Returns the seconds since 1970-01-01 UTC; tests pass their own."""

system_clock: Clock = time.time

LEEWAY_SECONDS = 60.0
"""Seconds by which the clocks of two machines, or one clock before and after it is set,
may differ."""


@lru_cache(maxsize=8192)
def timestamp(seconds: float) -> str:
    """Return seconds since 1970 as RFC 3339 text in UTC with three decimals.

    An example is ``2026-01-31T08:00:00.500Z``.

    It keeps the newest texts: pages of a list show the same times again and again.
    """
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def optional_timestamp(seconds: float | None) -> str | None:
    """Return the :func:`timestamp` of a time, or None without a time."""
    return None if seconds is None else timestamp(seconds)
