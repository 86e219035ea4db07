"""Finds which part of a grid a frame reaches."""

import numpy as np

from gatewright.domains.processing.frames import Projection
from gatewright.domains.processing.prepared import Prepared
from gatewright.domains.processing.tangent import TangentGrid

Part = tuple[slice, slice]
"""Rows and columns of a grid."""
_POINTS = 33
"""Points along each side of a frame."""
_BORDER = 8
"""Pixels that a part has more on each side: frames are shifted to match their stars."""


def reached(frame: Prepared, grid: Projection, shape: tuple[int, int]) -> Part:
    """Return a part of a grid of ``shape`` that has all pixels which a frame reaches.

    On a tangent plane, the border of a frame encloses the frame. On other grids, such
    as maps of the whole sky, it need not, and the part is the whole grid. Besides
    saving work, a part keeps the polynomials of a frame's distortion from being used
    far from the frame, where they may fold other places of the sky into it.
    """
    whole = slice(0, shape[0]), slice(0, shape[1])
    if not isinstance(grid, TangentGrid):
        return whole
    height, width = frame.values.shape
    along = np.linspace(0.0, 1.0, _POINTS)
    low, high = np.zeros(_POINTS), np.ones(_POINTS)
    x, y = grid.to_pixels(
        *frame.projection.to_sky(
            np.concatenate([along, along, low, high]) * width - 0.5,
            np.concatenate([low, high, along, along]) * height - 0.5,
        )
    )
    if not np.isfinite(x + y).all():
        return whole
    rows, columns = (
        slice(
            int(np.clip(np.floor(part.min()) - _BORDER, 0, side)),
            int(np.clip(np.ceil(part.max()) + _BORDER + 1, 0, side)),
        )
        for part, side in zip((y, x), shape, strict=True)
    )
    return rows, columns
