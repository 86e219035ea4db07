"""Measures the wings of a point-spread function, which noise hides in single stars.

A round Moffat function (Moffat 1969, A&A 3, 455) and a level are fitted to the mean
of the pixels at each radius. A function of few parameters is known from the bright
pixels near the core, so that the sum of the point-spread function, by which it is
normalised, does not add up the noise of all pixels of a stamp. Stetson 1987 (PASP 99,
191) joins an analytic function to a table of the core for the same reason.
"""

import numpy as np

from gatewright.domains.processing.frames import Mask, Numbers

_SHARP = np.linspace(0.02, 0.5, 25)
"""Inverse exponents that are tried: from nearly a Gaussian to wide wings."""
_USUAL, _USUAL_SPREAD = 0.28, 0.1
"""Inverse exponent that the atmosphere gives: exponents of 2.5 to 4.8 are observed
(Trujillo et al. 2001, MNRAS 328, 977)."""
_WIDTHS = np.linspace(0.85, 1.15, 13)
_FROM = 0.6
"""Smallest radius of the fit, in units of the FWHM."""
_MISFIT = 0.03
"""Relative error of a Moffat function that is assumed, as real stars differ from it."""


class Wings:
    """The wings that stars of one FWHM may have, on stamps of one size.

    The functions that are tried take the time: they are computed once for all the fits
    of a frame.

    Parameters
    ----------
    side
        Side of the stamps, an odd number of pixels.
    fwhm
        FWHM of the stars, pixels.

    Attributes
    ----------
    pixels : Mask
        Pixels of a stamp that the wings are fitted to.
    """

    def __init__(self, side: int, fwhm: float) -> None:
        self._distance = radii(side)
        self._ring = np.rint(self._distance).astype(int).ravel()
        self._count = np.bincount(self._ring)
        radius = np.arange(len(self._count))
        self._used = (radius >= _FROM * fwhm) & (radius <= side // 2)
        self.pixels = self._used[self._ring].reshape(side, side)
        # The same distances come many times: each is computed once.
        single, times = np.unique(
            np.rint(self._distance.ravel() ** 2), return_counts=True
        )
        of_ring = np.zeros((len(radius), len(single)))
        of_ring[np.rint(np.sqrt(single)).astype(int), np.arange(len(single))] = times
        of_ring /= self._count[:, None]
        self._sharp, width = (
            part.ravel() for part in np.meshgrid(_SHARP, _WIDTHS * fwhm)
        )
        self._scale = (width / 2.0) ** 2 / (2.0**self._sharp - 1.0)
        shapes = (1.0 + single / self._scale[:, None]) ** (-1.0 / self._sharp[:, None])
        self._shapes = (shapes @ of_ring.T)[:, self._used]

    def fit(self, typical: Numbers, noise: float) -> tuple[Numbers, float]:
        """Return the wings of a star at each pixel of its stamp, and its level.

        Parameters
        ----------
        typical
            A star at the centre of its stamp; only the fitted pixels count.
        noise
            Standard deviation of its pixels.
        """
        profile = np.bincount(self._ring, typical.ravel()) / self._count
        spread = np.hypot(noise / np.sqrt(self._count), _MISFIT * profile + 1e-12)
        error = spread[self._used]
        # Least squares for the height and the level under each of the shapes.
        a, b, z = self._shapes / error, 1.0 / error, profile[self._used] / error
        aa, ab, az = (a**2).sum(axis=1), a @ b, a @ z
        height = (az * (b @ b) - ab * (b @ z)) / (aa * (b @ b) - ab**2)
        level = (b @ z - ab * height) / (b @ b)
        misfit = ((height[:, None] * a + level[:, None] * b - z) ** 2).sum(axis=1)
        usual = ((self._sharp - _USUAL) / _USUAL_SPREAD) ** 2
        best = int((misfit + usual).argmin())
        wings: Numbers = height[best] * (
            1.0 + self._distance**2 / self._scale[best]
        ) ** (-1.0 / self._sharp[best])
        return wings, float(level[best])


def radii(side: int) -> Numbers:
    """Return the distance of each pixel of a stamp from its middle pixel, pixels."""
    step = np.arange(side) - side // 2
    return np.hypot(step[:, None], step[None, :])


def weighted_medians(stack: Numbers, weight: Numbers | Mask) -> Numbers:
    """Return the weighted median along the first axis; 0 where all weights are 0.

    Half of the weight lies below it; between two values it is interpolated.
    """
    number, shape = len(stack), stack.shape[1:]
    # Values of one median lie side by side.
    values = np.ascontiguousarray(stack.reshape(number, -1).T)
    share = np.ascontiguousarray(weight.reshape(number, -1).T, dtype=np.float64)
    values = np.where(share > 0, values, np.inf)
    order = np.argsort(values, axis=1)
    order += np.arange(len(order))[:, None] * number
    ordered, share = values.take(order), share.take(order)
    # Each value stands in the middle of its own weight.
    place = np.cumsum(share, axis=1)
    total = place[:, -1].copy()
    place -= share / 2.0
    after = np.count_nonzero(place < total[:, None] / 2.0, axis=1)
    after = np.minimum(after, number - 1)
    line = np.arange(len(order))
    pair = [np.maximum(after - 1, 0), after]
    low, high = (ordered[line, n] for n in pair)
    first, last = (place[line, n] for n in pair)
    with np.errstate(invalid="ignore"):
        part = np.where(last > first, (total / 2.0 - first) / (last - first), 1.0)
        middle = low + np.clip(part, 0.0, 1.0) * (high - low)
    found: Numbers = np.where(total > 0, middle, 0.0).reshape(shape)
    return found
