"""Examples to learn from, and classifiers: the values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Source(StrEnum):
    """Where an example is from."""

    INJECTED = "injected"
    """A star that was put into a frame, and was found."""
    FOUND = "found"
    """What else was found in such differences: taken as bogus."""
    VOTED = "voted"
    """A candidate that people voted on."""


@dataclass(frozen=True, slots=True)
class Example:
    """A detection of which it is known what it is."""

    features: Mapping[str, float | None]
    """What was measured of it, by name; None or NaN for what is not known."""
    real: bool
    """Whether something on the sky changed."""
    source: Source
    """How that is known."""
    held_out: bool = False
    """Whether it is kept for the test, and not learned from."""
    aside: bool = False
    """Whether the plain rules keep it aside."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one star that was put into a frame."""

    expected: float
    """Signal to noise that it should have; NaN where pixels tell nothing."""
    magnitude: float
    """Its magnitude, by a zero point that the report tells."""
    pull: float
    """Measured less true flux, over its error; NaN where pixels tell nothing."""
    alone: bool
    """Whether no source is within three full widths."""
    held_out: bool
    """Whether its frame is kept for the test."""
    example: int | None
    """Place of its detection among the examples; None for one that is lost."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What the test examples are from."""

    data: str
    """In words: which frames, of where."""
    frames: int
    """Differences that were searched for the test."""
    square_degrees: float
    """Their area."""
    zero_point: str
    """In words: what magnitudes are relative to."""


class ClassifierState(StrEnum):
    """What became of a classifier."""

    TRAINING = "training"
    """It is being made."""
    READY = "ready"
    """It can be used."""
    REFUSED = "refused"
    """It misses more than the one in use, and is not used."""
    FAILED = "failed"
    """It could not be made; the reason is told."""


class Method(StrEnum):
    """What a classifier is trained from."""

    INJECTION = "injection"
    """Stars put into frames of its survey."""
    VOTES = "votes"
    """The examples of the last injection, and people's votes."""


@dataclass(frozen=True, slots=True)
class Classifier:
    """One version of what tells real from bogus in a survey."""

    id: str
    """Name in URLs."""
    survey: str
    """Survey whose candidates it judges."""
    version: int
    """Number within the survey, from 1."""
    method: Method
    """What it is trained from."""
    state: ClassifierState
    """What became of it."""
    active: bool
    """Whether new candidates of the survey are judged by it."""
    owner: str
    """Who asked for it."""
    created_at: float
    """When, seconds since 1970."""
    done: int = 0
    """Differences that were made for it."""
    total: int = 0
    """Differences that it needs."""
    labels: Mapping[str, int] = field(default_factory=dict)
    """Examples behind it by their source and what they are, such as
    ``injected``, ``found``, ``voted_real`` and ``voted_bogus``."""
    missed: float | None = None
    """Share of real ones that it misses at 1 % false positives, held-out examples."""
    reason: str | None = None
    """Why it failed or was refused."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with the bounds that hold it with 95 %."""

    value: float
    """The number."""
    low: float
    """Lower bound."""
    high: float
    """Upper bound."""
