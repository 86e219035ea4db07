"""Draws three images of one place in colour, resampled to one grid."""

import math
from dataclasses import replace

import numpy as np

from gatewright.backends.fits.box import Box, box_of
from gatewright.backends.fits.encode import encode
from gatewright.backends.fits.marks import Sight, mark
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
from gatewright.domains.sky import Circle, Colours, colour_levels

LONGEST_SIDE = 1024
"""Most pixels on a side of a picture in colour."""
_MARGIN = 8
_STEP = 1 / 3600.0
_MOST_PIXELS = 1 << 24


def colour_picture(
    sources: tuple[Source, Source, Source],
    circle: Circle,
    pixels: int | None,
    colours: Colours,
    form: str = "png",
    *,
    marks: bool = False,
) -> bytes:
    """Return a picture of images for red, green and blue, north up and east left.

    By default its pixels are as small as the smallest of the images', but at most 1024
    on a side. Values are interpolated with a Lanczos kernel; where the picture is
    coarser than an image, blocks of the image's pixels are averaged first.

    Raises
    ------
    NotFound
        The circle has no pixel of an image.
    TooLarge
        The circle has more than 16 million pixels of an image.
    """
    ra, dec = circle.longitude % 360.0, circle.latitude
    scales = [_scale_at(source, ra, dec) for source in sources]
    own = 2 * math.floor(circle.radius / min(scales)) + 1
    side = pixels or min(LONGEST_SIDE, own)
    scale = 2 * circle.radius / side if pixels or own > side else min(scales)
    grid = TangentGrid(ra, dec, scale, side)
    # A circle round the corners of the square.
    around = Circle(ra, dec, min(180.0, scale * side * math.sqrt(0.5)))
    red, green, blue = (
        _on_grid(source, around, grid, max(1, math.floor(scale / own_scale + 1e-6)))
        for source, own_scale in zip(sources, scales, strict=True)
    )
    levels = []
    for source, (values, _) in zip(sources, (red, green, blue), strict=True):
        if np.isnan(values).all():
            raise NotFound(f"The place has no pixel of the image {source.name}.")
        levels.append(values)
    minus = (red[1], green[1], blue[1])
    if colours.black is not None:
        told = zip(colours.black, minus, strict=True)
        r, g, b = (black - pedestal for black, pedestal in told)
        colours = replace(colours, black=(r, g, b))
    picture = colour_levels((levels[0], levels[1], levels[2]), colours)
    names = dict(zip(("Red", "Green", "Blue"), (s.name for s in sources), strict=True))
    picture = np.ascontiguousarray(picture[::-1])
    if marks:
        picture = mark(picture, Sight((0.0, 1 / scale), (-1 / scale, 0.0)), "")
    return encode(picture, form, **names)


def _scale_at(source: Source, ra: float, dec: float) -> float:
    """Return the side of a pixel at a place, degrees."""
    beside = dec - _STEP if dec > 0 else dec + _STEP
    x, y = source.wcs.to_pixels(np.array([ra, ra]), np.array([dec, beside]))
    step = math.hypot(x[1] - x[0], y[1] - y[0])
    if not math.isfinite(step) or step == 0:
        raise NotFound(f"The place has no pixel of the image {source.name}.")
    return _STEP / step


def _on_grid(
    source: Source, around: Circle, grid: TangentGrid, block: int
) -> tuple[Pixels, float]:
    """Return an image on a grid, and the pedestal that its values are without.

    Pixels that the image does not have are NaN.
    """
    near = box_of(around, source.wcs)
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
        projection = BinnedProjection(projection, block)
    placement = place(grid, (grid.side, grid.side), projection)
    if values.shape == placement.x.shape and is_identity(placement):
        return values, minus
    found, lost, change = resample(values, ~np.isfinite(values), placement)
    # The picture shows surface brightness, so that the size of pixels does not matter.
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(lost, np.float32(np.nan), found / change), minus
