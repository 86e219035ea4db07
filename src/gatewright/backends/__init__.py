"""Connections to the outside: databases, file systems, schedulers and file formats."""
