"""Classifiers, which tell real candidates from bogus ones in each survey."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi import Request as HttpRequest
from pydantic import Field
from starlette.responses import Response

from gatewright.core.pages import MAXIMUM_LARGE_LIMIT, page_limit
from gatewright.domains.classification import Method
from gatewright.faces.api.classifier_answers import (
    ClassifierAnswer,
    ClassifierList,
    ClassifierReport,
    TrainingBody,
    classifier_answer,
)
from gatewright.web.context import Context
from gatewright.web.form_text import EMPTY_IS_NONE
from gatewright.web.json_model import json_body, read_model
from gatewright.web.listing import Cursor, LargeLimit, json_response, listing

router = APIRouter(tags=["discovery"])

_NONE: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such classifier, or you may not see its survey."}
}
_SIGNED: dict[int | str, dict[str, Any]] = {
    401: {"description": "You are not signed in."},
    403: {"description": "Your account or token may not train classifiers."},
}

ClassifierId = Annotated[
    str,
    Path(
        title="Classifier",
        description="“id” of a classifier.",
        max_length=80,
        examples=["r-0199c0de-0000-7000-8000-000000000000"],
    ),
]


@router.get(
    "/classifiers",
    operation_id="listClassifiers",
    response_model=ClassifierList,
    summary="Classifiers of surveys",
)
async def list_classifiers(
    request: HttpRequest,
    context: Context,
    survey: Annotated[
        Annotated[str, Field(max_length=200)] | None,
        EMPTY_IS_NONE,
        Query(title="Survey", description="Only those of this survey."),
    ] = None,
    limit: LargeLimit = None,
    cursor: Cursor = None,
) -> Response:
    """List all versions of each survey's classifier, the newest first."""
    services = context.services
    page = await services.images.classifiers.page(
        context.caller,
        survey,
        limit=page_limit(limit, MAXIMUM_LARGE_LIMIT),
        cursor=cursor,
    )
    config = services.config
    answers = page.map(lambda one: classifier_answer(one, context.caller, config))
    return listing(request, "classifiers", answers)


@router.post(
    "/classifiers",
    operation_id="trainClassifier",
    status_code=202,
    response_model=ClassifierAnswer,
    summary="Train a classifier",
    openapi_extra=json_body(TrainingBody),
    responses={
        **_SIGNED,
        404: {"description": "There is no such survey that you may see."},
        409: {"description": "One is in training, or there is nothing to train from."},
        422: {"description": "The body is not valid."},
    },
)
async def train_classifier(request: HttpRequest, context: Context) -> Response:
    """Begin to train the next version of a survey's classifier.

    The resource at “Location” shows the progress. The new version then scores all
    candidates of the survey, new and stored, unless it misses more of the held-out
    examples than the version in use: then it is kept as refused, and not used.
    """
    body = await read_model(request, TrainingBody)
    services = context.services
    made = await services.images.classifiers.train(
        context.caller, body.survey, Method(body.method), body.differences
    )
    answer = classifier_answer(made, context.caller, services.config)
    place = f"{services.config.prefix}/api/v1/classifiers/{made.id}"
    return json_response(answer, 202, {"Location": place})


@router.get(
    "/classifiers/{classifier}",
    operation_id="getClassifier",
    response_model=ClassifierAnswer,
    summary="One classifier",
    responses=_NONE,
)
async def one_classifier(context: Context, classifier: ClassifierId) -> Response:
    """Return the state of a classifier and the progress of its training."""
    services = context.services
    found = await services.images.classifiers.one(context.caller, classifier)
    return json_response(classifier_answer(found, context.caller, services.config))


@router.get(
    "/classifiers/{classifier}/report",
    operation_id="getClassifierReport",
    response_model=ClassifierReport,
    summary="How good a classifier is",
    responses={**_NONE, 409: {"description": "It is not trained."}},
)
async def classifier_report(context: Context, classifier: ClassifierId) -> Response:
    """Return how many real and bogus examples a classifier misjudges, with intervals.

    The examples were held out from its training; “data” describes their images.
    Injected stars are counted here, but are never candidates.
    """
    report = await context.services.images.classifiers.report(
        context.caller, classifier
    )
    return Response(report, media_type="application/json")


@router.post(
    "/classifiers/{classifier}/activation",
    operation_id="activateClassifier",
    response_model=ClassifierAnswer,
    summary="Use another version",
    responses={**_NONE, **_SIGNED, 409: {"description": "It is not trained."}},
)
async def activate_classifier(context: Context, classifier: ClassifierId) -> Response:
    """Use this version from now on; it may be an earlier one.

    It scores new candidates, and in the background those that are stored: “rescoring”
    says how far it is, and each candidate names the version that gave its score.
    """
    services = context.services
    found = await services.images.classifiers.activate(context.caller, classifier)
    return json_response(classifier_answer(found, context.caller, services.config))
