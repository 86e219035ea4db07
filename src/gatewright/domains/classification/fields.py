"""Divides the sky into fields for training and fields for the test."""

import math

CELL = 0.5 / 60
"""Side of a field, degrees."""


def field_parity(ra: float, dec: float) -> int:
    """Return 0 or 1 for a position in ICRS degrees, alternating like a chessboard.

    Fields are half an arcminute high, and as wide at the centre of their rows.
    """
    row = math.floor((dec + 90.0) / CELL)
    cos = math.cos(math.radians((row + 0.5) * CELL - 90.0))
    return (row + math.floor((ra % 360.0) * cos / CELL)) % 2
