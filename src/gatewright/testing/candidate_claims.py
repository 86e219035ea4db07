"""Contract tests for claims of candidates: a part of those for stores of candidates."""

import asyncio
from dataclasses import replace

from gatewright.domains.discovery import (
    CandidateQuery,
    CandidateStore,
    Choice,
    Claim,
    Finding,
    Origin,
)

ALL = ("night", "team")
ORIGIN = Origin("d-1", ["night"], 58340.5, time_assumed=True, reference="c-1")


def finding(
    number: int, ra: float = 10.0, dec: float = 20.0, snr: float = 10.0
) -> Finding:
    """Return a detection at a position (ICRS degrees)."""
    return Finding(number, ra, dec, 3.0, 4.0, snr, 100.0, 10.0, {"fwhm": 2.5})


class ClaimContract:
    """Tests that every :class:`CandidateStore` must pass for its claims."""

    async def test_what_one_holds_nobody_else_is_given(
        self, store: CandidateStore
    ) -> None:
        strengths = enumerate((50.0, 40.0, 30.0, 20.0, 10.0), 1)
        await store.add(ORIGIN, [finding(n, ra=float(n), snr=s) for n, s in strengths])
        query = CandidateQuery(unscanned=True)

        async def claimed(person: str, now: float, limit: int = 2) -> list[str]:
            claim = Claim(person, now, now + 60.0)
            found = await store.claim(ALL, query, claim, limit)
            return [one.id for one in found.items]

        assert await claimed("ada", 0.0) == ["d-1.1", "d-1.2"]
        assert await claimed("eve", 1.0) == ["d-1.3", "d-1.4"]
        assert await claimed("ada", 2.0) == ["d-1.1", "d-1.2"]
        await store.vote("d-1.1", "ada", Choice.REAL, 3.0)
        assert await claimed("ada", 4.0) == ["d-1.2", "d-1.5"]
        assert await claimed("cy", 5.0) == []
        # Whoever undoes a vote looks at it again: it is free when they go on or leave.
        await store.take_back("d-1.1", Claim("ada", 4.1, 64.1))
        assert await claimed("cy", 4.2) == []
        await store.release("ada")
        assert await claimed("cy", 4.2) == ["d-1.1", "d-1.2"]
        await store.release("cy")
        assert await claimed("ada", 4.3, 9) == ["d-1.1", "d-1.2", "d-1.5"]
        query = replace(query, without=["d-1.1"])
        assert await claimed("ada", 4.4, 9) == ["d-1.2", "d-1.5"]
        query = replace(query, without=[])
        assert await claimed("cy", 6.0) == ["d-1.1"]
        await store.release("eve")
        assert await claimed("cy", 7.0, 9) == ["d-1.1", "d-1.3", "d-1.4"]
        # Those that nobody has asked for again are free when they end.
        assert await claimed("eve", 64.5, 9) == ["d-1.2", "d-1.5"]
        assert (await store.claim([], query, Claim("ada", 0.0, 1.0), 2)).items == []
        some = CandidateQuery(unscanned=True, without=["d-1.2", "d-1.4"])
        claim = Claim("eve", 66.0, 80.0)
        last = await store.claim(ALL, some, claim, 9)
        assert [one.id for one in last.items] == ["d-1.5"]
        assert last.next is None

    async def test_of_two_who_undo_their_votes_the_first_keeps_the_candidate(
        self, store: CandidateStore
    ) -> None:
        await store.add(ORIGIN, [finding(1)])
        query = CandidateQuery(unscanned=True)

        async def given(person: str, now: float) -> bool:
            claim = Claim(person, now, now + 10.0)
            return bool((await store.claim(ALL, query, claim, 1)).items)

        for person in ("ada", "eve"):
            await store.vote("d-1.1", person, Choice.REAL, 1.0)
            assert not await store.take_back("d-1.1", Claim("cy", 1.0, 60.0))
        assert await store.take_back("d-1.1", Claim("ada", 2.0, 60.0))
        assert not await store.take_back("d-1.1", Claim("ada", 3.0, 90.0))
        assert await store.take_back("d-1.1", Claim("eve", 4.0, 70.0))
        assert not await given("eve", 5.0)
        assert not await given("cy", 59.0)
        assert await given("eve", 61.0)  # the reservation of ada has ended
        await store.vote("d-1.1", "ada", Choice.BOGUS, 62.0)
        assert await store.take_back("d-1.1", Claim("ada", 63.0, 80.0))
        assert not await given("eve", 64.0)

    async def test_a_claim_takes_the_place_of_earlier_ones(
        self, store: CandidateStore
    ) -> None:
        numbers = range(1, 10)
        await store.add(ORIGIN, [finding(n, ra=float(n), snr=10.0) for n in numbers])
        every = {f"d-1.{n}" for n in numbers}
        seen: list[str] = []
        last: list[str] = []
        for turn in range(4):  # as one who leaves out what was claimed before
            query = CandidateQuery(unscanned=True, without=seen)
            claim = Claim("ada", float(turn), turn + 60.0)
            given = await store.claim(ALL, query, claim, 2)
            last = [one.id for one in given.items]
            seen += last
        assert len(set(seen)) == 8
        query, claim = CandidateQuery(unscanned=True), Claim("eve", 5.0, 65.0)
        given = await store.claim(ALL, query, claim, 9)
        left = {one.id for one in given.items}
        assert left == every - set(last)

    async def test_many_who_ask_at_once_are_given_different_ones(
        self, store: CandidateStore
    ) -> None:
        await store.add(ORIGIN, [finding(n, ra=float(n)) for n in range(1, 41)])
        query = CandidateQuery(unscanned=True)
        claims = [Claim(f"person{number}", 0.0, 60.0) for number in range(10)]
        found = await asyncio.gather(
            *(store.claim(ALL, query, claim, 3) for claim in claims)
        )
        given = [one.id for some in found for one in some.items]
        assert len(given) == len(set(given)) == 30
