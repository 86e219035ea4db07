"""Adapts the shared SQL to PostgreSQL."""

import hashlib
from functools import lru_cache

from gatewright.backends.sql.migrations import Dialect

# As of SQLite, for a member that is a number; of anything else the result is NULL. One
# line each: a semicolon at the end of a line ends a statement of the schema.
_JSON_FUNCTIONS = """
CREATE FUNCTION json_valid(document TEXT) RETURNS BOOLEAN LANGUAGE plpgsql IMMUTABLE \
AS $$ BEGIN PERFORM document::json; RETURN document IS NOT NULL; \
EXCEPTION WHEN data_exception THEN RETURN FALSE; END $$;
CREATE FUNCTION json_extract(document TEXT, path TEXT) RETURNS DOUBLE PRECISION \
LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN CASE json_typeof(document::json -> \
substr(path, 3)) WHEN 'number' THEN CAST(document::json ->> substr(path, 3) AS \
DOUBLE PRECISION) END; EXCEPTION WHEN data_exception THEN RETURN NULL; END $$;
"""

# Text in the locale "C" compares by its bytes, as SQLite's does.
POSTGRESQL = Dialect(
    serial="BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    clustered="",
    text='TEXT COLLATE "C"',
    json_functions=_JSON_FUNCTIONS,
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
