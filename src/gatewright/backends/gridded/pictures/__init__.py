"""Pictures of subsets, drawn by matplotlib in the reader processes.

``plan.py`` decides what the picture of a subset shows, ``picture.py`` describes that,
and ``draw.py`` turns it into a matplotlib figure.
"""

from gatewright.backends.gridded.pictures.write import write

__all__ = ["write"]
