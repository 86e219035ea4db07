"""Fixtures of the tables' tests."""

from tests.backends.sql.databases import backend, databases

__all__ = ["backend", "databases"]
