"""Telescope images: surveys, where and when their images are, and cut-outs."""

from gatewright.domains.sky.bands import band_name, band_wavelengths
from gatewright.domains.sky.ingest import Ingest, IngestReport
from gatewright.domains.sky.model import (
    Content,
    Coverage,
    CutoutFormat,
    CutoutRequest,
    Image,
    ImageKind,
    ImageQuery,
    LeftOut,
    Orientation,
    ScannedFile,
    Survey,
    SurveyFile,
)
from gatewright.domains.sky.ports import ImageIndex, ImageReader
from gatewright.domains.sky.readers import ImageReaders
from gatewright.domains.sky.regions import (
    Circle,
    Interval,
    Polygon,
    Range,
    Region,
    parse_interval,
    parse_region,
)
from gatewright.domains.sky.service import SkyService
from gatewright.domains.sky.stretch import Stretch, grey_levels, percentile_limits
from gatewright.domains.sky.times import header_mjd, iso_mjd, mjd_text, parse_times
from gatewright.domains.sky.watch import SurveyWatch

__all__ = [
    "Circle",
    "Content",
    "Coverage",
    "CutoutFormat",
    "CutoutRequest",
    "Image",
    "ImageIndex",
    "ImageKind",
    "ImageQuery",
    "ImageReader",
    "ImageReaders",
    "Ingest",
    "IngestReport",
    "Interval",
    "LeftOut",
    "Orientation",
    "Polygon",
    "Range",
    "Region",
    "ScannedFile",
    "SkyService",
    "Stretch",
    "Survey",
    "SurveyFile",
    "SurveyWatch",
    "band_name",
    "band_wavelengths",
    "grey_levels",
    "header_mjd",
    "iso_mjd",
    "mjd_text",
    "parse_interval",
    "parse_region",
    "parse_times",
    "percentile_limits",
]
