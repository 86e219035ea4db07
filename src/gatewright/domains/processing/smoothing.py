"""Smooths images with a PSF, and measures the noise that remains.

For white noise, the noise after smoothing follows from the kernel. Noise that is
correlated between neighbouring pixels, as after resampling, is larger.
"""

import numpy as np
from numpy.typing import NDArray

from gatewright.domains.processing.frames import Mask, Numbers, Pixels

_TOGETHER = (16, 48)
"""Rows or columns that are convolved at once: fewer take more calls of BLAS, more have
more products with zeros."""
_SAMPLE = 700
"""Side of the part of an image from which noise is measured, pixels."""


def gaussian_smooth(
    image: NDArray[np.floating], fwhm: float, out: Pixels | None = None
) -> Pixels:
    """Return an image smoothed by a Gaussian, in units of the remaining noise.

    ``fwhm`` is in pixels. White noise with a standard deviation of 1 keeps it. The
    result is written to ``out`` if it is given, which may be the image itself.
    """
    sigma = fwhm / 2.3548
    reach = max(1, int(np.ceil(3.0 * sigma)))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel = (kernel / np.sqrt((kernel**2).sum())).astype(np.float32)
    image = image.astype(np.float32, copy=False)
    return _convolved(image, kernel, kernel, out)


def _in_noise(values: Pixels, noise: Pixels, bad: Mask) -> Pixels:
    """Return an image in units of its noise, with 0 at bad pixels."""
    scaled: Pixels = values / noise
    if bad.any():
        scaled[bad] = 0
    return scaled


def significance(values: Pixels, noise: Pixels, bad: Mask, fwhm: float) -> Pixels:
    """Return an image without its bad pixels, smoothed, in units of its noise.

    The Gaussian has ``fwhm`` pixels.
    """
    scaled = _in_noise(values, noise, bad)
    return gaussian_smooth(scaled, fwhm, out=scaled)


def _convolved(
    image: Pixels, down: Pixels, across: Pixels, out: Pixels | None = None
) -> Pixels:
    """Return an image convolved along columns and along rows, in ``out`` if given."""
    between = np.empty_like(image)
    _along(image, down, 0, between)
    found = np.empty_like(image) if out is None else out
    _along(between, across, 1, found)
    return found


def _along(image: Pixels, kernel: Pixels, axis: int, out: Pixels) -> None:
    """Convolve an image along one axis; pixels outside count as 0."""
    reach = len(kernel) // 2
    some = _TOGETHER[axis]
    # Each row of the band is the kernel, one pixel further than in the row before.
    band = np.zeros((some, some + 2 * reach), np.float32)
    for number, row in enumerate(band):
        row[number : number + len(kernel)] = kernel
    lines, smooth = (image, out) if axis == 0 else (image.T, out.T)
    for first in range(0, len(lines), some):
        last = min(first + some, len(lines))
        low, high = max(0, first - reach), min(len(lines), last + reach)
        begin = low - first + reach
        part = band[: last - first, begin : begin + high - low]
        np.matmul(part, lines[low:high], out=smooth[first:last])


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
    scaled = _in_noise(values, noise, bad)
    model = psf / np.sqrt((psf**2).sum())
    u, s, vt = np.linalg.svd(model)
    # A star is nearly a sum of three products of a column and a row.
    total = np.zeros(values.shape, np.float32)
    for term in range(3):
        down = (u[:, term] * s[term]).astype(np.float32)
        total += _convolved(scaled, down[::-1], vt[term][::-1].astype(np.float32))
    known = total[~bad]
    if known.size < 1000:
        return 1.0
    low, middle = np.percentile(known[:: max(1, known.size // 200_000)], [15.87, 50])
    return float(max(0.2, middle - low))
