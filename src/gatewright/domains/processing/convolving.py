"""Convolves a frame to a Gaussian point-spread function."""

from dataclasses import replace

import numpy as np

from gatewright.domains.processing.frames import Fourier
from gatewright.domains.processing.prepared import Prepared

_WEAK = 1e-3
"""Least amplitude of the PSF's transform that is divided by, where it is 1 at most."""


def matched(frame: Prepared, width: float, fourier: Fourier) -> Prepared:
    """Return a frame convolved to a Gaussian PSF with a FWHM of ``width`` pixels."""
    height, across = frame.values.shape
    psf = frame.psf.at(across / 2, height / 2)
    side = psf.shape[0]
    step = np.arange(side) - side // 2
    sharp = np.exp(-4.0 * np.log(2.0) * (step / width) ** 2)
    target = np.outer(sharp, sharp)
    target /= target.sum()
    shape = (height + 2 * side, across + 2 * side)
    own, wanted = (
        fourier.forward(
            np.roll(
                np.pad(
                    part.astype(np.float32),
                    ((0, shape[0] - side), (0, shape[1] - side)),
                ),
                (-(side // 2), -(side // 2)),
                (0, 1),
            )
        )
        for part in (psf, target)
    )
    power = own.real**2 + own.imag**2
    kernel = wanted * np.conj(own) / np.maximum(power, np.float32(_WEAK**2))
    padded = np.pad(frame.values, ((0, 2 * side), (0, 2 * side)))
    values = fourier.back(kernel * fourier.forward(padded), shape)
    spread = float(np.sqrt((fourier.back(kernel, shape) ** 2).sum()))
    return replace(
        frame,
        values=np.where(frame.bad, np.float32(0), values[:height, :across]),
        noise=frame.noise * np.float32(spread),
    )
