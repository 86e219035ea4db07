"""Telescope images: search, description, whole file, cut-out."""

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
    404: {"description": "There is none that you may see."}
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
        description=f"{_REGION} Images that meet it are found; of several places, "
        "those that meet any.",
        examples=[[_CIRCLE]],
    ),
]
Time = Annotated[
    list[str] | None,
    EMPTY_IS_NONE,
    Query(
        title="Time",
        description="When it was taken: an MJD or an ISO 8601 date (a day or month "
        "means the whole of it) or moment (UTC, or with its offset such as +01:00), or "
        "an interval “from/to” of them, with “..” for an open end. A number is always "
        "an MJD: the year 2018 is 2018-01/2018-12. Images whose time is not known are "
        "not found then.",
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
        description=f"{', '.join(ImageKind)}, or any.",
        examples=["science"],
    ),
]
Seeing = Annotated[
    str | None,
    EMPTY_IS_NONE,
    Query(
        title="Seeing",
        description="Width of a star in arcseconds: “low high”.",
        examples=["0 1.2"],
    ),
]
Exposure = Annotated[
    str | None,
    EMPTY_IS_NONE,
    Query(
        title="Exposure time",
        description="Seconds: “low high”, “-Inf” and “+Inf” for open ends.",
        examples=["60 +Inf"],
    ),
]

Degrees = Annotated[
    Annotated[float, Field(allow_inf_nan=False)] | None,
    EMPTY_IS_NONE,
    Query(
        title="Place by numbers",
        description="ra, dec and radius in ICRS degrees are the same as "
        "pos=CIRCLE ra dec radius; without a radius it is a point.",
        examples=[318.10833],
    ),
]

CutPos = Annotated[
    str | None,
    Query(
        title="Place",
        description=f"{_REGION} The smallest box of pixels round it is cut, clipped "
        "to the image.",
        examples=[_CIRCLE],
    ),
]
Form = Annotated[
    Literal["fits", "png"],
    Query(
        alias="format",
        title="Form",
        description="fits: the pixels as they are with their WCS; png: a picture.",
    ),
]
StretchName = Annotated[
    Literal["asinh", "linear"],
    Query(title="Stretch", description="How values become grey (png)."),
]
Percentiles = Annotated[
    str | None,
    Query(
        title="Limits",
        description="Percentiles of the values that are black and white (png).",
        examples=["0.5 99.5"],
    ),
]
Size = Annotated[
    int | None,
    Query(
        title="Size",
        description="Longer side of the picture in pixels (png); the image's own "
        "pixels, if not said.",
        ge=1,
        le=4096,
        examples=[512],
    ),
]
Lie = Annotated[
    Literal["north", "native"],
    Query(
        title="Orientation",
        description="north: turned by quarters so that north is up and east left; "
        "native: as the camera saw it (png). The picture's text “Orientation” says "
        "what was done.",
    ),
]
Plane = Annotated[
    int | None,
    Query(
        title="Plane",
        description="Plane of a cube, counted from 1 as the file has them. Without it "
        "fits has all planes; png shows the middle of the wavelengths, or the first.",
        ge=1,
        le=2**31 - 1,
        examples=[1],
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
    """Find images by place, time, band and more; without any, all of them.

    Values of one parameter are a choice, different parameters narrow; an empty one is
    as if it were not given, but for an empty place, which is refused. The images come
    in order of time. A page may hold fewer than “limit” and still have a next.
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
    """Describe an image: where, when and how it was taken, and where its pixels are."""
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
        206: {"description": "A part of it."},
        304: {"description": "It is still the same."},
        **_GONE,
        416: {"description": "The range lies behind the end."},
    },
)
async def image_file(request: Request, context: Context, image: ImageId) -> Response:
    """Send the FITS file as it is, with all its HDUs; ranges are served."""
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
        304: {"description": "It is still the same."},
        404: {"description": "No such image, or the place does not meet it."},
        413: {"description": "It would be too large; the answer says how large."},
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
) -> Response:
    """Cut a region out of an image, as FITS or as a picture.

    The FITS cut-out has the image's header with its reference pixel moved, so the WCS
    is the same to the last digit, distortion included (also the tables of one).
    """
    sky = context.services.sky
    place = place_text(pos, ra, dec, radius)
    if place is None:
        raise InvalidContent("Say which place: pos=CIRCLE ra dec radius, in degrees.")
    asked = cutout_request(
        pos=place,
        form=form,
        stretch=stretch,
        limits=limits,
        size=size,
        orientation=orientation,
        plane=plane,
    )
    found = await sky.image(context.caller, image)
    etag = cutout_etag(found.identity, found.hdu, repr(asked))
    if check_preconditions(request, etag):
        return not_modified(etag)
    content = await sky.cut(context.caller, found, asked)
    picture = asked.format is CutoutFormat.PNG
    return content_response(content, request, etag, inline=picture)


def cutout_etag(identity: str, hdu: int, asked: str) -> str:
    """Return the tag of a cut-out: the file's identity and all that was asked."""
    text = f"cut-out 2 {identity} {hdu} {asked}"
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
