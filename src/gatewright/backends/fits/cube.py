"""Images with more than two axes: their planes, wavelengths and polarizations.

Sources: FITS standard 4.0, tables 25 (spectral axes) and 29 (STOKES).
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS, WCSSUB_SPECTRAL

from gatewright.backends.fits.quiet import quiet
from gatewright.core.errors import InvalidContent

_LIGHT = 299_792_458.0
_PLANCK_LIGHT = 6.62607015e-34 * _LIGHT
_STATES = {
    1: "I", 2: "Q", 3: "U", 4: "V", -1: "RR", -2: "LL", -3: "RL", -4: "LR",
    -5: "XX", -6: "YY", -7: "XY", -8: "YX",
}  # fmt: skip
_MOST_STATES = 12
_DISTORTION = re.compile(r"[AB]P?_(ORDER|DMAX|\d_\d)|(CP|D2IM)DIS\d")


@dataclass(frozen=True, slots=True)
class Cube:
    """What the axes after the second are; a plain image has none."""

    lengths: tuple[int, ...]
    """Their lengths, the fastest first."""
    spectral: int | None
    """Which of them, from 0, is a wavelength, frequency or velocity."""

    @property
    def planes(self) -> int:
        """Number of planes."""
        return math.prod(self.lengths)

    @property
    def samples(self) -> int:
        """Number of wavelengths."""
        return 1 if self.spectral is None else self.lengths[self.spectral]

    def shown(self) -> tuple[int, ...]:
        """Return the plane that a picture shows if none is asked for.

        It is the middle of the wavelengths, where light is, and the first of all else.
        """
        axes = enumerate(self.lengths)
        return tuple((n - 1) // 2 if axis == self.spectral else 0 for axis, n in axes)

    def number(self, place: Sequence[int]) -> int:
        """Return the number of a plane, counted from 0 as the file has them."""
        number = 0
        for length, here in zip(self.lengths[::-1], place[::-1], strict=True):
            number = number * length + here
        return number

    def place(self, plane: int) -> tuple[int, ...]:
        """Return the place on each axis of a plane that is counted from 0."""
        place = []
        for length in self.lengths:
            plane, here = divmod(plane, length)
            place.append(here)
        return tuple(place)


def image_cube(header: fits.Header) -> Cube:
    """Return the further axes of an image.

    Raises
    ------
    InvalidContent
        The header does not describe planes of pixels.
    """
    lengths = image_axes(header)[2:]
    if not lengths:
        return Cube((), None)
    types = [str(header.get(f"CTYPE{n + 3}", "")) for n in range(len(lengths))]
    known = [n for n, kind in enumerate(types) if _is_spectral(kind)]
    return Cube(lengths, known[0] if known else None)


def image_axes(header: fits.Header) -> tuple[int, ...]:
    """Return the lengths of the axes, at least two of them.

    Raises
    ------
    InvalidContent
        The header does not describe planes of pixels.
    """
    try:
        axes = [header[f"NAXIS{n}"] for n in range(1, header["NAXIS"] + 1)]
    except (KeyError, ValueError, TypeError, fits.VerifyError) as error:
        raise InvalidContent("its header is damaged") from error
    if len(axes) < 2 or any(not isinstance(n, int) or n < 1 for n in axes):
        raise InvalidContent("no plane of pixels")
    return tuple(axes)


def _is_spectral(kind: str) -> bool:
    return kind[:4].upper() in _TO_METRES


def wavelengths(header: fits.Header, cube: Cube) -> tuple[float, float] | None:
    """Return the shortest and longest wavelength in metres of a spectral axis.

    None where there is no such axis, or it cannot be understood. Wavelengths in air
    are taken as they are, which is 0.03 % from those in vacuum.
    """
    if cube.spectral is None:
        return None
    try:
        with quiet():
            wcs = WCS(_undistorted(header)).sub([WCSSUB_SPECTRAL])
            ends = wcs.all_pix2world([-0.5, cube.samples - 0.5], 0)[0]
            convert = _TO_METRES[wcs.wcs.ctype[0][:4]]
            metres = sorted(float(convert(value, wcs.wcs)) for value in ends)
    except Exception:  # noqa: BLE001  # wcslib and astropy raise many kinds
        return None
    low, high = metres
    return (low, high) if 0.0 < low <= high < math.inf else None


def _undistorted(header: fits.Header) -> fits.Header:
    """Return a header without distortion, with which astropy takes but two axes."""
    plain = header.copy()
    for keyword in filter(_DISTORTION.fullmatch, list(plain)):
        del plain[keyword]
    return plain


def _rest(wcs: Any) -> float:
    """Return the wavelength of the line that velocities are counted from."""
    return float(wcs.restwav or _LIGHT / wcs.restfrq)


def _from_velocity(value: float, wcs: Any) -> float:
    share = value / _LIGHT
    return _rest(wcs) * math.sqrt((1.0 + share) / (1.0 - share))


_TO_METRES: dict[str, Callable[[float, Any], float]] = {
    "FREQ": lambda value, _: _LIGHT / value,
    "WAVE": lambda value, _: value,
    "AWAV": lambda value, _: value,
    "WAVN": lambda value, _: 1.0 / value,
    "ENER": lambda value, _: _PLANCK_LIGHT / value,
    "VRAD": lambda value, wcs: _rest(wcs) / (1.0 - value / _LIGHT),
    "VOPT": lambda value, wcs: _rest(wcs) * (1.0 + value / _LIGHT),
    "ZOPT": lambda value, wcs: _rest(wcs) * (1.0 + value),
    "VELO": _from_velocity,
    "BETA": lambda value, wcs: _from_velocity(value * _LIGHT, wcs),
}


def polarizations(header: fits.Header, cube: Cube) -> str | None:
    """Return the polarization states as ObsCore writes them, such as ``/I/Q/``."""
    for number, length in enumerate(cube.lengths, start=3):
        if str(header.get(f"CTYPE{number}", "")).strip().upper() != "STOKES":
            continue
        try:
            plain = header.get(f"CDELT{number}", 1.0)
            step = float(header.get(f"CD{number}_{number}", plain))
            first = float(header.get(f"CRVAL{number}", 0.0))
            first += (1.0 - float(header.get(f"CRPIX{number}", 0.0))) * step
        except (ValueError, TypeError, fits.VerifyError):
            return None
        codes = first + step * np.arange(min(length, _MOST_STATES))
        return _state_list(codes.tolist())
    return None


def _state_list(codes: list[float]) -> str | None:
    states = [_STATES.get(round(c)) if math.isfinite(c) else None for c in codes]
    known = [state for state in states if state]
    return f"/{'/'.join(known)}/" if known and len(known) == len(states) else None
