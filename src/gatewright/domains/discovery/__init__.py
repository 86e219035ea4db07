"""Discovery: what differences found, what people say of it, and what it is joined to.

Candidates are the detections of differences. People vote and comment on them, and
those at one place of the sky are one object.
"""

from gatewright.domains.discovery.model import (
    JOIN_RADIUS,
    Candidate,
    CandidateQuery,
    Choice,
    Claim,
    Comment,
    Cone,
    Finding,
    Origin,
    Review,
    SkyObject,
    Tally,
    Vote,
    place_of,
    unit_vector,
    weight_of,
)
from gatewright.domains.discovery.ports import CandidateStore
from gatewright.domains.discovery.service import (
    CHANNEL,
    CLAIM_SECONDS,
    LONGEST_COMMENT,
    Discovery,
)

__all__ = [
    "CHANNEL",
    "CLAIM_SECONDS",
    "JOIN_RADIUS",
    "LONGEST_COMMENT",
    "Candidate",
    "CandidateQuery",
    "CandidateStore",
    "Choice",
    "Claim",
    "Comment",
    "Cone",
    "Discovery",
    "Finding",
    "Origin",
    "Review",
    "SkyObject",
    "Tally",
    "Vote",
    "place_of",
    "unit_vector",
    "weight_of",
]
