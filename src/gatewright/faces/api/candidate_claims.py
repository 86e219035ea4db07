"""Claims of candidates, so that two people do not review the same one."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from gatewright.domains.discovery import (
    CLAIM_SECONDS,
    LONGEST_CONDITION,
    MOST_HISTORY,
    CandidateQuery,
)
from gatewright.faces.api.candidate_answers import (
    CandidateDetail,
    CommentAnswer,
    candidate_detail,
    comment_answer,
)
from gatewright.faces.api.candidates import SAYING
from gatewright.web.context import Context
from gatewright.web.json_model import json_body, read_model
from gatewright.web.listing import json_response

router = APIRouter(tags=["discovery"])

MOST_CLAIMS = 20
"""Most candidates that one person can claim at once."""

MOST_WITHOUT = 200
"""Most candidates that a request can exclude."""


class ClaimBody(BaseModel):
    """Which candidates to claim."""

    model_config = ConfigDict(extra="forbid", strict=True)

    survey: list[str] = Field(
        default=[], description="Only candidates from images of these surveys."
    )
    difference: str | None = Field(
        default=None, description="Only candidates of this difference."
    )
    without: list[str] = Field(
        default=[],
        max_length=MOST_WITHOUT,
        description="At most 200 candidates to leave out, such as skipped ones.",
    )
    filter: str | None = Field(
        default=None,
        max_length=64,
        description="Only candidates that fulfil this saved filter.",
    )
    where: str | None = Field(
        default=None,
        max_length=LONGEST_CONDITION,
        description="Only candidates that fulfil this condition.",
    )
    cursor: str | None = Field(
        default=None,
        max_length=4096,
        description="“next” of an answer with too few candidates, to look further.",
    )
    limit: int = Field(
        default=4, ge=1, le=MOST_CLAIMS, description="Number of candidates, 1 to 20."
    )


class HistoryAnswer(BaseModel):
    """An earlier or later candidate of the same object."""

    id: str = Field(description="Id of the candidate.")
    time: str | None = Field(description="Middle of the science exposures, RFC 3339.")
    time_assumed: bool = Field(
        description="Whether the time comes from the survey's table, not the header."
    )
    snr: float = Field(
        description="Significance in sigma; negative if the source became fainter."
    )
    reason: str | None = Field(
        description="Why it is set aside as an artefact; null if it is not."
    )
    reference: str | None = Field(
        description="Id of the coadd that was subtracted: the version of the "
        "reference; null if single images were named."
    )


class ReviewAnswer(CandidateDetail):
    """A candidate with all that a person needs to vote on it."""

    history: list[HistoryAnswer] = Field(
        max_length=MOST_HISTORY,
        description="Candidates of its object that you may see, sorted by time: the "
        "latest 100.",
    )
    comments: list[CommentAnswer] = Field(
        max_length=MOST_HISTORY,
        description="The oldest 100 comments; “/comments” lists all.",
    )


class ClaimList(BaseModel):
    """The claimed candidates."""

    candidates: list[ReviewAnswer] = Field(
        description="Candidates, the most significant first."
    )
    seconds: float = Field(description="Seconds until the claims end.")
    next: str | None = Field(
        description="Cursor with which to look further, where a filter left fewer than "
        "“limit” of the candidates that one request examines; else null."
    )


@router.post(
    "/candidates/claims",
    operation_id="claimCandidates",
    response_model=ClaimList,
    summary="Claim the next candidates to vote on",
    openapi_extra=json_body(ClaimBody),
    responses={**SAYING, 404: {"description": "There is no such filter."}},
)
async def claim(request: Request, context: Context) -> Response:
    """Claim the next candidates without a vote, and return all that you need to vote.

    Nobody else can claim them for five minutes, or until they have a vote; everybody
    can still get one of them by its id. A repeated request returns the same candidates
    and extends the claims, with new candidates in place of those that have votes by
    then. Your earlier claims on candidates that are not in the answer end.
    """
    body = await read_model(request, ClaimBody)
    services = context.services
    query = CandidateQuery(
        surveys=tuple(body.survey),
        difference=body.difference,
        unscanned=True,
        without=tuple(body.without),
        conditions=await services.images.filters.chosen(
            context.caller, body.filter or None, body.where or None
        ),
    )
    claimed = await services.images.discovery.claim(
        context.caller, query, body.limit, body.cursor
    )
    prefix = services.config.prefix
    told = HistoryAnswer.model_fields
    reviews = [
        {
            **candidate_detail(review.candidate, prefix),
            "history": [
                {name: value for name, value in past.items() if name in told}
                for past in (candidate_detail(one, prefix) for one in review.history)
            ],
            "comments": list(map(comment_answer, review.comments)),
        }
        for review in claimed.items
    ]
    return json_response(
        {"candidates": reviews, "seconds": CLAIM_SECONDS, "next": claimed.next}
    )


@router.delete(
    "/candidates/claims",
    operation_id="releaseCandidates",
    status_code=204,
    summary="Release my claims",
    responses={401: SAYING[401], 403: SAYING[403]},
)
async def release(context: Context) -> Response:
    """End all of your claims, so that others can claim these candidates."""
    await context.services.images.discovery.release(context.caller)
    return Response(status_code=204)
