"""Surveys, their images, and queries for images and cut-outs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gatewright.core.access import NOBODY, Access
from gatewright.domains.sky.colour import Colours
from gatewright.domains.sky.regions import Circle, Interval, Region
from gatewright.domains.sky.stretch import Stretch


class ImageKind(StrEnum):
    """What the pixels of an image are."""

    SCIENCE = "science"
    """An image of the sky."""
    REFERENCE = "reference"
    """An image of the sky with which others are compared (a template)."""
    DIFFERENCE = "difference"
    """A science image minus a reference."""
    WEIGHT = "weight"
    """The inverse variance of each pixel of a science image."""
    UNCERTAINTY = "uncertainty"
    """The standard deviation or variance of each pixel of a science image."""
    MASK = "mask"
    """Bit flags of the pixels of a science image."""
    EXPOSURE = "exposure"
    """The exposure time, or the number of exposures, of each pixel of a science image.
    """
    CALIBRATION = "calibration"
    """A bias, dark, flat or other calibration frame."""
    OTHER = "other"
    """A derived image of another kind: a model, a depth map, a background."""


@dataclass(frozen=True, slots=True)
class SurveyRules:
    """What a survey's headers and file names mean, where the usual reading is wrong."""

    filters: Mapping[str, str] = field(default_factory=dict)
    """Band of each filter, by the filter's name in the header: the name of a band,
    limits in nanometres such as ``500-760``, or an empty text for no band."""
    kinds: Mapping[str, str] = field(default_factory=dict)
    """Value of :class:`ImageKind` by pattern of file or HDU names, such as
    ``*.wt.fits``; the first that matches decides."""
    keywords: Mapping[str, str] = field(default_factory=dict)
    """Header keyword from which ``filter``, ``start``, ``end`` or ``exposure`` is read.
    """
    calib_level: int | None = None
    """Calibration level (ObsCore, 0 to 4) of its science images; None to derive it from
    the headers and names of files."""
    times: Mapping[str, str] = field(default_factory=dict)
    """Exposure times by file name, for files whose headers tell no time or a wrong one.
    A value is a moment or an interval, ISO 8601 or MJD in UTC."""


@dataclass(frozen=True, slots=True)
class Survey:
    """A collection of telescope images."""

    id: str
    """Name of the survey in URLs."""
    title: str
    """Title in the catalogue."""
    pattern: str
    """Folder, or pattern of paths, of its image files."""
    access: Access = NOBODY
    """Who may see the survey."""
    configured: bool = False
    """Whether the configuration file defines the survey; if not, a command added it."""
    rules: SurveyRules = field(default_factory=SurveyRules)
    """What its headers and file names mean."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file, or an image of a file, that is not in the index."""

    path: str
    """Path of the file."""
    reason: str
    """Why it was left out, in a few words such as ``no celestial WCS``."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Progress of a scan of a survey's files."""

    done: int
    """Number of new and changed files that have been read so far."""
    files: int
    """Number of new and changed files that the scan found."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the index holds of a survey, and the state of the survey's scans."""

    images: int
    """Number of its images."""
    kinds: Mapping[str, int]
    """Number of images of each kind."""
    bands: Mapping[str, int]
    """Number of science images of each band."""
    t_min: float | None
    """Start of its first exposure, MJD in UTC; None if no header gives a time."""
    t_max: float | None
    """End of its last exposure, MJD in UTC; None if no header gives a time."""
    cells: int
    """Number of cells of the sky (nested HEALPix of order 6) that an image touches."""
    area: float
    """Upper limit of the area on the sky in square degrees: the sum of the areas of all
    distinct outlines, or the area of the ``cells`` if that is smaller. Where images
    overlap in part, the sum counts the overlap more than once."""
    left_out: Sequence[LeftOut] = ()
    """The first of the files and images that were left out, with the reasons."""
    scanned_at: float | None = None
    """When the last scan of its files ended, in seconds since 1970; None for never."""
    reading: Reading | None = None
    """Progress of the scan that is running; None while none runs."""


@dataclass(frozen=True, slots=True)
class SurveyFile:
    """An image file of a survey on disk."""

    path: str
    """Absolute path."""
    name: str
    """Path below the survey's folder. The ids of its images are made of it."""
    identity: str
    """Device, inode, size and time of change as text; it differs if the content does.
    """


@dataclass(frozen=True, slots=True)
class Image:
    """One image of a survey: one image HDU of a FITS file."""

    id: str
    """Name of the image in URLs, made of the survey, the file and the HDU."""
    survey: str
    """Id of the survey that it belongs to."""
    path: str
    """Absolute path of its file."""
    identity: str
    """Identity of the file (see :class:`SurveyFile`) when it was read."""
    hdu: int
    """Number of the HDU, 0 for the primary."""
    polygon: tuple[tuple[float, float], ...]
    """Vertices of its outline: right ascension and declination in ICRS degrees,
    counter-clockwise as seen from the Earth. Empty for an image wider than 160 degrees,
    which has ``pieces`` instead."""
    ra: float
    """Right ascension of the centre, ICRS degrees."""
    dec: float
    """Declination of the centre, ICRS degrees."""
    fov: float
    """Field of view: diameter in degrees of a circle that encloses the image."""
    width: int
    """Number of columns (NAXIS1)."""
    height: int
    """Number of rows (NAXIS2)."""
    scale: float
    """Pixel scale at the centre, arcseconds per pixel."""
    file_size: int
    """Size of the whole file in bytes."""
    observation: str
    """Id of the observation: the header's OBSID, or the file's name."""
    kind: ImageKind = ImageKind.SCIENCE
    """What its pixels are."""
    t_min: float | None = None
    """Start of the exposure, MJD in UTC; None if the header gives no time."""
    t_max: float | None = None
    """End of the exposure, MJD in UTC; None if the header gives no time."""
    time_assumed: bool = False
    """Whether the times come from the survey's settings and not from the header."""
    exposure: float | None = None
    """Exposure time in seconds; None if the header gives none."""
    filter: str | None = None
    """Filter as the header writes it."""
    band: str | None = None
    """Common name of the filter, such as g; None for an unknown filter."""
    em_min: float | None = None
    """Shortest wavelength of the band in metres; None for an unknown band."""
    em_max: float | None = None
    """Longest wavelength of the band in metres; None for an unknown band."""
    depth: float | None = None
    """Limiting magnitude; None if the header gives none."""
    seeing: float | None = None
    """Full width at half maximum of stars, arcseconds; None if the header gives none.
    """
    facility: str | None = None
    """Name of the telescope or observatory."""
    instrument: str | None = None
    """Name of the camera."""
    target: str | None = None
    """Name of the object or field, as the header writes it."""
    planes: int = 1
    """Number of image planes; more than 1 for a cube."""
    samples: int = 1
    """Number of spectral samples of a cube; 1 for an image."""
    polarizations: str | None = None
    """Polarization states, such as ``/I/Q/U/``; None if the header gives none."""
    calib_level: int = 2
    """Calibration level (ObsCore 1.1, section 3.3.2): 1 raw, 2 calibrated, 3 combined.
    """
    pieces: tuple[tuple[tuple[float, float], ...], ...] = ()
    """Outlines that together cover an image without a ``polygon``."""

    @property
    def areas(self) -> tuple[tuple[tuple[float, float], ...], ...]:
        """The outlines that together cover the image."""
        return self.pieces or (self.polygon,)


@dataclass(frozen=True, slots=True)
class ImageTable:
    """A page of images as columns, for answers with thousands of them."""

    columns: Mapping[str, Sequence[Any]]
    """Values by the names of the fields of :class:`Image`, one for each image."""
    next: str | None = None
    """Cursor of the page after this one; None on the last page."""


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """What a reader found in one file."""

    file: SurveyFile
    """The file, with its identity at the time of reading."""
    images: Sequence[Image] = ()
    """Its images."""
    left_out: Sequence[str] = ()
    """Reasons why images of the file, or the file itself, were left out."""


@dataclass(frozen=True, slots=True)
class ImageQuery:
    """A search for images.

    The values of one field are alternatives (or); all fields that are given must be
    satisfied (and). An image for which a constrained value is unknown is not found.
    """

    regions: Sequence[Region] = ()
    """Regions; the image's outline meets at least one of them."""
    times: Sequence[Interval] = ()
    """Intervals of MJD in UTC; the exposure overlaps with at least one of them."""
    wavelengths: Sequence[Interval] = ()
    """Intervals in metres; the image's band overlaps with at least one of them."""
    bands: Sequence[str] = ()
    """Names of bands or filters. An image satisfies ``bands`` and ``wavelengths``
    together if it satisfies either."""
    numbers: Mapping[str, Sequence[Interval]] = field(default_factory=dict)
    """Intervals for numeric fields of :class:`Image`, by name: ``exposure``, ``fov``,
    ``seeing``, ``depth``, ``planes``, ``calib_level``."""
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Values for text fields of :class:`Image`, by name: ``facility``, ``instrument``,
    ``target``, ``observation`` and ``id``; upper and lower case are equal."""
    polarizations: Sequence[str] = ()
    """Polarization states; the image has at least one of them."""
    packings: Sequence[str] = ()
    """Compressions of the file: ``gz``, ``bz2``, or ``fits`` for an uncompressed file.
    """
    kinds: Sequence[ImageKind] = ()
    """Kinds of image; empty for all."""
    surveys: Sequence[str] = ()
    """Ids of surveys; empty for all that the caller may see."""
    nothing: bool = False
    """Whether a constraint was given that no image can satisfy, so that none is found.
    """


class CutoutFormat(StrEnum):
    """Format of a cut-out."""

    FITS = "fits"
    """A FITS file: unchanged pixel values, and the header with its WCS adjusted."""
    PNG = "png"
    """A picture in grey levels."""
    JPEG = "jpeg"
    """The same picture, smaller and with small errors."""
    WEBP = "webp"
    """The same picture, without loss."""


class Orientation(StrEnum):
    """Orientation of a picture."""

    NORTH = "north"
    """North up and east left, to the nearest multiple of 90 degrees."""
    NATIVE = "native"
    """As stored, with the first row of the file at the bottom."""


@dataclass(frozen=True, slots=True)
class CutoutRequest:
    """Which part of an image is cut out, and in which format."""

    region: Region
    """Region on the sky; the smallest box of pixels that encloses it is cut, clipped to
    the image."""
    format: CutoutFormat = CutoutFormat.FITS
    """Format of the answer."""
    stretch: Stretch = field(default_factory=Stretch)
    """How pixel values become grey levels in a picture."""
    size: int | None = None
    """Longer side of a picture in pixels; None to keep the image's own pixels."""
    orientation: Orientation = Orientation.NORTH
    """Orientation of a picture."""
    marks: bool = False
    """Whether a compass and a bar of scale are drawn on a picture."""
    caption: str = ""
    """Words that are drawn on a picture, such as the date; none if empty."""
    plane: int | None = None
    """Plane of a cube, counted from 1. With None a FITS cut-out has all planes, and a
    picture shows the default plane."""
    padded: bool = False
    """Whether to return the whole square around a circle, even beyond the image.

    Pixels are then 32-bit floats, NaN outside the image, so that cut-outs of one
    position align."""
    pixels: int | None = None
    """Side of a padded cut-out, pixels; None for the circle's diameter."""
    arcsec: float | None = None
    """Side of a padded cut-out on the sky, arcseconds; ``pixels`` are then taken where
    they are about as many."""
    version: int | None = None
    """EXTVER of the extensions of a cut-out with partners, which then has no primary
    HDU, so that others can stand beside it; None for a file of its own."""
    aligned: bool = False
    """Whether a padded picture is resampled to the tangent plane at the position, north
    up and as wide as the circle, so that pictures of different images align."""


@dataclass(frozen=True, slots=True)
class ColourRequest:
    """A picture in colour of one place, made of three images."""

    place: Circle
    """The place in the middle, and half the side of the picture."""
    pixels: int | None = None
    """Side of the picture, pixels; None for the size of the images' own pixels, but
    at most 1024."""
    colours: Colours = field(default_factory=Colours)
    """How pixel values become colours."""
    format: CutoutFormat = CutoutFormat.PNG
    """Format of the picture; not FITS."""
    marks: bool = False
    """Whether a compass and a bar of scale are drawn."""


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes to send, as ``data`` or as an open file that the receiver closes."""

    size: int
    """Number of bytes."""
    media_type: str
    """Media type (the value of Content-Type)."""
    name: str
    """File name under which to save them."""
    data: bytes | memoryview = b""
    """The bytes themselves; empty if ``descriptor`` is given. A view can be of memory
    that is limited and shared: what is kept longer than a response takes is copied."""
    descriptor: int | None = None
    """Open file descriptor of the bytes; None if ``data`` holds them."""
