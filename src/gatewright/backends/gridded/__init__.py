"""Shared code of the readers of gridded data, independent of the file format.

Subsetting, statistics, pictures and output formats run in a reader process;
``array_reader.py`` is their client in the gateway.
"""

from gatewright.backends.gridded.array_reader import PROGRAM, PooledArrayReader

__all__ = ["PROGRAM", "PooledArrayReader"]
