"""Pictures of light curves, drawn in the reader processes."""

from gatewright.backends.light_curves.painter import PROGRAM, PooledCurvePainter

__all__ = ["PROGRAM", "PooledCurvePainter"]
