"""Fields of the sky by which examples are kept for the test."""

import math

CELL = 0.5 / 60
"""Side of a field, degrees."""


def field_parity(ra: float, dec: float) -> int:
    """Return 0 or 1 for a place in ICRS degrees: the colours of a chess board.

    Fields are half an arc minute high, and as wide in the middle of their rows.
    """
    row = math.floor((dec + 90.0) / CELL)
    cos = math.cos(math.radians((row + 0.5) * CELL - 90.0))
    return (row + math.floor((ra % 360.0) * cos / CELL)) % 2
