"""Maps of where images are on the sky, counted and drawn in the reader processes."""

from gatewright.backends.footprints.painter import PROGRAM, PooledFootprintPainter

__all__ = ["PROGRAM", "PooledFootprintPainter"]
