"""Collections of telescope images: ``/surveys`` and ``/surveys/{survey}``."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from gatewright.faces.api.image_answers import (
    SurveyDetail,
    SurveyList,
    survey_answer,
    survey_detail,
)
from gatewright.web.context import Context
from gatewright.web.listing import json_response

router = APIRouter(tags=["sky"])

SurveyId = Annotated[
    str, Path(title="Survey", description="Name of a survey.", examples=["decam_mini"])
]


@router.get(
    "/surveys",
    operation_id="listSurveys",
    response_model=SurveyList,
    summary="All surveys",
)
async def list_surveys(context: Context) -> Response:
    """List the collections of images that you may see."""
    sky, prefix = context.services.sky, context.services.config.prefix
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
    found, coverage = await context.services.sky.survey(context.caller, survey)
    return json_response(survey_detail(found, coverage, context.services.config.prefix))
