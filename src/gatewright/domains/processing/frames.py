"""The pixels of one image, with their errors and their world coordinates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gatewright.core.errors import NotFound

Pixels = NDArray[np.float32]
"""Pixel values, shape ``(height, width)``."""
Mask = NDArray[np.bool_]
"""One boolean for each pixel, shape ``(height, width)``."""
Numbers = NDArray[np.float64]
"""Double-precision numbers, such as positions."""


class OutsideFrame(NotFound):
    """A circle contains no pixel of an image."""


class Projection(Protocol):
    """Maps pixels to the sky and back.

    Pixel (0, 0) is the centre of the first pixel.
    """

    def to_sky(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """Return the right ascensions and declinations of pixels, ICRS degrees."""
        ...

    def to_pixels(self, ra: Numbers, dec: Numbers) -> tuple[Numbers, Numbers]:
        """Return the pixels of directions; NaN where the projection is not defined.

        Directions are ICRS degrees.
        """
        ...


class Fourier(Protocol):
    """Fast Fourier transforms of real images, over the last two axes."""

    def forward(self, image: Pixels) -> NDArray[np.complex64]:
        """Return the half transform of a real image, as ``numpy.fft.rfft2``."""
        ...

    def back(self, transform: NDArray[np.complex64], shape: tuple[int, int]) -> Pixels:
        """Return the real image of a half transform; ``shape`` is (height, width)."""
        ...


class NumpyFourier:
    """Implements :class:`Fourier` with NumPy alone."""

    def forward(self, image: Pixels) -> NDArray[np.complex64]:
        return np.fft.rfft2(image).astype(np.complex64, copy=False)

    def back(self, transform: NDArray[np.complex64], shape: tuple[int, int]) -> Pixels:
        return np.fft.irfft2(transform, shape).astype(np.float32, copy=False)


@dataclass(frozen=True, slots=True)
class Frame:
    """An image as it was read from its file."""

    values: Pixels
    """Pixel values, in the image's own units; NaN for missing pixels."""
    projection: Projection
    """World coordinate system of the pixels."""
    gain: float | None = None
    """Electrons for one unit of the values; None if the header does not say."""
    saturation: float | None = None
    """Value above which a pixel is saturated; None if the header does not say."""
    bad: Mask | None = None
    """Pixels that a mask marks as bad; None without a mask."""
    variance: Pixels | None = None
    """Variance of each pixel from a weight map, in squared units; None without one."""
    fwhm: float | None = None
    """FWHM of a star from the header, pixels; None if it does not say."""
    name: str = ""
    """Name of the image."""
    cards: str = ""
    """FITS cards of the world coordinate system, for files made from the image."""


@dataclass(frozen=True, slots=True)
class ShiftedProjection:
    """The projection of a rectangular part of an image."""

    whole: Projection
    """Projection of the whole image."""
    x0: int
    """First column of the part."""
    y0: int
    """First row of the part."""

    def to_sky(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """Return right ascensions and declinations of the part's pixels, in degrees."""
        return self.whole.to_sky(x + self.x0, y + self.y0)

    def to_pixels(self, ra: Numbers, dec: Numbers) -> tuple[Numbers, Numbers]:
        """Return the part's pixels at directions in ICRS degrees."""
        x, y = self.whole.to_pixels(ra, dec)
        return x - self.x0, y - self.y0


def pixel_size(projection: Projection, shape: Sequence[int]) -> float:
    """Return the side of a square as large as the pixel in the middle, arcseconds.

    ``shape`` is height and width of the image, pixels.
    """
    row, column = (side / 2 for side in shape[:2])
    ra, dec = projection.to_sky(
        column + np.array([0.0, 1.0, 0.0]), row + np.array([0.0, 0.0, 1.0])
    )
    east = (ra[1:] - ra[0] + 180.0) % 360.0 - 180.0
    sides = 3600.0 * np.array([east * np.cos(np.radians(dec[0])), dec[1:] - dec[0]])
    return float(np.sqrt(abs(np.linalg.det(sides))))
