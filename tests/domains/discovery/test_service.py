"""Candidates as callers have them: who sees, votes, writes and hears what."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from pathlib import Path

import pytest
from tests.backends.sql.databases import SECONDS
from tests.support.app import caller
from tests.support.migrated import open_migrated
from typing_extensions import override

from gatewright.backends.sql.candidates import SqlCandidates
from gatewright.backends.sql.events import SqlEventLog
from gatewright.core.access import PUBLIC, Access
from gatewright.core.caller import Caller, Role, Scope, visitor
from gatewright.core.errors import (
    InvalidContent,
    InvalidRequest,
    NotAllowed,
    NotFound,
    NotSignedIn,
)
from gatewright.core.events import Event, EventHub
from gatewright.domains.discovery import (
    LONGEST_COMMENT,
    CandidateQuery,
    Choice,
    Discovery,
    Finding,
    Hearing,
    Origin,
    place_of,
    unit_vector,
    weight_of,
)

ADA, EVE = caller("ada"), caller("eve", Role.GUEST)
NIGHT, TEAM = Origin("d-1", ["night"], 58340.5), Origin("d-2", ["night", "team"])


def found(number: int = 1, dec: float = 20.0, snr: float = 10.0) -> Finding:
    return Finding(number, 10.0, dec, 3.0, 4.0, snr, 100.0, 10.0)


async def visible(who: Caller) -> Collection[str]:
    return {"night", "team"} if who.user == "ada" else {"night"}


async def rules() -> Mapping[str, Access]:
    return {"night": PUBLIC, "team": Access(names=frozenset({"ada"}))}


@pytest.fixture
async def discovery(tmp_path: Path) -> AsyncIterator[Discovery]:
    database = await open_migrated(tmp_path / "gateway.sqlite")
    hub = EventHub(SqlEventLog(database))
    store = SqlCandidates(database)
    yield Discovery(store, visible, hub, Hearing(rules), clock=lambda: 1000.0)
    await database.close()


async def ids(discovery: Discovery, who: Caller, query: CandidateQuery) -> list[str]:
    return [c.id for c in (await discovery.page(who, query, limit=100)).items]


async def heard(discovery: Discovery, who: Caller, count: int) -> list[Event]:
    """Return the first events that a caller hears, from the beginning."""
    events: list[Event] = []
    async with asyncio.timeout(SECONDS):
        async for event in discovery.follow(who, 0):
            if event is not None:
                events.append(event)
            if len(events) == count:
                break
    return events


async def test_what_one_may_not_see_is_not_there(discovery: Discovery) -> None:
    await discovery.record(NIGHT, [found()])
    await discovery.record(TEAM, [found()])
    assert await ids(discovery, ADA, CandidateQuery()) == ["d-2.1", "d-1.1"]
    assert await ids(discovery, EVE, CandidateQuery()) == ["d-1.1"]
    assert await ids(discovery, visitor(), CandidateQuery()) == ["d-1.1"]
    for name in ("d-2.1", "d-9.1", "\0", "x" * 81, ""):
        with pytest.raises(NotFound):
            await discovery.candidate(EVE, name)
        with pytest.raises(NotFound):
            await discovery.sky_object(EVE, name)
        with pytest.raises(NotFound):
            await discovery.vote(EVE, name, Choice.REAL)
    assert await ids(discovery, ADA, CandidateQuery(difference="\0")) == []
    assert await ids(discovery, ADA, CandidateQuery(difference="d-2")) == ["d-2.1"]


async def test_an_object_is_where_its_seen_members_are(discovery: Discovery) -> None:
    """The place that a caller is told has nothing of what is hidden from them."""
    step = 0.5 / 3600
    await discovery.record(NIGHT, [found(dec=20.0, snr=10.0)])
    await discovery.record(TEAM, [found(dec=20.0 + step, snr=20.0)])
    name = (await discovery.candidate(ADA, "d-2.1")).object
    whole = await discovery.sky_object(ADA, name)
    assert [one.id for one in whole.candidates] == ["d-1.1", "d-2.1"]
    assert whole.dec == pytest.approx(20.0 + 0.8 * step, abs=1e-9)
    part = await discovery.sky_object(EVE, name)
    assert [one.id for one in part.candidates] == ["d-1.1"]
    assert (part.ra, part.dec) == pytest.approx((10.0, 20.0), abs=1e-12)


async def test_a_person_who_may_not_vote_gets_the_reason(discovery: Discovery) -> None:
    await discovery.record(NIGHT, [found()])
    reads = Caller("bob", frozenset({str(Scope.SKY_READ)}), role=Role.GUEST)
    for who, error in ((visitor(), NotSignedIn), (reads, NotAllowed)):
        with pytest.raises(error):
            await discovery.vote(who, "d-1.1", Choice.REAL)
        with pytest.raises(error):
            await discovery.take_back(who, "d-1.1")
        with pytest.raises(error):
            await discovery.comment(who, "d-1.1", "x")
        with pytest.raises(error):
            await discovery.remove_comment(who, "d-1.1", "x")
    for names in (discovery.votes, discovery.comments):
        with pytest.raises(NotSignedIn):
            await names(visitor(), "d-1.1", limit=9)
        assert list((await names(reads, "d-1.1", limit=9)).items) == []


async def test_a_vote_is_given_changed_and_undone(discovery: Discovery) -> None:
    await discovery.record(NIGHT, [found()])
    one, new = await discovery.vote(ADA, "d-1.1", Choice.BOGUS)
    assert (one.mine, one.votes.bogus, new) == (Choice.BOGUS, 1, True)
    one, new = await discovery.vote(ADA, "d-1.1", Choice.REAL)
    assert (one.mine, one.votes.bogus, one.votes.real, new) == ("real", 0, 1, False)
    with pytest.raises(NotFound, match="not voted"):
        await discovery.take_back(EVE, "d-1.1")
    (vote,) = (await discovery.votes(EVE, "d-1.1", limit=9)).items
    assert (vote.person, vote.choice, vote.at) == ("ada", Choice.REAL, 1000.0)
    await discovery.take_back(ADA, "d-1.1")
    assert list((await discovery.votes(EVE, "d-1.1", limit=9)).items) == []


async def test_two_people_are_not_given_the_same(discovery: Discovery) -> None:
    await discovery.record(NIGHT, [found(1, snr=30.0), found(2, 50.0, snr=20.0)])
    await discovery.record(TEAM, [found(1, 60.0, snr=10.0), found(2, snr=5.5)])
    asked = CandidateQuery(unscanned=True)

    async def given(who: Caller, query: CandidateQuery = asked) -> list[str]:
        page = await discovery.claim(who, query, 2)
        return [one.candidate.id for one in page.items]

    assert await given(ADA) == ["d-1.1", "d-1.2"]
    assert await given(EVE) == []  # the others are of a survey that she may not see
    comment = await discovery.comment(EVE, "d-1.1", "x")
    first, _ = (await discovery.claim(ADA, asked, 2)).items
    assert [one.id for one in first.history] == ["d-1.1", "d-2.2"]
    assert list(first.comments) == [comment]
    await discovery.release(ADA)
    assert await given(EVE) == ["d-1.1", "d-1.2"]
    alone = CandidateQuery(difference="d-2", unscanned=True)
    assert await given(ADA, alone) == ["d-2.1", "d-2.2"]
    assert await given(ADA, CandidateQuery(difference="\0")) == []
    some = CandidateQuery(difference="d-2", unscanned=True, without=("d-2.1", "\0"))
    assert await given(ADA, some) == ["d-2.2"]
    reads = Caller("bob", frozenset({str(Scope.SKY_READ)}), role=Role.GUEST)
    for who, error in ((visitor(), NotSignedIn), (reads, NotAllowed)):
        with pytest.raises(error):
            await given(who)
        with pytest.raises(error):
            await discovery.release(who)


async def test_a_comment_is_plain_text_of_some_length(discovery: Discovery) -> None:
    await discovery.record(NIGHT, [found()])
    for text in ("", " \n", "x" * (LONGEST_COMMENT + 1), "a\0b", "a\ud800"):
        with pytest.raises(InvalidContent):
            await discovery.comment(ADA, "d-1.1", text)
    made = await discovery.comment(ADA, "d-1.1", " so\nit is ")
    assert (made.text, made.person, made.at) == ("so\nit is", "ada", 1000.0)
    assert list((await discovery.comments(EVE, "d-1.1", limit=9)).items) == [made]
    for who, comment in ((EVE, made.id), (ADA, "absent"), (ADA, "\0")):
        with pytest.raises(NotFound):
            await discovery.remove_comment(who, "d-1.1", comment)
    await discovery.remove_comment(ADA, "d-1.1", made.id)
    assert list((await discovery.comments(EVE, "d-1.1", limit=9)).items) == []


async def test_each_hears_of_what_they_may_see(discovery: Discovery) -> None:
    await discovery.record(TEAM, [found()])
    await discovery.record(NIGHT, [found(), found(2)])
    await discovery.record(NIGHT, [found(), found(2)])
    await discovery.vote(ADA, "d-2.1", Choice.REAL)
    await discovery.vote(ADA, "d-1.1", Choice.REAL)
    await discovery.take_back(ADA, "d-1.1")
    comment = await discovery.comment(ADA, "d-1.1", "x")
    await discovery.remove_comment(ADA, "d-1.1", comment.id)
    events = await heard(discovery, EVE, 5)
    assert [(event.kind, event.subject) for event in events] == [
        ("candidates.found", "differences/d-1"),
        ("candidate.voted", "candidates/d-1.1"),
        ("candidate.voted", "candidates/d-1.1"),
        ("candidate.commented", "candidates/d-1.1"),
        ("candidate.comment-removed", "candidates/d-1.1"),
    ]
    assert events[0].data["candidates"] == 2
    assert events[1].data["vote"] == "real"
    assert events[2].data["votes"] == {"real": 0, "bogus": 0, "unsure": 0}
    everything = await heard(discovery, ADA, 7)
    assert [event.subject for event in everything][:3] == [
        "differences/d-2",
        "differences/d-1",
        "candidates/d-2.1",
    ]


class EndingHub(EventHub):
    """Hands out what the log has, says so, and ends."""

    @override
    async def follow(
        self, *, owner: str, others: Collection[str] = (), subject: str = "", after: int
    ) -> AsyncIterator[Event | None]:
        for event in await self.log.after(after, owner=owner, subject=subject):
            yield event
        yield None


async def test_the_stream_says_when_there_is_no_more_yet(tmp_path: Path) -> None:
    database = await open_migrated(tmp_path / "gateway.sqlite")
    hub = EndingHub(SqlEventLog(database))
    discovery = Discovery(SqlCandidates(database), visible, hub, Hearing(rules))
    await discovery.record(NIGHT, [found()])
    await discovery.record(TEAM, [found()])
    kinds = [event and event.kind async for event in discovery.follow(EVE, 0)]
    assert kinds == ["candidates.found", None]
    await database.close()


async def test_all_pages_of_an_object_have_the_same_place(discovery: Discovery) -> None:
    for night, mjd in ((1, 3.0), (2, None), (3, 1.0), (4, 2.0), (5, None)):
        origin = Origin(f"d-{night}", ["night"], mjd)
        await discovery.record(origin, [found(dec=20.0 + night * 1e-5)])
    name = (await discovery.candidate(ADA, "d-1.1")).object
    whole = await discovery.sky_object(ADA, name)
    listed: list[str] = []
    cursor: str | None = None
    while cursor is not None or not listed:
        one, cursor = await discovery.object_page(ADA, name, limit=2, cursor=cursor)
        assert (one.ra, one.dec) == (whole.ra, whole.dec)
        listed += [candidate.id for candidate in one.candidates]
    assert listed == ["d-3.1", "d-4.1", "d-1.1", "d-2.1", "d-5.1"]
    with pytest.raises(InvalidRequest):
        await discovery.object_page(ADA, name, limit=2, cursor="x")


async def test_places_are_vectors_and_back() -> None:
    for ra, dec in ((0.0, 0.0), (359.999, -89.9), (123.4, 56.7), (0.0, 90.0)):
        assert place_of(unit_vector(ra, dec)) == pytest.approx((ra, dec), abs=1e-9)
    assert weight_of(-10.0, None) == 100.0
    assert weight_of(10.0, "dipole") < 1e-3


async def test_voted_candidates_are_those_that_the_caller_may_see(
    discovery: Discovery,
) -> None:
    await discovery.record(NIGHT, [found(1), found(2)])
    await discovery.record(TEAM, [found(1, dec=30.0)])
    for one in ("d-1.2", "d-2.1"):
        await discovery.vote(ADA, one, Choice.BOGUS)

    async def voted(who: Caller, survey: str) -> list[str]:
        return [one.id for one in await discovery.voted(who, survey, 10)]

    assert await voted(ADA, "night") == ["d-1.2", "d-2.1"]
    assert await voted(EVE, "night") == ["d-1.2"]
    # A difference of two surveys counts for both.
    assert await voted(ADA, "team") == ["d-2.1"]
