"""Resamples a prepared frame to another grid."""

from dataclasses import replace

import numpy as np

from gatewright.domains.processing.frames import Mask, Pixels, Projection
from gatewright.domains.processing.matching import Alignment
from gatewright.domains.processing.prepared import Prepared, find_sources
from gatewright.domains.processing.psf import measure_psf
from gatewright.domains.processing.smoothing import noise_factor
from gatewright.domains.processing.warp import (
    is_identity,
    nearest,
    place,
    resample,
)


def regrid(
    frame: Prepared,
    grid: Projection,
    shape: tuple[int, int],
    alignment: Alignment,
    *,
    measured: bool = True,
) -> Prepared:
    """Return a frame resampled to a grid, with its noise and PSF measured again.

    Without ``measured``, the noise factor, the PSF and the sources are those of the
    frame before, which takes half the time where only pixels are needed.
    ``alignment`` maps positions from the grid to the frame. If no pixel moves, the
    frame's pixels are returned unchanged.
    """
    placement = place(grid, shape, frame.projection, alignment.adjustment)
    if frame.values.shape == shape and is_identity(placement):
        return replace(frame, projection=grid)
    values, lost, change = resample(frame.values, frame.bad, placement)
    noise = nearest(frame.noise, placement, np.float32(1))
    noise *= change
    noise[lost] = 1
    saturated = np.zeros(shape, np.bool_)
    if frame.saturated.any():
        saturated = nearest(frame.saturated, placement, np.False_)
    if measured:
        return measured_again(frame, values, noise, lost, saturated, grid)
    return replace(
        frame,
        values=values,
        noise=noise,
        bad=lost,
        saturated=saturated,
        projection=grid,
    )


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
