"""Telescope images: search, description, file download and cut-outs."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ParamSpec, TypeVar

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from gatewright.core.errors import InvalidContent
from gatewright.core.pages import Page, page_limit
from gatewright.domains.sky import Circle, CutoutFormat
from gatewright.faces.api.image_answers import (
    IMAGE_UNITS,
    ImageAnswer,
    ImageList,
    image_answer,
    image_columns,
    images_json,
)
from gatewright.faces.api.image_content import content_response
from gatewright.faces.api.image_parameters import (
    IMAGE_LISTS,
    Arcsec,
    Band,
    ColourMapName,
    CutPos,
    Degrees,
    Exposure,
    Form,
    ImageListForm,
    Kind,
    Lie,
    Marks,
    Padded,
    Percentiles,
    Pixels,
    Plane,
    Pos,
    Seeing,
    Size,
    StretchName,
    SurveyNames,
    Time,
    WithPartners,
)
from gatewright.faces.api.image_query import cutout_request, image_query, place_text
from gatewright.web.conditional import check_preconditions, not_modified
from gatewright.web.context import Context
from gatewright.web.csv_table import csv_listing
from gatewright.web.json_model import BINARY
from gatewright.web.listing import Cursor, Limit, encoded_listing, json_response
from gatewright.web.parquet_table import Columns, parquet_listing

P = ParamSpec("P")
T = TypeVar("T")

_FEW = 500

router = APIRouter(tags=["sky"])

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


@router.get(
    "/images",
    operation_id="searchImages",
    response_model=ImageList,
    summary="Find images",
    responses=IMAGE_LISTS,
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
    form: ImageListForm = "json",
) -> Response:
    """Find images by place, time, band and more; without parameters, all images.

    Values of one parameter are alternatives; different parameters must all match. Empty
    parameters are ignored, except an empty place, which is refused. The images are
    sorted by time. A page may have fewer than “limit” images although another page
    follows.
    """
    places = context.services.images.sky.places
    place = place_text(places, None, ra, dec, radius)
    query = image_query(
        pos=(*map(places.region_text, pos or ()), *([place] if place else [])),
        time=time,
        band=(*(band or ()), *(filter or ())),
        survey=survey,
        kind=kind,
        seeing=seeing,
        exposure=exposure,
    )
    services = context.services

    async def columns(most: int, begin: str | None) -> tuple[Columns, str | None]:
        table = await services.images.sky.table(
            context.caller, query, limit=most, cursor=begin
        )
        many = len(table.columns["id"])
        values = await aside(many, image_columns, table, services.config.prefix)
        return values, table.next

    async def page(most: int, begin: str | None) -> Page[Mapping[str, object]]:
        values, following = await columns(most, begin)
        rows = zip(*values.values(), strict=True)
        return Page([dict(zip(values, row, strict=True)) for row in rows], following)

    if form == "csv":
        return await csv_listing(request, "images", ImageAnswer, page, limit, cursor)
    if form == "parquet":
        return await parquet_listing(
            request, "images", ImageAnswer, IMAGE_UNITS, columns, limit, cursor
        )
    found, following = await columns(page_limit(limit), cursor)
    body = await aside(len(found["id"]), images_json, found, following)
    return encoded_listing(request, body, following)


async def aside(
    rows: int, make: Callable[P, T], *given: P.args, **named: P.kwargs
) -> T:
    """Return what a function makes of rows: of many in a thread, so that others go on.

    Of few it is made at once, which takes less time than a thread does to start.
    """
    if rows <= _FEW:
        return make(*given, **named)
    return await asyncio.to_thread(make, *given, **named)


@router.get(
    "/images/{image}",
    operation_id="getImage",
    response_model=ImageAnswer,
    summary="One image",
    responses=_GONE,
)
async def one_image(context: Context, image: ImageId) -> Response:
    """Describe an image: place, time, filter and other metadata, and its URLs."""
    found = await context.services.images.sky.image(context.caller, image)
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
    sky = context.services.images.sky
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
                "image/jpeg": {"schema": BINARY},
                "image/webp": {"schema": BINARY},
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
    stretch: StretchName = None,
    limits: Percentiles = None,
    cmap: ColourMapName = None,
    size: Size = None,
    orientation: Lie = None,
    plane: Plane = None,
    pad: Padded = False,
    pixels: Pixels = None,
    arcsec: Arcsec = None,
    marks: Marks = False,
    partners: WithPartners = False,
) -> Response:
    """Cut a region out of an image, as FITS or as a picture.

    The FITS cut-out has the image's header with the reference pixel (CRPIX) moved, so
    the WCS remains exactly the same, including its distortion (and tables of
    distortion). With “partners”, it is the extension SCI, and a partner has its own
    header and kind of number; a padded mask remains integers, with all bits set beyond
    the image.
    """
    sky = context.services.images.sky
    place = place_text(sky.places, pos, ra, dec, radius)
    if place is None:
        raise InvalidContent("Give a place: pos=CIRCLE ra dec radius, in degrees.")
    asked = cutout_request(
        pos=place,
        form=form,
        stretch=stretch,
        limits=limits,
        cmap=cmap,
        size=size,
        orientation=orientation,
        plane=plane,
        padded=pad,
        pixels=pixels,
        arcsec=arcsec,
        marks=marks,
    )
    picture = asked.format is not CutoutFormat.FITS
    if partners and picture:
        raise InvalidContent("“partners” come with format=fits.")
    found = await sky.image(context.caller, image)
    together = [found]
    if partners:
        middle = Circle(found.ra, found.dec, 0.0)
        beside = await sky.partners(context.caller, [found], middle)
        together += beside[found.id]
    files = " ".join(f"{one.identity} {one.hdu}" for one in together)
    etag = cutout_etag(files, int(partners), repr(asked))
    if check_preconditions(request, etag):
        return not_modified(etag)
    content = await (
        sky.cut_together(context.caller, found, together[1:], asked)
        if partners
        else sky.cut(context.caller, found, asked)
    )
    return content_response(content, request, etag, inline=picture)


def cutout_etag(identity: str, hdu: int, asked: str) -> str:
    """Return the entity tag of a cut-out, from the file's identity and the request."""
    text = f"cut-out 5 {identity} {hdu} {asked}"
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
