"""Surveys of telescope images: their index by place, time and band, and cut-outs."""

from gatewright.domains.sky.animation import animated_png
from gatewright.domains.sky.bands import (
    Band,
    band_name,
    band_wavelengths,
    coloured_filters,
    find_band,
    parse_band,
)
from gatewright.domains.sky.colour import Colours, colour_levels
from gatewright.domains.sky.extensions import binary_table, primary_hdu
from gatewright.domains.sky.footprints import (
    DepthOfImages,
    FootprintIndex,
    FootprintPainter,
    Footprints,
    MapFormat,
    SkyOverlap,
)
from gatewright.domains.sky.ingest import Ingest, IngestReport
from gatewright.domains.sky.kinds import calibration_level, extension_name, image_kind
from gatewright.domains.sky.maps import SurveyMaps, sentence_of
from gatewright.domains.sky.model import (
    ColourRequest,
    Content,
    Coverage,
    CutoutFormat,
    CutoutRequest,
    Image,
    ImageKind,
    ImageQuery,
    ImageTable,
    LeftOut,
    Orientation,
    Reading,
    ScannedFile,
    Survey,
    SurveyFile,
    SurveyRules,
)
from gatewright.domains.sky.places import (
    NO_NAMES,
    Place,
    Places,
    named_places,
    parse_place,
)
from gatewright.domains.sky.ports import (
    ColourReader,
    ImageIndex,
    ImageReader,
    PartnerReader,
)
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
from gatewright.domains.sky.rules import check_rules, with_times
from gatewright.domains.sky.service import SkyService
from gatewright.domains.sky.sides import odd_side, sides
from gatewright.domains.sky.stretch import (
    ColourMap,
    Limits,
    Stretch,
    grey_levels,
    percentile_limits,
)
from gatewright.domains.sky.times import (
    day_share,
    header_mjd,
    iso_mjd,
    last_before,
    mjd_text,
    mjd_texts,
    parse_times,
)
from gatewright.domains.sky.watch import SurveyWatch

__all__ = [
    "NO_NAMES",
    "Band",
    "Circle",
    "ColourMap",
    "ColourReader",
    "ColourRequest",
    "Colours",
    "Content",
    "Coverage",
    "CutoutFormat",
    "CutoutRequest",
    "DepthOfImages",
    "FootprintIndex",
    "FootprintPainter",
    "Footprints",
    "Image",
    "ImageIndex",
    "ImageKind",
    "ImageQuery",
    "ImageReader",
    "ImageReaders",
    "ImageTable",
    "Ingest",
    "IngestReport",
    "Interval",
    "LeftOut",
    "Limits",
    "MapFormat",
    "Orientation",
    "PartnerReader",
    "Place",
    "Places",
    "Polygon",
    "Range",
    "Reading",
    "Region",
    "ScannedFile",
    "SkyOverlap",
    "SkyService",
    "Stretch",
    "Survey",
    "SurveyFile",
    "SurveyMaps",
    "SurveyRules",
    "SurveyWatch",
    "animated_png",
    "band_name",
    "band_wavelengths",
    "binary_table",
    "calibration_level",
    "check_rules",
    "colour_levels",
    "coloured_filters",
    "day_share",
    "extension_name",
    "find_band",
    "grey_levels",
    "header_mjd",
    "image_kind",
    "iso_mjd",
    "last_before",
    "mjd_text",
    "mjd_texts",
    "named_places",
    "odd_side",
    "parse_band",
    "parse_interval",
    "parse_place",
    "parse_region",
    "parse_times",
    "percentile_limits",
    "primary_hdu",
    "sentence_of",
    "sides",
    "with_times",
]
