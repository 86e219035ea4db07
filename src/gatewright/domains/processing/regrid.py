"""Resamples a prepared frame to another grid."""

from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gatewright.domains.processing.frames import Mask, Pixels, Projection
from gatewright.domains.processing.matching import Alignment
from gatewright.domains.processing.prepared import Prepared, find_sources
from gatewright.domains.processing.psf import measure_psf
from gatewright.domains.processing.smoothing import noise_factor
from gatewright.domains.processing.warp import (
    Placement,
    is_identity,
    place,
    resample,
)

_ROWS = 32

T = TypeVar("T", bound=np.generic)


def regrid(
    frame: Prepared, grid: Projection, shape: tuple[int, int], alignment: Alignment
) -> Prepared:
    """Return a frame resampled to a grid, with its noise and PSF measured again.

    ``alignment`` maps positions from the grid to the frame. If no pixel moves, the
    frame's pixels are returned unchanged.
    """
    placement = place(grid, shape, frame.projection, alignment.adjustment)
    if frame.values.shape == shape and is_identity(placement):
        return replace(frame, projection=grid)
    values, lost, change = resample(frame.values, frame.bad, placement)
    noise = np.where(
        lost, np.float32(1), sampled(frame.noise, placement, np.float32(1)) * change
    )
    saturated = sampled(frame.saturated, placement, np.False_)
    return measured_again(frame, values, noise, lost, saturated, grid)


def sampled(image: NDArray[T], placement: Placement, outside: T) -> NDArray[T]:
    """Return the nearest pixel of an image at each position, or ``outside``."""
    height, width = image.shape
    values = np.full(placement.x.shape, outside, image.dtype)
    if (image == outside).all():
        return values
    flat = image.ravel()
    for first in range(0, len(values), _ROWS):
        part = slice(first, first + _ROWS)
        with np.errstate(invalid="ignore"):
            x, y = np.rint(placement.x[part]), np.rint(placement.y[part])
            inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
            place = np.where(inside, y * width + x, 0.0).astype(np.intp)
        np.copyto(values[part], flat[place], where=inside)
    return values


def measured_again(
    frame: Prepared,
    values: Pixels,
    noise: Pixels,
    bad: Mask,
    saturated: Mask,
    grid: Projection,
) -> Prepared:
    """Return a frame with new pixels, whose PSF, noise and sources are measured."""
    psf = measure_psf(values, noise, bad, frame.psf.fwhm) or frame.psf
    centre = psf.at(values.shape[1] / 2, values.shape[0] / 2)
    return replace(
        frame,
        values=values,
        noise=noise,
        bad=bad,
        saturated=saturated,
        psf=psf,
        factor=noise_factor(values, noise, bad, centre),
        sources=find_sources(values, noise, bad, psf.fwhm),
        projection=grid,
    )
