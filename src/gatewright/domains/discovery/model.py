"""Candidates, the objects that they are joined to, votes and comments: the values."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

JOIN_RADIUS = 1.0 / 3600
"""Degrees from an object within which a candidate is joined to it."""
_ASIDE_WEIGHT = 1e-6


class Choice(StrEnum):
    """What a person says of a candidate."""

    REAL = "real"
    """Something on the sky changed."""
    BOGUS = "bogus"
    """It is an artefact."""
    UNSURE = "unsure"
    """It cannot be told from what is there."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many people voted for what."""

    real: int = 0
    """Votes for real."""
    bogus: int = 0
    """Votes for bogus."""
    unsure: int = 0
    """Votes for unsure."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The difference that candidates are found in."""

    difference: str
    """Name of the difference."""
    surveys: Sequence[str]
    """Surveys that its pixels are from: who may see all of them may see it."""
    mjd: float | None = None
    """Middle of the science exposures, MJD UTC; None where it is not known."""
    time_assumed: bool = False
    """Whether that time is the survey's table's, and not the headers'."""
    classifier: str | None = None
    """Name of the classifier that gave the scores; None if none did."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One detection of a difference."""

    number: int
    """Number within the difference, from 1."""
    ra: float
    """Right ascension, ICRS degrees."""
    dec: float
    """Declination, ICRS degrees."""
    x: float
    """Column in the difference, pixels from 0."""
    y: float
    """Row in the difference, pixels from 0."""
    snr: float
    """Significance, sigma; below 0 for light that is gone."""
    flux: float
    """Flux of a point source, in units of the science image."""
    flux_error: float
    """Its error (one sigma)."""
    features: Mapping[str, float | None] = field(default_factory=dict)
    """What tells real from bogus, by name."""
    reason: str | None = None
    """Why it is kept aside, such as ``dipole``; None if it is not."""
    score: float | None = None
    """How real a classifier holds it to be, 0 to 1; None if none has judged it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A finding with its name, its object, and what people and classifiers say."""

    id: str
    """Name in URLs: that of the difference, a full stop, the number in it."""
    origin: Origin
    """Where it was found."""
    finding: Finding
    """What was found."""
    object: str
    """Name of the object that it is joined to."""
    votes: Tally = Tally()
    """What people voted."""
    mine: Choice | None = None
    """What the one who asks voted."""


@dataclass(frozen=True, slots=True)
class Vote:
    """What one person says of one candidate."""

    person: str
    """Account."""
    choice: Choice
    """What they said last."""
    at: float
    """When, seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Comment:
    """What one person wrote about one candidate."""

    id: str
    """Name in URLs; later ones sort behind."""
    candidate: str
    """What it is about."""
    person: str
    """Account."""
    text: str
    """The words."""
    at: float
    """When, seconds since 1970."""


@dataclass(frozen=True, slots=True)
class SkyObject:
    """Candidates at one place of the sky."""

    id: str
    """Name in URLs."""
    ra: float
    """Right ascension, ICRS degrees: the mean of the candidates, by significance."""
    dec: float
    """Declination, ICRS degrees."""
    candidates: Sequence[Candidate]
    """Those that the one who asks may see, in order of time."""


class ChangeKind(StrEnum):
    """What a person did with objects."""

    MERGE = "merge"
    """Two became one."""
    SPLIT = "split"
    """One became two."""


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """Candidates that a person moved from one object to another."""

    id: str
    """Name in URLs; later ones sort behind."""
    kind: ChangeKind
    """What was done."""
    source: str
    """Object that they were of."""
    target: str
    """Object that they are of since."""
    surveys: Sequence[str]
    """Surveys of these candidates: who may see all of them may see the change."""
    candidates: Sequence[str]
    """Names of what was moved."""
    person: str
    """Account."""
    at: float
    """When, seconds since 1970."""
    undone_by: str | None = None
    """Account that undid it; None while it holds."""


@dataclass(frozen=True, slots=True)
class Claim:
    """That one person looks at candidates, so that nobody else is given them."""

    person: str
    """Account."""
    now: float
    """The moment, seconds since 1970: claims of before it that have ended are void."""
    until: float
    """When it ends, seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Review:
    """A candidate with all that one looks at to vote on it."""

    candidate: Candidate
    """The candidate."""
    history: Sequence[Candidate]
    """What was found at its place that the caller may see, in order of time."""
    comments: Sequence[Comment]
    """What people wrote of it, the first first."""


@dataclass(frozen=True, slots=True)
class Cone:
    """A round place on the sky."""

    ra: float
    """Right ascension of the middle, ICRS degrees."""
    dec: float
    """Declination of the middle, ICRS degrees."""
    radius: float
    """Degrees."""


@dataclass(frozen=True, slots=True)
class CandidateQuery:
    """Which candidates; what is not said does not narrow."""

    surveys: Sequence[str] = ()
    """Only those with pixels of one of these surveys."""
    difference: str | None = None
    """Only those of this difference."""
    min_score: float | None = None
    """Only those with at least this score, the highest first."""
    place: Cone | None = None
    """Only those within this place."""
    unscanned: bool = False
    """Only those that nobody has voted on."""
    without: Sequence[str] = ()
    """But for these candidates."""


def unit_vector(ra: float, dec: float) -> tuple[float, float, float]:
    """Return a place in degrees as a unit vector."""
    longitude, latitude = math.radians(ra), math.radians(dec)
    across = math.cos(latitude)
    return (
        across * math.cos(longitude),
        across * math.sin(longitude),
        math.sin(latitude),
    )


def place_of(vector: Sequence[float]) -> tuple[float, float]:
    """Return right ascension (0 to 360) and declination of a vector, in degrees."""
    x, y, z = vector
    longitude = math.degrees(math.atan2(y, x)) % 360.0
    return longitude, math.degrees(math.atan2(z, math.hypot(x, y)))


def weight_of(snr: float, reason: str | None) -> float:
    """Return the weight of a finding in its object's place.

    The error of a place goes with one over the significance. What is kept aside hardly
    counts.
    """
    return snr**2 * (1.0 if reason is None else _ASIDE_WEIGHT)
