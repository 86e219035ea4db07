"""Values of processing: products, detections and light curves.

Pixel coordinates count from 0 at the centre of the first pixel (FITS counts from 1); x
runs along a row. Fluxes are in the units of the frame that :attr:`LightCurve.units_of`
names; a catalogue gives each frame its zero point.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

COADD = "coadd:"
"""Before the identifier of a coadd in the name of its frame."""


class ProductKind(StrEnum):
    """The kind of a product."""

    COADD = "coadd"
    """Several frames averaged into one."""
    DIFFERENCE = "difference"
    """A science image minus a reference image."""


class ProductState(StrEnum):
    """The state of a product."""

    WORKING = "working"
    """The product is being made."""
    READY = "ready"
    """The product's file is complete."""
    FAILED = "failed"
    """The product could not be made; ``Product.reason`` says why."""


class Plane(StrEnum):
    """One image of a product."""

    DIFFERENCE = "difference"
    """Of a difference: science minus reference, in units of the science frame."""
    SCORE = "score"
    """Of a difference: significance of a point source at each pixel, sigma."""
    WEIGHT = "weight"
    """Inverse variance of each pixel of the first plane."""
    COADD = "coadd"
    """Of a coadd: mean of the frames, in units of the first."""
    SCIENCE = "science"
    """The science image without its sky, on the grid of the difference."""
    REFERENCE = "reference"
    """The reference without its sky, on the same grid and flux scale."""


class Aside(StrEnum):
    """Why a detection is flagged as a likely artefact."""

    DIPOLE = "dipole"
    """A positive and a negative peak side by side: a misaligned star."""
    COSMIC_RAY = "cosmic-ray"
    """Narrower than the point-spread function."""
    EDGE = "edge"
    """At the edge of a frame, or next to bad pixels."""
    BLEED = "bleed"
    """In or next to a saturated star."""
    RESIDUAL = "residual"
    """A small fraction of a bright star's flux: an imperfect subtraction."""
    TRAIL = "trail"
    """A long thin line, such as a satellite's trail."""


@dataclass(frozen=True, slots=True)
class WeightRef:
    """The weight map of a frame, whose pixels are inverse variances or like them."""

    image: str
    """Name of the map in URLs."""
    path: str
    """Path of the file."""
    identity: str
    """Identity of the file when it was indexed, to detect changes."""
    hdu: int
    """Number of the HDU, from 0."""


@dataclass(frozen=True, slots=True)
class FrameRef:
    """One image HDU of a file, as the processes that read it need it."""

    image: str
    """Name of the image in URLs."""
    surveys: tuple[str, ...]
    """Surveys that the image's pixels come from."""
    path: str
    """Path of the file."""
    identity: str
    """Identity of the file when it was indexed, to detect changes."""
    hdu: int
    """Number of the HDU, from 0."""
    mjd: float | None = None
    """Midpoint of the exposure, MJD UTC; None if unknown."""
    assumed: bool = False
    """Whether the time comes from the survey's table instead of the header."""
    band: str | None = None
    """Photometric band of the filter; None if unknown."""
    seeing: float | None = None
    """FWHM of a star in arcseconds, from the header; None if it does not say."""
    weight: WeightRef | None = None
    """Its weight map, with the same pixels of the sky; None without one."""


@dataclass(frozen=True, slots=True)
class StarCatalogue:
    """A file with the magnitudes of stars, as the processes that read it need it."""

    path: str
    """Path of the CSV, FITS or VOTable file."""
    name: str
    """Name of the catalogue in light curves."""
    system: str
    """Photometric system of its magnitudes, as the operator names it."""
    ra: str
    """Column of the right ascension, ICRS degrees."""
    dec: str
    """Column of the declination, ICRS degrees."""
    bands: Mapping[str, tuple[str, str]]
    """Columns of the magnitude and its error (one sigma) by band."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Zero point of one frame against a catalogue, with its provenance."""

    system: str
    """Photometric system of the magnitudes, as the operator names it."""
    zero_point: float
    """Magnitude of a flux of 1 in the frame's own units."""
    zero_point_error: float
    """Error of ``zero_point`` (one sigma), common to all sources of the frame."""
    scatter: float
    """Standard deviation of the zero points of single stars, magnitudes."""
    stars: int
    """Number of stars that ``zero_point`` was measured from."""
    rejected: Mapping[str, int]
    """Number of the catalogue's stars in the frame that were left out, by reason."""
    catalogue: str
    """Name of the catalogue."""
    digest: str
    """SHA-256 of the catalogue's file, hexadecimal."""
    damaged: int
    """Number of rows of the catalogue that could not be read."""
    version: str
    """Version of the code that measured it."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A significant positive or negative peak of a difference."""

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
    """Score at the peak, sigma; negative for a source that became fainter."""
    flux: float
    """Flux of a point source at this position, in units of the science frame."""
    flux_error: float
    """Error of ``flux`` (one sigma)."""
    features: Mapping[str, float] = field(default_factory=dict)
    """Measured features that separate real from bogus, by name; NaN if unknown."""
    aside: Aside | None = None
    """Why the detection is flagged as an artefact; None for a candidate."""


@dataclass(frozen=True, slots=True)
class LightPoint:
    """Forced photometry at one position in one frame."""

    image: str
    """Name of the image."""
    mjd: float | None
    """Midpoint of the exposure, MJD UTC; None if unknown."""
    assumed: bool
    """Whether the time comes from the survey's table instead of the header."""
    band: str | None
    """Photometric band of the filter; None if unknown."""
    flux: float
    """Flux, in the units of the frame :attr:`LightCurve.units_of`."""
    flux_error: float
    """Error of ``flux`` (one sigma), without the error of the flux scale."""
    upper_limit: float | None
    """5 sigma upper limit of the flux; None for a source that is detected at 3 sigma.
    """
    scale: float
    """Flux ratio of this frame to the first, by which the fluxes were divided."""
    scale_error: float
    """Error of ``scale`` (one sigma), common to all sources of the frame. It is not
    finite if no chain of shared stars ties the frame to the first."""
    reason: str | None = None
    """Why the flux could not be measured; the numbers are NaN then."""
    magnitude: float | None = None
    """Magnitude; None without a zero point or a detection at 3 sigma."""
    magnitude_error: float | None = None
    """Error of ``magnitude`` (one sigma), that of the zero point included."""
    magnitude_limit: float | None = None
    """Magnitude of ``upper_limit``; None without one or without a zero point."""
    calibration: Calibration | None = None
    """Zero point of the frame; None for fluxes that no catalogue calibrates."""
    uncalibrated: str | None = None
    """Why the frame has no zero point; None if its survey has no catalogue."""

    @property
    def untied(self) -> bool:
        """Whether a flux was measured whose scale to the first frame is not known."""
        return self.reason is None and not math.isfinite(self.scale_error)


@dataclass(frozen=True, slots=True)
class LightCurve:
    """Fluxes at one position in several frames, in order of time."""

    ra: float
    """Right ascension, ICRS degrees."""
    dec: float
    """Declination, ICRS degrees."""
    units_of: str
    """Name of the image that defines the flux units of the points."""
    points: Sequence[LightPoint] = ()
    """One measurement for each frame."""


@dataclass(frozen=True, slots=True)
class Product:
    """A coadd or a difference, with its provenance."""

    id: str
    """Identifier in URLs, derived from the inputs and the method."""
    kind: ProductKind
    """Whether it is a coadd or a difference."""
    state: ProductState
    """Whether it is being made, ready, or failed."""
    request: Mapping[str, object]
    """The request: ``images`` of a coadd, or ``science`` and ``reference`` of a
    difference, as names of images; ``pos`` and ``method``."""
    surveys: Sequence[str]
    """Surveys of the input images; people who may see all of them may see the product.
    """
    owner: str
    """Person who requested the product first."""
    created_at: float
    """Time of the first request, seconds since 1970."""
    path: str | None = None
    """Path of the product's file; None unless it is ready."""
    identity: str = ""
    """Identity of the product's file, to detect changes."""
    planes: Mapping[str, int] = field(default_factory=dict)
    """HDU number of each plane (:class:`Plane`)."""
    report: Mapping[str, object] = field(default_factory=dict)
    """Provenance and measurements: the inputs with their times, versions, PSFs with
    stars used and rejected, calibration, noise, shifts, seconds."""
    detections: Sequence[Detection] = ()
    """Detections in a difference, the most significant first."""
    reason: str | None = None
    """Why the product failed; None otherwise."""
    reference_of: str | None = None
    """Survey of a coadd whose images were chosen by rule: a version of the survey's
    reference. None for other products."""

    @property
    def reference(self) -> str | None:
        """Identifier of the coadd that a difference has as its reference.

        None for a coadd, and for a difference whose reference is images.
        """
        names = self.request.get("reference")
        if isinstance(names, list) and len(names) == 1 and names[0].startswith(COADD):
            return str(names[0].removeprefix(COADD))
        return None
