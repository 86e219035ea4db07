"""Reads frames for image processing: pixels with the header values that it needs."""

from dataclasses import replace

import numpy as np
from astropy.io import fits

from gatewright.backends.fits.box import Box, box_of
from gatewright.backends.fits.header import Header, parse_header
from gatewright.backends.fits.source import load, physical, pieces
from gatewright.core.errors import InvalidContent, NotFound
from gatewright.domains.processing import Circle, OutsideFrame
from gatewright.domains.processing.frames import Frame, ShiftedProjection
from gatewright.domains.sky import Circle as Region

_GAIN = ("GAIN", "EGAIN", "GAINA")
_SATURATION = ("SATURATE", "SATLEVEL", "SATURATA")
_ELECTRONS = ("electron", "electrons", "e-", "e")


def read_frame(
    path: str, identity: str, hdu: int, place: Circle | None, margin: int
) -> Frame:
    """Return the pixels around a place; see ``domains.processing.FrameLoader``.

    With a ``place``, the frame has ``margin`` pixels more on each side. Without one, it
    is the whole image.

    Raises
    ------
    OutsideFrame
        The place contains no pixel of the image.
    InvalidContent
        The image is a cube of several planes, none of which stands for all.
    """
    source = load(path, identity, hdu)
    if source.cube.planes > 1:
        raise InvalidContent(
            f"The image “{source.name}” has {source.cube.planes} planes, and only "
            "images of one plane can be processed. Leave it out."
        )
    width, height = source.wcs.width, source.wcs.height
    flat = Box(0, width, 0, height)
    if place is not None:
        try:
            near = box_of(Region(place.ra, place.dec, place.radius), source.wcs)
        except NotFound as error:
            raise OutsideFrame(error.text) from error
        flat = Box(
            max(0, near.x0 - margin),
            min(width, near.x1 + margin),
            max(0, near.y0 - margin),
            min(height, near.y1 + margin),
        )
    plane = tuple((n, n + 1) for n in source.cube.shown())
    box = replace(flat, further=plane)
    parts = [physical(source, raw, box.width) for raw in pieces(source, box)]
    header, primary = parse_header(source.own), parse_header(source.primary)
    # Electrons in a unit: 1 where the unit is an electron.
    gain = _number(_GAIN, header, primary)
    if header.text("BUNIT").lower() in _ELECTRONS:
        gain = 1.0
    cards: fits.Header = source.wcs.astropy_wcs.to_header(relax=True)
    cards["CRPIX1"] -= flat.x0
    cards["CRPIX2"] -= flat.y0
    return Frame(
        np.concatenate(parts),
        ShiftedProjection(source.wcs, flat.x0, flat.y0),
        gain=gain,
        saturation=_number(_SATURATION, header, primary),
        name=source.name,
        cards=str(cards.tostring(endcard=False)),
    )


def _number(keywords: tuple[str, ...], *headers: Header) -> float | None:
    """Return the first positive number among some keywords; None without one."""
    for header in headers:
        for keyword in keywords:
            value = header.number(keyword)
            if value is not None and value > 0:
                return value
    return None
