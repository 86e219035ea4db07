"""Stamps: square cut-outs of a fixed size, padded with NaN beyond the image.

Stamps of one position and size align with each other, wherever the position lies in
each image.
"""

import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gatewright.backends.fits.blocks import BLOCK
from gatewright.backends.fits.box import Box
from gatewright.backends.fits.cards import cutout_header, make_card, table_header
from gatewright.backends.fits.header import CARD, cards
from gatewright.backends.fits.image_wcs import ImageWcs
from gatewright.backends.fits.source import Source, pedestal, physical, pieces
from gatewright.core.errors import InvalidContent, NotFound, TooLarge
from gatewright.domains.sky import Circle, Region, geometry, odd_side

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
    x, y = wcs.to_pixels(np.array([ra]), np.array([dec]))
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise NotFound("The place has no pixel of this image.")
    near = wcs.vectors(x + np.array([0, 1, -1, 0, 0]), y + np.array([0, 0, 0, 1, -1]))
    widths = np.degrees(geometry.angle(near[1:], near[0])) / _STEP
    # Of pixels that are not square the shorter side counts, so that no side of the
    # square is less than was asked for. A neighbour may be outside of the projection.
    widths = widths[widths > 0]
    if not len(widths):
        raise NotFound("The place has no pixel of this image.")
    step = 1 / float(widths.min())
    if arcsec is not None:
        # The scale differs over a field, and a little from one epoch to the next.
        here = arcsec * step
        if pixels is None or abs(here - pixels) > _SLACK + _DISTORTION * here:
            pixels = odd_side(here, 1.0)
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


def stamp_kind(source: Source, *, flags: bool) -> np.dtype[np.generic]:
    """Return the type of a stamp's pixels: 32-bit floats, but integers for flags.

    Floats would round the flags of 32 bits.
    """
    slope, zero, _ = source.scaling
    unsigned = 2.0 ** (8 * source.kind.itemsize - 1)
    stored = source.kind.kind in "iu" and slope == 1 and zero in {0.0, unsigned}
    return source.kind if flags and stored else np.dtype(">f4")


def stamp_cards(source: Source, kind: np.dtype[np.generic]) -> bytes:
    """Return the image's header for a stamp whose pixels have a type."""
    return _stamp_cards(source.own, is_float=kind.kind == "f")


@lru_cache(maxsize=64)
def _stamp_cards(header: bytes, *, is_float: bool) -> bytes:
    own = list(cards(header))
    if not is_float:
        text = "COMMENT All bits of pixels beyond the image are set."
        return b"".join([*own, text.ljust(CARD).encode()])
    own = [card for card in own if not card.startswith(_SCALING)]
    bits = make_card("BITPIX", "-32", "IEEE single precision")
    return b"".join(bits if card.startswith(b"BITPIX  ") else card for card in own)


def stamp_data(source: Source, box: Box, kind: np.dtype[np.generic]) -> bytes:
    """Return the pixels of a stamp as they are stored in FITS.

    Beyond the image they are NaN, and all bits of flags are set, as nothing is known of
    the pixel.
    """
    if kind.kind == "f":
        return padded_pixels(source, box)[0].astype(kind).tobytes()
    inner = within(box, source.wcs)
    raw = bytearray().join(pieces(source, inner))
    signed = kind.kind == "i" and source.scaling[1] == 0
    whole = np.full((box.height, box.width), -1 if signed else np.iinfo(kind).max, kind)  # type: ignore[type-var]
    rows = slice(inner.y0 - box.y0, inner.y1 - box.y0)
    columns = slice(inner.x0 - box.x0, inner.x1 - box.x0)
    whole[rows, columns] = np.frombuffer(raw, kind).reshape(-1, inner.width)
    return whole.tobytes()


def padded_parts(source: Source, box: Box, *, flags: bool = False) -> Iterator[bytes]:
    """Yield the bytes of a stamp as FITS.

    Its pixels are 32-bit floats with NaN beyond the image; those of ``flags`` remain
    integers.
    """
    kind = stamp_kind(source, flags=flags)
    own, more = stamp_cards(source, kind), bool(source.tables)
    yield cutout_header(own, source.primary, box, source.name, extended=more)
    data = stamp_data(source, box, kind)
    yield data
    yield bytes(-len(data) % BLOCK)
    for table in source.tables:
        yield table_header(table.header, box)
        yield table.data
