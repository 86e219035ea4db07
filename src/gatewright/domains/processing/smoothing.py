"""Smooths images with a PSF, and measures the noise that remains.

For white noise, the noise after smoothing follows from the kernel. Noise that is
correlated between neighbouring pixels, as after resampling, is larger.
"""

import numpy as np
from numpy.typing import NDArray

from gatewright.domains.processing.frames import Mask, Numbers, Pixels

_ROWS = 32
_SAMPLE = 700
"""Side of the part of an image from which noise is measured, pixels."""


def gaussian_smooth(image: NDArray[np.floating], fwhm: float) -> Pixels:
    """Return an image smoothed by a Gaussian, in units of the remaining noise.

    ``fwhm`` is in pixels. White noise with a standard deviation of 1 keeps it.
    """
    sigma = fwhm / 2.3548
    reach = max(1, int(np.ceil(3.0 * sigma)))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel = (kernel / np.sqrt((kernel**2).sum())).astype(np.float32)
    return _along(_along(image, kernel, 0), kernel, 1)


def _along(image: NDArray[np.floating], kernel: Pixels, axis: int) -> Pixels:
    reach = len(kernel) // 2
    width = [(reach, reach) if a == axis else (0, 0) for a in (0, 1)]
    padded = np.pad(image.astype(np.float32, copy=False), width)
    height, across = image.shape
    total = np.empty(image.shape, np.float32)
    part = np.empty((_ROWS, across), np.float32)
    # Some rows at a time, which stay in the processor's cache.
    for first in range(0, height, _ROWS):
        some = total[first : first + _ROWS]
        last = first + len(some)
        for number, weight in enumerate(kernel):
            if axis == 0:
                shifted = padded[first + number : last + number]
            else:
                shifted = padded[first:last, number : number + across]
            if number == 0:
                np.multiply(shifted, weight, out=some)
                continue
            np.multiply(shifted, weight, out=part[: len(some)])
            some += part[: len(some)]
    return total


def noise_factor(values: Pixels, noise: Pixels, bad: Mask, psf: Numbers) -> float:
    """Return the noise of a PSF flux divided by its noise for uncorrelated pixels.

    It is measured in the central part of the image, from the lower half of the PSF
    fluxes at all positions, which contains no sources. It is above 1 if resampling has
    correlated neighbouring pixels, and 1 for an image with too few pixels.
    """
    inner = tuple(
        slice(max(0, side - _SAMPLE) // 2, max(0, side - _SAMPLE) // 2 + _SAMPLE)
        for side in values.shape
    )
    values, noise, bad = values[inner], noise[inner], bad[inner]
    scaled = np.where(bad, np.float32(0), values / noise)
    model = psf / np.sqrt((psf**2).sum())
    u, s, vt = np.linalg.svd(model)
    # A star is nearly a sum of three products of a column and a row.
    total = np.zeros(values.shape, np.float32)
    for term in range(3):
        down = (u[:, term] * s[term]).astype(np.float32)
        total += _along(
            _along(scaled, down[::-1], 0), vt[term][::-1].astype(np.float32), 1
        )
    known = total[~bad]
    if known.size < 1000:
        return 1.0
    low, middle = np.percentile(known[:: max(1, known.size // 200_000)], [15.87, 50])
    return float(max(0.2, middle - low))
