"""Images made from other images: coadds and differences."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from gatewright.core.errors import InvalidContent
from gatewright.domains.processing import Plane, Product, ProductKind, ProductState
from gatewright.domains.sky import ColourMap, CutoutFormat, Orientation, Stretch
from gatewright.faces.api.image_content import content_response
from gatewright.faces.api.image_parameters import (
    ColourMapName,
    Lie,
    Percentiles,
    Size,
    StretchName,
)
from gatewright.faces.api.image_query import place_text, refuse_looks, stretch_of
from gatewright.faces.api.images import cutout_etag
from gatewright.faces.api.product_answers import (
    CoaddAnswer,
    DifferenceAnswer,
    product_answer,
)
from gatewright.faces.api.product_bodies import (
    CoaddBody,
    DifferenceBody,
    circle,
    reference,
    selection,
)
from gatewright.web.conditional import check_preconditions, not_modified
from gatewright.web.context import Context, RequestContext
from gatewright.web.json_model import json_body, read_model
from gatewright.web.listing import json_response

router = APIRouter(tags=["sky"])

_MAKING: dict[int | str, dict[str, Any]] = {
    202: {"description": "It is being made; get its “Location” in a few seconds."},
    401: {"description": "You are not signed in."},
    404: {"description": "There is no such image, or the search finds none."},
    413: {
        "description": "It would need more memory than a process has, or the region is "
        "too wide."
    },
    422: {"description": "The body is not valid, or an image cannot be used."},
}
_NONE: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such product, or you may not see it."}
}
_PIXELS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/fits": {}, "image/png": {}},
        "description": "The pixels.",
    },
    304: {"description": "The pixels have not changed."},
    404: {"description": "There is no such product or plane, or you may not see it."},
    409: {"description": "The product is not ready."},
}

ProductId = Annotated[
    str,
    Path(
        title="Product",
        description="“id” in the response to the request that made it.",
        max_length=64,
        examples=["d-0123456789abcdef01234567"],
    ),
]
Form = Annotated[
    Literal["fits", "png"],
    Query(
        alias="format", title="Form", description="fits: with a WCS; png: a picture."
    ),
]


@router.post(
    "/coadds",
    operation_id="makeCoadd",
    status_code=201,
    response_model=CoaddAnswer,
    summary="Make one image of several",
    openapi_extra=json_body(CoaddBody),
    responses=_MAKING,
)
async def make_coadd(request: Request, context: Context) -> Response:
    """Resample images to one grid and one flux scale, and average them.

    The coadd covers the whole region, also where several images hardly overlap: the
    scales of all are solved for together, by the stars that they share pairwise. The
    report's “side” names images that do not reach the region (“outside”), and those
    that no chain of shared stars ties to the first (“untied”); its “pixels” counts the
    pixels without a value.

    The status is 201 when the coadd is made, or 202 after ten seconds. Requests with
    the same images, place and method share one coadd.
    """
    body = await read_model(request, CoaddBody)
    place = circle(place_text(context.services.images.sky.places, body.pos))
    made = await context.services.images.processing.coadd(
        context.caller,
        selection(body.images),
        place,
        body.method,
    )
    return _made(context, made)


@router.get(
    "/coadds/{coadd}",
    operation_id="getCoadd",
    response_model=CoaddAnswer,
    summary="One coadd",
    responses=_NONE,
)
async def one_coadd(context: Context, coadd: ProductId) -> Response:
    """Return the state of a coadd, its images, and what was measured in making it."""
    found = await _found(context, ProductKind.COADD, coadd)
    config = context.services.config
    return json_response(product_answer(found, context.caller, config))


@router.get(
    "/coadds/{coadd}/image",
    operation_id="getCoaddImage",
    summary="Pixels of a coadd",
    response_class=Response,
    responses=_PIXELS,
)
async def coadd_image(
    request: Request,
    context: Context,
    coadd: ProductId,
    plane: Annotated[
        Literal["coadd", "weight"], Query(description="The mean, or its weight map.")
    ] = "coadd",
    form: Form = "fits",
    stretch: StretchName = None,
    limits: Percentiles = None,
    cmap: ColourMapName = None,
    size: Size = None,
    orientation: Lie = None,
) -> Response:
    """Send a plane of a coadd; pixels that no image covers are NaN."""
    found = await _found(context, ProductKind.COADD, coadd)
    how = (Plane(plane), *_look(form, stretch, limits, cmap, size, orientation))
    return await _pixels(request, context, found, how)


@router.post(
    "/differences",
    operation_id="makeDifference",
    status_code=201,
    response_model=DifferenceAnswer,
    summary="Subtract images and detect changes",
    openapi_extra=json_body(DifferenceBody),
    responses=_MAKING,
)
async def make_difference(request: Request, context: Context) -> Response:
    """Subtract a reference from a science image, and detect what changed.

    It uses the proper subtraction of Zackay, Ofek and Gal-Yam (2016) with point-spread
    functions measured from stars in the images. If the reference is “auto”, the
    gateway chooses it, and keeps its coadd as a version. The status is 201 when the
    difference is made, or 202 after ten seconds.
    """
    body = await read_model(request, DifferenceBody)
    place = circle(place_text(context.services.images.sky.places, body.pos))
    made = await context.services.images.processing.difference(
        context.caller,
        selection(body.science),
        reference(body.reference),
        place,
    )
    return _made(context, made)


@router.get(
    "/differences/{difference}",
    operation_id="getDifference",
    response_model=DifferenceAnswer,
    summary="One difference",
    responses=_NONE,
)
async def one_difference(context: Context, difference: ProductId) -> Response:
    """Return the state of a difference, its detections, and how it was made."""
    found = await _found(context, ProductKind.DIFFERENCE, difference)
    config = context.services.config
    return json_response(product_answer(found, context.caller, config))


@router.get(
    "/differences/{difference}/image",
    operation_id="getDifferenceImage",
    summary="Pixels of a difference",
    response_class=Response,
    responses=_PIXELS,
)
async def difference_image(
    request: Request,
    context: Context,
    difference: ProductId,
    plane: Annotated[
        Literal["difference", "score", "weight", "science", "reference"],
        Query(
            description="The difference, its score in sigma, its weight map, or one of "
            "the two images on its grid."
        ),
    ] = "difference",
    form: Form = "fits",
    stretch: StretchName = None,
    limits: Percentiles = None,
    cmap: ColourMapName = None,
    size: Size = None,
    orientation: Lie = None,
) -> Response:
    """Send a plane of a difference; pixels without data are NaN."""
    found = await _found(context, ProductKind.DIFFERENCE, difference)
    how = (Plane(plane), *_look(form, stretch, limits, cmap, size, orientation))
    return await _pixels(request, context, found, how)


async def _found(context: RequestContext, kind: ProductKind, product: str) -> Product:
    processing = context.services.images.processing
    return await processing.product(context.caller, kind, product)


def _made(context: RequestContext, product: Product) -> Response:
    answer = product_answer(product, context.caller, context.services.config)
    if product.state is ProductState.FAILED:
        raise InvalidContent(product.reason or "It could not be made.")
    status = 201 if product.state is ProductState.READY else 202
    place = f"/api/v1/{product.kind}s/{product.id}"
    return json_response(answer, status, {"Location": place})


def _look(
    form: str,
    stretch: str | None,
    limits: str | None,
    cmap: ColourMap | None,
    size: int | None,
    orientation: str | None,
) -> tuple[CutoutFormat, Stretch, int | None, Orientation]:
    """Return how a plane is sent, from the parameters; FITS takes no look."""
    if form == "fits":
        refuse_looks(
            stretch=stretch,
            limits=limits,
            cmap=cmap,
            size=size,
            orientation=orientation,
        )
    drawn = stretch_of(stretch, limits, cmap)
    return CutoutFormat(form), drawn, size, Orientation(orientation or "north")


async def _pixels(
    request: Request, context: RequestContext, product: Product, how: tuple[Any, ...]
) -> Response:
    etag = cutout_etag(product.identity, 0, f"{product.id} {how!r}")
    if product.state is ProductState.READY and check_preconditions(request, etag):
        return not_modified(etag)
    plane, form, stretch, size, orientation = how
    content = await context.services.images.processing.plane(
        product, plane, form, stretch, size, orientation=orientation
    )
    picture = form is CutoutFormat.PNG
    return content_response(content, request, etag, inline=picture)
