"""Candidates: sources detected in differences, with people's votes and comments."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from gatewright.core.pages import MAXIMUM_LARGE_LIMIT, Page, page_limit
from gatewright.domains.discovery import CandidateQuery, Choice, Cone
from gatewright.domains.processing import Circle, Plane, ProductKind
from gatewright.domains.sky import CutoutFormat
from gatewright.faces.api.candidate_answers import (
    CandidateDetail,
    CandidateList,
    CommentAnswer,
    CommentBody,
    CommentList,
    VoteBody,
    VoteList,
    candidate_answer,
    candidate_detail,
    comment_answer,
    vote_answer,
)
from gatewright.faces.api.candidate_tables import candidate_table
from gatewright.faces.api.classifier_answers import rescoring_answers
from gatewright.faces.api.filters import FilterName, WhereText
from gatewright.faces.api.image_content import content_response
from gatewright.faces.api.image_parameters import (
    TABLES,
    CandidateForm,
    ColourMapName,
    Degrees,
    Percentiles,
    Place,
    Size,
    StretchName,
    SurveyNames,
)
from gatewright.faces.api.image_query import place_text, refuse_looks, stretch_of
from gatewright.faces.api.images import cutout_etag
from gatewright.faces.api.product_bodies import circle
from gatewright.web.concurrency import Counted, slot_of
from gatewright.web.conditional import check_preconditions, not_modified
from gatewright.web.context import Context
from gatewright.web.events import event_stream, last_event_id
from gatewright.web.form_text import EMPTY_IS_NONE
from gatewright.web.json_model import BINARY, json_body, read_model
from gatewright.web.listing import Cursor, LargeLimit, json_response, listing

router = APIRouter(tags=["discovery"])

GONE: dict[int | str, dict[str, Any]] = {
    404: {"description": "It does not exist, or you may not see it."}
}
SAYING: dict[int | str, dict[str, Any]] = {
    **GONE,
    401: {"description": "You are not signed in."},
    403: {"description": "The account or token may not vote."},
    422: {"description": "The body does not fit the schema."},
}
_NAMES: dict[int | str, dict[str, Any]] = {
    **GONE,
    401: {"description": "You are not signed in."},
}
_OWN: dict[int | str, dict[str, Any]] = {
    **_NAMES,
    403: {"description": "The account or token may not vote."},
    404: {"description": "There is no such candidate, or nothing of yours on it."},
}

CandidateId = Annotated[
    str,
    Path(
        title="Candidate",
        description="Id of a candidate: the id of its difference and a number.",
        max_length=80,
        examples=["d-0123456789abcdef01234567.1"],
    ),
]
Score = Annotated[
    Annotated[float, Field(allow_inf_nan=False)] | None,
    EMPTY_IS_NONE,
    Query(
        title="Least score",
        description="Only candidates with at least this score of a classifier, the "
        "highest first. Unclassified candidates have no score.",
        examples=[0.5],
    ),
]


@router.get(
    "/candidates",
    operation_id="listCandidates",
    response_model=CandidateList,
    summary="Find candidates",
    responses={
        **TABLES,
        401: {"description": "A visitor filters by classes or tags."},
        404: {"description": "There is no such filter that you may use."},
    },
)
async def find_candidates(
    request: Request,
    context: Context,
    survey: SurveyNames = None,
    difference: Annotated[
        Annotated[str, Field(max_length=64)] | None,
        EMPTY_IS_NONE,
        Query(title="Difference", description="Only candidates of this difference."),
    ] = None,
    min_score: Score = None,
    pos: Place = None,
    ra: Degrees = None,
    dec: Degrees = None,
    radius: Degrees = None,
    unscanned: Annotated[
        bool, Query(title="Unscanned", description="Only candidates without a vote.")
    ] = False,
    filter: FilterName = None,  # noqa: A002  # the parameter's name
    where: WhereText = None,
    limit: LargeLimit = None,
    cursor: Cursor = None,
    form: CandidateForm = "json",
) -> Response:
    """Find candidates, including artefacts, which are set aside with a reason.

    You see the candidates of a difference if you may see all surveys of its images.
    With “filter” or “where” a page examines a limited number of candidates: it may have
    fewer than “limit”, or none, although another page follows.
    """
    services = context.services
    place = circle(place_text(services.images.sky.places, pos, ra, dec, radius))
    query = CandidateQuery(
        surveys=survey or (),
        difference=difference,
        min_score=min_score,
        place=None if place is None else Cone(place.ra, place.dec, place.radius),
        unscanned=unscanned,
        conditions=await services.images.filters.chosen(context.caller, filter, where),
    )

    async def page(most: int, begin: str | None) -> Page[Mapping[str, object]]:
        found = await services.images.discovery.page(
            context.caller, query, limit=most, cursor=begin
        )
        prefix = services.config.prefix
        return found.map(lambda one: candidate_answer(one, prefix))

    if form != "json":
        return await candidate_table(request, form, page, limit, cursor)
    most = page_limit(limit, MAXIMUM_LARGE_LIMIT)
    # Asked before and after: it may begin or end while the page is read.
    before = await services.images.classifiers.rescoring(context.caller)
    found = await page(most, cursor)
    now = before or await services.images.classifiers.rescoring(context.caller)
    extra = {"rescoring": rescoring_answers(now)}
    return listing(request, "candidates", found, extra=extra)


@router.get(
    "/candidates/events",
    operation_id="followCandidates",
    response_class=Response,
    summary="What happens to candidates",
    responses={
        200: {
            "description": "Server-sent events, until the client disconnects.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        401: {"description": "You are not signed in."},
    },
)
async def follow_candidates(request: Request, context: Context) -> Response:
    """Follow new candidates, votes and comments, as server-sent events.

    The kinds are candidates.found, candidate.voted (with the numbers of votes),
    candidate.commented, candidate.comment-removed, candidate.labelled,
    candidate.label-removed, and candidates.rescored (when all stored candidates of a
    survey have their score from the classifier in use). A client that reconnects sends
    the id of the last event it saw as ``Last-Event-ID``.
    """
    context.caller.require_user()
    services = context.services
    after = await services.events.start(last_event_id(request))
    answer = event_stream(services.images.discovery.follow(context.caller, after))
    return Counted(answer, slot_of(request, services.streams))


@router.get(
    "/candidates/{candidate}",
    operation_id="getCandidate",
    response_model=CandidateDetail,
    summary="One candidate",
    responses=GONE,
)
async def one_candidate(context: Context, candidate: CandidateId) -> Response:
    """Return a candidate with all measurements and the number of votes."""
    services = context.services
    found = await services.images.discovery.candidate(context.caller, candidate)
    return json_response(candidate_detail(found, services.config.prefix))


@router.get(
    "/candidates/{candidate}/stamp",
    operation_id="getCandidateStamp",
    summary="Pixels around a candidate",
    response_class=Response,
    responses={
        200: {
            "content": {
                "application/fits": {"schema": BINARY},
                "image/png": {"schema": BINARY},
            },
            "description": "The pixels.",
        },
        304: {"description": "The pixels have not changed."},
        404: {"description": "There is no such candidate, or you may not see it."},
        409: {"description": "The difference is not ready."},
    },
)
async def candidate_stamp(
    request: Request,
    context: Context,
    candidate: CandidateId,
    plane: Annotated[
        Literal["science", "reference", "difference", "score"],
        Query(description="Which image; all have the same pixel grid."),
    ] = "difference",
    radius: Annotated[
        float,
        Query(
            description="Half of the stamp's width, in degrees.",
            gt=0,
            le=0.1,
            allow_inf_nan=False,
        ),
    ] = 0.003,
    form: Annotated[
        Literal["png", "fits"],
        Query(alias="format", title="Form", description="png, or fits with a WCS."),
    ] = "png",
    stretch: StretchName = None,
    limits: Percentiles = None,
    cmap: ColourMapName = None,
    size: Size = None,
) -> Response:
    """Send a square stamp with the candidate at its centre.

    Pixels beyond the edge of the difference are NaN, and black in a picture.
    """
    if form == "fits":
        refuse_looks(stretch=stretch, limits=limits, cmap=cmap, size=size)
    services = context.services
    found = await services.images.discovery.candidate(context.caller, candidate)
    product = await services.images.processing.product(
        context.caller, ProductKind.DIFFERENCE, found.origin.difference
    )
    place = Circle(found.finding.ra, found.finding.dec, radius)
    look = stretch_of(stretch, limits, cmap)
    how = (Plane(plane), CutoutFormat(form), look, size, place)
    etag = cutout_etag(product.identity, 0, f"{product.id} {how!r}")
    if check_preconditions(request, etag):
        return not_modified(etag)
    content = await services.images.processing.plane(product, *how)
    return content_response(content, request, etag, inline=form == "png")


@router.post(
    "/candidates/{candidate}/votes",
    operation_id="voteOnCandidate",
    response_model=CandidateDetail,
    summary="Vote on a candidate",
    openapi_extra=json_body(VoteBody),
    responses={**SAYING, 201: {"description": "The vote.", "model": CandidateDetail}},
)
async def vote(request: Request, context: Context, candidate: CandidateId) -> Response:
    """Vote on a candidate; each person has one vote, which they may change.

    The status is 201 for a first vote and 200 for a changed one.
    """
    body = await read_model(request, VoteBody)
    services = context.services
    found, new = await services.images.discovery.vote(
        context.caller, candidate, Choice(body.vote)
    )
    answer = candidate_detail(found, services.config.prefix)
    return json_response(answer, 201 if new else 200)


@router.get(
    "/candidates/{candidate}/votes",
    operation_id="listVotes",
    response_model=VoteList,
    summary="Who voted what",
    responses=_NAMES,
)
async def list_votes(
    request: Request,
    context: Context,
    candidate: CandidateId,
    limit: LargeLimit = None,
    cursor: Cursor = None,
) -> Response:
    """List the votes on a candidate, with who voted."""
    page = await context.services.images.discovery.votes(
        context.caller,
        candidate,
        limit=page_limit(limit, MAXIMUM_LARGE_LIMIT),
        cursor=cursor,
    )
    return listing(request, "votes", page.map(vote_answer))


@router.delete(
    "/candidates/{candidate}/votes",
    operation_id="takeVoteBack",
    status_code=204,
    summary="Remove my vote",
    responses=_OWN,
)
async def take_vote_back(context: Context, candidate: CandidateId) -> Response:
    """Remove your own vote on a candidate, which nobody else is given to vote on then.

    You look at it again: it is reserved for you for five minutes, or until you claim
    others.
    """
    await context.services.images.discovery.take_back(context.caller, candidate)
    return Response(status_code=204)


@router.post(
    "/candidates/{candidate}/comments",
    operation_id="writeComment",
    status_code=201,
    response_model=CommentAnswer,
    summary="Comment on a candidate",
    openapi_extra=json_body(CommentBody),
    responses=SAYING,
)
async def write_comment(
    request: Request, context: Context, candidate: CandidateId
) -> Response:
    """Write a comment, which all accounts that may see the candidate can read."""
    body = await read_model(request, CommentBody)
    made = await context.services.images.discovery.comment(
        context.caller, candidate, body.text
    )
    return json_response(comment_answer(made), 201)


@router.get(
    "/candidates/{candidate}/comments",
    operation_id="listComments",
    response_model=CommentList,
    summary="Comments on a candidate",
    responses=_NAMES,
)
async def list_comments(
    request: Request,
    context: Context,
    candidate: CandidateId,
    limit: LargeLimit = None,
    cursor: Cursor = None,
) -> Response:
    """List the comments on a candidate."""
    page = await context.services.images.discovery.comments(
        context.caller,
        candidate,
        limit=page_limit(limit, MAXIMUM_LARGE_LIMIT),
        cursor=cursor,
    )
    return listing(request, "comments", page.map(comment_answer))


@router.delete(
    "/candidates/{candidate}/comments/{comment}",
    operation_id="removeComment",
    status_code=204,
    summary="Remove my comment",
    responses=_OWN,
)
async def remove_comment(
    context: Context,
    candidate: CandidateId,
    comment: Annotated[
        str,
        Path(title="Comment", description="“id” of the comment.", max_length=80),
    ],
) -> Response:
    """Remove a comment that you wrote."""
    await context.services.images.discovery.remove_comment(
        context.caller, candidate, comment
    )
    return Response(status_code=204)
