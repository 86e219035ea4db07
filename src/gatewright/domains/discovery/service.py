"""Candidates for callers: access rules, votes, comments, and events of them."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import replace

from gatewright.core.caller import Caller, Scope
from gatewright.core.clock import Clock, system_clock
from gatewright.core.errors import InvalidContent, NotFound
from gatewright.core.events import Event, EventHub
from gatewright.core.ids import new_id
from gatewright.core.pages import Page, decode_cursor, encode_cursor
from gatewright.domains.discovery.hearing import Hearing
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
LONGEST_COMMENT = 4000
"""Largest number of characters of a comment."""
MOST_MEMBERS = 10_000
"""Largest number of an object's candidates that are looked at, the latest."""
MOST_HISTORY = 100
"""Largest number of comments, and of other candidates of the object, that come with a
claimed candidate."""
CLAIM_SECONDS = 300.0
"""Duration of a reservation of candidates, seconds."""
_NAME = re.compile(r"[A-Za-z0-9.-]{1,80}", re.ASCII)


class Discovery:
    """Candidates for callers; a candidate that a caller may not see is not found.

    Parameters
    ----------
    store
        Store of candidates, votes and comments.
    visible
        Returns the surveys that a caller may see.
    events
        Hub to which new candidates, votes and comments are published.
    hearing
        Decides who may hear an event.
    clock
        Returns the time of votes and comments, seconds since 1970.
    """

    def __init__(
        self,
        store: CandidateStore,
        visible: Callable[[Caller], Awaitable[Collection[str]]],
        events: EventHub,
        hearing: Hearing,
        clock: Clock = system_clock,
    ) -> None:
        self._store = store
        self._visible = visible
        self._events = events
        self._hearing = hearing
        self._clock = clock

    async def recorded(self, difference: str) -> bool:
        """Return whether candidates of a difference are stored."""
        return await self._store.knows(difference)

    async def record(self, origin: Origin, findings: Sequence[Finding]) -> None:
        """Store the detections of a difference; a repeated call changes nothing."""
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
        """Return a page of the visible candidates that match a query."""
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
        self,
        caller: Caller,
        query: CandidateQuery,
        limit: int,
        cursor: str | None = None,
    ) -> Page[Review]:
        """Reserve candidates for the caller to vote on; return them for review.

        The reservation lasts for :data:`CLAIM_SECONDS` or until somebody votes, so that
        people who work through one list get different candidates. A repeated call
        returns and extends the caller's reservations; those that it does not return
        end. With the cursor of a page that has fewer than ``limit`` it looks further.

        Raises
        ------
        InvalidRequest
            The cursor does not come from an earlier page.
        """
        caller.require(Scope.SKY_VOTE)
        person = caller.require_user()
        if query.difference is not None and not _NAME.fullmatch(query.difference):
            return Page([])
        names = [name for name in query.without if _NAME.fullmatch(name)]
        query = replace(query, without=names)
        visible, now = await self._visible(caller), self._clock()
        claim = Claim(person, now, now + CLAIM_SECONDS)
        claimed = await self._store.claim(visible, query, claim, limit, cursor)
        reviews = [
            Review(
                one,
                await self._store.members(visible, one.object, person, MOST_HISTORY),
                (await self._store.comments(one.id, MOST_HISTORY)).items,
            )
            for one in claimed.items
        ]
        return Page(reviews, claimed.next)

    async def release(self, caller: Caller) -> None:
        """End all reservations of the caller."""
        caller.require(Scope.SKY_VOTE)
        await self._store.release(caller.require_user())

    async def voted(
        self, caller: Caller, survey: str, limit: int
    ) -> Sequence[Candidate]:
        """Return the visible candidates of a survey with votes, for training.

        Those of a difference of several surveys belong to each of them.
        """
        caller.require(Scope.SKY_READ)
        return await self._store.voted(await self._visible(caller), survey, limit)

    async def candidate(self, caller: Caller, candidate: str) -> Candidate:
        """Return one candidate.

        Raises
        ------
        NotFound
            The candidate does not exist, or the caller may not see it.
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
        """Return an object with its candidates that the caller may see.

        Its position is the mean of these candidates, so that it reveals nothing about
        others. Of more than :data:`MOST_MEMBERS` the latest count.

        Raises
        ------
        NotFound
            The object does not exist, or the caller may see none of its candidates.
        """
        caller.require(Scope.SKY_READ)
        members: Sequence[Candidate] = ()
        if _NAME.fullmatch(name):
            visible = await self._visible(caller)
            members = await self._store.members(
                visible, name, caller.user, MOST_MEMBERS
            )
        if not members:
            raise NotFound("There is no such object.")
        total = [0.0, 0.0, 0.0]
        for one in members:
            found = one.finding
            weight = weight_of(found.snr, found.reason)
            vector = unit_vector(found.ra, found.dec)
            total = [t + weight * v for t, v in zip(total, vector, strict=True)]
        return SkyObject(name, *place_of(total), members)

    async def object_page(
        self, caller: Caller, name: str, *, limit: int, cursor: str | None = None
    ) -> tuple[SkyObject, str | None]:
        """Return an object with a page of its candidates by time, and the next cursor.

        Raises
        ------
        NotFound
            The object does not exist, or the caller may see none of its candidates.
        InvalidRequest
            The cursor does not come from an earlier page.
        """
        whole = await self.sky_object(caller, name)
        left = whole.candidates
        if cursor is not None:
            after = decode_cursor(cursor, int, float, str)
            left = [one for one in left if _moment(one) > after]
        page = left[:limit]
        more = encode_cursor(*_moment(page[-1])) if len(left) > limit else None
        return replace(whole, candidates=page), more

    async def vote(
        self, caller: Caller, candidate: str, choice: Choice
    ) -> tuple[Candidate, bool]:
        """Store or change the caller's vote.

        Returns the candidate, and whether it is the caller's first vote on it.

        Raises
        ------
        NotFound
            The candidate does not exist, or the caller may not see it.
        """
        caller.require(Scope.SKY_VOTE)
        person = caller.require_user()
        await self.candidate(caller, candidate)
        new = await self._store.vote(candidate, person, choice, self._clock())
        return await self._tell_votes(caller, candidate, choice), new

    async def take_back(self, caller: Caller, candidate: str) -> None:
        """Remove the caller's vote, and reserve the candidate for the caller.

        Whoever undoes a vote looks at the candidate again, so that :meth:`claim` gives
        it to nobody else meanwhile.

        Raises
        ------
        NotFound
            The caller has no vote on it, or may not see the candidate.
        """
        caller.require(Scope.SKY_VOTE)
        person = caller.require_user()
        await self.candidate(caller, candidate)
        now = self._clock()
        claim = Claim(person, now, now + CLAIM_SECONDS)
        if not await self._store.take_back(candidate, claim):
            raise NotFound("You have not voted on this candidate.")
        await self._tell_votes(caller, candidate, None)

    async def votes(
        self, caller: Caller, candidate: str, *, limit: int, cursor: str | None = None
    ) -> Page[Vote]:
        """Return a page of the votes on a candidate, for signed-in callers only.

        Raises
        ------
        NotFound
            The candidate does not exist, or the caller may not see it.
        """
        caller.require_user()
        await self.candidate(caller, candidate)
        return await self._store.votes(candidate, limit, cursor)

    async def comment(self, caller: Caller, candidate: str, text: str) -> Comment:
        """Store a comment of the caller on a candidate.

        Raises
        ------
        NotFound
            The candidate does not exist, or the caller may not see it.
        InvalidContent
            The text is empty, too long, or contains NUL or an unpaired surrogate.
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
            raise InvalidContent(
                "A comment must not contain NUL or unpaired surrogates."
            )
        made = Comment(new_id(), candidate, person, words, self._clock())
        await self._store.comment(made)
        await self._tell(
            "candidate.commented", found, {"comment": made.id, "person": person}
        )
        return made

    async def comments(
        self, caller: Caller, candidate: str, *, limit: int, cursor: str | None = None
    ) -> Page[Comment]:
        """Return a page of the comments on a candidate, for signed-in callers only.

        Raises
        ------
        NotFound
            The candidate does not exist, or the caller may not see it.
        """
        caller.require_user()
        await self.candidate(caller, candidate)
        return await self._store.comments(candidate, limit, cursor)

    async def remove_comment(
        self, caller: Caller, candidate: str, comment: str
    ) -> None:
        """Remove one of the caller's own comments.

        Raises
        ------
        NotFound
            The caller has no such comment on it, or may not see the candidate.
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
        """Yield the events of candidates that the caller may see, as they happen.

        It yields None when no further event is known yet. ``after`` is the number that
        :meth:`EventHub.start` returned.
        """
        async for event in self._events.follow(owner=CHANNEL, after=after):
            if event is None or await self.may_hear(caller, event):
                yield event

    async def may_hear(self, caller: Caller, event: Event) -> bool:
        """Return whether a caller may see the candidates of a :data:`CHANNEL` event."""
        return await self._hearing.may_hear(caller, event)

    async def _tell_votes(
        self, caller: Caller, candidate: str, choice: Choice | None
    ) -> Candidate:
        """Publish the vote counts of a candidate; return the candidate."""
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


def _moment(one: Candidate) -> tuple[int, float, str]:
    """Return what the candidates of an object are sorted by."""
    mjd = one.origin.mjd
    return int(mjd is None), mjd or 0.0, one.id
