"""Flux at one place over many frames, whether or not a source is seen there.

The point-spread function of each frame is fitted at the place with its position held
(forced photometry; for the errors of such fits see Masci et al. 2019, PASP 131,
018003, section 6). Every frame is brought to the scale of flux of one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gatewright.domains.processing.coadd import Load, relative_scale
from gatewright.domains.processing.matching import Ratio, align, star_fluxes
from gatewright.domains.processing.prepared import Prepared

SEEN = 3.0
"""Least flux over its error of a source that is seen."""
LIMIT = 5.0
"""How many sigma an upper limit is."""
REASONS = ("outside the frame", "a bad pixel in its middle")


@dataclass(frozen=True, slots=True)
class Measured:
    """The flux at a place in one frame."""

    flux: float
    """In units of the first frame; NaN for one that is not measured."""
    error: float
    """Its error (one sigma)."""
    scale: Ratio
    """How many times the frame's own flux of a star is that in the first."""
    reason: str | None = None
    """Why it was not measured."""

    @property
    def seen(self) -> bool:
        """Whether a source is seen at three sigma."""
        return self.flux > SEEN * self.error

    @property
    def upper_limit(self) -> float | None:
        """Flux above which a source would have been seen; None where one is seen."""
        if self.seen or self.reason is not None:
            return None
        return max(self.flux, 0.0) + LIMIT * self.error


def measure(loads: Sequence[Load], ra: float, dec: float) -> list[Measured]:
    """Return the flux at a place, ICRS degrees, in each of the frames.

    The first frame's units are those of all fluxes.
    """
    first: Prepared | None = None
    found = []
    for load in loads:
        frame = load()
        first = first or frame
        found.append(_measured(first, frame, ra, dec))
    return found


def _measured(first: Prepared, frame: Prepared, ra: float, dec: float) -> Measured:
    scale = Ratio(1.0, 0.0, 0) if frame is first else relative_scale(first, frame)
    x, y = frame.projection.to_pixels(np.array([ra]), np.array([dec]))
    if frame is not first:
        x, y = align(first, frame).adjustment.apply(x, y)
    height, width = frame.values.shape
    inside = (x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5)
    if not inside.all():
        return Measured(np.nan, np.nan, scale, REASONS[0])
    flux, error, good = star_fluxes(frame, x, y)
    if not good.all():
        return Measured(np.nan, np.nan, scale, REASONS[1])
    return Measured(float(flux[0]) / scale.value, float(error[0]) / scale.value, scale)
