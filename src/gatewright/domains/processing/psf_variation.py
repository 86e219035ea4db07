"""Measures how the size and the shape of stars vary across an image.

Each star is fitted by the mean point-spread function (PSF) and three small changes of
it: of its size, and of its ellipticity along rows and along diagonals (as the second
moments of weak lensing: Kaiser, Squires and Broadhurst 1995, ApJ 449, 460). The changes
are fluxes through the borders of pixels, so that the PSF keeps its sum wherever it is:
light of neighbours in the wings of a few stars does not change the flux scale across
the field.
"""

import numpy as np

from gatewright.domains.processing.frames import Mask, Numbers

_ROUNDS = 5
_ODD = 3.0
_CORE = 1.5


def linear_planes(
    model: Numbers,
    stars: Numbers,
    known: Mask,
    weight: Numbers,
    terms: Numbers,
    fwhm: float,
) -> Numbers:
    """Return the PSF as a constant and slopes: shape ``(number of terms, side, side)``.

    Parameters
    ----------
    model
        The mean PSF, with the sum 1.
    stars
        Centred stars of flux 1, shape ``(n, side, side)``.
    known
        Pixels that belong to the star alone, same shape.
    weight
        Weight of each star.
    terms
        The terms at the place of each star, the constant first: shape ``(n, terms)``.
    fwhm
        FWHM of the PSF, pixels.
    """
    changes = shape_changes(model)
    sizes = _sizes(model, changes, stars, known, fwhm)
    slopes = np.stack([_robust_fit(terms, one, weight) for one in sizes.T], axis=1)
    planes: Numbers = np.tensordot(slopes, changes, axes=1)
    planes[0] += model
    return planes


def shape_changes(model: Numbers) -> Numbers:
    """Return the changes of a PSF's size and ellipticity: ``(3, side, side)``.

    Each is what a relative change of 1 adds to the PSF, to first order: of all widths,
    of the width along rows less that along columns, and of the tilt. Its sum is 0.
    """
    side = model.shape[0]
    step = np.arange(side) - side // 2
    x, y = step[None, :] * model, step[:, None] * model
    along, down = _slope(x, 1), _slope(y, 0)
    tilted = _slope(y, 1) + _slope(x, 0)
    return -np.stack([along + down, along - down, tilted])


def _slope(image: Numbers, axis: int) -> Numbers:
    """Return the derivative of an image that vanishes at its edge, by Fourier."""
    side = image.shape[axis]
    wave = 2j * np.pi * np.fft.rfftfreq(side)
    wave = wave[:, None] if axis == 0 else wave[None, :]
    found: Numbers = np.fft.irfft(wave * np.fft.rfft(image, axis=axis), side, axis)
    return found


def _sizes(
    model: Numbers, changes: Numbers, stars: Numbers, known: Mask, fwhm: float
) -> Numbers:
    """Return each star's changes by least squares, relative to its flux: ``(n, 3)``."""
    step = np.arange(model.shape[0]) - model.shape[0] // 2
    core = np.hypot(step[:, None], step[None, :]) < _CORE * fwhm
    parts = np.stack([model, *changes])[:, core]
    used = known[:, core].astype(np.float64)
    normal = np.einsum("sp,ip,jp->sij", used, parts, parts)
    right = np.einsum("sp,ip->si", used * stars[:, core], parts)
    # A little of the whole core's matrix: a star with few known pixels has no change.
    normal += 1e-3 * np.diag(np.diag(parts @ parts.T))
    found = np.linalg.solve(normal, right[:, :, None])[:, :, 0]
    sizes: Numbers = found[:, 1:] / np.maximum(found[:, :1], 0.1)
    return sizes


def _robust_fit(terms: Numbers, values: Numbers, weight: Numbers) -> Numbers:
    """Return the coefficients of terms by least squares, without outliers."""
    kept = np.ones(len(values), np.bool_)
    found: Numbers = np.zeros(terms.shape[1])
    for _ in range(_ROUNDS):
        root = np.sqrt(weight[kept])
        found = np.asarray(
            np.linalg.lstsq(
                terms[kept] * root[:, None], values[kept] * root, rcond=None
            )[0],
            np.float64,
        )
        away = np.abs(values - terms @ found)
        kept = away <= _ODD * 1.4826 * np.median(away[kept]) + 1e-12
    return found
