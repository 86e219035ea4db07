"""Discovery: candidates of transients, and what people say about them.

Candidates are the detections of differences. People vote and comment on them;
candidates at one position on the sky belong to one object.
"""

from gatewright.domains.discovery.changes import MERGE_RADIUS, ObjectChanges
from gatewright.domains.discovery.hearing import Hearing
from gatewright.domains.discovery.model import (
    JOIN_RADIUS,
    Candidate,
    CandidateQuery,
    ChangeKind,
    Choice,
    Claim,
    Comment,
    Cone,
    Finding,
    ObjectChange,
    Origin,
    Review,
    SkyObject,
    Tally,
    Vote,
    place_of,
    unit_vector,
    weight_of,
)
from gatewright.domains.discovery.ports import CandidateStore, ObjectStore
from gatewright.domains.discovery.service import (
    CHANNEL,
    CLAIM_SECONDS,
    LONGEST_COMMENT,
    MOST_HISTORY,
    Discovery,
)

__all__ = [
    "CHANNEL",
    "CLAIM_SECONDS",
    "JOIN_RADIUS",
    "LONGEST_COMMENT",
    "MERGE_RADIUS",
    "MOST_HISTORY",
    "Candidate",
    "CandidateQuery",
    "CandidateStore",
    "ChangeKind",
    "Choice",
    "Claim",
    "Comment",
    "Cone",
    "Discovery",
    "Finding",
    "Hearing",
    "ObjectChange",
    "ObjectChanges",
    "ObjectStore",
    "Origin",
    "Review",
    "SkyObject",
    "Tally",
    "Vote",
    "place_of",
    "unit_vector",
    "weight_of",
]
