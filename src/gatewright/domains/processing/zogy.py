"""Proper image subtraction (ZOGY).

Source: Zackay, Ofek and Gal-Yam 2016 (ApJ 830, 27): the difference D of equation 13,
its flux zero point F_D of equation 15 and PSF P_D of equation 14, the score S of
equations 12 and 17, and S_corr of equations 25 to 33, with the noise of sources and of
their positions in both images.

N and R are the new and the reference image without sky, on one grid; F_n and F_r are
their flux zero points, sigma their noises and P their point-spread functions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gatewright.domains.processing.frames import Fourier, Numbers, Pixels

Transform = NDArray[np.complex64]


@dataclass(frozen=True, slots=True)
class Input:
    """One of the two images."""

    values: Pixels
    """Pixel values without the sky; 0 at bad pixels."""
    variance: Pixels
    """Variance of each pixel, photon noise of the sources included."""
    psf: Numbers
    """Point-spread function: odd side, centred on the middle pixel, with the sum 1."""
    noise: float
    """Standard deviation of the sky pixels."""
    flux: float
    """Flux in this image of a star that has the flux 1 in the result's units."""


@dataclass(frozen=True, slots=True)
class Subtraction:
    """The result of a subtraction; arrays have the shape of the inputs."""

    difference: Pixels
    """D / F_D: a new star of flux 1 has the sum 1."""
    score: Pixels
    """S_corr: significance of a point source at each pixel, sigma."""
    statistic: Pixels
    """S divided by its peak for a star of flux 1: the best-fitting flux."""
    error: Pixels
    """Standard deviation of ``statistic``."""
    psf: Numbers
    """P_D, the point-spread function of ``difference``, with the larger input's side.
    """
    noise: float
    """Standard deviation of the pixels of ``difference`` that contain no source."""


def subtract(
    new: Input,
    reference: Input,
    fourier: Fourier,
    scatter: tuple[float, float] = (0.0, 0.0),
    mismatch: float = 0.0,
) -> Subtraction:
    """Return the proper difference of two images, new minus reference.

    ``scatter`` is the standard deviation of the stars' positions between the images, in
    pixels, along columns and rows. ``mismatch`` is the relative error of the flux ratio
    and the PSFs; the paper has no such term, and without it every bright star would be
    detected in the difference.
    """
    shape = new.values.shape
    pn, pr = (_function(side.psf, shape, fourier) for side in (new, reference))
    fn, fr = np.float32(new.flux), np.float32(reference.flux)
    sn, sr = np.float32(new.noise), np.float32(reference.noise)
    power_n, power_r = _power(pn), _power(pr)
    below = (sn * fr) ** 2 * power_r + (sr * fn) ** 2 * power_n
    # Where neither image knows a frequency nothing is said about it.
    below = np.maximum(below, np.float32(1e-12) * below.max())
    n, r = fourier.forward(new.values), fourier.forward(reference.values)
    root = np.sqrt(below)
    scale = fn * fr / np.hypot(sn * fr, sr * fn)
    d = (fr * (pr * n) - fn * (pn * r)) / root
    pd = fn * fr * pr * pn / (scale * root)
    # S = F_D D conj(P_D), so that equal images give exactly nothing.
    s = scale * d * np.conj(pd)
    kn = fn * fr**2 * np.conj(pn) * power_r / below
    kr = fr * fn**2 * np.conj(pr) * power_n / below
    best = fourier.back(s, shape)
    variance = _source_noise(kn, new.variance, shape, fourier)
    variance += _source_noise(kr, reference.variance, shape, fourier)
    for kernel, image in ((kn, n), (kr, r)):
        part = fourier.back(kernel * image, shape)
        variance += _position_noise(part, scatter)
        variance += np.float32(mismatch**2) * part**2
    # A star of flux 1 has the height sum |F_D P_D|^2 in S.
    height = np.float32(scale**2 * _mean_power(pd, shape))
    deviation: Pixels = np.sqrt(np.maximum(variance, np.float32(1e-30)))
    side = max(new.psf.shape[0], reference.psf.shape[0])
    rolled = np.roll(fourier.back(pd, shape), (side // 2, side // 2), (0, 1))
    return Subtraction(
        difference=fourier.back(d, shape) / scale,
        score=np.divide(best, deviation, dtype=np.float32),
        statistic=best / height,
        error=np.divide(deviation, height, dtype=np.float32),
        psf=rolled[:side, :side].astype(np.float64),
        noise=float(1.0 / scale),
    )


def _function(psf: Numbers, shape: tuple[int, int], fourier: Fourier) -> Transform:
    """Return the transform of a PSF whose centre is moved to the first pixel."""
    side = psf.shape[0]
    around = np.zeros(shape, np.float32)
    around[:side, :side] = psf
    return fourier.forward(np.roll(around, (-(side // 2), -(side // 2)), (0, 1)))


def _power(transform: Transform) -> Pixels:
    return transform.real**2 + transform.imag**2


def _mean_power(transform: Transform, shape: tuple[int, int]) -> float:
    """Return the sum of squares of the image of a half transform (Parseval)."""
    power = _power(transform).astype(np.float64)
    total = 2.0 * power.sum() - power[:, 0].sum()
    if shape[1] % 2 == 0:
        total -= power[:, -1].sum()
    return float(total / (shape[0] * shape[1]))


def _source_noise(
    kernel: Transform, variance: Pixels, shape: tuple[int, int], fourier: Fourier
) -> Pixels:
    """Return the variance of S from an image's variance: ``V * k**2`` (equation 26)."""
    squared = fourier.forward(fourier.back(kernel, shape) ** 2)
    spread = fourier.back(squared * fourier.forward(variance), shape)
    return np.maximum(spread, np.float32(0))


def _position_noise(part: Pixels, scatter: tuple[float, float]) -> Pixels:
    """Return the variance of S from errors of positions (equation 30)."""
    total = np.zeros_like(part)
    for axis, width in ((1, scatter[0]), (0, scatter[1])):
        if width:
            step = part - np.roll(part, 1, axis)
            total += np.float32(width**2) * step**2
    return total
