"""Draws three images of one place in colour, resampled to one grid."""

import math
from dataclasses import replace

import numpy as np

from gatewright.backends.fits.encode import encode
from gatewright.backends.fits.marks import Sight, mark
from gatewright.backends.fits.on_grid import on_grid, scale_at
from gatewright.backends.fits.source import Source
from gatewright.domains.processing.tangent import TangentGrid
from gatewright.domains.sky import Circle, Colours, colour_levels

LONGEST_SIDE = 1024
"""Most pixels on a side of a picture in colour."""


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
    scales = [scale_at(source, ra, dec) for source in sources]
    own = 2 * math.floor(circle.radius / min(scales)) + 1
    side = pixels or min(LONGEST_SIDE, own)
    scale = 2 * circle.radius / side if pixels or own > side else min(scales)
    grid = TangentGrid(ra, dec, scale, side)
    red, green, blue = (
        on_grid(source, grid, own_scale)
        for source, own_scale in zip(sources, scales, strict=True)
    )
    minus = (red[1], green[1], blue[1])
    if colours.black is not None:
        told = zip(colours.black, minus, strict=True)
        r, g, b = (black - pedestal for black, pedestal in told)
        colours = replace(colours, black=(r, g, b))
    picture = colour_levels((red[0], green[0], blue[0]), colours)
    names = dict(zip(("Red", "Green", "Blue"), (s.name for s in sources), strict=True))
    picture = np.ascontiguousarray(picture[::-1])
    if marks:
        picture = mark(picture, Sight((0.0, 1 / scale), (-1 / scale, 0.0)), "")
    return encode(picture, form, **names)
