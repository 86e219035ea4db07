"""Pixels of one image with their errors and their place on the sky."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
"""Values of pixels, rows first: ``(height, width)``."""
Mask = NDArray[np.bool_]
"""One truth value for each pixel."""
Numbers = NDArray[np.float64]
"""Numbers with as many digits as positions need."""


class Projection(Protocol):
    """Where pixels are on the sky; pixels count from 0."""

    def to_sky(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """Return right ascensions and declinations of pixels, ICRS degrees."""
        ...

    def to_pixels(self, ra: Numbers, dec: Numbers) -> tuple[Numbers, Numbers]:
        """Return pixels of directions; NaN for those that the projection lacks."""
        ...


class Fourier(Protocol):
    """Fast Fourier transforms of real images, over the last two axes."""

    def forward(self, image: Pixels) -> NDArray[np.complex64]:
        """Return half of the transform: for a real image the rest follows from it."""
        ...

    def back(self, transform: NDArray[np.complex64], shape: tuple[int, int]) -> Pixels:
        """Return the real image of a transform."""
        ...


class NumpyFourier:
    """Implements :class:`Fourier` with NumPy alone."""

    def forward(self, image: Pixels) -> NDArray[np.complex64]:
        return np.fft.rfft2(image).astype(np.complex64, copy=False)

    def back(self, transform: NDArray[np.complex64], shape: tuple[int, int]) -> Pixels:
        return np.fft.irfft2(transform, shape).astype(np.float32, copy=False)


@dataclass(frozen=True, slots=True)
class Frame:
    """An image as it was read."""

    values: Pixels
    """Its pixels, in its own units; NaN for those without a value."""
    projection: Projection
    """Where they are on the sky."""
    gain: float | None = None
    """Electrons in one unit; None where the header does not tell."""
    saturation: float | None = None
    """Value above which a pixel tells nothing; None where the header does not tell."""
    bad: Mask | None = None
    """Pixels that a mask says tell nothing."""
    variance: Pixels | None = None
    """Variance of each pixel by a weight map, in its own units squared."""
    fwhm: float | None = None
    """Full width of a star by the header, pixels; None where it does not tell."""
    name: str = ""
    """Name of the image."""
    cards: str = ""
    """FITS cards that say its projection, for the files that are made of it."""


@dataclass(frozen=True, slots=True)
class ShiftedProjection:
    """The projection of a part of an image."""

    whole: Projection
    """That of the image."""
    x0: int
    """First column of the part."""
    y0: int
    """First row of the part."""

    def to_sky(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """Return right ascensions and declinations of pixels of the part."""
        return self.whole.to_sky(x + self.x0, y + self.y0)

    def to_pixels(self, ra: Numbers, dec: Numbers) -> tuple[Numbers, Numbers]:
        """Return pixels of the part."""
        x, y = self.whole.to_pixels(ra, dec)
        return x - self.x0, y - self.y0
