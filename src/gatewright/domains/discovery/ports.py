"""Protocols of discovery: durable stores that all gateway processes share."""

from collections.abc import Collection, Mapping, Sequence
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
    Unscored,
    Vote,
)


class CandidateStore(Protocol):
    """Stores candidates, objects, votes and comments.

    ``visible`` are the surveys that the person who asks may see. A candidate is
    returned only if all surveys of its difference are among them; this is a condition
    of each query.
    """

    async def add(self, origin: Origin, findings: Sequence[Finding]) -> int:
        """Store the candidates of a difference; return how many are new.

        Each candidate joins the object of the nearest candidate within
        :data:`JOIN_RADIUS`, or else a new object. A difference that was added before
        adds nothing.
        """
        ...

    async def knows(self, difference: str) -> bool:
        """Return whether candidates of a difference are stored."""
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
        """Return a page of candidates, with the votes of a person.

        The most significant come first, or the highest scores if the query has a least
        score. A page with conditions may have fewer than ``limit``, or none, although
        another one follows.

        Raises
        ------
        InvalidRequest
            The cursor does not come from an earlier page.
        """
        ...

    async def voted(
        self, visible: Collection[str], survey: str, limit: int
    ) -> Sequence[Candidate]:
        """Return visible candidates of a survey that have votes, by identifier."""
        ...

    async def claim(
        self,
        visible: Collection[str],
        query: CandidateQuery,
        claim: Claim,
        limit: int,
        cursor: str | None = None,
    ) -> Page[Candidate]:
        """Return and reserve the candidates of a query that no other person reserves.

        They come in the order of :meth:`page`, at most ``limit``. The reservation ends
        with the claim, or with a vote on the candidate. It takes the place of all
        earlier ones of the person, so that nobody holds more than ``limit``. If fewer
        were found, and not all candidates were examined, the page has a cursor with
        which to look further.

        Raises
        ------
        InvalidRequest
            The cursor does not come from an earlier page.
        """
        ...

    async def release(self, person: str) -> None:
        """End all reservations of a person."""
        ...

    async def candidate(
        self, visible: Collection[str], candidate: str, person: str
    ) -> Candidate | None:
        """Return a candidate with a person's vote; None if it is not visible."""
        ...

    async def members(
        self, visible: Collection[str], sky_object: str, person: str, limit: int
    ) -> Sequence[Candidate]:
        """Return an object's visible candidates by time; those without a time last.

        Of more than ``limit`` the latest are returned.
        """
        ...

    async def vote(
        self, candidate: str, person: str, choice: Choice, at: float
    ) -> bool:
        """Store a vote in place of the person's last.

        Return whether it is the first.
        """
        ...

    async def take_back(self, candidate: str, claim: Claim) -> bool:
        """Remove the vote of ``claim.person``; return whether there was one.

        The candidate is reserved for that person then, who looks at it again, unless
        somebody else has reserved it.
        """
        ...

    async def votes(
        self, candidate: str, limit: int, cursor: str | None = None
    ) -> Page[Vote]:
        """Return a page of the votes on a candidate, in order of time.

        Raises
        ------
        InvalidRequest
            The cursor does not come from an earlier page.
        """
        ...

    async def comment(self, comment: Comment) -> None:
        """Store a comment."""
        ...

    async def comments(
        self, candidate: str, limit: int, cursor: str | None = None
    ) -> Page[Comment]:
        """Return a page of the comments on a candidate, in order of time.

        Raises
        ------
        InvalidRequest
            The cursor does not come from an earlier page.
        """
        ...

    async def remove_comment(self, candidate: str, comment: str, person: str) -> bool:
        """Remove a person's own comment; return whether there was one."""
        ...


class ScoreStore(Protocol):
    """Stores the scores that the classifier in use gives to stored candidates.

    It gives those of the candidates whose first survey of the science images with a
    classifier is its own. What is left to do follows from the candidates, so that the
    work can be ended and begun again at any time. Its contract tests are
    :class:`gatewright.testing.score_store.ScoreStoreContract`.
    """

    async def begin(self, classifier: str) -> int:
        """Count the candidates that a classifier has yet to score, and record it.

        It has none if it is not in use.
        """
        ...

    async def some(self, classifier: str, limit: int) -> Sequence[Unscored]:
        """Return at most ``limit`` candidates that a classifier has yet to score."""
        ...

    async def give(self, classifier: str, scores: Mapping[str, float | None]) -> bool:
        """Store scores by candidate, all of them or, if it is not in use, none.

        Return whether they were stored.
        """
        ...

    async def end(self, classifier: str) -> bool:
        """Record that all candidates have their score from a classifier.

        Return false if some have not, or if that was recorded before.
        """
        ...


class ObjectStore(Protocol):
    """Stores merges and splits of objects."""

    async def move(self, change: ObjectChange) -> bool:
        """Move candidates between objects, and record the change.

        Both objects get the mean position of their candidates. Returns false, without a
        change, if a candidate belongs to another object by now.
        """
        ...

    async def changes(
        self, sky_object: str, limit: int, cursor: str | None = None
    ) -> Page[ObjectChange]:
        """Return a page of the moves from or to an object, in order of time.

        Raises
        ------
        InvalidRequest
            The cursor does not come from an earlier page.
        """
        ...

    async def change(self, sky_object: str, change: str) -> ObjectChange | None:
        """Return a move from or to an object; None if there is none of that name."""
        ...

    async def undo(self, change: ObjectChange, person: str) -> bool:
        """Move the candidates of a change back, and record who undid it.

        Returns false, without a change, if it was undone before or a candidate belongs
        to another object by now.
        """
        ...
