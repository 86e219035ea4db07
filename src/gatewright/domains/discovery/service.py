"""Candidates for callers: who may see them, vote and comment, and who hears of it."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import replace

from gatewright.core.caller import Caller, Scope
from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import InvalidContent, NotFound
from gatewright.core.events import Event, EventHub
from gatewright.core.ids import new_id
from gatewright.core.pages import Page
from gatewright.domains.discovery.model import (
    Candidate,
    CandidateQuery,
    Choice,
    Claim,
    Comment,
    Finding,
    Origin,
    Review,
    SkyObject,
    Vote,
    place_of,
    unit_vector,
    weight_of,
)
from gatewright.domains.discovery.ports import CandidateStore

CHANNEL = "sky:candidates"
"""Owner of the events of candidates; no account can have this name."""
MOST_VOTED = 20_000
"""Most candidates that votes are learned from."""
LONGEST_COMMENT = 4000
"""Most characters of a comment."""
CLAIM_SECONDS = 300.0
"""How long what was handed out to somebody is handed out to nobody else."""
_NAME = re.compile(r"[A-Za-z0-9.-]{1,80}", re.ASCII)


class Discovery:
    """What the faces may do with candidates; what one may not see is not there.

    Parameters
    ----------
    store
        Where they are kept.
    visible
        Returns the surveys that a caller may see.
    events
        Told of new candidates, votes and comments.
    clock
        Tells the time of votes and comments.
    """

    def __init__(
        self,
        store: CandidateStore,
        visible: Callable[[Caller], Awaitable[Collection[str]]],
        events: EventHub,
        clock: Clock = system_clock,
    ) -> None:
        self._store = store
        self._visible = visible
        self._events = events
        self._clock = clock

    async def record(self, origin: Origin, findings: Sequence[Finding]) -> None:
        """Keep what a difference found; doing so again changes nothing."""
        new = await self._store.add(origin, findings)
        if new:
            await self._events.publish(
                "candidates.found",
                f"differences/{origin.difference}",
                CHANNEL,
                {"surveys": sorted(origin.surveys), "candidates": new},
            )

    async def page(
        self,
        caller: Caller,
        query: CandidateQuery,
        *,
        limit: int,
        cursor: str | None = None,
    ) -> Page[Candidate]:
        """Return a page of the candidates that a query finds and the caller may see."""
        caller.require(Scope.SKY_READ)
        if query.difference is not None and not _NAME.fullmatch(query.difference):
            return Page([])
        return await self._store.page(
            await self._visible(caller),
            query,
            person=caller.user,
            limit=limit,
            cursor=cursor,
        )

    async def claim(
        self, caller: Caller, query: CandidateQuery, limit: int
    ) -> Sequence[Review]:
        """Hand out candidates to vote on that nobody else holds, with their history.

        They are the caller's for :data:`CLAIM_SECONDS`, or until they have a vote: two
        people who work through one list are not given the same. Asking again hands out
        the same ones, for as long again.
        """
        caller.require(Scope.SKY_VOTE)
        person = caller.require_user()
        if query.difference is not None and not _NAME.fullmatch(query.difference):
            return []
        names = [name for name in query.without if _NAME.fullmatch(name)]
        query = replace(query, without=names)
        visible, now = await self._visible(caller), self._clock()
        claimed = await self._store.claim(
            visible, query, Claim(person, now, now + CLAIM_SECONDS), limit
        )
        return [
            Review(
                one,
                await self._store.members(visible, one.object, person),
                await self._store.comments(one.id),
            )
            for one in claimed
        ]

    async def release(self, caller: Caller) -> None:
        """Let others have what the caller holds."""
        caller.require(Scope.SKY_VOTE)
        await self._store.release(caller.require_user())

    async def voted(self, caller: Caller, survey: str) -> Sequence[Candidate]:
        """Return the candidates of a survey that people voted on, to learn from."""
        caller.require(Scope.SKY_READ)
        return await self._store.voted(await self._visible(caller), survey, MOST_VOTED)

    async def candidate(self, caller: Caller, candidate: str) -> Candidate:
        """Return one candidate.

        Raises
        ------
        NotFound
            There is none of that name that the caller may see.
        """
        caller.require(Scope.SKY_READ)
        found = None
        if _NAME.fullmatch(candidate):
            visible = await self._visible(caller)
            found = await self._store.candidate(visible, candidate, caller.user)
        if found is None:
            raise NotFound("There is no such candidate.")
        return found

    async def sky_object(self, caller: Caller, name: str) -> SkyObject:
        """Return one object with the candidates that the caller may see.

        Its place is the mean of these, so that it tells nothing of the others.

        Raises
        ------
        NotFound
            There is none of that name with a candidate that the caller may see.
        """
        caller.require(Scope.SKY_READ)
        members: Sequence[Candidate] = ()
        if _NAME.fullmatch(name):
            visible = await self._visible(caller)
            members = await self._store.members(visible, name, caller.user)
        if not members:
            raise NotFound("There is no such object.")
        total = [0.0, 0.0, 0.0]
        for one in members:
            found = one.finding
            weight = weight_of(found.snr, found.reason)
            vector = unit_vector(found.ra, found.dec)
            total = [t + weight * v for t, v in zip(total, vector, strict=True)]
        return SkyObject(name, *place_of(total), members)

    async def vote(
        self, caller: Caller, candidate: str, choice: Choice
    ) -> tuple[Candidate, bool]:
        """Give or change the caller's vote; return the candidate, and if it is new.

        Raises
        ------
        NotFound
            There is no such candidate that the caller may see.
        """
        caller.require(Scope.SKY_VOTE)
        person = caller.require_user()
        await self.candidate(caller, candidate)
        new = await self._store.vote(candidate, person, choice, self._clock())
        return await self._tell_votes(caller, candidate, choice), new

    async def take_back(self, caller: Caller, candidate: str) -> None:
        """Undo the caller's vote.

        Raises
        ------
        NotFound
            There is no such candidate that the caller may see, or no vote of theirs.
        """
        caller.require(Scope.SKY_VOTE)
        person = caller.require_user()
        await self.candidate(caller, candidate)
        if not await self._store.take_back(candidate, person):
            raise NotFound("You have not voted on this candidate.")
        await self._tell_votes(caller, candidate, None)

    async def votes(self, caller: Caller, candidate: str) -> Sequence[Vote]:
        """Return who voted what; names are for those who have an account.

        Raises
        ------
        NotFound
            There is no such candidate that the caller may see.
        """
        caller.require_user()
        await self.candidate(caller, candidate)
        return await self._store.votes(candidate)

    async def comment(self, caller: Caller, candidate: str, text: str) -> Comment:
        """Write a comment.

        Raises
        ------
        NotFound
            There is no such candidate that the caller may see.
        InvalidContent
            The text is empty, too long, or no text.
        """
        caller.require(Scope.SKY_VOTE)
        person = caller.require_user()
        found = await self.candidate(caller, candidate)
        words = text.strip()
        if not 1 <= len(words) <= LONGEST_COMMENT:
            raise InvalidContent(
                f"A comment has 1 to {LONGEST_COMMENT} characters; this one has "
                f"{len(words)}."
            )
        if "\0" in words or any("\ud800" <= one <= "\udfff" for one in words):
            raise InvalidContent("A comment has no NUL and no half of a character.")
        made = Comment(new_id(), candidate, person, words, self._clock())
        await self._store.comment(made)
        await self._tell(
            "candidate.commented", found, {"comment": made.id, "person": person}
        )
        return made

    async def comments(self, caller: Caller, candidate: str) -> Sequence[Comment]:
        """Return the comments on a candidate, for those who have an account.

        Raises
        ------
        NotFound
            There is no such candidate that the caller may see.
        """
        caller.require_user()
        await self.candidate(caller, candidate)
        return await self._store.comments(candidate)

    async def remove_comment(
        self, caller: Caller, candidate: str, comment: str
    ) -> None:
        """Remove one of the caller's own comments.

        Raises
        ------
        NotFound
            There is no such candidate that the caller may see, or no such comment of
            theirs.
        """
        caller.require(Scope.SKY_VOTE)
        person = caller.require_user()
        found = await self.candidate(caller, candidate)
        known = _NAME.fullmatch(comment) is not None
        if not known or not await self._store.remove_comment(
            candidate, comment, person
        ):
            raise NotFound("There is no such comment of yours.")
        await self._tell(
            "candidate.comment-removed", found, {"comment": comment, "person": person}
        )

    async def follow(self, caller: Caller, after: int) -> AsyncIterator[Event | None]:
        """Yield what happens to candidates that the caller may see, as it happens.

        None is yielded when there is no more yet. ``after`` is what
        :meth:`EventHub.start` returned.
        """
        async for event in self._events.follow(owner=CHANNEL, after=after):
            if event is None or await self.may_hear(caller, event):
                yield event

    async def may_hear(self, caller: Caller, event: Event) -> bool:
        """Return whether an event of :data:`CHANNEL` is of what the caller may see."""
        surveys = event.data["surveys"]
        visible = await self._visible(caller)
        return isinstance(surveys, list) and set(surveys) <= set(visible)

    async def _tell_votes(
        self, caller: Caller, candidate: str, choice: Choice | None
    ) -> Candidate:
        """Tell how the votes stand now; return the candidate with them."""
        found = await self.candidate(caller, candidate)
        votes = found.votes
        counts = {"real": votes.real, "bogus": votes.bogus, "unsure": votes.unsure}
        vote = None if choice is None else str(choice)
        await self._tell(
            "candidate.voted",
            found,
            {"person": caller.user, "vote": vote, "votes": counts},
        )
        return found

    async def _tell(
        self, kind: str, candidate: Candidate, data: dict[str, object]
    ) -> None:
        surveys = sorted(candidate.origin.surveys)
        subject = f"candidates/{candidate.id}"
        await self._events.publish(kind, subject, CHANNEL, {"surveys": surveys, **data})
