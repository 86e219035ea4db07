"""JSON descriptions of candidates, objects, votes and comments."""

from typing import Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from gatewright.core.clock import timestamp
from gatewright.domains.discovery import Candidate, Comment, SkyObject, Vote
from gatewright.domains.sky import mjd_text
from gatewright.faces.api.classifier_answers import RescoringAnswer
from gatewright.faces.api.product_answers import BASE


class VoteBody(BaseModel):
    """Your vote on a candidate."""

    model_config = ConfigDict(extra="forbid", strict=True)

    vote: Literal["real", "bogus", "unsure"] = Field(
        description="real: a change in the sky; bogus: an artefact; unsure."
    )


class CommentBody(BaseModel):
    """A comment on a candidate."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str = Field(description="Plain text of 1 to 4000 characters.")


class Votes(BaseModel):
    """Number of votes of each kind."""

    real: int = Field(description="Number of votes for real.")
    bogus: int = Field(description="Number of votes for bogus.")
    unsure: int = Field(description="Number of votes for unsure.")


class CandidateLinks(BaseModel):
    """URLs of a candidate and of what belongs to it."""

    self: str = Field(description="The candidate with its features.")
    difference: str = Field(description="The difference that it was detected in.")
    object: str = Field(description="The object that it belongs to.")
    stamp: str = Field(description="Its pixels; add “plane” and “format”.")


class CandidateAnswer(BaseModel):
    """A source that was detected in a difference."""

    id: str = Field(description="Name in URLs.")
    ra: float = Field(description="Right ascension, ICRS degrees.")
    dec: float = Field(description="Declination, ICRS degrees.")
    snr: float = Field(
        description="Significance in sigma; negative if the source became fainter."
    )
    score: float | None = Field(
        description="Score of a classifier, 0 (bogus) to 1 (real); null without one."
    )
    classifier: str | None = Field(description="The classifier that gave the score.")
    reason: str | None = Field(
        description="Why it is set aside as an artefact: dipole, cosmic-ray, edge, "
        "bleed, residual or trail; null if it is not."
    )
    object: str = Field(description="Id of the object that it belongs to.")
    votes: Votes = Field(description="Number of votes of each kind.")
    mine: Literal["real", "bogus", "unsure"] | None = Field(
        description="Your own vote; null without one."
    )
    difference: str = Field(description="Id of the difference.")
    reference: str | None = Field(
        description="Id of the coadd that was subtracted: the version of the "
        "reference; null if single images were named."
    )
    surveys: list[str] = Field(description="Surveys of the difference's images.")
    mjd: float | None = Field(description="Middle of the science exposures, MJD UTC.")
    time: str | None = Field(description="Middle of the exposures, RFC 3339.")
    time_assumed: bool = Field(
        description="Whether the time comes from the survey's table, not the header."
    )
    band: str | None = Field(
        description="Band of the science images; null if unknown or of several."
    )
    flux: float = Field(description="Point-source flux, in the science image's units.")
    flux_error: float = Field(description="Error of the flux (one sigma).")
    links: CandidateLinks = Field(description="URLs of the candidate.")


class CandidateList(BaseModel):
    """A page of candidates."""

    candidates: list[CandidateAnswer] = Field(
        description="Candidates, the most significant first; the highest score first "
        "if “min_score” is given."
    )
    next: str | None = Field(description="Cursor of the next page; null on the last.")
    rescoring: list[RescoringAnswer] = Field(
        description="Versions of classifiers in use that have not scored all of the "
        "stored candidates yet: until then, scores of several versions may be beside "
        "each other, and “min_score” may miss some. “classifier” of a candidate says "
        "which version gave its score."
    )


class CandidateDetail(CandidateAnswer):
    """A candidate with all measurements."""

    x: float = Field(description="Column in the difference, from 0.")
    y: float = Field(description="Row in the difference, from 0.")
    features: dict[str, float | None] = Field(
        description="Measures that distinguish real sources from artefacts; null if "
        "unknown."
    )


class VoteAnswer(BaseModel):
    """The vote of one person."""

    person: str = Field(
        description="Account that voted; with “(removed …)” if there is none any more.",
        examples=["ada", "ada (removed 2026-11-30)"],
    )
    vote: Literal["real", "bogus", "unsure"] = Field(description="The vote.")
    at: str = Field(description="Time of the vote, RFC 3339.")


class VoteList(BaseModel):
    """A page of the votes on a candidate."""

    votes: list[VoteAnswer] = Field(description="Votes, oldest first.")
    next: str | None = Field(description="Cursor of the next page; null on the last.")


class CommentAnswer(BaseModel):
    """A comment of one person."""

    id: str = Field(description="Name in URLs.")
    person: str = Field(description="Account that wrote it.")
    text: str = Field(description="The comment, as plain text.")
    at: str = Field(description="Time of the comment, RFC 3339.")


class CommentList(BaseModel):
    """A page of the comments on a candidate."""

    comments: list[CommentAnswer] = Field(description="Comments, oldest first.")
    next: str | None = Field(description="Cursor of the next page; null on the last.")


class ObjectLinks(BaseModel):
    """URLs of an object."""

    self: str = Field(description="This document.")
    lightcurve: str = Field(description="Its flux in all images.")


class ObjectAnswer(BaseModel):
    """A source in the sky, to which candidates at one position belong."""

    id: str = Field(description="Name in URLs.")
    ra: float = Field(description="Right ascension, ICRS degrees.")
    dec: float = Field(description="Declination, ICRS degrees.")
    candidates: list[CandidateAnswer] = Field(
        description="A page of the candidates that you may see, sorted by time; of "
        "more than 10,000 the latest count."
    )
    next: str | None = Field(description="Cursor of the next page; null on the last.")
    links: ObjectLinks = Field(description="URLs of the object.")


def candidate_answer(found: Candidate, prefix: str) -> dict[str, object]:
    """Return a candidate as JSON values; ``prefix`` is the path of the public URL."""
    finding, origin, votes = found.finding, found.origin, found.votes
    base = f"{prefix}{BASE}"
    place = f"{base}/candidates/{quote(found.id)}"
    return {
        "id": found.id,
        "ra": finding.ra,
        "dec": finding.dec,
        "snr": finding.snr,
        "score": finding.score,
        "classifier": origin.classifier,
        "reason": finding.reason,
        "object": found.object,
        "votes": {"real": votes.real, "bogus": votes.bogus, "unsure": votes.unsure},
        "mine": None if found.mine is None else str(found.mine),
        "difference": origin.difference,
        "reference": origin.reference,
        "surveys": list(origin.surveys),
        "mjd": origin.mjd,
        "time": None if origin.mjd is None else mjd_text(origin.mjd),
        "time_assumed": origin.time_assumed,
        "band": origin.band,
        "flux": finding.flux,
        "flux_error": finding.flux_error,
        "links": {
            "self": place,
            "difference": f"{base}/differences/{quote(origin.difference)}",
            "object": f"{base}/objects/{quote(found.object)}",
            "stamp": f"{place}/stamp",
        },
    }


def candidate_detail(found: Candidate, prefix: str) -> dict[str, object]:
    """Return a candidate with all measurements as JSON values."""
    finding = found.finding
    return {
        **candidate_answer(found, prefix),
        "x": finding.x,
        "y": finding.y,
        "features": dict(finding.features),
    }


def vote_answer(vote: Vote) -> dict[str, object]:
    """Return a vote as JSON values."""
    return {
        "person": vote.person,
        "vote": str(vote.choice),
        "at": timestamp(vote.at),
    }


def comment_answer(comment: Comment) -> dict[str, object]:
    """Return a comment as JSON values."""
    return {
        "id": comment.id,
        "person": comment.person,
        "text": comment.text,
        "at": timestamp(comment.at),
    }


def object_answer(
    found: SkyObject, following: str | None, prefix: str
) -> dict[str, object]:
    """Return an object with a page of its candidates as JSON values."""
    place = f"{prefix}{BASE}/objects/{quote(found.id)}"
    return {
        "id": found.id,
        "ra": found.ra,
        "dec": found.dec,
        "candidates": [candidate_answer(one, prefix) for one in found.candidates],
        "next": following,
        "links": {"self": place, "lightcurve": f"{place}/lightcurve"},
    }
