"""Surveys, their images, and what may be asked of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from gatewright.core.access import NOBODY, Access
from gatewright.domains.sky.regions import Interval, Region
from gatewright.domains.sky.stretch import Stretch


class ImageKind(StrEnum):
    """What the pixels of an image are."""

    SCIENCE = "science"
    """Light of the sky."""
    REFERENCE = "reference"
    """An image that others are compared with."""
    DIFFERENCE = "difference"
    """A science image less a reference."""
    WEIGHT = "weight"
    """How well each pixel of a science image is known: inverse variances."""
    UNCERTAINTY = "uncertainty"
    """Error of each pixel of a science image."""
    MASK = "mask"
    """Flags of the pixels of a science image."""
    EXPOSURE = "exposure"
    """How long, or how often, each pixel of a science image was exposed."""
    CALIBRATION = "calibration"
    """A bias, dark, flat or other frame that is not of the sky."""
    OTHER = "other"
    """What was made from images: a model, a depth, a background."""


@dataclass(frozen=True, slots=True)
class SurveyRules:
    """What the headers and file names of a survey mean, where it is not the usual."""

    filters: Mapping[str, str] = field(default_factory=dict)
    """Band of each filter, by its name in the header: a name, or nanometres such as
    ``500-760``, or nothing for none."""
    kinds: Mapping[str, str] = field(default_factory=dict)
    """Kind of image by patterns of names of files or HDUs; the first fitting decides.
    """
    keywords: Mapping[str, str] = field(default_factory=dict)
    """Keyword that tells each of ``filter``, ``start``, ``end`` and ``exposure``."""
    calib_level: int | None = None
    """Level of calibration of its science images, 0 to 4; None as they tell."""
    times: Mapping[str, str] = field(default_factory=dict)
    """When the images of each file were taken, by the file's name, where the headers
    tell nothing or something wrong: a moment or an interval, ISO 8601 or MJD in UTC."""


@dataclass(frozen=True, slots=True)
class Survey:
    """A collection of telescope images."""

    id: str
    """Name in URLs."""
    title: str
    """Title in the catalogue."""
    pattern: str
    """Where its files are, as a path pattern."""
    access: Access = NOBODY
    """Who may see it."""
    configured: bool = False
    """Whether the configuration file names it (or else a command added it)."""
    rules: SurveyRules = field(default_factory=SurveyRules)
    """What its headers mean."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file, or one of its images, that is not in the index."""

    path: str
    """The file."""
    reason: str
    """Why, in a few words, such as ``no celestial WCS``."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a look at a survey's files has come."""

    done: int
    """New and changed files that have been read."""
    files: int
    """New and changed files that there are."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a survey holds."""

    images: int
    """Number of its images."""
    kinds: Mapping[str, int]
    """Number of images of each kind."""
    bands: Mapping[str, int]
    """Number of science images of each band."""
    t_min: float | None
    """Beginning of its first exposure, MJD; None where no header tells a time."""
    t_max: float | None
    """End of its last exposure, MJD."""
    cells: int
    """Number of sky cells (nested HEALPix of order 6) with an image."""
    area: float
    """Square degrees, at most: the sum of the distinct footprints or, where that is
    less, of these cells. Images that overlap in part count in full, each."""
    left_out: Sequence[LeftOut] = ()
    """The first files that were left out, and why."""
    scanned_at: float | None = None
    """When its files were last looked at, seconds since 1970; None for never."""
    reading: Reading | None = None
    """How far the present look has come; None while none is going on."""


@dataclass(frozen=True, slots=True)
class SurveyFile:
    """A file as it lies on disk."""

    path: str
    """Absolute path."""
    name: str
    """Path below the survey's folder; images are named by it."""
    identity: str
    """Device, inode, size and time of change: another text is another content."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image of a survey: one image HDU of a FITS file."""

    id: str
    """Name in URLs: survey, file and HDU."""
    survey: str
    """Survey that it belongs to."""
    path: str
    """File that holds it."""
    identity: str
    """Identity of the file when it was read."""
    hdu: int
    """Number of the HDU, 0 for the primary."""
    polygon: tuple[tuple[float, float], ...]
    """Outline: right ascension and declination in ICRS degrees, counter-clockwise as
    seen from the Earth; empty for an image that is wider than 160 degrees."""
    ra: float
    """Right ascension of the middle, ICRS degrees."""
    dec: float
    """Declination of the middle, ICRS degrees."""
    fov: float
    """Diameter of the circle round the image, degrees."""
    width: int
    """Pixels along a row."""
    height: int
    """Rows."""
    scale: float
    """Size of a pixel in the middle, arcseconds."""
    file_size: int
    """Bytes of the whole file."""
    observation: str
    """Observation that it belongs to: OBSID, or the file's name."""
    kind: ImageKind = ImageKind.SCIENCE
    """What its pixels are."""
    t_min: float | None = None
    """Beginning of the exposure, MJD in UTC; None where the header does not tell."""
    t_max: float | None = None
    """End of the exposure, MJD in UTC."""
    time_assumed: bool = False
    """Whether the times are those of the survey's table, and not of the header."""
    exposure: float | None = None
    """Exposure time in seconds."""
    filter: str | None = None
    """Filter as the header writes it."""
    band: str | None = None
    """Common name of the filter, such as g; None for one not known."""
    em_min: float | None = None
    """Shortest wavelength of the band in metres."""
    em_max: float | None = None
    """Longest wavelength of the band in metres."""
    depth: float | None = None
    """Limiting magnitude, where the header tells it."""
    seeing: float | None = None
    """Full width of a star at half its height, arcseconds, where the header tells."""
    facility: str | None = None
    """Telescope."""
    instrument: str | None = None
    """Camera."""
    target: str | None = None
    """Object or field, as the header names it."""
    planes: int = 1
    """Planes of pixels; more than one in a cube."""
    samples: int = 1
    """Wavelengths of a cube; 1 for an image."""
    polarizations: str | None = None
    """Polarization states, such as ``/I/Q/U/``; None where the header tells none."""
    calib_level: int = 2
    """Level of calibration (ObsCore): 1 raw, 2 calibrated, 3 made of several."""
    pieces: tuple[tuple[tuple[float, float], ...], ...] = ()
    """Outlines that together are the area of an image without a ``polygon``."""

    @property
    def areas(self) -> tuple[tuple[tuple[float, float], ...], ...]:
        """The outlines, one or several, that are its area."""
        return self.pieces or (self.polygon,)


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """What was found in one file."""

    file: SurveyFile
    """The file, with its identity when it was read."""
    images: Sequence[Image] = ()
    """Its images."""
    left_out: Sequence[str] = ()
    """Why images, or the whole file, were left out."""


@dataclass(frozen=True, slots=True)
class ImageQuery:
    """Which images: each list is a choice (or), the lists together narrow (and).

    An image that does not tell what a constraint is about never satisfies it.
    """

    regions: Sequence[Region] = ()
    """Places, at least one of which the image meets."""
    times: Sequence[Interval] = ()
    """Times, MJD, that the exposure shares a moment with."""
    wavelengths: Sequence[Interval] = ()
    """Wavelengths in metres that the band shares."""
    bands: Sequence[str] = ()
    """Names of bands or filters; together with ``wavelengths`` one choice."""
    numbers: Mapping[str, Sequence[Interval]] = field(default_factory=dict)
    """Fields of :class:`Image` (``exposure``, ``fov``, ``seeing``, ``depth``,
    ``planes``, ``calib_level``)."""
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Fields of :class:`Image`: ``facility``, ``instrument``, ``target``,
    ``observation``, and ``id``, whose small and capital letters are the same."""
    polarizations: Sequence[str] = ()
    """Polarization states, at least one of which the image has."""
    packings: Sequence[str] = ()
    """How the file is packed, by its name: ``gz``, ``bz2``, or ``fits`` if it is not.
    """
    kinds: Sequence[ImageKind] = ()
    """Kinds; empty for all."""
    surveys: Sequence[str] = ()
    """Surveys; empty for all that the caller may see."""
    nothing: bool = False
    """Whether a constraint was given that no image here can satisfy."""


class CutoutFormat(StrEnum):
    """Form of a cut-out."""

    FITS = "fits"
    """The pixels as they are, with their header."""
    PNG = "png"
    """A grey picture."""


class Orientation(StrEnum):
    """How a picture lies."""

    NORTH = "north"
    """North up and east left, to the nearest quarter turn."""
    NATIVE = "native"
    """As the camera saw it: the first row of the file is at the bottom."""


@dataclass(frozen=True, slots=True)
class CutoutRequest:
    """A part of an image."""

    region: Region
    """Place; the smallest box of pixels round it is cut, clipped to the image."""
    format: CutoutFormat = CutoutFormat.FITS
    """Form of the answer."""
    stretch: Stretch = field(default_factory=Stretch)
    """Grey levels of a picture."""
    size: int | None = None
    """Longer side of a picture in pixels; None for the image's own pixels."""
    orientation: Orientation = Orientation.NORTH
    """How a picture lies."""
    plane: int | None = None
    """Plane of a cube, from 1; None for all of them, or the one that a picture shows.
    """


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes to send: either ``data``, or an open file which the receiver closes."""

    size: int
    """Number of bytes."""
    media_type: str
    """What they are."""
    name: str
    """Name to save them under."""
    data: bytes = b""
    """The bytes, where they are few."""
    descriptor: int | None = None
    """Open file descriptor, where they are many."""
