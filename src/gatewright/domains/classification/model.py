"""Values of classification: examples, trials and classifiers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Source(StrEnum):
    """Where an example comes from."""

    INJECTED = "injected"
    """An injected star that was detected; real."""
    FOUND = "found"
    """Another detection in a difference with injected stars; taken as bogus."""
    VOTED = "voted"
    """A candidate that people voted on."""


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled detection."""

    features: Mapping[str, float | None]
    """Measured features by name; None or NaN for unknown values."""
    real: bool
    """Whether the detection is a real change on the sky."""
    source: Source
    """Where the label comes from."""
    held_out: bool = False
    """Whether the example is kept for the test instead of the training."""
    aside: bool = False
    """Whether the threshold rules flag the detection as an artefact."""
    place: Sequence[float] | None = None
    """Right ascension and declination, ICRS degrees; None if unknown."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The outcome for one injected star."""

    expected: float
    """Expected signal-to-noise ratio; NaN at bad pixels."""
    magnitude: float
    """Magnitude of the star, with the zero point that the report names."""
    pull: float
    """Measured minus true flux, divided by its error; NaN at bad pixels."""
    alone: bool
    """Whether no source of the other frame lies within three FWHM."""
    held_out: bool
    """Whether the star's position is held out for the test."""
    example: int | None
    """Index of its detection in the examples; None for a star that was missed."""


@dataclass(frozen=True, slots=True)
class Searched:
    """The data that the test examples come from."""

    data: str
    """Description of the frames and their origin."""
    frames: int
    """Number of differences that were searched for the test."""
    square_degrees: float
    """Total area of these differences, square degrees."""
    zero_point: str
    """Description of the zero point of the magnitudes."""


class ClassifierState(StrEnum):
    """The state of a classifier."""

    TRAINING = "training"
    """The classifier is being trained."""
    READY = "ready"
    """The classifier can be used."""
    REFUSED = "refused"
    """It misses more real detections than the classifier in use, and is not used."""
    FAILED = "failed"
    """The training failed; ``Classifier.reason`` says why."""


class Method(StrEnum):
    """What a classifier is trained on."""

    INJECTION = "injection"
    """Stars injected into frames of its survey."""
    VOTES = "votes"
    """The examples of the last injection, and people's votes."""


@dataclass(frozen=True, slots=True)
class Classifier:
    """One version of a survey's real-bogus classifier."""

    id: str
    """Identifier in URLs."""
    survey: str
    """Survey whose candidates the classifier scores."""
    version: int
    """Version number within the survey, from 1."""
    method: Method
    """What the classifier is trained on."""
    state: ClassifierState
    """Whether it is in training, ready, refused, or failed."""
    active: bool
    """Whether new candidates of the survey are scored with it."""
    owner: str
    """Person who requested it."""
    created_at: float
    """Time of the request, seconds since 1970."""
    done: int = 0
    """Number of differences that were made for it so far."""
    total: int = 0
    """Number of differences that it needs."""
    labels: Mapping[str, int] = field(default_factory=dict)
    """Number of training examples of each kind: ``injected``, ``found``, ``voted_real``
    and ``voted_bogus``."""
    missed: float | None = None
    """Fraction of real held-out examples missed at 1 % false positives."""
    reason: str | None = None
    """Why it failed or was refused; None otherwise."""
    until: float = 0.0
    """End of the training's lease, seconds since 1970.

    A training that is not renewed until then has failed."""
    rescoring: bool = False
    """Whether stored candidates are being scored by it, which came into use."""
    rescored: int = 0
    """Number of stored candidates that it scored since it came into use."""
    to_rescore: int = 0
    """Number of these with those that it has yet to score; 0 until they are counted."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with its 95 % confidence interval."""

    value: float
    """The number."""
    low: float
    """Lower bound."""
    high: float
    """Upper bound."""
