"""Fourier transforms by SciPy, on two CPU cores."""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from gatewright.domains.processing.frames import Pixels

_CORES = 2


class ScipyFourier:
    """Implements :class:`gatewright.domains.processing.frames.Fourier` with SciPy."""

    def forward(self, image: Pixels) -> NDArray[np.complex64]:
        found: NDArray[np.complex64] = fft.rfft2(image, workers=_CORES)
        return found

    def back(self, transform: NDArray[np.complex64], shape: tuple[int, int]) -> Pixels:
        found: Pixels = fft.irfft2(transform, shape, workers=_CORES)
        return found
