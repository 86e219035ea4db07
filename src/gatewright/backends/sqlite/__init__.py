"""The embedded database: one SQLite file, shared by the gateway's processes."""

from gatewright.backends.sqlite.connection import SQLITE
from gatewright.backends.sqlite.database import SqliteDatabase

__all__ = ["SQLITE", "SqliteDatabase"]
