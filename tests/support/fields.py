"""Fields of stars made by numbers, with a place on the sky by astropy."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray

from gatewright.domains.processing.frames import Frame, Numbers, Pixels
from gatewright.domains.processing.prepared import Prepared, prepare

SKY = 200.0
GAIN = 2.0


@dataclass(frozen=True, slots=True)
class Sky:
    """A projection by astropy."""

    wcs: Any

    def to_sky(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        ra, dec = self.wcs.all_pix2world(x, y, 0)
        return ra, dec

    def to_pixels(self, ra: Numbers, dec: Numbers) -> tuple[Numbers, Numbers]:
        x, y = self.wcs.all_world2pix(ra, dec, 0, quiet=True)
        return x, y


def tangent(
    x: float = 128.0,
    y: float = 128.0,
    *,
    turn: float = 0.0,
    kind: str = "TAN",
    bend: float = 1.0,
) -> Sky:
    """Return a projection of 0.3 arcsec pixels, turned by degrees.

    ``bend`` is a factor of its distortion.
    """
    header = fits.Header()
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    step = 0.3 / 3600.0
    suffix = {"TAN": "TAN", "SIP": "TAN-SIP", "TPV": "TPV"}[kind]
    for axis, name, crpix, crval in ((1, "RA---", x, 150.0), (2, "DEC--", y, 2.0)):
        header[f"CTYPE{axis}"] = name + suffix
        header[f"CRPIX{axis}"], header[f"CRVAL{axis}"] = crpix + 1.0, crval
    header["CD1_1"], header["CD1_2"] = -step * cos, step * sin
    header["CD2_1"], header["CD2_2"] = step * sin, step * cos
    if kind == "SIP":
        header["A_ORDER"] = header["B_ORDER"] = 2
        header["A_2_0"], header["B_1_1"] = 2e-5 * bend, -1e-5 * bend
    if kind == "TPV":
        header["PV1_1"], header["PV2_1"] = 1.0, 1.0
        header["PV1_7"], header["PV2_7"], header["PV1_4"] = 0.4, -0.3, 1e-3
    return Sky(WCS(header))


def gaussian_stars(
    shape: tuple[int, int], x: Numbers, y: Numbers, flux: Numbers, fwhm: float
) -> NDArray[np.float64]:
    """Return stars that are Gaussians at their exact places."""
    image = np.zeros(shape)
    sigma = fwhm / 2.3548200450309493
    rows, columns = np.indices(shape)
    reach = int(np.ceil(5 * fwhm))
    for at_x, at_y, light in zip(x, y, flux, strict=True):
        top, left = max(0, round(at_y) - reach), max(0, round(at_x) - reach)
        part = (
            slice(top, max(0, round(at_y) + reach + 1)),
            slice(left, max(0, round(at_x) + reach + 1)),
        )
        square = (rows[part] - at_y) ** 2 + (columns[part] - at_x) ** 2
        image[part] += light * np.exp(-square / (2 * sigma**2)) / (2 * np.pi * sigma**2)
    return image


def one_star(
    shape: tuple[int, int], x: float, y: float, flux: float, fwhm: float
) -> NDArray[np.float64]:
    """Return one star that is a Gaussian at its exact place."""
    return gaussian_stars(shape, np.array([x]), np.array([y]), np.array([flux]), fwhm)


def random_stars(
    number: int, shape: tuple[int, int], seed: int
) -> tuple[Numbers, Numbers, Numbers]:
    """Return places and fluxes of stars that stand apart."""
    rng = np.random.default_rng(seed)
    x: list[float] = []
    y: list[float] = []
    while len(x) < number:
        at = rng.uniform(0, shape[1]), rng.uniform(0, shape[0])
        if all(np.hypot(at[0] - a, at[1] - b) > 24 for a, b in zip(x, y, strict=True)):
            x.append(at[0])
            y.append(at[1])
    flux = 10 ** rng.uniform(3.8, 5.0, number)
    return np.array(x), np.array(y), flux


def noisy(clean: NDArray[np.float64], noise: float, seed: int) -> Pixels:
    """Return an image with sky and its noise, that of the light included."""
    rng = np.random.default_rng(seed)
    sigma = np.sqrt(noise**2 + np.maximum(clean, 0) / GAIN)
    return (clean + SKY + rng.normal(0.0, 1.0, clean.shape) * sigma).astype(np.float32)


def field(
    *,
    seed: int = 1,
    shape: tuple[int, int] = (256, 256),
    stars: int = 16,
    fwhm: float = 3.5,
    noise: float = 8.0,
    scale: float = 1.0,
    more: tuple[tuple[float, float, float], ...] = (),
    name: str = "",
    place: Sky | None = None,
    shift: tuple[float, float] = (0.0, 0.0),
    **options: Any,
) -> Frame:
    """Return a frame of stars that are the same for all seeds, with new noise."""
    x, y, flux = random_stars(stars, shape, 77)
    for at_x, at_y, light in more:
        x, y = np.append(x, at_x), np.append(y, at_y)
        flux = np.append(flux, light)
    clean = gaussian_stars(shape, x + shift[0], y + shift[1], scale * flux, fwhm)
    return Frame(
        noisy(clean, noise, seed), place or tangent(), gain=GAIN, name=name, **options
    )


def ready(**options: Any) -> Prepared:
    """Return such a frame made ready."""
    return prepare(field(**options))
