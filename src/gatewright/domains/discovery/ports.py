"""What discovery needs of the world: a durable record that all processes share."""

from collections.abc import Collection, Sequence
from typing import Protocol

from gatewright.core.pages import Page
from gatewright.domains.discovery.model import (
    Candidate,
    CandidateQuery,
    Choice,
    Claim,
    Comment,
    Finding,
    ObjectChange,
    Origin,
    Vote,
)


class CandidateStore(Protocol):
    """Candidates, objects, votes and comments.

    ``visible`` are the surveys that the one who asks may see. A candidate is there for
    them if its difference has pixels of these alone; this is a condition of each query.
    """

    async def add(self, origin: Origin, findings: Sequence[Finding]) -> int:
        """Keep the candidates of a difference; return how many are new.

        Each is joined to the nearest object within :data:`JOIN_RADIUS`, or becomes the
        first of a new one. A difference that was added before adds nothing.
        """
        ...

    async def page(
        self,
        visible: Collection[str],
        query: CandidateQuery,
        *,
        person: str,
        limit: int,
        cursor: str | None = None,
    ) -> Page[Candidate]:
        """Return candidates with the votes of a person.

        They come the most significant first, or by score if a least one is asked for.

        Raises
        ------
        InvalidRequest
            The cursor is not one that was given here.
        """
        ...

    async def voted(
        self, visible: Collection[str], survey: str, limit: int
    ) -> Sequence[Candidate]:
        """Return candidates with pixels of a survey that have votes, by name."""
        ...

    async def claim(
        self, visible: Collection[str], query: CandidateQuery, claim: Claim, limit: int
    ) -> Sequence[Candidate]:
        """Return what a query finds and nobody else holds, and hold it for a person.

        In the order of :meth:`page`. It is held until the claim ends, or somebody
        votes on it.
        """
        ...

    async def release(self, person: str) -> None:
        """Hold nothing for a person any more."""
        ...

    async def candidate(
        self, visible: Collection[str], candidate: str, person: str
    ) -> Candidate | None:
        """Return one candidate with the vote of a person."""
        ...

    async def members(
        self, visible: Collection[str], sky_object: str, person: str
    ) -> Sequence[Candidate]:
        """Return an object's candidates in order of time, those without one last."""
        ...

    async def vote(
        self, candidate: str, person: str, choice: Choice, at: float
    ) -> bool:
        """Keep a vote in the place of the person's last; return whether it is new."""
        ...

    async def take_back(self, candidate: str, person: str) -> bool:
        """Remove a person's vote; return whether there was one."""
        ...

    async def votes(self, candidate: str) -> Sequence[Vote]:
        """Return all votes on a candidate, the first first."""
        ...

    async def comment(self, comment: Comment) -> None:
        """Keep a comment."""
        ...

    async def comments(self, candidate: str) -> Sequence[Comment]:
        """Return all comments on a candidate, the first first."""
        ...

    async def remove_comment(self, candidate: str, comment: str, person: str) -> bool:
        """Remove a person's own comment; return whether there was one."""
        ...


class ObjectStore(Protocol):
    """Objects that people merge and split."""

    async def move(self, change: ObjectChange) -> bool:
        """Move candidates, place both objects anew, and note the change.

        Return whether it was done: not if one of them is of another object by now.
        """
        ...

    async def changes(self, sky_object: str) -> Sequence[ObjectChange]:
        """Return what was moved from or to an object, the first first."""
        ...

    async def undo(self, change: ObjectChange, person: str) -> bool:
        """Move the candidates back, and note who undid it.

        Return whether it was done: not if it was before, or if one of them is of
        another object by now.
        """
        ...
