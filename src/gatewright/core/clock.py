"""Time as the gateway speaks of it: UTC, to the microsecond."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], float]
"""Returns seconds since 1970-01-01 UTC; tests pass their own."""

system_clock: Clock = time.time

LEEWAY_SECONDS = 60.0
"""How far ahead of a clock another may be: that of another machine, or the same one
before it was set."""


def timestamp(seconds: float) -> str:
    """Return seconds since 1970 as RFC 3339 in UTC, such as 2026-01-31T08:00:00.5Z."""
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def optional_timestamp(seconds: float | None) -> str | None:
    """Return the timestamp, or None for a moment that has not come."""
    return None if seconds is None else timestamp(seconds)
