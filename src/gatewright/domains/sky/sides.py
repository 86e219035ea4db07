"""Sides in pixels of cut-outs whose size is given on the sky."""

import math
from collections.abc import Sequence

_ALIKE = 0.01
_SLACK = 0.01


def odd_side(arcsec: float, scale: float) -> int:
    """Return the smallest odd number of pixels that is at least so many arcseconds.

    ``scale`` is the side of a pixel, arcseconds. A fiftieth of a pixel less is enough,
    so that rounding adds no pixels to a size that is a whole number of them. The middle
    of an odd side is a pixel, so that cut-outs of one place align.
    """
    return 2 * max(0, math.ceil((arcsec / scale - 1) / 2 - _SLACK)) + 1


def sides(arcsec: float, scales: Sequence[float]) -> Sequence[int]:
    """Return the side in pixels of a cut-out of each of several images.

    Images of one camera differ a little in scale. Where scales are within a hundredth
    of each other the side is that of the first, so that stamps of all epochs have one
    size.

    Parameters
    ----------
    arcsec
        Side on the sky, arcseconds.
    scales
        Side of a pixel of each image, arcseconds.
    """
    chosen: list[int] = []
    for number, scale in enumerate(scales):
        alike = (
            side
            for side, other in zip(chosen, scales[:number], strict=True)
            if abs(scale / other - 1) < _ALIKE
        )
        chosen.append(next(alike, odd_side(arcsec, scale)))
    return chosen
