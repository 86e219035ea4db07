"""Where the pixels of an image are on the sky."""

import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import astropy.units as u
import numpy as np
from astropy.coordinates import ICRS, SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import wcs_to_celestial_frame
from numpy.typing import NDArray

from gatewright.backends.fits.tables import LookupTable
from gatewright.core.errors import InvalidContent
from gatewright.domains.sky import geometry

Numbers = NDArray[np.float64]

_NUMBERS = re.compile(
    r"(CR(VAL|PIX|OTA)[12]|CDELT[12]|(CD|PC)[12]_[12]|PV[12]_\d+|(LON|LAT)POLE"
    r"|(A|B|AP|BP)_(ORDER|\d_\d)|CNPIX[12]|AMD[XY]\d+|PPO\d)"
)
_SKY_AXIS = re.compile(r"RA--|DEC-|[GESH]L(ON|AT)", re.IGNORECASE)
_WIDE = math.radians(2.5)
_WIDEST = math.radians(80.0)
_FORWARD = math.radians(30.0)
_MOST = 16


@dataclass(frozen=True, slots=True)
class ImageWcs:
    """An image's pixels and their places, ICRS degrees; pixels count from 0."""

    astropy_wcs: Any
    """World coordinate system of the first two axes (astropy)."""
    frame: Any
    """Celestial frame of it; None where it is ICRS."""
    width: int
    """Pixels along a row."""
    height: int
    """Rows."""

    def to_sky(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """Return right ascensions and declinations of pixel positions."""
        first, second = self.astropy_wcs.all_pix2world(x, y, 0)
        longitude, latitude = (second, first) if self._swapped else (first, second)
        if self.frame is None:
            return longitude % 360.0, latitude
        sky = SkyCoord(longitude * u.deg, latitude * u.deg, frame=self.frame)
        icrs = sky.transform_to(ICRS())
        return icrs.ra.deg, icrs.dec.deg

    def to_pixels(self, ra: Numbers, dec: Numbers) -> tuple[Numbers, Numbers]:
        """Return pixel positions; NaN for directions that the projection lacks."""
        if self.frame is not None:
            sky = SkyCoord(ra * u.deg, dec * u.deg, frame=ICRS())
            moved = sky.transform_to(self.frame)
            ra, dec = moved.spherical.lon.deg, moved.spherical.lat.deg
        first, second = (dec, ra) if self._swapped else (ra, dec)
        x, y = self.astropy_wcs.all_world2pix(first, second, 0, quiet=True)
        return x, y

    @property
    def _swapped(self) -> bool:
        """Whether the declination is the first of the two axes."""
        return bool(self.astropy_wcs.wcs.lng == 1)

    def vectors(self, x: Numbers, y: Numbers) -> geometry.Vectors:
        """Return directions of pixel positions."""
        return geometry.unit_vectors(*self.to_sky(x, y))

    @property
    def centre(self) -> tuple[float, float]:
        """Pixel position of the middle."""
        return (self.width - 1) / 2, (self.height - 1) / 2


def make_image_wcs(
    header: fits.Header, width: int, height: int, tables: Sequence[LookupTable] = ()
) -> ImageWcs:
    """Return the WCS of a header, and of the tables of its distortion.

    Raises
    ------
    InvalidContent
        The header has no celestial WCS, or none that can be used.
    """
    _check_numbers(header)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            beside = [fits.PrimaryHDU(), *(table.hdu() for table in tables)]
            wcs = WCS(header, fits.HDUList(beside) if tables else None, naxis=2)
        except Exception as error:  # wcslib and astropy raise many kinds
            known = _further_sky(header)
            reason = _without_sky(header) if known else "its WCS cannot be understood"
            raise InvalidContent(reason) from error
        if not (wcs.has_celestial and wcs.naxis == 2):
            raise InvalidContent(_without_sky(header))
        try:
            frame = wcs_to_celestial_frame(wcs)
        except Exception as error:  # astropy raises several kinds
            raise InvalidContent("its celestial frame is not known here") from error
    return ImageWcs(wcs, None if isinstance(frame, ICRS) else frame, width, height)


def _without_sky(header: fits.Header) -> str:
    """Return why an image has no place on the sky."""
    if _further_sky(header):
        return "its first two axes are not both on the sky"
    return "no celestial WCS"


def _further_sky(header: fits.Header) -> bool:
    """Return whether an axis after the second is one of the sky."""
    further = (str(header.get(f"CTYPE{axis}", "")) for axis in range(3, 10))
    return any(_SKY_AXIS.match(value) for value in further)


def _check_numbers(header: fits.Header) -> None:
    """Refuse a header in which a number of the WCS is something else.

    wcslib passes over such a card and takes 0 or 1 for it.
    """
    for keyword in header:
        if _NUMBERS.fullmatch(keyword):
            try:
                value = header[keyword]
            except (ValueError, fits.VerifyError) as error:
                raise InvalidContent(f"{keyword} is not a number") from error
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise InvalidContent(f"{keyword} is not a number")


def outline(wcs: ImageWcs) -> tuple[tuple[float, float], ...]:
    """Return the footprint: corners of the outer pixels and points between.

    Raises
    ------
    InvalidContent
        A part of the border is not on the sky, or the image is too wide.
    """
    middle = wcs.vectors(*(np.array([c]) for c in wcs.centre))
    ra, dec = wcs.to_sky(*border(wcs, _MOST))
    spots = geometry.unit_vectors(ra, dec)
    reach = geometry.angle(spots, middle)
    if not np.all(np.isfinite(reach)):
        raise InvalidContent("a part of its border has no place on the sky")
    if reach.max() > _WIDEST:
        raise InvalidContent("it is wider than 160 degrees")
    if _area(spots) <= 0:
        raise InvalidContent("its footprint has no area")
    step = 1 if reach.max() > _WIDE else _widest_step(spots, pixel_size(wcs))
    return tuple(zip(ra[::step].tolist(), dec[::step].tolist(), strict=True))


def _widest_step(spots: geometry.Vectors, pixel: float) -> int:
    """Return which points of a border to keep for it to be true to a tenth of a pixel.

    Every n-th is kept; ``pixel`` is in arcseconds. The sides of an image without
    distortion, by the usual projection, are great circles.
    """
    allowed = math.radians(0.1 * pixel / 3600.0)
    for step in (8, 4, 2):
        kept = np.broadcast_to(spots[::step], (len(spots), len(spots) // step, 3))
        distances, _ = geometry.edge_distances(spots, kept)
        if distances.min(axis=1).max() <= allowed:
            return step
    return 1


def _area(corners: geometry.Vectors) -> float:
    return float(np.linalg.norm(np.cross(corners, np.roll(corners, -1, 0)).sum(0)))


def border(wcs: ImageWcs, each: int) -> tuple[Numbers, Numbers]:
    """Return pixel positions round the image, ``each`` to a side."""
    x, y = unit_border(each)
    return x * wcs.width - 0.5, y * wcs.height - 0.5


def unit_border(each: int) -> tuple[Numbers, Numbers]:
    """Return positions round the square from 0 to 1, ``each`` to a side."""
    step = np.arange(each) / each
    zero = np.zeros(each)
    x = np.concatenate([step, zero + 1, 1 - step, zero])
    y = np.concatenate([zero, step, zero + 1, 1 - step])
    return x, y


def pixel_size(wcs: ImageWcs) -> float:
    """Return the side of a square of the middle pixel's area, arcseconds."""
    x, y = wcs.centre
    spots = wcs.vectors(np.array([x, x + 1, x]), np.array([y, y, y + 1]))
    area = np.linalg.norm(np.cross(spots[1] - spots[0], spots[2] - spots[0]))
    return math.degrees(math.sqrt(float(area))) * 3600.0


def near(wcs: ImageWcs, directions: geometry.Vectors) -> bool:
    """Return whether directions are near enough to be turned into pixels safely."""
    x, y = wcs.centre
    middle = wcs.vectors(np.array([x]), np.array([y]))
    return bool(geometry.angle(directions, middle).max() <= _FORWARD)
