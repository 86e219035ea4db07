"""Objects: sources in the sky, to which candidates at one position belong."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from gatewright.faces.api.candidate_answers import ObjectAnswer, object_answer
from gatewright.faces.api.candidates import GONE
from gatewright.faces.api.image_query import image_query
from gatewright.faces.api.images import Band, SurveyNames, Time
from gatewright.faces.api.light_curve import CURVES, CurveForm, light_curve_response
from gatewright.faces.api.product_answers import LightCurveAnswer
from gatewright.web.context import Context
from gatewright.web.listing import json_response

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
async def one_object(context: Context, object: ObjectId) -> Response:  # noqa: A002  # the path's name
    """Return an object's position, and its candidates sorted by time."""
    services = context.services
    found = await services.discovery.sky_object(context.caller, object)
    return json_response(object_answer(found, services.config.prefix))


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
) -> Response:
    """Measure the flux at the object's position in each image, visible or not.

    It is the same as “/lightcurve” at that position. By default the images of all
    surveys that you may see are used.
    """
    services = context.services
    found = await services.discovery.sky_object(context.caller, object)
    query = image_query(
        pos=(),
        time=time or (),
        band=band or (),
        survey=survey or (),
        kind="science",
        seeing=None,
        exposure=None,
    )
    curve = await services.processing.light_curve(
        context.caller, found.ra, found.dec, query
    )
    return light_curve_response(curve, form)
