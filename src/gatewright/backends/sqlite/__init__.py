"""SQLite as the embedded database: one file, shared by the gateway's processes."""

from gatewright.backends.sqlite.connection import SQLITE
from gatewright.backends.sqlite.database import SqliteDatabase

__all__ = ["SQLITE", "SqliteDatabase"]
