"""Stamps: square cut-outs of a fixed size, padded with NaN beyond the image.

Stamps of one position and size align with each other, wherever the position lies in
each image.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gatewright.backends.fits.blocks import BLOCK
from gatewright.backends.fits.box import Box
from gatewright.backends.fits.cards import cutout_header, make_card, table_header
from gatewright.backends.fits.header import cards
from gatewright.backends.fits.image_wcs import ImageWcs
from gatewright.backends.fits.source import Source, pedestal, physical, pieces
from gatewright.core.errors import InvalidContent, NotFound, TooLarge
from gatewright.domains.sky import Circle, Region, odd_side

MOST_PIXELS = 2048
"""Largest side of a stamp, pixels."""
_STEP = 1 / 3600.0
_SLACK, _DISTORTION = 2.0, 0.02
_SCALING = (b"BSCALE  ", b"BZERO   ", b"BLANK   ")


def stamp_box(
    region: Region, wcs: ImageWcs, pixels: int | None, arcsec: float | None = None
) -> Box:
    """Return the square around the centre of a circle; it may exceed the image.

    The side is the odd number of pixels that has so many ``arcsec`` at the position,
    but ``pixels`` if these are about as many. Without ``arcsec`` it is ``pixels``, or
    else the circle's diameter rounded to an odd number. The position lies in the middle
    pixel of an odd side, and in the pixel after the middle of an even side.

    Raises
    ------
    InvalidContent
        The region is not a circle.
    NotFound
        The square contains no pixel of the image.
    TooLarge
        The side would exceed 2048 pixels.
    """
    if not isinstance(region, Circle):
        raise InvalidContent("A padded cut-out is round a place: CIRCLE ra dec radius.")
    ra, dec = region.longitude % 360.0, region.latitude
    beside = dec - _STEP if dec > 0 else dec + _STEP
    x, y = wcs.to_pixels(np.array([ra, ra]), np.array([dec, beside]))
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise NotFound("The place has no pixel of this image.")
    step = math.hypot(x[1] - x[0], y[1] - y[0])
    if arcsec is not None:
        # The scale differs over a field, and a little from one epoch to the next.
        here = arcsec * step
        if pixels is None or abs(here - pixels) > _SLACK + _DISTORTION * here:
            pixels = odd_side(arcsec, 1 / step)
    elif pixels is None:
        pixels = 2 * math.floor(region.radius / _STEP * step) + 1
    if pixels > MOST_PIXELS:
        raise TooLarge(
            f"The padded cut-out would have {pixels} pixels on a side, more than "
            f"{MOST_PIXELS}. Ask for a smaller size."
        )
    x0, y0 = (math.floor(place[0] + 0.5) - pixels // 2 for place in (x, y))
    box = Box(x0, x0 + pixels, y0, y0 + pixels)
    inner = within(box, wcs)
    if inner.width < 1 or inner.height < 1:
        raise NotFound("The place has no pixel of this image.")
    return box


def within(box: Box, wcs: ImageWcs) -> Box:
    """Return the part of a box that lies in the image."""
    return Box(
        *(max(box.x0, 0), min(box.x1, wcs.width)),
        *(max(box.y0, 0), min(box.y1, wcs.height)),
        box.further,
    )


def padded_pixels(
    source: Source, box: Box, *, relative: bool = False
) -> tuple[NDArray[np.float32], float]:
    """Return the pixels of a box of one plane, with NaN outside the image.

    With ``relative`` their pedestal is subtracted, so that small differences remain. It
    is returned as well, otherwise 0.
    """
    inner = within(box, source.wcs)
    whole = np.full((box.height, box.width), np.nan, np.float32)
    raw = bytearray().join(pieces(source, inner))
    rows = slice(inner.y0 - box.y0, inner.y1 - box.y0)
    columns = slice(inner.x0 - box.x0, inner.x1 - box.x0)
    minus = pedestal(source, raw) if relative else 0.0
    whole[rows, columns] = physical(source, raw, inner.width, minus)
    return whole, minus


def padded_parts(source: Source, box: Box) -> Iterator[bytes]:
    """Yield the bytes of a stamp as FITS, with 32-bit floats and NaN padding."""
    own = [card for card in cards(source.own) if not card.startswith(_SCALING)]
    bits = make_card("BITPIX", "-32", "IEEE single precision")
    own = [bits if card.startswith(b"BITPIX  ") else card for card in own]
    yield cutout_header(
        b"".join(own), source.primary, box, source.name, extended=bool(source.tables)
    )
    data = padded_pixels(source, box)[0].astype(">f4").tobytes()
    yield data
    yield bytes(-len(data) % BLOCK)
    for table in source.tables:
        yield table_header(table.header, box)
        yield table.data
