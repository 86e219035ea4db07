"""What the readers of gridded data share, whatever the format of the files.

Cutting a subset, statistics, pictures, and the forms of the answers run in a reader
process; ``array_reader.py`` is the gateway's side.
"""

from gatewright.backends.gridded.array_reader import PROGRAM, PooledArrayReader

__all__ = ["PROGRAM", "PooledArrayReader"]
