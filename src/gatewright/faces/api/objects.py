"""Objects: sources in the sky, to which candidates at one position belong."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from gatewright.core.pages import MAXIMUM_LARGE_LIMIT, page_limit
from gatewright.faces.api.candidate_answers import ObjectAnswer, object_answer
from gatewright.faces.api.candidates import GONE
from gatewright.faces.api.image_parameters import Band, SurveyNames, Time
from gatewright.faces.api.image_query import image_query
from gatewright.faces.api.light_curve import (
    CURVES,
    CurveAxis,
    CurveForm,
    curve_look,
    light_curve_response,
)
from gatewright.faces.api.product_answers import LightCurveAnswer
from gatewright.web.context import Context
from gatewright.web.listing import Cursor, LargeLimit, json_response, next_link

router = APIRouter(tags=["discovery"])

ObjectId = Annotated[
    str,
    Path(
        title="Object",
        description="Id of an object, as in “object” of its candidates.",
        max_length=80,
        examples=["o-01m8jjcgxn0000000000000000"],
    ),
]


@router.get(
    "/objects/{object}",
    operation_id="getObject",
    response_model=ObjectAnswer,
    summary="One object",
    responses=GONE,
)
async def one_object(
    request: Request,
    context: Context,
    object: ObjectId,  # noqa: A002  # the path's name
    limit: LargeLimit = None,
    cursor: Cursor = None,
) -> Response:
    """Return an object's position, and a page of its candidates sorted by time."""
    services = context.services
    found, following = await services.images.discovery.object_page(
        context.caller,
        object,
        limit=page_limit(limit, MAXIMUM_LARGE_LIMIT),
        cursor=cursor,
    )
    links = {} if following is None else {"Link": next_link(request, following)}
    answer = object_answer(found, following, services.config.prefix)
    return json_response(answer, headers=links)


@router.get(
    "/objects/{object}/lightcurve",
    operation_id="getObjectLightCurve",
    response_model=LightCurveAnswer,
    summary="Flux of an object over time",
    responses=CURVES,
)
async def object_light_curve(
    context: Context,
    object: ObjectId,  # noqa: A002  # the path's name
    survey: SurveyNames = None,
    time: Time = None,
    band: Band = None,
    form: CurveForm = "json",
    axis: CurveAxis = None,
) -> Response:
    """Measure the flux at the object's position in each image, visible or not.

    It is the same as “/lightcurve” at that position. By default the images of all
    surveys that you may see are used.
    """
    look = curve_look(form, axis)
    services = context.services
    found = await services.images.discovery.sky_object(context.caller, object)
    query = image_query(time=time, band=band, survey=survey)
    curve = await services.images.processing.light_curve(
        context.caller, found.ra, found.dec, query
    )
    title = f"{found.id}, RA {found.ra:.6f}°, Dec {found.dec:+.6f}° (ICRS)"
    return await light_curve_response(context, curve, look, title)
