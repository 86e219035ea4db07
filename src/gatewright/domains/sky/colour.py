"""Combines three images of one place into a picture in colour."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gatewright.domains.sky.stretch import percentile_limits

_FRACTION = 0.1
Three = tuple[float, float, float]
"""A number for each of red, green and blue."""


@dataclass(frozen=True, slots=True)
class Colours:
    """How the pixel values of three images become colours."""

    low: float = 0.5
    """Percentile of each image's values that is drawn black."""
    high: float = 99.5
    """Percentile of each image's values that counts as 1."""
    black: Three | None = None
    """Values of the images that are drawn black, instead of percentiles."""
    unit: Three | None = None
    """Differences from black that count as 1 in the images, instead of percentiles."""
    stretch: float = 0.05
    """Intensity up to which brightness grows about linearly."""
    softening: float = 8.0
    """Lupton's Q: how much less brightness grows above that."""


def colour_levels(
    images: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]],
    colours: Colours,
) -> NDArray[np.uint8]:
    """Return red, green and blue levels, shape (height, width, 3), of three images.

    The brightness of a pixel follows the asinh curve of Lupton et al. 2004 (PASP 116,
    133), with the constants of ``astropy.visualization.make_lupton_rgb``; its colour,
    the ratio of the three values, remains. A pixel that an image does not have (NaN) is
    black, since it would have a wrong colour.
    """
    bands = np.empty((3, *images[0].shape), np.float64)
    for n, image in enumerate(images):
        black, top = percentile_limits(image, colours.low, colours.high)
        unit = top - black
        if colours.black is not None:
            black = colours.black[n]
        if colours.unit is not None:
            unit = colours.unit[n]
        with np.errstate(over="ignore"):  # infinite values are black
            bands[n] = (image - np.float64(black)) / (unit if unit > 0 else 1.0)
    bands[:, ~np.isfinite(bands).all(axis=0)] = 0.0
    intensity = bands.mean(axis=0)
    soft = colours.softening
    bright = np.arcsinh(np.maximum(intensity, 0.0) * soft / colours.stretch)
    bright *= _FRACTION / np.arcsinh(_FRACTION * soft)
    factor = np.divide(
        bright, intensity, out=np.zeros_like(bright), where=intensity > 0
    )
    bands = np.maximum(bands * factor, 0.0)
    # A pixel that is too bright keeps its colour: all three are reduced alike.
    bands /= np.maximum(bands.max(axis=0), 1.0)
    return np.ascontiguousarray(np.moveaxis(bands * 255.0, 0, -1).astype(np.uint8))
