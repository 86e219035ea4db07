"""Images with more than two axes: planes, wavelengths and polarizations.

Sources: FITS standard 4.0, tables 25 (spectral axes) and 29 (STOKES).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.wcs import WCSSUB_SPECTRAL, Wcsprm

from gatewright.backends.fits.header import Header
from gatewright.backends.fits.image_wcs import wcs_cards
from gatewright.backends.fits.quiet import quiet
from gatewright.core.errors import InvalidContent

_LIGHT = 299_792_458.0
_PLANCK_LIGHT = 6.62607015e-34 * _LIGHT
_STATES = {
    1: "I", 2: "Q", 3: "U", 4: "V", -1: "RR", -2: "LL", -3: "RL", -4: "LR",
    -5: "XX", -6: "YY", -7: "XY", -8: "YX",
}  # fmt: skip
_MOST_STATES = 12


@dataclass(frozen=True, slots=True)
class Cube:
    """The axes of an image after the second; none for a plain image."""

    lengths: tuple[int, ...]
    """Their lengths, fastest first."""
    spectral: int | None
    """Index in ``lengths`` of the spectral axis (wavelength, frequency or velocity);
    None without one."""

    @property
    def planes(self) -> int:
        """Number of planes."""
        return math.prod(self.lengths)

    @property
    def samples(self) -> int:
        """Number of spectral samples; 1 without a spectral axis."""
        return 1 if self.spectral is None else self.lengths[self.spectral]

    def shown(self) -> tuple[int, ...]:
        """Return the indices of the plane that a picture shows by default.

        It is the middle of the spectral axis and the first of all other axes.
        """
        axes = enumerate(self.lengths)
        return tuple((n - 1) // 2 if axis == self.spectral else 0 for axis, n in axes)

    def number(self, place: Sequence[int]) -> int:
        """Return the number of a plane, from 0 in file order, from its indices."""
        number = 0
        for length, here in zip(self.lengths[::-1], place[::-1], strict=True):
            number = number * length + here
        return number

    def place(self, plane: int) -> tuple[int, ...]:
        """Return the indices of a plane from its number, counted from 0."""
        place = []
        for length in self.lengths:
            plane, here = divmod(plane, length)
            place.append(here)
        return tuple(place)


def image_cube(header: Header) -> Cube:
    """Return the axes of an image after the second.

    Raises
    ------
    InvalidContent
        The header does not describe an image with at least two axes.
    """
    lengths = image_axes(header)[2:]
    if not lengths:
        return Cube((), None)
    types = [header.text(f"CTYPE{n + 3}") for n in range(len(lengths))]
    known = [n for n, kind in enumerate(types) if kind[:4].upper() in _TO_METRES]
    return Cube(lengths, known[0] if known else None)


def image_axes(header: Header) -> tuple[int, ...]:
    """Return the lengths of all axes, at least two, fastest first.

    Raises
    ------
    InvalidContent
        The header does not describe an image with at least two axes.
    """
    try:
        axes = [header.whole(f"NAXIS{n}") for n in range(1, header.whole("NAXIS") + 1)]
    except InvalidContent as error:
        raise InvalidContent("its header is damaged") from error
    if len(axes) < 2 or min(axes) < 1:
        raise InvalidContent("no plane of pixels")
    return tuple(axes)


def wavelengths(header: Header, cube: Cube) -> tuple[float, float] | None:
    """Return the shortest and longest wavelength of a spectral axis, in metres.

    None without a spectral axis or if it cannot be interpreted. Wavelengths in air are
    not converted; they differ by 0.03 % from those in vacuum.
    """
    if cube.spectral is None:
        return None
    try:
        with quiet():
            # wcslib itself: astropy's distortions are of the first two axes.
            wcs = Wcsprm(header=wcs_cards(header), relax=True).sub([WCSSUB_SPECTRAL])
            wcs.fix()
            wcs.set()
            ends = wcs.p2s([[-0.5], [cube.samples - 0.5]], 0)["world"][:, 0]
        convert = _TO_METRES[wcs.ctype[0][:4]]
        metres = sorted(float(convert(value, wcs)) for value in ends)
    except Exception:  # noqa: BLE001  # wcslib and astropy raise many kinds
        return None
    low, high = metres
    return (low, high) if 0.0 < low <= high < math.inf else None


def _rest(wcs: Any) -> float:
    """Return the rest wavelength of the line to which velocities refer, in metres."""
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


def polarizations(header: Header, cube: Cube) -> str | None:
    """Return the polarization states as in ObsCore, such as ``/I/Q/``, or None."""
    for number, length in enumerate(cube.lengths, start=3):
        if header.text(f"CTYPE{number}").upper() != "STOKES":
            continue
        step = f"CD{number}_{number}"
        step = step if step in header else f"CDELT{number}"
        usual = {step: 1.0, f"CRVAL{number}": 0.0, f"CRPIX{number}": 0.0}
        told = [header.number(k) if k in header else v for k, v in usual.items()]
        known = [number for number in told if number is not None]
        if len(known) < len(told):
            return None
        by, value, pixel = known
        codes = value + by * (np.arange(min(length, _MOST_STATES)) + 1.0 - pixel)
        states = [_STATES.get(round(c), "") for c in np.clip(codes, -99, 99)]
        return f"/{'/'.join(states)}/" if all(states) else None
    return None
