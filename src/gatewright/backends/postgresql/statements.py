"""Adapts the shared SQL to PostgreSQL."""

import hashlib
from functools import lru_cache

from gatewright.backends.sql.migrations import Dialect

# Text in the locale "C" compares by its bytes, as SQLite's does.
POSTGRESQL = Dialect(
    serial="BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    clustered="",
    text='TEXT COLLATE "C"',
)


@lru_cache(maxsize=1024)
def numbered(text: str) -> str:
    """Return a statement in which each ``?`` is replaced by ``$1``, ``$2``, ..."""
    first, *rest = text.split("?")
    return first + "".join(f"${n}{part}" for n, part in enumerate(rest, 1))


def lock_key(name: str) -> int:
    """Return the 64-bit key of the advisory lock with this name."""
    digest = hashlib.sha256(f"gatewright:{name}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)
