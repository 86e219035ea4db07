"""The built-in store of documents, in the gateway's own database."""

from gatewright.backends.sql_store.plugin import plugin

__all__ = ["plugin"]
