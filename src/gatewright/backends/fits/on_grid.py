"""Resamples a part of an image to the tangent plane of a place, for pictures."""

import math
from dataclasses import replace

import numpy as np

from gatewright.backends.fits.box import Box, box_of
from gatewright.backends.fits.padded import within
from gatewright.backends.fits.source import Source, pedestal, physical, pieces
from gatewright.core.errors import NotFound, TooLarge
from gatewright.domains.processing.frames import Pixels, Projection, ShiftedProjection
from gatewright.domains.processing.tangent import (
    BinnedProjection,
    TangentGrid,
    binned,
)
from gatewright.domains.processing.warp import is_identity, place, resample
from gatewright.domains.sky import Circle

_MARGIN = 8
_STEP = 1 / 3600.0
_MOST_PIXELS = 1 << 24


def scale_at(source: Source, ra: float, dec: float) -> float:
    """Return the side of a pixel at a place, degrees."""
    beside = dec - _STEP if dec > 0 else dec + _STEP
    x, y = source.wcs.to_pixels(np.array([ra, ra]), np.array([dec, beside]))
    step = math.hypot(x[1] - x[0], y[1] - y[0])
    if not math.isfinite(step) or step == 0:
        raise NotFound(f"The place has no pixel of the image {source.name}.")
    return _STEP / step


def on_grid(
    source: Source, grid: TangentGrid, own_scale: float
) -> tuple[Pixels, float]:
    """Return an image on a grid, and the pedestal that its values are without.

    Pixels that the image does not have are NaN. ``own_scale`` is the side of a pixel of
    the image in degrees; where the grid is coarser, blocks of pixels are averaged.

    Raises
    ------
    NotFound
        The grid has no pixel of the image.
    TooLarge
        The grid has more than 16 million pixels of the image.
    """
    block = max(1, math.floor(grid.scale / own_scale + 1e-6))
    # A circle round the corners of the square.
    radius = min(180.0, grid.scale * grid.side * math.sqrt(0.5))
    near = box_of(Circle(grid.ra, grid.dec, radius), source.wcs)
    margin = _MARGIN * block
    flat = within(
        Box(near.x0 - margin, near.x1 + margin, near.y0 - margin, near.y1 + margin),
        source.wcs,
    )
    if flat.width * flat.height > _MOST_PIXELS:
        raise TooLarge(
            f"The place has {flat.width} by {flat.height} pixels of the image "
            f"{source.name}, too many for a picture in colour. Ask for a smaller "
            "radius."
        )
    box = replace(flat, further=tuple((n, n + 1) for n in source.cube.shown()))
    raw = bytearray().join(pieces(source, box))
    minus = pedestal(source, raw)
    values = physical(source, raw, box.width, minus)
    projection: Projection = ShiftedProjection(source.wcs, flat.x0, flat.y0)
    if block > 1:
        values = binned(values, block)
        if not values.size:
            raise NotFound(
                f"The image {source.name} is smaller than a pixel of this picture. Ask "
                "for a smaller radius, or for more pixels."
            )
        projection = BinnedProjection(projection, block)
    placement = place(grid, (grid.side, grid.side), projection)
    if values.shape == placement.shape and is_identity(placement):
        return values, minus
    found, lost, change = resample(values, ~np.isfinite(values), placement)
    if lost.all():
        raise NotFound(f"The place has no pixel of the image {source.name}.")
    # The picture shows surface brightness, so that the size of pixels does not matter.
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(lost, np.float32(np.nan), found / change), minus
