"""Fourier transforms by SciPy, each in the thread that asks for it."""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from gatewright.domains.processing.frames import Pixels


class ScipyFourier:
    """Implements :class:`gatewright.domains.processing.frames.Fourier` with SciPy."""

    def forward(self, image: Pixels) -> NDArray[np.complex64]:
        found: NDArray[np.complex64] = fft.rfft2(image)
        return found

    def back(self, transform: NDArray[np.complex64], shape: tuple[int, int]) -> Pixels:
        found: Pixels = fft.irfft2(transform, shape)
        return found
