"""Gatewright: a science gateway server and toolkit."""

__version__ = "0.1.0"
