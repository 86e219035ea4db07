"""Turns pixel values into grey levels."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SOFTENING = 0.1
_SAMPLE = 1_000_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """How pixel values become grey levels."""

    name: str = "asinh"
    """Shape of the curve, ``asinh`` or ``linear``."""
    low: float = 0.5
    """Percentile of the pixel values that is drawn black."""
    high: float = 99.5
    """Percentile of the pixel values that is drawn white."""


def percentile_limits(
    pixels: NDArray[np.float32], low: float, high: float
) -> tuple[float, float]:
    """Return the values at two percentiles (0 to 100) of the finite pixels.

    Of more than a million pixels a regular sample of about a million, spread over all
    columns, is used. Without any finite pixel the limits are 0 and 1.
    """
    step = max(1, pixels.size // _SAMPLE)
    while math.gcd(step, pixels.shape[-1]) > 1:
        step += 1
    flat = pixels.ravel()[::step]
    finite = flat[np.isfinite(flat)]
    if not finite.size:
        return 0.0, 1.0
    bottom, top = np.percentile(finite, [low, high])
    return float(bottom), float(top)


def grey_levels(pixels: NDArray[np.float32], stretch: Stretch) -> NDArray[np.uint8]:
    """Return 8-bit grey levels of pixels; NaN is black.

    With x the position between the limits of the stretch, from 0 to 1, the asinh curve
    is asinh(x / a) / asinh(1 / a) with a = 0.1: linear for faint pixels, logarithmic
    for bright ones (Lupton, Gunn & Szalay 1999, AJ 118, 1406; Lupton et al. 2004, PASP
    116, 133).
    """
    bottom, top = percentile_limits(pixels, stretch.low, stretch.high)
    width = top - bottom
    with np.errstate(over="ignore", invalid="ignore"):  # values near the end of float32
        share = (pixels - np.float32(bottom)) / np.float32(width if width > 0 else 1.0)
    share = np.clip(np.nan_to_num(share, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)
    if stretch.name == "asinh":
        share = np.arcsinh(share / SOFTENING) / np.arcsinh(1.0 / SOFTENING)
    levels: NDArray[np.uint8] = (share * 255.0 + 0.5).astype(np.uint8)
    return levels
