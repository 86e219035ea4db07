"""Colours of grey levels: the tables of matplotlib, read once in a process.

viridis, magma and inferno are by van der Walt and Smith (2015); cividis is by Nunez,
Anderton and Renslow (2018, PLoS ONE 13, e0199239).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gatewright.backends.gridded.pictures.library import colormaps
from gatewright.domains.sky import ColourMap

_LEVELS = 256


@lru_cache(maxsize=16)
def colour_table(name: ColourMap) -> NDArray[np.uint8]:
    """Return red, green and blue of each level, shape (256, 3)."""
    table: NDArray[np.uint8] = colormaps[name](np.arange(_LEVELS), bytes=True)
    return np.ascontiguousarray(table[:, :3])


def is_grey(name: ColourMap) -> bool:
    """Return whether a map has no colours but grey."""
    return name.startswith("gray")


def coloured(levels: NDArray[np.uint8], name: ColourMap) -> NDArray[np.uint8]:
    """Return grey levels in the colours of a map.

    The shape is that of ``levels`` for the two grey maps, else (height, width, 3).
    """
    # matplotlib's own table of greys is off by one at some levels.
    if name == "gray":
        return levels
    if name == "gray_r":
        return np.uint8(_LEVELS - 1) - levels
    return colour_table(name)[levels]
