"""Candidates that are handed out, so that two people do not look at the same."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from gatewright.domains.discovery import CLAIM_SECONDS, CandidateQuery, Review
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
"""Most candidates that are handed out at once."""

MOST_WITHOUT = 200
"""Most candidates that can be left out."""


class ClaimBody(BaseModel):
    """Which candidates are wanted."""

    model_config = ConfigDict(extra="forbid", strict=True)

    survey: list[str] = Field(
        default=[], description="Only with pixels of one of these surveys."
    )
    difference: str | None = Field(default=None, description="Only of this one.")
    without: list[str] = Field(
        default=[],
        max_length=MOST_WITHOUT,
        description="But for these, such as those that were skipped; at most 200.",
    )
    limit: int = Field(
        default=4, ge=1, le=MOST_CLAIMS, description="How many, 1 to 20."
    )


class HistoryAnswer(BaseModel):
    """What was found at a candidate's place, now or before."""

    id: str = Field(description="The candidate.")
    time: str | None = Field(description="Middle of the science exposures, RFC 3339.")
    time_assumed: bool = Field(
        description="Whether the time is from the survey's table and not the header."
    )
    snr: float = Field(description="Sigma; below 0 for light that is gone.")
    reason: str | None = Field(description="Why it is kept aside; null if it is not.")


class ReviewAnswer(CandidateDetail):
    """A candidate with all that one looks at to vote on it."""

    history: list[HistoryAnswer] = Field(
        description="What its object has that you may see, in order of time."
    )
    comments: list[CommentAnswer] = Field(description="The first first.")


class ClaimList(BaseModel):
    """What was handed out."""

    candidates: list[ReviewAnswer] = Field(description="The most significant first.")
    seconds: float = Field(description="How long nobody else is given them.")


@router.post(
    "/candidates/claims",
    operation_id="claimCandidates",
    response_model=ClaimList,
    summary="Take the next candidates to vote on",
    openapi_extra=json_body(ClaimBody),
    responses=SAYING,
)
async def claim(request: Request, context: Context) -> Response:
    """Hand out the next candidates without a vote, with all that one looks at.

    Nobody else is given them for five minutes, or until they have a vote; whoever wants
    one of them asks for it by its name. Asking again gives the same ones, for as long
    again, and others in the place of those that have been voted on.
    """
    body = await read_model(request, ClaimBody)
    services = context.services
    query = CandidateQuery(
        surveys=tuple(body.survey),
        difference=body.difference,
        unscanned=True,
        without=tuple(body.without),
    )
    claimed = await services.discovery.claim(context.caller, query, body.limit)
    prefix = services.config.prefix
    reviews = [review_answer(one, prefix) for one in claimed]
    return json_response({"candidates": reviews, "seconds": CLAIM_SECONDS})


@router.delete(
    "/candidates/claims",
    operation_id="releaseCandidates",
    status_code=204,
    summary="Let others have what one took",
    responses={401: SAYING[401], 403: SAYING[403]},
)
async def release(context: Context) -> Response:
    """End all of the caller's claims."""
    await context.services.discovery.release(context.caller)
    return Response(status_code=204)


def review_answer(review: Review, prefix: str) -> dict[str, object]:
    """Return a candidate with its history and comments as JSON values."""
    history = [candidate_detail(one, prefix) for one in review.history]
    told = HistoryAnswer.model_fields
    return {
        **candidate_detail(review.candidate, prefix),
        "history": [{name: one[name] for name in told} for one in history],
        "comments": list(map(comment_answer, review.comments)),
    }
