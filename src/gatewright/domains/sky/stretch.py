"""Turns pixel values into grey levels."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

ColourMap = Literal[
    "gray",
    "viridis",
    "magma",
    "inferno",
    "cividis",
    "gray_r",
    "viridis_r",
    "magma_r",
    "inferno_r",
    "cividis_r",
]
"""Colour maps by matplotlib's names, all perceptually uniform; ``_r`` is reversed."""
SOFTENING = 0.1
LOGARITHM = 1000.0
_SAMPLE = 250_000
_GUESS, _SPARE = 4000, 40
_BLOCK = 1 << 16
_ZSCALE_SAMPLE, _ZSCALE_LEAST, _ZSCALE_ROUNDS = 1000, 5, 5
_ZSCALE_SIGMAS, _ZSCALE_CONTRAST = 2.5, 0.25


class Limits(StrEnum):
    """How the values that are drawn black and white are found."""

    PERCENTILE = "percentile"
    """They are percentiles of the pixels."""
    VALUE = "value"
    """They are given."""
    ZSCALE = "zscale"
    """They follow the slope of the sorted pixels, as IRAF's zscale does."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """How pixel values become grey levels, and these become colours."""

    name: str = "asinh"
    """Shape of the curve: ``asinh``, ``linear``, ``log`` or ``sqrt``."""
    low: float = 0.5
    """Percentile of the pixel values, or value, that is drawn black."""
    high: float = 99.5
    """Percentile of the pixel values, or value, that is drawn white."""
    limits: Limits = Limits.PERCENTILE
    """What ``low`` and ``high`` are; without meaning for zscale."""
    colours: ColourMap = "gray"
    """Colours of the grey levels."""


def percentile_limits(
    pixels: NDArray[np.float32], low: float, high: float
) -> tuple[float, float]:
    """Return the values at two percentiles (0 to 100) of the finite pixels.

    Of more than 250,000 pixels a regular sample of about as many, spread over all
    columns, is used. Without any finite pixel the limits are 0 and 1.
    """
    step = max(1, pixels.size // _SAMPLE)
    while math.gcd(step, pixels.shape[-1]) > 1:
        step += 1
    flat = pixels.ravel()[::step]
    finite = flat[np.isfinite(flat)]
    if not finite.size:
        return 0.0, 1.0
    some = np.sort(finite[:: max(1, len(finite) // _GUESS)])
    return _percentile(finite, some, low), _percentile(finite, some, high)


def _percentile(
    values: NDArray[np.float32], some: NDArray[np.float32], percent: float
) -> float:
    """Return a percentile of finite values, interpolated as numpy does by default.

    Few values lie beyond a percentile near 0 or 100. ``some`` of the values, sorted,
    tell about where they begin, and if all are among those kept, only these are
    partitioned. Of a stamp ``some`` are all.
    """
    place = (len(values) - 1) * (percent / 100)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    kept, before = values, 0
    guess = int((len(some) - 1) * (percent / 100))
    if len(some) == len(values):
        kept = some
    elif 2 * guess + _SPARE < len(some):
        part = values[values <= some[2 * guess + _SPARE]]
        kept = part if len(part) > above else values
    elif 2 * guess - len(some) - _SPARE >= 0:
        part = values[values >= some[2 * guess - len(some) - _SPARE]]
        if len(values) - len(part) <= below:
            kept, before = part, len(values) - len(part)
    two = kept
    if kept is not some:
        two = np.partition(kept, [below - before, above - before])
    lower, upper = two[below - before], two[above - before]
    share = np.float64(place - below)
    step = upper - lower
    if share < 0.5:
        return float(lower + step * share)
    return float(upper - step * (1 - share))


def zscale_limits(pixels: NDArray[np.float32]) -> tuple[float, float]:
    """Return the limits of IRAF's zscale, with the constants of astropy's.

    A line is fitted to the sorted values of about 1000 pixels, and values that deviate
    by more than 2.5 sigma are left out, five times at most. The limits are where the
    line, four times as steep, reaches from the median, but within the values. Without
    any finite pixel the limits are 0 and 1.
    """
    values = pixels[np.isfinite(pixels)].astype(np.float64)
    if not values.size:
        return 0.0, 1.0
    values = values[:: max(1, values.size // _ZSCALE_SAMPLE)][:_ZSCALE_SAMPLE]
    values.sort()
    count, (bottom, top) = len(values), (values[0], values[-1])
    least = max(_ZSCALE_LEAST, int(count * 0.5))
    place = np.arange(count)
    good, last, slope = count, count + 1, 0.0
    bad = np.zeros(count, np.bool_)
    for _ in range(_ZSCALE_ROUNDS):
        if good >= last or good < least:
            break
        slope, level = np.polyfit(place, values, 1, w=(~bad).astype(np.float64))
        flat = values - (slope * place + level)
        bound = _ZSCALE_SIGMAS * flat[~bad].std()
        bad |= np.abs(flat) > bound
        # A value beside an outlier is left out, too.
        bad = np.convolve(bad, np.ones(max(1, int(count * 0.01))), "same") > 0
        last, good = good, int((~bad).sum())
    if good >= least:
        slope = slope / _ZSCALE_CONTRAST
        middle = (count - 1) // 2
        median = np.median(values)
        bottom = max(bottom, median - (middle - 1) * slope)
        top = min(top, median + (count - middle) * slope)
    return float(bottom), float(top)


def grey_levels(
    pixels: NDArray[np.float32], stretch: Stretch, pedestal: float = 0.0
) -> NDArray[np.uint8]:
    """Return 8-bit grey levels of pixels; NaN is black.

    ``pedestal`` is what was subtracted from the pixels. With x the position between the
    limits of the stretch, from 0 to 1, the curves are:

    - asinh(x / a) / asinh(1 / a) with a = 0.1: linear for faint pixels, logarithmic for
      bright ones (Lupton, Gunn & Szalay 1999, AJ 118, 1406; Lupton et al. 2004, PASP
      116, 133);
    - log(1000 x + 1) / log(1001), as DS9 has it;
    - the square root of x;
    - x itself, for linear.
    """
    if stretch.limits is Limits.VALUE:
        bottom, top = stretch.low - pedestal, stretch.high - pedestal
    elif stretch.limits is Limits.ZSCALE:
        bottom, top = zscale_limits(pixels)
    else:
        bottom, top = percentile_limits(pixels, stretch.low, stretch.high)
    levels = np.empty(pixels.shape, np.uint8)
    rows = max(1, _BLOCK // max(1, pixels.shape[-1]))
    for first in range(0, len(pixels), rows):  # parts that stay in the CPU's cache
        part = slice(first, first + rows)
        levels[part] = _curve(pixels[part], stretch.name, bottom, top)
    return levels


def _curve(
    pixels: NDArray[np.float32], name: str, bottom: float, top: float
) -> NDArray[np.float32]:
    """Return grey levels from 0.5 to 255.5, to be rounded down."""
    width = top - bottom
    with np.errstate(over="ignore", invalid="ignore"):  # values near the end of float32
        share = (pixels - np.float32(bottom)) / np.float32(width if width > 0 else 1.0)
        np.clip(share, np.float32(0), np.float32(1), out=share)
        share[np.isnan(share)] = 0
    if name == "asinh":
        share *= np.float32(1.0 / SOFTENING)
        np.arcsinh(share, out=share)
        share /= np.float32(np.arcsinh(1.0 / SOFTENING))
    elif name == "log":
        share = np.log1p(share * np.float32(LOGARITHM)) / np.float32(
            np.log1p(LOGARITHM)
        )
    elif name == "sqrt":
        share = np.sqrt(share)
    share *= np.float32(255)
    share += np.float32(0.5)
    return share
