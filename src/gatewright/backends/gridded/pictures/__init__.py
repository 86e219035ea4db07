"""Pictures of subsets, drawn by matplotlib in the reader processes.

``plan.py`` makes of a subset what its picture shows (``picture.py``), and ``draw.py``
a matplotlib figure of that.
"""

from gatewright.backends.gridded.pictures.write import write

__all__ = ["write"]
