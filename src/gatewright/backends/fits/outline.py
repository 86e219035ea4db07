"""Outlines of images on the sky: great circles that follow the border to 0.1 pixel.

Most images have one polygon as their outline. An image wider than 160 degrees has
several polygons that together cover it; for a map of the whole sky these are the eight
octants.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gatewright.backends.fits.image_wcs import ImageWcs, Numbers
from gatewright.core.errors import InvalidContent
from gatewright.domains.sky import geometry

Outline = tuple[tuple[float, float], ...]

_WIDEST = np.radians(80.0)
_PIECE = np.radians(40.0)
_PIECES = 512
_FIRST = 8
"""Number of points per side in the first attempt. Every second or fourth of them is
kept if the chords between those follow the side well enough."""
_MOST = 2048
_SHARE = 0.08
"""Largest distance in pixels between a great circle and the border; 0.1 is promised."""
_RIM = 0.1
"""Pixels of the sky's rim that an image may lack and still count as whole sky."""
_WITHIN = 0.5
"""Pixels by which polygons of one image overlap, so that there is no gap between them.
"""
_WHOLE_SKY = tuple(
    tuple((float(ra % 360), dec) for ra, dec in ((ra, 0.0), (ra + 90, 0.0), (ra, pole)))
    for ra in (0, 90, 180, 270)
    for pole in (90.0, -90.0)
)
_SPOTS = 4000
_NORTH = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True)
class Footprint:
    """Outline and position of an image on the sky."""

    polygon: Outline
    """Vertices (right ascension and declination, ICRS degrees) of its border,
    counter-clockwise as seen from the Earth; empty for a wide image."""
    pieces: tuple[Outline, ...]
    """Polygons that together cover a wide image; empty for any other."""
    ra: float
    """Right ascension of the centre, ICRS degrees."""
    dec: float
    """Declination of the centre, ICRS degrees."""
    fov: float
    """Diameter in degrees of the circle around the centre that encloses the image."""
    scale: float
    """Pixel scale at the centre: square root of the pixel's area, arcseconds."""


def footprint(wcs: ImageWcs) -> Footprint:
    """Return the outline and position of an image.

    Raises
    ------
    InvalidContent
        The outline has no area, or a part of the border is outside of the projection
        and the image is not a map of the whole sky.
    """
    x, y = wcs.centre
    spots = wcs.vectors(np.array([x, x + 1, x]), np.array([y, y, y + 1]))
    area = np.linalg.norm(np.cross(spots[1] - spots[0], spots[2] - spots[0]))
    scale = float(np.degrees(np.sqrt(area))) * 3600.0
    rim = wcs.vectors(*border(wcs, _FIRST))
    reach = geometry.angle(rim, spots[0])
    if not reach.max() <= _WIDEST:  # also where a point is NaN
        return _wide(wcs, spots[0], scale)
    corners = np.cross(rim, np.roll(rim, -1, 0)).sum(0)
    if not np.linalg.norm(corners) > 0:
        raise InvalidContent("its footprint has no area")
    polygon = _polygon(wcs, 0, wcs.width, 0, wcs.height)
    ra, dec = geometry.degrees(spots[0])
    return Footprint(polygon, (), float(ra), float(dec), _diameter(reach), scale)


@lru_cache(maxsize=64)
def is_wide(wcs: ImageWcs) -> bool:
    """Return whether an image is wider than 160 degrees or has pixels off the sky.

    The projection of such an image may have a seam, or show a place twice.
    """
    x, y = border(wcs, _FIRST)
    spots = wcs.vectors(np.append(x, wcs.centre[0]), np.append(y, wcs.centre[1]))
    return not geometry.angle(spots[:-1], spots[-1]).max() <= _WIDEST


def _diameter(reach: Numbers) -> float:
    return float(np.degrees(2 * reach.max()))


def _polygon(wcs: ImageWcs, x0: float, x1: float, y0: float, y1: float) -> Outline:
    """Return the outline of a block of columns and rows.

    ``x0`` to ``y1`` are edges of pixels: 0 is the lower edge of pixel 0.

    Raises
    ------
    InvalidContent
        A part of the border is outside of the projection.
    """
    corners = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    sides = [
        _side(wcs, corners[n], corners[(n + 1) % 4], corners[(n + 2) % 4])
        for n in range(4)
    ]
    spots = np.concatenate(sides)
    if not np.all(np.isfinite(spots)):
        raise InvalidContent("a part of its border has no place on the sky")
    spots = spots[geometry.angle(spots, np.roll(spots, 1, 0)) > geometry.TOUCH]
    # Seen from the Earth the other way round than from outside.
    ra, dec = geometry.degrees(geometry.oriented(spots[np.newaxis])[0, ::-1])
    return tuple(zip(ra.tolist(), dec.tolist(), strict=True))


def _side(
    wcs: ImageWcs,
    start: tuple[float, float],
    end: tuple[float, float],
    following: tuple[float, float],
) -> geometry.Vectors:
    """Return points along a side, without its end, whose chords follow the side.

    ``following`` is the end of the next side, and tells on which side the image lies.
    """
    inward = np.sign(np.subtract(following, end))
    each = _FIRST
    while True:
        share = np.linspace(0.0, 1.0, each + 1)[:, None]
        place = (1.0 - share) * start + share * end - 0.5
        both = np.concatenate([place, place + inward]).T
        spots = wcs.vectors(both[0], both[1])
        # The places one pixel further in say how wide a pixel is there.
        rim, inner = spots[: each + 1], spots[each + 1 :]
        for step in (4, 2):
            # Are the points between near enough to the chords over so many?
            normal = np.cross(rim[:-1:step], rim[step::step])
            length = np.linalg.norm(normal, axis=-1, keepdims=True)
            normal = np.repeat(normal / np.where(length > 0, length, 1.0), step, axis=0)
            off = np.einsum("ij,ij->i", normal, rim[:-1])
            pixel = np.abs(np.einsum("ij,ij->i", normal, inner[:-1]) - off)
            if np.all(np.abs(off) <= _SHARE * pixel + geometry.TOUCH):
                return rim[:-1:step]
        if each >= _MOST:
            return rim[:-1]
        each *= 4


def _wide(wcs: ImageWcs, middle: geometry.Vectors, scale: float) -> Footprint:
    """Return the outline of an image that is wider than 160 degrees.

    Raises
    ------
    InvalidContent
        The centre or a part of the border is outside of the projection, and the image
        is not a map of the whole sky.
    """
    ra, dec = (float(number) for number in geometry.degrees(middle))
    if not np.isfinite(ra + dec + scale):
        raise InvalidContent("its middle has no place on the sky")
    # A map of the whole sky has a pixel for each of many evenly spread places.
    x, y = wcs.to_pixels(*geometry.degrees(spread(_SPOTS)))
    with np.errstate(invalid="ignore"):
        inside = (x >= -0.5 - _RIM) & (x <= wcs.width - 0.5 + _RIM)
        inside &= (y >= -0.5 - _RIM) & (y <= wcs.height - 0.5 + _RIM)
    if inside.all():
        return Footprint((), _WHOLE_SKY, ra, dec, 360.0, scale)
    rim = wcs.vectors(*border(wcs, 4 * _FIRST))
    if not np.all(np.isfinite(rim)):
        raise InvalidContent(
            "a part of its border has no place on the sky, and it is not a map of the "
            "whole sky; of such images only those are taken"
        )
    pieces = _pieces(wcs)
    return Footprint((), pieces, ra, dec, _diameter(geometry.angle(rim, middle)), scale)


def spread(
    count: int, middle: geometry.Vectors = _NORTH, radius: float = np.pi
) -> geometry.Vectors:
    """Return directions spread evenly over a circle, and both poles.

    The directions, unit vectors of shape (count + 2, 3), are points of a Fibonacci
    spiral (Swinbank & Purser 2006, QJRMS 132, 1769). ``middle`` is the centre's unit
    vector, ``radius`` is in radians.
    """
    number = np.arange(count) + 0.5
    along = 1.0 - (1.0 - np.cos(radius)) * number / count
    turn = np.pi * (1.0 + np.sqrt(5.0)) * number
    flat = np.sqrt(1.0 - along * along)
    side = np.cross(middle, np.eye(3)[np.argmin(np.abs(middle))])
    side /= np.linalg.norm(side)
    axes = np.stack([side, np.cross(middle, side), middle])
    spiral = np.stack([flat * np.cos(turn), flat * np.sin(turn), along], axis=-1)
    return np.vstack([spiral @ axes, [_NORTH, -_NORTH]])


def _pieces(wcs: ImageWcs) -> tuple[Outline, ...]:
    """Return polygons that cover the image, each small enough to be exact.

    A piece is divided until its rim is within 40 degrees of its centre.

    Raises
    ------
    InvalidContent
        More than 512 polygons would be needed.
    """
    todo = [(0.0, float(wcs.width), 0.0, float(wcs.height))]
    pieces: list[Outline] = []
    while todo:
        if len(todo) + len(pieces) > _PIECES:
            raise InvalidContent("it is wider than 160 degrees, and its pixels too")
        x0, x1, y0, y1 = todo.pop()
        rim = wcs.vectors(*border(wcs, _FIRST, (x0, x1, y0, y1)))
        middle = wcs.vectors(
            np.array([(x0 + x1) / 2 - 0.5]), np.array([(y0 + y1) / 2 - 0.5])
        )
        if geometry.angle(rim, middle).max() <= _PIECE:
            pieces.append(
                _polygon(
                    wcs,
                    max(0.0, x0 - _WITHIN),
                    min(wcs.width, x1 + _WITHIN),
                    max(0.0, y0 - _WITHIN),
                    min(wcs.height, y1 + _WITHIN),
                )
            )
            continue
        across = geometry.angle(rim[: _FIRST - 1], rim[1:_FIRST]).sum()
        up = geometry.angle(rim[_FIRST : 2 * _FIRST - 1], rim[_FIRST + 1 : 2 * _FIRST])
        if across >= up.sum():
            half = (x0 + x1) / 2
            todo += [(x0, half, y0, y1), (half, x1, y0, y1)]
        else:
            half = (y0 + y1) / 2
            todo += [(x0, x1, y0, half), (x0, x1, half, y1)]
    return tuple(pieces)


def border(
    wcs: ImageWcs,
    each: int,
    edges: tuple[float, float, float, float] | None = None,
) -> tuple[Numbers, Numbers]:
    """Return pixel positions around the image, ``each`` per side.

    ``edges`` limits this to a part of the image: first and last column edge, first and
    last row edge.
    """
    x0, x1, y0, y1 = edges or (0.0, float(wcs.width), 0.0, float(wcs.height))
    x, y = unit_border(each)
    return x0 + x * (x1 - x0) - 0.5, y0 + y * (y1 - y0) - 0.5


def unit_border(each: int) -> tuple[Numbers, Numbers]:
    """Return positions around the unit square, ``each`` per side."""
    step = np.arange(each) / each
    zero = np.zeros(each)
    x = np.concatenate([step, zero + 1, 1 - step, zero])
    y = np.concatenate([zero, step, zero + 1, 1 - step])
    return x, y
