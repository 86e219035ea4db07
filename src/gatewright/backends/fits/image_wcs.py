"""The world coordinate system (WCS) of an image.

The WCS is computed by wcslib through astropy, from the WCS cards of the header only. If
the image has no distortion that astropy itself applies, wcslib is called directly. This
avoids the three parses of the header that astropy's WCS makes, and takes a tenth of the
time.
"""

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import astropy.units as u
import numpy as np
from astropy.coordinates import FK5, ICRS, Galactic, SkyCoord
from astropy.io import fits
from astropy.time import Time
from astropy.wcs import WCS, Wcsprm
from astropy.wcs.utils import wcs_to_celestial_frame
from numpy.typing import NDArray

from gatewright.backends.fits.header import Header
from gatewright.backends.fits.tables import LookupTable, has_distortion
from gatewright.core.errors import InvalidContent
from gatewright.domains.sky import geometry

Numbers = NDArray[np.float64]

_NUMBERS = re.compile(
    r"(CR(VAL|PIX|OTA)[12]|CDELT[12]|(CD|PC)[12]_[12]|PV[12]_\d+|(LON|LAT)POLE"
    r"|(A|B|AP|BP)_(ORDER|\d_\d)|CNPIX[12]|AMD[XY]\d+|PPO\d)$"
)
_CARDS = re.compile(
    r"(WCSAXES|NAXIS\d*|C(TYPE|UNIT|RVAL|RPIX|DELT|ROTA|NAME|RDER|SYER)\d+"
    r"|(CD|PC)(\d+_\d+|\d{6})|P[VS]\d+_\d+|PROJP\d+|LONG?POLE|LATPOLE|RADE(SYS|CSYS)"
    r"|EQUINOX|EPOCH|REST(FRQ|FREQ|WAV)|VELREF|SPECSYS|SSYS(OBS|SRC)|[VZ]SOURCE"
    r"|VELO(SYS)|VELANGL|OBSGEO-\w|(DATE|MJD)-(OBS|AVG)|WAT\d_\d+|CNPIX\d|AMD[XY]\d+"
    r"|PPO\d|PLT\w+|[XY]PIXELSZ)$"
)
_POLYNOMIALS = re.compile(r"[AB]P?_(\d_\d|ORDER|DMAX)$")
_SCAMP = re.compile(r"PV[12]_([5-9]|[1-9]\d+)$")
_TANGENT = re.compile(rb"(CTYPE[12]  *= *'[^']{4})-TAN")
_SKY_AXIS = re.compile(r"RA--|DEC-|[GESH]L(ON|AT)", re.IGNORECASE)
_ROTATIONS = (FK5, Galactic)
_FEW = 2048


@dataclass(frozen=True, slots=True, eq=False)
class ImageWcs:
    """Converts between pixels, counted from 0, and ICRS directions in degrees.

    Each is equal to itself only, so that what is computed for one can be cached.
    """

    astropy_wcs: Any
    """WCS of the first two axes (astropy)."""
    frame: Any
    """Celestial frame of the WCS; None if it is ICRS or ``rotation`` leads to ICRS."""
    rotation: Numbers | None
    """Matrix of shape (3, 3) that rotates the WCS's frame to ICRS; None for other
    frames."""
    width: int
    """Number of columns."""
    height: int
    """Number of rows."""

    def to_sky(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """Return the right ascensions and declinations of pixel positions."""
        if self._is_plain(x, y):
            first, second = _converted(self.astropy_wcs.wcs.p2s, x, y, "world")
        else:
            first, second = self.astropy_wcs.all_pix2world(x, y, 0)
        longitude, latitude = (second, first) if self._swapped else (first, second)
        if self.rotation is not None:
            directions = geometry.unit_vectors(longitude, latitude)
            return geometry.degrees(directions @ self.rotation.T)
        if self.frame is None:
            return longitude % 360.0, latitude
        sky = SkyCoord(longitude * u.deg, latitude * u.deg, frame=self.frame)
        icrs = sky.transform_to(ICRS())
        return icrs.ra.deg, icrs.dec.deg

    def to_pixels(self, ra: Numbers, dec: Numbers) -> tuple[Numbers, Numbers]:
        """Return pixel positions; NaN for directions outside of the projection."""
        if self.rotation is not None:
            directions = geometry.unit_vectors(ra, dec)
            ra, dec = geometry.degrees(directions @ self.rotation)
        elif self.frame is not None:
            sky = SkyCoord(ra * u.deg, dec * u.deg, frame=ICRS())
            moved = sky.transform_to(self.frame)
            ra, dec = moved.spherical.lon.deg, moved.spherical.lat.deg
        first, second = (dec, ra) if self._swapped else (ra, dec)
        if self._is_plain(first, second):
            return _converted(self.astropy_wcs.wcs.s2p, first, second, "pixcrd")
        x, y = self.astropy_wcs.all_world2pix(first, second, 0, quiet=True)
        return x, y

    def _is_plain(self, first: Numbers, second: Numbers) -> bool:
        """Return whether wcslib alone converts coordinates, which are a few in a row.

        For these astropy's WCS takes several times as long, to arrange the numbers.
        Large arrays are left to it, as wcslib returns further arrays of their size.
        """
        return (
            0 < first.size <= _FEW
            and first.ndim == 1
            and first.shape == second.shape
            and not self.astropy_wcs.has_distortion
        )

    @property
    def _swapped(self) -> bool:
        """Whether the first axis is the latitude and the second the longitude."""
        return bool(self.astropy_wcs.wcs.lng == 1)

    def vectors(self, x: Numbers, y: Numbers) -> geometry.Vectors:
        """Return the unit vectors of pixel positions."""
        return geometry.unit_vectors(*self.to_sky(x, y))

    @property
    def centre(self) -> tuple[float, float]:
        """Pixel position of the centre."""
        return (self.width - 1) / 2, (self.height - 1) / 2


def _converted(
    convert: Callable[..., dict[str, Numbers]], first: Numbers, second: Numbers, to: str
) -> tuple[Numbers, Numbers]:
    """Return what wcslib makes of coordinates in the array of the name ``to``."""
    given = np.empty((len(first), 2))
    given[:, 0], given[:, 1] = first, second
    made = convert(given, 0)[to]
    return made[:, 0], made[:, 1]


def make_image_wcs(
    header: Header, width: int, height: int, tables: Sequence[LookupTable] = ()
) -> ImageWcs:
    """Return the WCS of a header, with the look-up tables of its distortion.

    Raises
    ------
    InvalidContent
        The header has no celestial WCS, or one that is damaged or unknown.
    """
    for keyword in filter(_NUMBERS.match, header.places):
        if header.number(keyword) is None:
            # wcslib would pass over the card and take 0 or 1 for it.
            raise InvalidContent(f"{keyword} is not a number")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            wcs = _astropy_wcs(header, tables)
        except Exception as error:  # wcslib and astropy raise many kinds
            known = _further_sky(header)
            reason = _without_sky(header) if known else "its WCS cannot be understood"
            raise InvalidContent(reason) from error
        if wcs is None or not (wcs.has_celestial and wcs.naxis == 2):
            raise InvalidContent(_without_sky(header))
        try:
            frame = wcs_to_celestial_frame(wcs)
        except Exception as error:  # astropy raises several kinds
            raise InvalidContent("its celestial frame is not known here") from error
        rotation = None
        if isinstance(frame, _ROTATIONS):
            equinox = getattr(frame, "equinox", None)
            rotation = _rotation(frame.name, equinox and float(equinox.jyear))
    plain = rotation is not None or isinstance(frame, ICRS)
    return ImageWcs(wcs, None if plain else frame, rotation, width, height)


def wcs_cards(header: Header) -> bytes:
    """Return the cards of the WCS, without distortions that astropy itself applies."""
    return b"".join(header.cards(_CARDS))


def _astropy_wcs(header: Header, tables: Sequence[LookupTable]) -> Any:
    """Return astropy's WCS of the first two axes; None if the header has none."""
    if has_distortion(header):
        beside = [fits.PrimaryHDU(), *(table.hdu() for table in tables)]
        whole = fits.Header.fromstring(header.raw)
        return WCS(whole, fits.HDUList(beside) if tables else None, naxis=2)
    text = wcs_cards(header)
    if any(keyword.endswith("_ORDER") for keyword in header.places):
        text += b"".join(header.cards(_POLYNOMIALS))
        return WCS(fits.Header.fromstring(text), naxis=2)
    if "CTYPE1" not in header and "CNPIX1" not in header:
        return None
    tangent = all(header.text(f"CTYPE{n}").endswith("-TAN") for n in (1, 2))
    if tangent and any(map(_SCAMP.match, header.places)):
        # SCAMP before 2012 wrote TAN for what is TPV (Shupe et al. 2012, section 7).
        text = _TANGENT.sub(rb"\1-TPV", text)
    wcs = WCS(naxis=2)
    wcs.wcs = Wcsprm(header=text, key=" ", relax=True).sub(2)
    wcs.fix()
    wcs.wcs.set()
    return wcs


@lru_cache(maxsize=64)
def _rotation(system: str, equinox: float | None) -> Numbers:
    """Return the rotation matrix, shape (3, 3), from a frame to ICRS.

    ``equinox`` is a Julian year.
    """
    given = {} if equinox is None else {"equinox": Time(equinox, format="jyear")}
    axes = SkyCoord([0, 90, 0] * u.deg, [0, 0, 90] * u.deg, frame=system, **given)
    rotation: Numbers = axes.transform_to(ICRS()).cartesian.xyz.value
    return rotation


def _without_sky(header: Header) -> str:
    """Return the reason why an image has no celestial WCS on its first two axes."""
    if _further_sky(header):
        return "its first two axes are not both on the sky"
    return "no celestial WCS"


def _further_sky(header: Header) -> bool:
    """Return whether an axis after the second is celestial."""
    return any(_SKY_AXIS.match(header.text(f"CTYPE{axis}")) for axis in range(3, 10))
