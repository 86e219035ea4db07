"""Query parameters that image searches, cut-outs and pictures share."""

from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BeforeValidator, Field

from gatewright.domains.sky import ColourMap, ImageKind
from gatewright.web.form_text import EMPTY_IS_NONE
from gatewright.web.json_model import BINARY
from gatewright.web.parquet_table import MEDIA_TYPE
from gatewright.web.votable_table import VOTABLE

_REGION = (
    "Place in ICRS degrees: “CIRCLE ra dec radius”, “RANGE ra1 ra2 dec1 dec2” or "
    "“POLYGON ra1 dec1 ra2 dec2 ra3 dec3 ...”; or as a circle “ra,dec,radius”, "
    "“21:12:26.0 -66:00:56 radius”, or a name of the gateway's table of places; "
    "without a radius it is a point. In a URL a space is + or %20."
)
_CIRCLE = "CIRCLE 318.10833 -66.01556 0.01"
ListForm = Annotated[
    Literal["json", "csv"],
    Query(
        alias="format",
        title="Form",
        description="json: a page; csv: a table with the same values in the same "
        "units, a page if “limit” is given and otherwise all rows. Unknown values are "
        "empty, positions of an outline are “ra dec ra dec ...”, and cells are quoted "
        "as RFC 4180 says, not changed: tell a spreadsheet to import them as text.",
    ),
]
ImageListForm = Annotated[
    Literal["json", "csv", "parquet"],
    Query(
        alias="format",
        title="Form",
        description="json: a page; csv or parquet: a table with the same values in "
        "the same units, a page if “limit” is given and otherwise all rows. In CSV, "
        "unknown values are empty, positions of an outline are “ra dec ra dec ...”, "
        "and cells are quoted as RFC 4180 says, not changed: tell a spreadsheet to "
        "import them as text. Parquet names units in its schema, and needs the "
        "gateway's extra “parquet” (pyarrow), without which the answer is 501.",
    ),
]
CandidateForm = Annotated[
    Literal["json", "csv", "votable", "parquet"],
    Query(
        alias="format",
        title="Form",
        description="json: a page; csv, votable or parquet: a table with the same "
        "values in the same units, a page if “limit” is given and otherwise all rows. "
        "VOTable and Parquet name the units. Parquet needs the gateway's extra "
        "“parquet” (pyarrow), without which the answer is 501.",
    ),
]
LISTS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "application/json": {},
            "text/csv": {"schema": {"type": "string"}},
        },
        "description": "What was found.",
    },
}
"""Descriptions of the response with a listing as JSON or CSV."""
PARQUET: dict[str, Any] = {MEDIA_TYPE: {"schema": BINARY}}
NO_PARQUET: dict[int | str, dict[str, Any]] = {
    501: {"description": "Parquet needs the extra “parquet”, which is not installed."}
}
"""Description of the response without pyarrow."""
IMAGE_LISTS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {**LISTS[200]["content"], **PARQUET},
        "description": "What was found.",
    },
    **NO_PARQUET,
}
"""Descriptions of the responses with a listing as JSON, CSV or Parquet."""
TABLES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            **IMAGE_LISTS[200]["content"],
            VOTABLE: {"schema": {"type": "string"}},
        },
        "description": "What was found.",
    },
    **NO_PARQUET,
}
"""Descriptions of the responses with a listing in these formats or as VOTable."""

Pos = Annotated[
    list[str] | None,
    Query(
        title="Place",
        description=f"{_REGION} Images that overlap it are found; with several places, "
        "those that overlap any of them.",
        examples=[[_CIRCLE]],
    ),
]
Place = Annotated[
    str | None,
    Query(
        title="Place",
        description="“CIRCLE ra dec radius” or “ra,dec,radius” in ICRS degrees, "
        "“21:12:26.0 -66:00:56 radius”, or a name of the gateway's table of places; or "
        "say “ra” and “dec”.",
        examples=["CIRCLE 318.10833 -66.01556 0.001"],
    ),
]
Time = Annotated[
    list[str] | None,
    EMPTY_IS_NONE,
    Query(
        title="Time",
        description="Time of exposure: an MJD, an ISO 8601 date (a day or month means "
        "the whole of it) or time (UTC, or with an offset such as +01:00), or an "
        "interval “from/to”, with “..” for an open end. A number is always an MJD; for "
        "the year 2018 write 2018-01/2018-12. Images without a time do not match.",
        examples=[["2018-11-01/2018-12-31"]],
    ),
]
Band = Annotated[
    list[str] | None,
    EMPTY_IS_NONE,
    Query(
        title="Band",
        description="Name of a filter (g, r, Ks, or as the header writes it), or a "
        "wavelength or interval “low high” in metres.",
        examples=[["g"]],
    ),
]
SurveyNames = Annotated[
    list[str] | None,
    EMPTY_IS_NONE,
    Query(title="Survey", description="Only these surveys.", examples=[["decam_mini"]]),
]
Kind = Annotated[
    str,
    BeforeValidator(lambda value: value if value.strip() else "science"),
    Query(
        title="Kind",
        description=f"Kind of image: {', '.join(ImageKind)}, or any.",
        examples=["science"],
    ),
]
Seeing = Annotated[
    str | None,
    EMPTY_IS_NONE,
    Query(
        title="Seeing",
        description="Range of the FWHM of stars in arcseconds: “low high”.",
        examples=["0 1.2"],
    ),
]
Exposure = Annotated[
    str | None,
    EMPTY_IS_NONE,
    Query(
        title="Exposure time",
        description="Range in seconds: “low high”; “-Inf” and “+Inf” are open ends.",
        examples=["60 +Inf"],
    ),
]

Degrees = Annotated[
    Annotated[float, Field(allow_inf_nan=False)] | None,
    EMPTY_IS_NONE,
    Query(
        title="Place by numbers",
        description="ra, dec and radius in ICRS degrees mean the same as "
        "pos=CIRCLE ra dec radius; without a radius the place is a point.",
        examples=[318.10833],
    ),
]

CutPos = Annotated[
    str | None,
    Query(
        title="Place",
        description=f"{_REGION} The cut-out is the smallest box of pixels around it, "
        "clipped to the image.",
        examples=[_CIRCLE],
    ),
]
Form = Annotated[
    Literal["fits", "png", "jpeg", "webp"],
    Query(
        alias="format",
        title="Form",
        description="fits: the original pixels with their WCS; png and webp: a picture "
        "with every level; jpeg: a smaller one with small errors.",
    ),
]
Marks = Annotated[
    bool,
    Query(
        title="Marks",
        description="Draw a compass and a bar of scale on a picture (of at least 48 "
        "pixels on a side).",
    ),
]
StretchName = Annotated[
    Literal["asinh", "linear", "log", "sqrt"] | None,
    Query(
        title="Stretch",
        description="How values are mapped to grey levels (pictures); asinh, if not "
        "said.",
    ),
]
ColourMapName = Annotated[
    ColourMap | None,
    Query(
        title="Colour map",
        description="Colours of the grey levels of a picture, by matplotlib's names; "
        "with “_r” from bright to dark; gray, if not said. Pixels without a value have "
        "the colour of the lowest.",
        examples=["viridis"],
    ),
]
Percentiles = Annotated[
    str | None,
    Query(
        title="Limits",
        description="What is black and what is white in a picture: two percentiles of "
        "the values, “value low high” in the units of the image, or “zscale”.",
        examples=["0.5 99.5"],
    ),
]
Size = Annotated[
    int | None,
    Query(
        title="Size",
        description="Longer side of the picture in pixels (png); by default the number "
        "of image pixels.",
        ge=1,
        le=4096,
        examples=[512],
    ),
]
Lie = Annotated[
    Literal["north", "native"] | None,
    Query(
        title="Orientation",
        description="north (if not said): rotated by multiples of 90 degrees and "
        "mirrored if needed, so that north is up and east is left; native: as in the "
        "file (png). The text chunk “Orientation” of the PNG says what was done.",
    ),
]
Plane = Annotated[
    int | None,
    Query(
        title="Plane",
        description="Plane of a cube, counted from 1 in the order of the file. By "
        "default fits has all planes; pictures and padded cut-outs have the one in the "
        "middle of the wavelengths, or the first.",
        ge=1,
        le=2**31 - 1,
        examples=[1],
    ),
]
Padded = Annotated[
    bool,
    Query(
        title="Padded",
        description="Give the whole square round a circle, also where it lies beyond "
        "the image (NaN; black in a picture), as 32-bit numbers: so cut-outs of one "
        "place align.",
    ),
]
Arcsec = Annotated[
    Annotated[float, Field(ge=1e-6, le=648_000, allow_inf_nan=False)] | None,
    EMPTY_IS_NONE,
    Query(
        title="Arcseconds",
        description="Side of each padded cut-out in arcseconds, instead of “pixels”: "
        "the smallest odd number of pixels that is as much. Images whose scales differ "
        "by less than 1 % get stamps of one size.",
        examples=[20],
    ),
]
WithPartners = Annotated[
    bool,
    Query(
        title="Partners",
        description="Cut the image's weight, uncertainty and mask as well, where the "
        "survey has them, at the same pixels. They are extensions of one FITS file: "
        "SCI, WHT, ERR (or VAR, a variance) and MSK.",
    ),
]
CENTRE = (
    "The pixel that the place lies in has the number side // 2, counted from 0: the "
    "middle of an odd side, and the first after the middle of an even one."
)
"""Which pixel of a padded cut-out contains its place."""
Pixels = Annotated[
    int | None,
    Query(
        title="Pixels",
        description="Pixels on a side of a padded cut-out; the circle's own width, if "
        f"not said. {CENTRE}",
        ge=1,
        le=2048,
        examples=[63],
    ),
]
