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
    sky: Pixels
    """Variance of each pixel from the sky and the detector."""
    light: Pixels
    """Variance of each pixel from the photon noise of sources."""
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
    signal: Pixels
    """S: the difference filtered for point sources, in arbitrary units."""
    sky: Pixels
    """Variance of ``signal`` from the sky and the detectors."""
    light: Pixels
    """Variance of ``signal`` from sources: photon noise, positions and mismatch."""
    kernels: tuple[Numbers, Numbers]
    """The weights of the pixels around a position in ``signal``, of the new image and
    of the reference (which counts negative); of the shapes of their PSFs."""
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
    signal = fourier.back(scale * d * np.conj(pd), shape)
    kn = fn * fr**2 * np.conj(pn) * power_r / below
    kr = fr * fn**2 * np.conj(pr) * power_n / below
    sky, light = (np.zeros(n.shape, np.complex64) for _ in range(2))
    further = np.zeros(shape, np.float32)
    kernels = []
    for one, kernel, image in ((new, kn, n), (reference, kr, r)):
        weights = fourier.back(kernel, shape)
        kernels.append(_around(weights, one.psf.shape[0])[::-1, ::-1])
        # The variance of S from an image's variance V is V * k**2 (equation 26).
        squared = fourier.forward(weights**2)
        for total, variance in ((sky, one.sky), (light, one.light)):
            np.add(total, squared * fourier.forward(variance), out=total)
        part = fourier.back(kernel * image, shape)
        further += _position_noise(part, scatter)
        further += np.float32(mismatch**2) * part**2
    side = max(new.psf.shape[0], reference.psf.shape[0])
    return Subtraction(
        difference=fourier.back(d, shape) / scale,
        signal=signal,
        sky=np.maximum(fourier.back(sky, shape), np.float32(0)),
        light=np.maximum(fourier.back(light, shape), np.float32(0)) + further,
        kernels=(kernels[0], kernels[1]),
        psf=_around(fourier.back(pd, shape), side),
        noise=float(1.0 / scale),
    )


def _function(psf: Numbers, shape: tuple[int, int], fourier: Fourier) -> Transform:
    """Return the transform of a PSF whose centre is moved to the first pixel."""
    side = psf.shape[0]
    around = np.zeros(shape, np.float32)
    around[:side, :side] = psf
    return fourier.forward(np.roll(around, (-(side // 2), -(side // 2)), (0, 1)))


def _around(image: Pixels, side: int) -> Numbers:
    """Return the square around the first pixel of a periodic image."""
    near = np.arange(side) - side // 2
    return image[np.ix_(near, near)].astype(np.float64)


def _power(transform: Transform) -> Pixels:
    return transform.real**2 + transform.imag**2


def _position_noise(part: Pixels, scatter: tuple[float, float]) -> Pixels:
    """Return the variance of S from errors of positions (equation 30)."""
    total = np.zeros_like(part)
    for axis, width in ((1, scatter[0]), (0, scatter[1])):
        if width:
            # From both neighbours: the slope at the top of a star is 0.
            slope = (np.roll(part, -1, axis) - np.roll(part, 1, axis)) / np.float32(2)
            total += np.float32(width**2) * slope**2
    return total
