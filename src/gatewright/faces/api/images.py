"""Telescope images: search, description, file download and cut-outs."""

import hashlib
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BeforeValidator, Field
from starlette.responses import Response

from gatewright.core.errors import InvalidContent
from gatewright.core.pages import Page, page_limit
from gatewright.domains.sky import CutoutFormat, ImageKind
from gatewright.faces.api.image_answers import (
    ImageAnswer,
    ImageList,
    image_answer,
)
from gatewright.faces.api.image_content import content_response
from gatewright.faces.api.image_query import cutout_request, image_query, place_text
from gatewright.web.conditional import check_preconditions, not_modified
from gatewright.web.context import Context
from gatewright.web.form_text import EMPTY_IS_NONE
from gatewright.web.json_model import BINARY
from gatewright.web.listing import Cursor, Limit, json_response, listing

router = APIRouter(tags=["sky"])

_REGION = (
    "Place in ICRS degrees: “CIRCLE ra dec radius”, “RANGE ra1 ra2 dec1 dec2” or "
    "“POLYGON ra1 dec1 ra2 dec2 ra3 dec3 ...”. In a URL a space is + or %20."
)
_CIRCLE = "CIRCLE 318.10833 -66.01556 0.01"
_GONE: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such image, or you may not see it."}
}

ImageId = Annotated[
    str,
    Path(
        title="Image",
        description="Name of an image: survey, file and HDU, joined by tildes.",
        examples=["decam_mini~DEC-OBS04a.mini~0"],
        max_length=2000,
    ),
]
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
        description="“CIRCLE ra dec radius” in ICRS degrees, or say “ra” and “dec”.",
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
    Literal["fits", "png"],
    Query(
        alias="format",
        title="Form",
        description="fits: the original pixels with their WCS; png: a picture.",
    ),
]
StretchName = Annotated[
    Literal["asinh", "linear"],
    Query(title="Stretch", description="How values are mapped to grey levels (png)."),
]
Percentiles = Annotated[
    str | None,
    Query(
        title="Limits",
        description="Percentiles of the values shown as black and white (png).",
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
    Literal["north", "native"],
    Query(
        title="Orientation",
        description="north: rotated by multiples of 90 degrees and mirrored if needed, "
        "so that north is up and east is left; native: as in the file (png). The text "
        "chunk “Orientation” of the PNG says what was done.",
    ),
]
Plane = Annotated[
    int | None,
    Query(
        title="Plane",
        description="Plane of a cube, counted from 1 in the order of the file. By "
        "default fits has all planes, and png shows the one in the middle of the "
        "wavelengths, or the first.",
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
Pixels = Annotated[
    int | None,
    Query(
        title="Pixels",
        description="Pixels on a side of a padded cut-out; the circle's own width, if "
        "not said.",
        ge=1,
        le=2048,
        examples=[63],
    ),
]


@router.get(
    "/images",
    operation_id="searchImages",
    response_model=ImageList,
    summary="Find images",
)
async def find_images(
    request: Request,
    context: Context,
    pos: Pos = None,
    ra: Degrees = None,
    dec: Degrees = None,
    radius: Degrees = None,
    time: Time = None,
    band: Band = None,
    filter: Band = None,  # noqa: A002  # the parameter's name
    survey: SurveyNames = None,
    kind: Kind = "science",
    seeing: Seeing = None,
    exposure: Exposure = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response:
    """Find images by place, time, band and more; without parameters, all images.

    Values of one parameter are alternatives; different parameters must all match. Empty
    parameters are ignored, except an empty place, which is refused. The images are
    sorted by time. A page may have fewer than “limit” images although another page
    follows.
    """
    place = place_text(None, ra, dec, radius)
    query = image_query(
        pos=(*(pos or ()), *([place] if place else [])),
        time=time or (),
        band=(*(band or ()), *(filter or ())),
        survey=survey or (),
        kind=kind,
        seeing=seeing,
        exposure=exposure,
    )
    page = await context.services.sky.search(
        context.caller, query, limit=page_limit(limit), cursor=cursor
    )
    answers: Page[object] = Page(
        [image_answer(image, context.services.config.prefix) for image in page.items],
        page.next,
    )
    return listing(request, "images", answers)


@router.get(
    "/images/{image}",
    operation_id="getImage",
    response_model=ImageAnswer,
    summary="One image",
    responses=_GONE,
)
async def one_image(context: Context, image: ImageId) -> Response:
    """Describe an image: place, time, filter and other metadata, and its URLs."""
    found = await context.services.sky.image(context.caller, image)
    return json_response(image_answer(found, context.services.config.prefix))


@router.get(
    "/images/{image}/file",
    operation_id="downloadImage",
    summary="Whole file of an image",
    response_class=Response,
    responses={
        200: {
            "content": {"application/fits": {"schema": BINARY}},
            "description": "The file.",
        },
        206: {"description": "The requested ranges of the file."},
        304: {"description": "The file has not changed."},
        **_GONE,
        416: {"description": "The range begins after the end of the file."},
    },
)
async def image_file(request: Request, context: Context, image: ImageId) -> Response:
    """Send the FITS file unchanged, with all its HDUs; byte ranges are supported."""
    sky = context.services.sky
    found = await sky.image(context.caller, image)
    etag = f'"{found.identity}"'
    if check_preconditions(request, etag):
        return not_modified(etag)
    content = await sky.file(context.caller, found)
    return content_response(content, request, etag)


@router.get(
    "/images/{image}/cutout",
    operation_id="cutOutImage",
    summary="Cut-out of an image",
    response_class=Response,
    responses={
        200: {
            "content": {
                "application/fits": {"schema": BINARY},
                "image/png": {"schema": BINARY},
            },
            "description": "The cut-out.",
        },
        304: {"description": "The cut-out has not changed."},
        404: {"description": "No such image, or the place is outside of it."},
        413: {
            "description": "The cut-out would be too large; the text says how large."
        },
    },
)
async def image_cutout(
    request: Request,
    context: Context,
    image: ImageId,
    pos: CutPos = None,
    ra: Degrees = None,
    dec: Degrees = None,
    radius: Degrees = None,
    form: Form = "fits",
    stretch: StretchName = "asinh",
    limits: Percentiles = None,
    size: Size = None,
    orientation: Lie = "north",
    plane: Plane = None,
    pad: Padded = False,
    pixels: Pixels = None,
) -> Response:
    """Cut a region out of an image, as FITS or as a picture.

    The FITS cut-out has the image's header with the reference pixel (CRPIX) moved, so
    the WCS remains exactly the same, including its distortion (and tables of
    distortion).
    """
    sky = context.services.sky
    place = place_text(pos, ra, dec, radius)
    if place is None:
        raise InvalidContent("Give a place: pos=CIRCLE ra dec radius, in degrees.")
    asked = cutout_request(
        pos=place,
        form=form,
        stretch=stretch,
        limits=limits,
        size=size,
        orientation=orientation,
        plane=plane,
        padded=pad,
        pixels=pixels,
    )
    found = await sky.image(context.caller, image)
    etag = cutout_etag(found.identity, found.hdu, repr(asked))
    if check_preconditions(request, etag):
        return not_modified(etag)
    content = await sky.cut(context.caller, found, asked)
    picture = asked.format is CutoutFormat.PNG
    return content_response(content, request, etag, inline=picture)


def cutout_etag(identity: str, hdu: int, asked: str) -> str:
    """Return the entity tag of a cut-out, from the file's identity and the request."""
    text = f"cut-out 2 {identity} {hdu} {asked}"
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
