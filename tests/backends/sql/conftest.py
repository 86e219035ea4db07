"""Fixtures of the tables' tests."""

from tests.backends.sql.databases import backend, databases, kind, place

__all__ = ["backend", "databases", "kind", "place"]
