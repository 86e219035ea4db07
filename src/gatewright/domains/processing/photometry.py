"""Forced photometry: the flux at one position in many frames.

The point-spread function of each frame is fitted at a fixed position, whether or not a
source is detected there (for the errors of such fits see Masci et al. 2019, PASP 131,
018003, section 6). The fluxes are on the flux scale of the first frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gatewright.domains.processing.coadd import Load
from gatewright.domains.processing.frames import Numbers
from gatewright.domains.processing.matching import Ratio, align, star_fluxes
from gatewright.domains.processing.model import Calibration
from gatewright.domains.processing.prepared import Prepared
from gatewright.domains.processing.scales import Stars, joint_scales
from gatewright.domains.processing.sources import stamps
from gatewright.domains.processing.zeropoint import MAGNITUDE

SEEN = 3.0
"""Least flux of a detected source, in units of the flux error."""
LIMIT = 5.0
"""Significance of an upper limit, sigma."""
OUTSIDE = "outside the frame"
AT_EDGE = "too near to the edge of the frame"
SATURATED = "a saturated pixel in its middle"
BAD = "a bad pixel in its middle"


@dataclass(frozen=True, slots=True)
class Measured:
    """The flux at a position in one frame."""

    flux: float
    """Flux in units of the first frame; NaN if it could not be measured."""
    error: float
    """Error of ``flux`` (one sigma)."""
    scale: Ratio
    """Flux of a star in this frame divided by its flux in the first frame."""
    reason: str | None = None
    """Why the flux could not be measured; None otherwise."""

    @property
    def seen(self) -> bool:
        """Whether the flux is above three sigma."""
        return self.flux > SEEN * self.error

    @property
    def upper_limit(self) -> float | None:
        """5 sigma upper limit of the flux; None for a detected source.

        It is also None if the flux could not be measured.
        """
        if self.seen or self.reason is not None:
            return None
        return max(self.flux, 0.0) + LIMIT * self.error


@dataclass(frozen=True, slots=True)
class Fitted:
    """The flux at a position in one frame, in units of that frame, and its stars."""

    flux: float
    """Flux; NaN if it could not be measured."""
    error: float
    """Error of ``flux`` (one sigma)."""
    stars: Stars
    """Stars of the frame, by which its scale is found."""
    reason: str | None = None
    """Why the flux could not be measured; None otherwise."""


def measure(loads: Sequence[Load], ra: float, dec: float) -> list[Measured]:
    """Return the flux at a position, ICRS degrees, in each of the frames.

    The fluxes are in units of the first frame.
    """
    first: Prepared | None = None
    found = []
    for load in loads:
        frame = load()
        first = first or frame
        found.append(fit(first, frame, ra, dec))
    return on_one_scale(found)


def fit(first: Prepared, frame: Prepared, ra: float, dec: float) -> Fitted:
    """Return the flux at a position, ICRS degrees, in one frame.

    The position is corrected by the offsets of its stars from those of ``first``.
    """
    stars = Stars.of(frame)
    x, y = frame.projection.to_pixels(np.array([ra]), np.array([dec]))
    if frame is not first:
        x, y = align(first, frame).adjustment.apply(x, y)
    height, width = frame.values.shape
    inside = (x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5)
    if not inside.all():
        return Fitted(np.nan, np.nan, stars, OUTSIDE)
    flux, error, good = star_fluxes(frame, x, y)
    if not good.all():
        return Fitted(np.nan, np.nan, stars, _why_not(frame, x, y))
    return Fitted(float(flux[0]), float(error[0]), stars)


def on_one_scale(fitted: Sequence[Fitted]) -> list[Measured]:
    """Return the fluxes in units of the first frame.

    The scales of all frames are solved for together. One that no chain of shared stars
    ties to the first keeps units that are not those of the first, which its infinite
    ``scale.error`` says.
    """
    scales = joint_scales([one.stars for one in fitted])
    return [
        Measured(one.flux / scale.value, one.error / scale.value, scale, one.reason)
        for one, scale in zip(fitted, scales, strict=True)
    ]


def magnitudes(found: Measured, zero: Calibration) -> dict[str, float]:
    """Return the magnitude of a detected source with its error, or the upper limit.

    The names are ``magnitude`` and ``magnitude_error``, or ``magnitude_limit``; there
    are none for a flux that could not be measured. The flux counts in the frame's own
    units, so that the error of the scale to the first frame does not matter. The error
    includes that of the zero point; the limit does not.
    """

    def magnitude(flux: float) -> float:
        return zero.zero_point - 2.5 * float(np.log10(flux * found.scale.value))

    if found.seen:
        own = MAGNITUDE * found.error / found.flux
        error = float(np.hypot(own, zero.zero_point_error))
        return {"magnitude": magnitude(found.flux), "magnitude_error": error}
    limit = found.upper_limit
    return {} if limit is None else {"magnitude_limit": magnitude(limit)}


def _why_not(frame: Prepared, x: Numbers, y: Numbers) -> str:
    """Return why the flux at a pixel position could not be measured."""
    fwhm = frame.psf.fwhm
    height, width = frame.values.shape
    column, row = np.rint(x[0]), np.rint(y[0])
    if min(column, row, width - 1 - column, height - 1 - row) + 1 < fwhm:
        return AT_EDGE
    radius = int(np.ceil(fwhm))
    step = np.arange(-radius, radius + 1)
    middle = np.hypot(step[:, None], step[None, :]) < fwhm
    saturated = stamps(frame.saturated, x, y, radius, outside=False)[0]
    return SATURATED if saturated[middle].any() else BAD
