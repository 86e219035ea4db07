"""Values of discovery: candidates, their objects, votes and comments."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from gatewright.domains.discovery.conditions import Condition

JOIN_RADIUS = 1.0 / 3600
"""Largest distance of a candidate from the object that it joins, degrees."""
_ASIDE_WEIGHT = 1e-6


class Choice(StrEnum):
    """A person's vote on a candidate."""

    REAL = "real"
    """Real: something on the sky changed."""
    BOGUS = "bogus"
    """Bogus: the candidate is an artefact."""
    UNSURE = "unsure"
    """The person could not decide."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Numbers of votes on a candidate."""

    real: int = 0
    """Votes for real."""
    bogus: int = 0
    """Votes for bogus."""
    unsure: int = 0
    """Votes for unsure."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The difference in which candidates were detected."""

    difference: str
    """Identifier of the difference."""
    surveys: Sequence[str]
    """Surveys of its input images; people who may see all of them may see it."""
    mjd: float | None = None
    """Midpoint of the science exposures, MJD UTC; None if unknown."""
    time_assumed: bool = False
    """Whether the time comes from the survey's table instead of the headers."""
    classifier: str | None = None
    """Identifier of the classifier that gave the scores; None without scores."""
    band: str | None = None
    """Photometric band of the science images; None if unknown or of several."""
    reference: str | None = None
    """Identifier of the coadd that was subtracted; None if it was other images."""
    science: Sequence[str] = ()
    """Surveys of the science images, in order; empty for all of ``surveys``.

    The classifier of the first that has one gives the scores. It is stored, but does
    not come back with a candidate."""


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
    """Significance, sigma; negative for a source that became fainter."""
    flux: float
    """Flux of a point source, in units of the science image."""
    flux_error: float
    """Error of ``flux`` (one sigma)."""
    features: Mapping[str, float | None] = field(default_factory=dict)
    """Measured features that separate real from bogus, by name; None if unknown."""
    reason: str | None = None
    """Why it is flagged as an artefact, such as ``dipole``; None if it is not."""
    score: float | None = None
    """Probability that it is real by a classifier, 0 to 1; None if not classified."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A detection with its object, its votes and its score."""

    id: str
    """Identifier in URLs: the difference, a full stop, and the number."""
    origin: Origin
    """The difference in which it was detected."""
    finding: Finding
    """The detection."""
    object: str
    """Identifier of the object that it belongs to."""
    votes: Tally = Tally()
    """Numbers of all votes on it."""
    mine: Choice | None = None
    """Vote of the person who asks; None without one."""


@dataclass(frozen=True, slots=True)
class Unscored:
    """A stored candidate that the classifier in use has yet to score."""

    id: str
    """Identifier of the candidate."""
    features: Mapping[str, float | None] | None
    """Its measured features by name; None if they are damaged."""


@dataclass(frozen=True, slots=True)
class Vote:
    """A person's vote on a candidate."""

    person: str
    """Account."""
    choice: Choice
    """The person's latest choice."""
    at: float
    """Time of the vote, seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A person's comment on a candidate."""

    id: str
    """Identifier in URLs; identifiers sort by time."""
    candidate: str
    """Identifier of the candidate."""
    person: str
    """Account of the author."""
    text: str
    """Text of the comment."""
    at: float
    """Time of the comment, seconds since 1970."""


@dataclass(frozen=True, slots=True)
class SkyObject:
    """The candidates at one position on the sky."""

    id: str
    """Identifier in URLs."""
    ra: float
    """Right ascension, ICRS degrees: mean of the candidates, weighted by significance.
    """
    dec: float
    """Declination, ICRS degrees, of the same mean."""
    candidates: Sequence[Candidate]
    """Its candidates that the person who asks may see, in order of time."""


class ChangeKind(StrEnum):
    """How a person changed objects."""

    MERGE = "merge"
    """All visible candidates of one object were moved to another."""
    SPLIT = "split"
    """Some candidates of an object were moved to a new one."""


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """A person's move of candidates from one object to another."""

    id: str
    """Identifier in URLs; identifiers sort by time."""
    kind: ChangeKind
    """Whether it was a merge or a split."""
    source: str
    """Object that the candidates belonged to before."""
    target: str
    """Object that the candidates belong to after the change."""
    surveys: Sequence[str]
    """Surveys of the candidates; people who may see all of them may see the change."""
    candidates: Sequence[str]
    """Identifiers of the moved candidates."""
    person: str
    """Account that made the change."""
    at: float
    """Time of the change, seconds since 1970."""
    undone_by: str | None = None
    """Account that undid the change; None while it is in effect."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A person's reservation of candidates, which keeps them from other people."""

    person: str
    """Account."""
    now: float
    """Current time, seconds since 1970; claims that ended before it are ignored."""
    until: float
    """End of the reservation, seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Review:
    """A candidate with all that a person needs to vote on it."""

    candidate: Candidate
    """The candidate."""
    history: Sequence[Candidate]
    """The visible candidates of its object, in order of time."""
    comments: Sequence[Comment]
    """Comments on the candidate, in order of time."""


@dataclass(frozen=True, slots=True)
class Cone:
    """A circle on the sky."""

    ra: float
    """Right ascension of the centre, ICRS degrees."""
    dec: float
    """Declination of the centre, ICRS degrees."""
    radius: float
    """Radius, degrees."""


@dataclass(frozen=True, slots=True)
class CandidateQuery:
    """Conditions on candidates; a condition that is not given selects all."""

    surveys: Sequence[str] = ()
    """Only candidates whose difference has images of at least one of these surveys."""
    difference: str | None = None
    """Only candidates of this difference."""
    min_score: float | None = None
    """Only candidates with at least this score; the highest scores come first."""
    place: Cone | None = None
    """Only candidates within this circle."""
    unscanned: bool = False
    """Only candidates without any vote."""
    without: Sequence[str] = ()
    """Candidates to leave out."""
    conditions: Sequence[Condition] = ()
    """Conditions that all have to hold."""


def unit_vector(ra: float, dec: float) -> tuple[float, float, float]:
    """Return a direction (longitude and latitude in degrees) as a unit vector."""
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
    """Return the weight of a detection in the mean position of its object.

    The position error is inversely proportional to the significance, so that the weight
    is the square of ``snr``. Flagged detections have hardly any weight.
    """
    return snr**2 * (1.0 if reason is None else _ASIDE_WEIGHT)
