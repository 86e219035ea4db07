"""Prepares a frame: subtracts its sky and measures noise, sources and PSF.

The sky is measured twice, the second time without the pixels of sources that were found
after the first: the wings of sources make the most frequent level too high (Bijaoui
1980, A&A 84, 81).
"""

from dataclasses import dataclass, replace

import numpy as np

from gatewright.core.errors import InvalidContent
from gatewright.domains.processing.background import Background, measure_background
from gatewright.domains.processing.frames import (
    Frame,
    Mask,
    Numbers,
    Pixels,
    Projection,
)
from gatewright.domains.processing.psf import (
    Psf,
    guess_width,
    measure_psf,
    moffat_psf,
    psf_radius,
)
from gatewright.domains.processing.smoothing import noise_factor, significance
from gatewright.domains.processing.sources import middles, peaks, stamps
from gatewright.domains.processing.warp import grown

_DETECT = 10.0
_MOST = 2000
_LIT = 5.0
"""Least significance of light in the smoothed image whose pixels are not sky."""
_SATURATED = 2
_LEAST_SKY = 10.0
_LARGE = 1 << 20
"""Pixels of an image in which fewer are enough for a first estimate of its sky."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Sources of a frame, the brightest first; arrays of one length."""

    x: Numbers
    """Columns of the centroids, pixels."""
    y: Numbers
    """Rows of the centroids, pixels."""
    snr: Numbers
    """Peak values in the smoothed image, sigma."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A frame that is ready to be measured, coadded or subtracted."""

    values: Pixels
    """Pixel values without the sky; 0 at bad pixels."""
    noise: Pixels
    """Standard deviation of each pixel from the sky and the detector."""
    bad: Mask
    """Pixels that have no usable value, saturated ones included."""
    saturated: Mask
    """Pixels that are saturated, with a border of two pixels."""
    gain: float
    """Electrons for one unit of the values."""
    psf: Psf
    """Point-spread function."""
    factor: float
    """Noise of a PSF flux divided by its noise if pixels were uncorrelated."""
    sources: Sources
    """Sources above ten sigma."""
    projection: Projection
    """World coordinate system of the pixels."""
    name: str
    """Name of the image."""
    sky: float
    """Median sky level that was subtracted."""
    background: Background
    """Sky of the frame as it was read, whatever its pixels became since."""

    @property
    def variance(self) -> Pixels:
        """Variance of each pixel: sky, detector and photon noise of sources."""
        light = np.maximum(self.values, np.float32(0)) / np.float32(self.gain)
        total: Pixels = (self.noise**2 + light).astype(np.float32)
        return total


def prepare(frame: Frame) -> Prepared:
    """Return a frame with its sky subtracted and its noise, PSF and sources measured.

    If the header gives no gain, it is estimated from the sky, assuming that its noise
    is photon noise. Where the sky was subtracted before, its level is taken as ten
    times its noise, as for a hundred electrons in a pixel. Without a usable star, the
    PSF has the FWHM that the header gives.

    Raises
    ------
    InvalidContent
        The frame has too few sky pixels, a sky without noise, or neither a star to
        measure the PSF from nor a FWHM in its header.
    """
    values, whole, saturated = _pixels(frame)
    # This one only serves to find the light of sources.
    step = 2 if values.size > _LARGE else 1
    background, noise = _sky(frame, values, whole, whole, step)
    left = _without_sky(values, background, whole)
    guess = guess_width(left, noise, whole)
    # The wings of stars would raise the sky: it is measured again without the stars.
    lit = grown(significance(left, noise, whole, guess) > _LIT, int(np.ceil(guess)))
    background, noise = _sky(frame, values, whole, lit)
    left = _without_sky(values, background, whole)
    psf = measure_psf(left, noise, whole, guess)
    if psf is not None and psf_radius(psf.fwhm) != psf_radius(guess):
        psf = measure_psf(left, noise, whole, psf.fwhm) or psf
    if psf is None and frame.fwhm is not None:
        psf = moffat_psf(frame.fwhm, (values.shape[0], values.shape[1]))
    if psf is None:
        raise InvalidContent(
            f"The image “{frame.name}” has no star bright, whole and alone enough to "
            "measure its point-spread function from. Take a larger part of it."
        )
    level = float(np.median(background.level))
    typical = float(np.median(background.noise))
    gain = frame.gain or max(_LEAST_SKY * typical, level) / typical**2
    centre = psf.at(values.shape[1] / 2, values.shape[0] / 2)
    return Prepared(
        left,
        noise,
        whole,
        saturated,
        gain,
        psf,
        noise_factor(left, noise, whole, centre),
        find_sources(left, noise, whole, psf.fwhm),
        frame.projection,
        frame.name,
        level,
        background,
    )


def prepare_again(frame: Frame, known: Prepared) -> Prepared:
    """Return a frame that is read a second time, as :func:`prepare` returned it before.

    Only the pixels are computed: ``known`` has all that was measured. Its own pixels
    are not used. The frame has no variance of its own: the noise that this would give
    depends on which pixels have light of sources, which is not kept.
    """
    values, whole, saturated = _pixels(frame)
    return replace(
        known,
        values=_without_sky(values, known.background, whole),
        noise=_noise(known.background),
        bad=whole,
        saturated=saturated,
        projection=frame.projection,
    )


def without_pixels(frame: Prepared) -> Prepared:
    """Return the measurements of a frame, without its pixels: they take no memory."""
    none, nowhere = np.empty((0, 0), np.float32), np.empty((0, 0), np.bool_)
    return replace(frame, values=none, noise=none, bad=nowhere, saturated=nowhere)


def _pixels(frame: Frame) -> tuple[Pixels, Mask, Mask]:
    """Return a frame's values, which of them are unusable, and which are saturated."""
    values = frame.values.astype(np.float32, copy=False)
    bad = ~np.isfinite(values)
    if frame.bad is not None:
        bad |= frame.bad
    saturated = np.zeros_like(bad)
    if frame.saturation is not None:
        saturated = grown(np.nan_to_num(values) >= frame.saturation, _SATURATED)
    return values, bad | saturated, saturated


def _without_sky(values: Pixels, background: Background, bad: Mask) -> Pixels:
    """Return the pixels less the sky level, with 0 at bad ones."""
    left = background.level_map()
    np.subtract(values, left, out=left)
    if bad.any():
        left[bad] = 0
    return left


def _sky(
    frame: Frame, values: Pixels, whole: Mask, lit: Mask, step: int = 1
) -> tuple[Background, Pixels]:
    """Return the sky background and the noise of each pixel.

    ``lit`` pixels contain sources, and ``whole`` ones no usable value. Only every
    ``step``-th row and column is used, if that is enough.
    """
    found = measure_background(values, whole | lit, step)
    if not np.isfinite(found.noise).all():
        found = measure_background(values, whole)
    if not np.isfinite(found.noise).all():
        raise InvalidContent(
            f"The image “{frame.name}” has too few pixels to measure its sky."
        )
    if float(np.median(found.noise)) == 0.0:
        raise InvalidContent(
            f"The sky of the image “{frame.name}” has no noise: most of its pixels "
            "have one value, so that nothing can be measured in it. Leave it out."
        )
    noise = _noise(found)
    if frame.variance is not None:
        noise = _by_weights(noise, frame.variance, whole, lit)
    return found, noise


def _noise(background: Background) -> Pixels:
    """Return the noise of each pixel from that of the sky."""
    noise = background.noise_map()
    np.maximum(noise, np.float32(1e-20), out=noise)
    return noise


def find_sources(left: Pixels, noise: Pixels, bad: Mask, fwhm: float) -> Sources:
    """Return the sources above ten sigma, without bad pixels near their centroids."""
    smooth = significance(left, noise, bad, fwhm)
    x, y = (place[:_MOST] for place in peaks(smooth, _DETECT, 2))
    snr = smooth[y.astype(int), x.astype(int)].astype(np.float64)
    x, y, found = middles(left, x, y, fwhm)
    spoiled = stamps(bad, x, y, 2, outside=True).any(axis=(1, 2))
    good = found & ~spoiled
    return Sources(x[good], y[good], snr[good])


def _by_weights(noise: Pixels, variance: Pixels, bad: Mask, lit: Mask) -> Pixels:
    """Return the noise with the pattern of a weight map, scaled to the measured level.

    Weight maps often have other units, so that only their variation is used; and many
    contain the photon noise of sources, which is added elsewhere. Pixels that contain
    sources (``lit``) have no more than the variance around them.
    """
    good = ~bad & np.isfinite(variance) & (variance > 0)
    if not good.any():
        return noise
    usual = np.where(good, variance, np.float32(1))
    covered = good & lit
    if covered.any():
        around = measure_background(usual, lit | ~good).level_map()
        usual = np.where(covered & (around > 0) & (around < usual), around, usual)
    pattern = np.sqrt(usual)
    level = np.median(noise[good] / pattern[good])
    return np.where(good, pattern * level, noise).astype(np.float32)
