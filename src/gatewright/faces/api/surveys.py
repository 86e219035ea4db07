"""Collections of telescope images: ``/surveys``, each of them, and its coverage."""

import hashlib
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from gatewright.domains.sky import MapFormat
from gatewright.faces.api.coverage_answers import SurveyCoverageAnswer, coverage_answer
from gatewright.faces.api.image_answers import (
    SurveyDetail,
    SurveyList,
    survey_answer,
    survey_detail,
)
from gatewright.faces.api.image_content import content_response
from gatewright.faces.api.image_parameters import Band, Kind, Time
from gatewright.faces.api.image_query import image_query
from gatewright.web.conditional import check_preconditions, not_modified
from gatewright.web.context import Context
from gatewright.web.json_model import BINARY
from gatewright.web.listing import json_response

router = APIRouter(tags=["sky"])

SurveyId = Annotated[
    str, Path(title="Survey", description="Name of a survey.", examples=["decam_mini"])
]
MapForm = Annotated[
    Literal["png", "svg", "json"],
    Query(
        alias="format",
        title="Form",
        description="png and svg: a map with its scale; json: the numbers of the map.",
    ),
]


@router.get(
    "/surveys",
    operation_id="listSurveys",
    response_model=SurveyList,
    summary="All surveys",
)
async def list_surveys(context: Context) -> Response:
    """List the collections of images that you may see."""
    sky, prefix = context.services.images.sky, context.services.config.prefix
    found = await sky.surveys(context.caller)
    known = [await sky.survey(context.caller, survey.id) for survey in found]
    answers = [survey_answer(survey, coverage, prefix) for survey, coverage in known]
    return json_response({"surveys": answers, "next": None})


@router.get(
    "/surveys/{survey}",
    operation_id="getSurvey",
    response_model=SurveyDetail,
    summary="One survey",
    responses={404: {"description": "There is no such survey, or you may not see it."}},
)
async def one_survey(context: Context, survey: SurveyId) -> Response:
    """Return a survey with the number of its images, their times, bands and area."""
    found, coverage = await context.services.images.sky.survey(context.caller, survey)
    return json_response(survey_detail(found, coverage, context.services.config.prefix))


@router.get(
    "/surveys/{survey}/coverage",
    operation_id="getSurveyCoverage",
    response_model=SurveyCoverageAnswer,
    summary="Where the images of a survey are",
    responses={
        200: {
            "content": {
                "image/png": {"schema": BINARY},
                "image/svg+xml": {"schema": BINARY},
                "application/json": {},
            },
            "description": "The map, or its numbers.",
        },
        304: {"description": "The map has not changed."},
        404: {"description": "There is no such survey, or you may not see it."},
        413: {"description": "The selection has too many images to count in time."},
    },
)
async def survey_coverage(
    request: Request,
    context: Context,
    survey: SurveyId,
    band: Band = None,
    time: Time = None,
    kind: Kind = "science",
    form: MapForm = "png",
) -> Response:
    """Draw where on the sky the images are, and how many overlap.

    East is left. A survey of a part of the sky is shown enlarged; one whose images are
    more than 60 degrees from their middle is shown on a map of the whole sky. Both maps
    keep areas.

    The outlines of up to 10,000 images are counted, in the middle of each pixel of the
    map. Of more, the images that touch each HEALPix cell of order 6 are counted (0.84
    square degrees), so that the cost stays bounded.
    """
    query = image_query(
        pos=(),
        time=time or (),
        band=band or (),
        survey=(),
        kind=kind,
        seeing=None,
        exposure=None,
    )
    maps = context.services.images.survey_maps
    if form == "json":
        return json_response(
            coverage_answer(await maps.overlap(context.caller, survey, query))
        )
    content = await maps.draw(context.caller, survey, query, MapFormat(form))
    etag = f'"{hashlib.sha256(content.data).hexdigest()[:32]}"'
    if check_preconditions(request, etag):
        return not_modified(etag)
    # A title of a survey is text of the operator: an SVG is never a page of this host.
    return content_response(content, request, etag, inline=form == "png")
