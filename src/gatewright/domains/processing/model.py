"""What is made of telescope images, and what is found in it: the values.

Pixels count from 0 in the middle of the first one (FITS counts from 1), x along a row.
Fluxes are in the units of the frame that :attr:`Calibration.frame` names, until a
catalogue gives a zero point.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class ProductKind(StrEnum):
    """What was made."""

    COADD = "coadd"
    """Several frames as one."""
    DIFFERENCE = "difference"
    """A science image less a reference."""


class ProductState(StrEnum):
    """How far it is."""

    WORKING = "working"
    """It is being made."""
    READY = "ready"
    """It can be had."""
    FAILED = "failed"
    """It could not be made; the reason is told."""


class Plane(StrEnum):
    """One picture of a product."""

    DIFFERENCE = "difference"
    """Science less reference, in units of the science frame (of a difference)."""
    SCORE = "score"
    """Significance of a point source in each pixel, in sigma (of a difference)."""
    WEIGHT = "weight"
    """Inverse variance of each pixel of the first plane."""
    COADD = "coadd"
    """Mean of the frames, in units of the first (of a coadd)."""
    SCIENCE = "science"
    """The science image on the grid of the difference, sky taken off."""
    REFERENCE = "reference"
    """The reference on the same grid and the same scale of flux."""


class Aside(StrEnum):
    """Why a detection is set aside: it is most likely an artefact."""

    DIPOLE = "dipole"
    """Light and its lack side by side: two images of one star that do not meet."""
    COSMIC_RAY = "cosmic-ray"
    """Narrower than a star can be."""
    EDGE = "edge"
    """At the edge of a frame, or of what is known of it."""
    BLEED = "bleed"
    """In or along a saturated star."""
    RESIDUAL = "residual"
    """A small part of a bright star's light, which could not be taken off."""
    TRAIL = "trail"
    """A long thin line, such as a satellite draws."""


@dataclass(frozen=True, slots=True)
class FrameRef:
    """One image HDU of a file, as the processes that work on it find it."""

    image: str
    """Name of the image in URLs."""
    surveys: tuple[str, ...]
    """Surveys that its pixels are from."""
    path: str
    """File that holds it."""
    identity: str
    """Identity of the file when it was read."""
    hdu: int
    """Number of the HDU."""
    mjd: float | None = None
    """Middle of the exposure, MJD UTC; None where nobody tells."""
    assumed: bool = False
    """Whether the time is the survey's table's, and not the header's."""
    band: str | None = None
    """Band of the filter."""
    seeing: float | None = None
    """Full width of a star at half its height, arcseconds, where the header tells."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the fluxes of a product or a light curve mean."""

    frame: str
    """Image whose units the fluxes are in."""
    scale: float
    """Factor from those units to the ones of the frame itself."""
    scale_error: float
    """Its error (one sigma)."""
    stars: int
    """Stars that it was measured from."""
    system: str | None = None
    """Photometric system of ``zero_point``; None where there is none."""
    zero_point: float | None = None
    """Magnitude of one unit of flux."""
    zero_point_error: float | None = None
    """Its error (one sigma)."""
    source: str = "relative"
    """Where the zero point is from: ``relative`` for none, else the catalogue."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A place where a difference is more than noise."""

    number: int
    """Number within its difference, from 1, the most significant first."""
    ra: float
    """Right ascension, ICRS degrees."""
    dec: float
    """Declination, ICRS degrees."""
    x: float
    """Column in the difference, pixels from 0."""
    y: float
    """Row in the difference, pixels from 0."""
    snr: float
    """Height of the score image, in sigma; below 0 for light that is gone."""
    flux: float
    """Flux of a point source there, in units of the science frame."""
    flux_error: float
    """Its error (one sigma)."""
    features: Mapping[str, float] = field(default_factory=dict)
    """What tells real from bogus, by name; NaN for what is not known."""
    aside: Aside | None = None
    """Why it is kept aside; None for a candidate."""


@dataclass(frozen=True, slots=True)
class LightPoint:
    """Flux at one place in one frame, measured whether or not a source is seen."""

    image: str
    """The frame."""
    mjd: float | None
    """Middle of the exposure, MJD UTC."""
    assumed: bool
    """Whether the time is the survey's table's, and not the header's."""
    band: str | None
    """Band of the filter."""
    flux: float
    """Flux, in the units that the light curve's calibration tells."""
    flux_error: float
    """Its error (one sigma), that of the scale of flux not included."""
    upper_limit: float | None
    """Flux that a source above it would have been seen with at 5 sigma; None for a
    source that is seen at 3 sigma."""
    magnitude: float | None
    """Magnitude, where there is a zero point and the source is seen."""
    magnitude_error: float | None
    """Its error (one sigma)."""
    scale: float
    """Factor that the frame's own fluxes were divided by."""
    scale_error: float
    """Its error (one sigma): common to all sources of the frame."""
    reason: str | None = None
    """Why nothing could be measured; the numbers are NaN then."""


@dataclass(frozen=True, slots=True)
class LightCurve:
    """One place over all its frames, in order of time."""

    ra: float
    """Right ascension, ICRS degrees."""
    dec: float
    """Declination, ICRS degrees."""
    calibration: Calibration
    """What the fluxes mean."""
    points: Sequence[LightPoint] = ()
    """The frames."""


@dataclass(frozen=True, slots=True)
class Product:
    """A coadd or a difference, and how it came about."""

    id: str
    """Name in URLs: the same inputs and the same method make the same name."""
    kind: ProductKind
    """What it is."""
    state: ProductState
    """How far it is."""
    request: Mapping[str, object]
    """What was asked, with the images of each side by name: ``images`` of a coadd,
    ``science`` and ``reference`` of a difference; ``pos`` and ``method``."""
    surveys: Sequence[str]
    """Surveys that its pixels are from: who may see all of them may see it."""
    owner: str
    """Who asked for it first."""
    created_at: float
    """When, seconds since 1970."""
    path: str | None = None
    """File that holds its planes; None unless it is ready."""
    identity: str = ""
    """Identity of that file."""
    planes: Mapping[str, int] = field(default_factory=dict)
    """Number of the HDU of each plane (:class:`Plane`)."""
    report: Mapping[str, object] = field(default_factory=dict)
    """Provenance and measures: inputs with their times, versions, PSFs with stars used
    and rejected, calibration, noise, shifts, seconds."""
    detections: Sequence[Detection] = ()
    """What was found (of a difference), the most significant first."""
    reason: str | None = None
    """Why it failed."""
