"""Candidates, objects, votes and comments as JSON."""

from typing import Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from gatewright.core.clock import timestamp
from gatewright.domains.discovery import Candidate, Comment, SkyObject, Vote
from gatewright.domains.sky import mjd_text
from gatewright.faces.api.product_answers import BASE


class VoteBody(BaseModel):
    """What the caller says of a candidate."""

    model_config = ConfigDict(extra="forbid", strict=True)

    vote: Literal["real", "bogus", "unsure"] = Field(
        description="real: something changed; bogus: an artefact; unsure."
    )


class CommentBody(BaseModel):
    """What the caller writes about a candidate."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str = Field(description="The words: 1 to 4000 characters of plain text.")


class Votes(BaseModel):
    """How many people voted for what."""

    real: int = Field(description="Votes for real.")
    bogus: int = Field(description="Votes for bogus.")
    unsure: int = Field(description="Votes for unsure.")


class CandidateLinks(BaseModel):
    """Addresses about a candidate."""

    self: str = Field(description="The candidate with its features.")
    difference: str = Field(description="The difference that it was found in.")
    object: str = Field(description="The object that it is joined to.")
    stamp: str = Field(description="Its pixels, with “plane” and “format”.")


class CandidateAnswer(BaseModel):
    """What a difference found at a place."""

    id: str = Field(description="Name in URLs.")
    ra: float = Field(description="Right ascension, ICRS degrees.")
    dec: float = Field(description="Declination, ICRS degrees.")
    snr: float = Field(description="Sigma; below 0 for light that is gone.")
    score: float | None = Field(
        description="How real a classifier holds it to be, 0 to 1; null if none has "
        "judged it."
    )
    reason: str | None = Field(
        description="Why it is kept aside: dipole, cosmic-ray, edge, bleed, residual, "
        "trail; null if it is not."
    )
    object: str = Field(description="The object that it is joined to.")
    votes: Votes = Field(description="What people voted.")
    mine: Literal["real", "bogus", "unsure"] | None = Field(
        description="The caller's own vote."
    )
    difference: str = Field(description="The difference that it was found in.")
    surveys: list[str] = Field(description="Surveys that its pixels are from.")
    mjd: float | None = Field(description="Middle of the science exposures, MJD UTC.")
    time: str | None = Field(description="The same, RFC 3339.")
    time_assumed: bool = Field(
        description="Whether the time is from the survey's table and not the header."
    )
    flux: float = Field(description="Flux of a star, in the science image's units.")
    flux_error: float = Field(description="Its error (one sigma).")
    links: CandidateLinks = Field(description="Where more of it is.")


class CandidateList(BaseModel):
    """A page of candidates."""

    candidates: list[CandidateAnswer] = Field(
        description="The most significant first; the highest score first if "
        "“min_score” is given."
    )
    next: str | None = Field(description="Cursor of the next page; null on the last.")


class CandidateDetail(CandidateAnswer):
    """A candidate with all that was measured."""

    x: float = Field(description="Column in the difference, from 0.")
    y: float = Field(description="Row in the difference, from 0.")
    features: dict[str, float | None] = Field(
        description="What tells real from bogus; null for what is not known."
    )


class VoteAnswer(BaseModel):
    """One person's vote."""

    person: str = Field(description="Account.")
    vote: Literal["real", "bogus", "unsure"] = Field(description="What they say.")
    at: str = Field(description="When, RFC 3339.")


class VoteList(BaseModel):
    """All votes on a candidate."""

    votes: list[VoteAnswer] = Field(description="The first first.")


class CommentAnswer(BaseModel):
    """One person's comment."""

    id: str = Field(description="Name in URLs.")
    person: str = Field(description="Account.")
    text: str = Field(description="The words, plain text.")
    at: str = Field(description="When, RFC 3339.")


class CommentList(BaseModel):
    """All comments on a candidate."""

    comments: list[CommentAnswer] = Field(description="The first first.")


class ObjectLinks(BaseModel):
    """Addresses about an object."""

    self: str = Field(description="This document.")
    lightcurve: str = Field(description="Its flux in every image.")


class ObjectAnswer(BaseModel):
    """Candidates at one place of the sky."""

    id: str = Field(description="Name in URLs.")
    ra: float = Field(description="Right ascension, ICRS degrees.")
    dec: float = Field(description="Declination, ICRS degrees.")
    candidates: list[CandidateAnswer] = Field(
        description="Those that you may see, in order of time."
    )
    links: ObjectLinks = Field(description="Where more of it is.")


def candidate_answer(found: Candidate, prefix: str) -> dict[str, object]:
    """Return a candidate as JSON values."""
    finding, origin, votes = found.finding, found.origin, found.votes
    base = f"{prefix}{BASE}"
    place = f"{base}/candidates/{quote(found.id)}"
    return {
        "id": found.id,
        "ra": finding.ra,
        "dec": finding.dec,
        "snr": finding.snr,
        "score": found.score,
        "reason": finding.reason,
        "object": found.object,
        "votes": {"real": votes.real, "bogus": votes.bogus, "unsure": votes.unsure},
        "mine": None if found.mine is None else str(found.mine),
        "difference": origin.difference,
        "surveys": list(origin.surveys),
        "mjd": origin.mjd,
        "time": None if origin.mjd is None else mjd_text(origin.mjd),
        "time_assumed": origin.time_assumed,
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
    """Return a candidate with all that was measured, as JSON values."""
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


def object_answer(found: SkyObject, prefix: str) -> dict[str, object]:
    """Return an object as JSON values."""
    place = f"{prefix}{BASE}/objects/{quote(found.id)}"
    return {
        "id": found.id,
        "ra": found.ra,
        "dec": found.dec,
        "candidates": [candidate_answer(one, prefix) for one in found.candidates],
        "links": {"self": place, "lightcurve": f"{place}/lightcurve"},
    }
