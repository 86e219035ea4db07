"""Bodies and answers of classifiers."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gatewright.core.caller import Caller
from gatewright.core.clock import timestamp
from gatewright.core.config import Config
from gatewright.domains.classification import Classifier


class TrainingBody(BaseModel):
    """What to train a classifier from."""

    model_config = ConfigDict(extra="forbid", strict=True)

    survey: str = Field(
        description="Survey whose candidates it is to judge.", examples=["decam_mini"]
    )
    method: Literal["injection", "votes"] = Field(
        description="injection: stars that are put into images of the survey; votes: "
        "the examples of the last injection, and people's votes."
    )
    differences: int | None = Field(
        None,
        ge=4,
        le=800,
        description="About how many differences with injected stars to make: more take "
        "longer, and give more examples. Null: two of each pair of images, 24 to 80. A "
        "training by votes makes none.",
        examples=[24],
    )


class Progress(BaseModel):
    """How many of the stored candidates have their score from a version in use."""

    done: int = Field(description="Candidates that it scored since it came into use.")
    total: int = Field(
        description="These and those that it has yet to score; 0 until it is known."
    )


class RescoringAnswer(Progress):
    """A version in use by which stored candidates are being scored."""

    survey: str = Field(description="Survey whose candidates it scores.")
    classifier: str = Field(description="Its name in URLs.")
    version: int = Field(description="Number within the survey, from 1.")


class ClassifierAnswer(BaseModel):
    """A version of a survey's classifier, which tells real candidates from bogus."""

    id: str = Field(description="Name in URLs.")
    survey: str = Field(description="Survey whose candidates it judges.")
    version: int = Field(description="Number within the survey, from 1.")
    method: str = Field(description="injection or votes.")
    state: str = Field(description="training, ready, refused or failed.")
    active: bool = Field(description="Whether it scores the survey's candidates.")
    rescoring: Progress | None = Field(
        description="How far it has scored the candidates that were stored before it "
        "came into use; null if it has scored all, or is not in use."
    )
    owner: str | None = Field(
        description="Account that requested it; null for visitors."
    )
    created_at: str = Field(description="When, RFC 3339.")
    done: int = Field(description="Differences that were made for it.")
    total: int = Field(description="Differences that it needs; 0 until it is known.")
    labels: dict[str, int] = Field(
        description="Examples that it learned from: injected, found (bogus), "
        "voted_real and voted_bogus."
    )
    missed: float | None = Field(
        description="Share of real held-out examples missed at 1 % false positives."
    )
    reason: str | None = Field(description="Why it failed or was refused.")
    links: dict[str, str] = Field(description="URL of itself and of its report.")


class ClassifierList(BaseModel):
    """A page of classifiers."""

    classifiers: list[ClassifierAnswer] = Field(
        description="Classifiers by survey, the newest of each first."
    )
    next: str | None = Field(description="Cursor of the next page; null on the last.")


class ShareAnswer(BaseModel):
    """A number with the bounds that hold it with 95 %."""

    value: float | None = Field(description="The number; null if nothing was counted.")
    low: float = Field(description="Lower bound.")
    high: float = Field(description="Upper bound.")


class ClassifierReport(BaseModel):
    """How good a classifier is, by examples that it did not learn from."""

    data: str = Field(description="What the examples are from, in words.")
    labels: dict[str, int] = Field(description="Examples that it learned from.")
    held_out: dict[str, int] = Field(description="Examples that it was tested with.")
    false_positive_share: float = Field(description="Share of the bogus that passes.")
    threshold: float = Field(description="The score above which that share is.")
    missed: ShareAnswer = Field(description="Share of the real ones that it misses.")
    active_missed: ShareAnswer | None = Field(
        None, description="What the one in use missed of the same examples."
    )
    rules: dict[str, ShareAnswer] = Field(
        description="What the plain rules miss and let pass, without a classifier."
    )
    false_positives: dict[str, Any] = Field(
        description="How many of the bogus pass: in all, per frame, per square degree."
    )
    calibration: list[dict[str, Any]] = Field(
        description="In ten steps of the score, what share is real."
    )
    recovery: dict[str, Any] = Field(
        description="How many injected stars are found, by magnitude."
    )
    photometry: dict[str, Any] = Field(
        description="Measured less true flux of injected stars, over the error."
    )
    beside: list[dict[str, Any]] = Field(
        description="Published results, each measured on its own data."
    )


def classifier_answer(
    one: Classifier, caller: Caller, config: Config
) -> dict[str, object]:
    """Return a classifier as JSON values; visitors are not told its owner."""
    place = f"{config.prefix}/api/v1/classifiers/{one.id}"
    return {
        "id": one.id,
        "survey": one.survey,
        "version": one.version,
        "method": str(one.method),
        "state": str(one.state),
        "active": one.active,
        "rescoring": _progress(one) if one.active and one.rescoring else None,
        "owner": one.owner if caller.signed_in else None,
        "created_at": timestamp(one.created_at),
        "done": one.done,
        "total": one.total,
        "labels": dict(one.labels),
        "missed": one.missed,
        "reason": one.reason,
        "links": {"self": place, "report": f"{place}/report"},
    }


def rescoring_answers(found: Sequence[Classifier]) -> list[dict[str, object]]:
    """Return how far the versions are that stored candidates are being scored by."""
    return [
        {
            "survey": one.survey,
            "classifier": one.id,
            "version": one.version,
            **_progress(one),
        }
        for one in found
    ]


def _progress(one: Classifier) -> dict[str, int]:
    return {"done": one.rescored, "total": one.to_rescore}
