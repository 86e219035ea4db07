"""Chooses the pixel grid of a coadd.

A region that lies within the first frame gets the grid of that frame, whose pixels then
are not resampled. Any other region gets a grid of its own, which follows from the
region and the size of a pixel alone: a tangent plane (FITS TAN) around the region's
centre, north up and east left, with square pixels as large as those of the first frame,
rounded to three digits. Coadds of one region in several bands or times so have the same
pixels.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io import fits

from gatewright.core.errors import TooLarge
from gatewright.domains.processing import Circle
from gatewright.domains.processing.frames import Frame, Projection, pixel_size
from gatewright.domains.processing.tangent import TangentGrid
from gatewright.domains.sky import Circle as Region
from gatewright.domains.sky import geometry

WIDEST = 30.0
"""Largest radius of a region that is not within one frame, degrees."""
_RIM = 128
_CORNER = math.sqrt(2.0) * 1.001
"""Radius of a circle around a square, over half of the square's side, and a little."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The pixels of a coadd."""

    projection: Projection
    """Their place on the sky."""
    shape: tuple[int, int]
    """Height and width, pixels."""
    around: Circle | None
    """The circle around which frames are read; None to read them whole."""
    cards: str
    """FITS cards of its world coordinates."""
    told: dict[str, Any]
    """What a report says of it."""
    own: bool
    """Whether it is the grid of the first frame."""


def grid_of(place: Circle | None, first: Frame, margin: int) -> Grid:
    """Return the grid of a coadd of a region; by default the area of the first frame.

    ``first`` was read around the region. A grid of its own has ``margin`` pixels more
    than the region on each side, as frames have.

    Raises
    ------
    TooLarge
        The region is too wide for one tangent plane.
    """
    height, width = first.values.shape
    arcsec = pixel_size(first.projection, (height, width))
    if place is None or _holds(first, place):
        told = {"kind": "image", "pixel": arcsec}
        shape = (height, width)
        return Grid(first.projection, shape, place, first.cards, told, own=True)
    if place.radius > WIDEST:
        raise TooLarge(
            "A coadd of a region that is not within one image is made on one tangent "
            f"plane, which may have a radius of {WIDEST:g} degrees at most. Request a "
            "smaller region with “pos”."
        )
    arcsec = float(f"{arcsec:.3g}")
    scale = arcsec / 3600.0
    reach = math.degrees(math.tan(math.radians(place.radius))) / scale
    side = 2 * (math.ceil(reach) + margin) + 1
    header = fits.Header()
    header["WCSAXES"] = 2
    for axis, name, value, step in (
        (1, "RA---TAN", place.ra, -scale),
        (2, "DEC--TAN", place.dec, scale),
    ):
        header[f"CTYPE{axis}"], header[f"CUNIT{axis}"] = name, "deg"
        header[f"CRVAL{axis}"], header[f"CRPIX{axis}"] = value, (side + 1) / 2
        header[f"CDELT{axis}"] = step
    header["RADESYS"] = "ICRS"
    return Grid(
        TangentGrid(place.ra, place.dec, scale, side),
        (side, side),
        Circle(place.ra, place.dec, min(180.0, place.radius * _CORNER)),
        str(header.tostring(endcard=False)),
        {"kind": "tangent-plane", "pixel": arcsec},
        own=False,
    )


def _holds(frame: Frame, place: Circle) -> bool:
    """Return whether a circle lies within the pixels of a frame."""
    height, width = frame.values.shape
    rim = Region(place.ra, place.dec, place.radius).outline(_RIM)
    x, y = frame.projection.to_pixels(*geometry.degrees(rim))
    if not np.isfinite(x + y).all():
        return False
    middle = frame.projection.to_pixels(np.array([place.ra]), np.array([place.dec]))
    return all(
        -0.5 <= part.min() <= at[0] <= part.max() <= side - 0.5
        for part, at, side in zip((x, y), middle, (width, height), strict=True)
    )
