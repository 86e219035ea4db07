"""Contract tests for stores of candidates.

Subclass :class:`CandidateStoreContract` in a test module and provide the fixture
``store``: an empty :class:`gatewright.domains.discovery.CandidateStore`.
"""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from gatewright.core.errors import InvalidRequest
from gatewright.core.pages import encode_cursor
from gatewright.domains.discovery import (
    JOIN_RADIUS,
    Candidate,
    CandidateQuery,
    CandidateStore,
    Choice,
    Claim,
    Comment,
    Cone,
    Finding,
    Origin,
    Tally,
)
from gatewright.testing.candidate_claims import ALL, ORIGIN, ClaimContract, finding
from gatewright.testing.candidate_conditions import ConditionContract


async def names(
    store: CandidateStore,
    query: CandidateQuery,
    *,
    visible: Sequence[str] = ALL,
    limit: int = 100,
) -> list[str]:
    """Return the identifiers of the candidates on all pages of a query."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await store.page(visible, query, person="", limit=limit, cursor=cursor)
        assert len(page.items) <= limit
        found += [one.id for one in page.items]
        cursor = page.next
        if cursor is None:
            return found


class CandidateStoreContract(ConditionContract, ClaimContract):
    """Tests that every :class:`CandidateStore` must pass."""

    async def one(
        self, store: CandidateStore, name: str, person: str = ""
    ) -> Candidate:
        found = await store.candidate(ALL, name, person)
        assert found is not None
        return found

    async def test_a_candidate_comes_back_whole(self, store: CandidateStore) -> None:
        found = replace(
            finding(7, snr=-8.5), features={"a": None, "b": 1.5}, reason="dipole"
        )
        assert await store.add(ORIGIN, [found]) == 1
        one = await self.one(store, "d-1.7")
        assert one == Candidate("d-1.7", ORIGIN, found, one.object)
        assert await store.candidate(ALL, "d-1.8", "") is None

    async def test_a_difference_is_added_once(self, store: CandidateStore) -> None:
        assert await store.add(ORIGIN, []) == 0
        assert not await store.knows(ORIGIN.difference)
        findings = [finding(1), finding(2, ra=11.0)]
        assert await store.add(ORIGIN, findings) == 2
        assert await store.knows(ORIGIN.difference)
        assert not await store.knows("d-2")
        first = await self.one(store, "d-1.1")
        assert await store.add(ORIGIN, findings) == 0
        assert await self.one(store, "d-1.1") == first
        assert len(await names(store, CandidateQuery())) == 2

    async def test_two_that_add_a_difference_at_once_add_it_once(
        self, store: CandidateStore
    ) -> None:
        findings = [finding(number, ra=float(number)) for number in range(1, 6)]
        added = await asyncio.gather(*(store.add(ORIGIN, findings) for _ in "1234"))
        assert sorted(added) == [0, 0, 0, 5]
        assert len(await names(store, CandidateQuery())) == 5

    async def test_who_may_see_a_part_of_the_surveys_sees_nothing(
        self, store: CandidateStore
    ) -> None:
        await store.add(ORIGIN, [finding(1)])
        await store.add(Origin("d-2", ["team", "night"]), [finding(1)])
        await store.add(Origin("d-3", ["team"]), [finding(1)])
        for visible, wanted in (
            ((), []),
            (("other",), []),
            (("night",), ["d-1.1"]),
            (("team", "other"), ["d-3.1"]),
            (ALL, ["d-3.1", "d-2.1", "d-1.1"]),
        ):
            whole = CandidateQuery()
            assert await names(store, whole, visible=visible) == wanted
            near = CandidateQuery(place=Cone(10, 20, 1))
            assert await names(store, near, visible=visible) == wanted
            for name in ("d-1.1", "d-2.1", "d-3.1"):
                found = await store.candidate(visible, name, "")
                assert (found is not None) == (name in wanted)
        one = await self.one(store, "d-2.1")
        assert list(one.origin.surveys) == ["night", "team"]
        members = await store.members(("night",), one.object, "", 10)
        assert [member.id for member in members] == ["d-1.1"]

    async def test_surveys_narrow(self, store: CandidateStore) -> None:
        await store.add(ORIGIN, [finding(1)])
        await store.add(Origin("d-2", ["night", "team"]), [finding(1)])
        assert await names(store, CandidateQuery(surveys=("team",))) == ["d-2.1"]
        both = await names(store, CandidateQuery(surveys=("night", "other")))
        assert both == ["d-2.1", "d-1.1"]
        assert await names(store, CandidateQuery(surveys=("other",))) == []

    async def test_pages_are_in_order_of_significance(
        self, store: CandidateStore
    ) -> None:
        strengths = [7.0, -30.0, 7.0, 12.0, -7.0, 100.0]
        for difference, surveys in (("d-1", ["night"]), ("d-2", ["night", "team"])):
            findings = [
                finding(number, ra=float(number), snr=snr)
                for number, snr in enumerate(strengths)
            ]
            await store.add(Origin(difference, surveys), findings)
        wanted = [
            f"{difference}.{number}"
            for number in (5, 1, 3)
            for difference in ("d-2", "d-1")
        ]
        equal = [f"{d}.{n}" for d in ("d-2", "d-1") for n in (4, 2, 0)]
        for limit in (1, 2, 5, 12, 13):
            assert await names(store, CandidateQuery(), limit=limit) == wanted + equal
            some = CandidateQuery(difference="d-2")
            found = await names(store, some, limit=limit)
            assert found == ["d-2.5", "d-2.1", "d-2.3", "d-2.4", "d-2.2", "d-2.0"]

    async def test_pages_of_very_many_sets_of_surveys(
        self, store: CandidateStore
    ) -> None:
        surveys = [f"s{number}" for number in range(120)]
        for number, survey in enumerate(surveys):
            one = finding(1, ra=float(number), snr=10.0 + number)
            await store.add(Origin(f"d-{number}", [survey]), [one])
        for query in (CandidateQuery(), CandidateQuery(unscanned=True)):
            found = await names(store, query, visible=surveys, limit=50)
            assert found == [f"d-{number}.1" for number in reversed(range(120))]

    async def test_a_foreign_cursor_is_refused(self, store: CandidateStore) -> None:
        await store.add(ORIGIN, [finding(1)])
        for cursor in ("x", "WzFd", "W251bGwsMV0", "", "WzEuMCwiXHUwMDAwIl0"):
            for visible in ((), ALL):
                with pytest.raises(InvalidRequest):
                    await store.page(
                        visible, CandidateQuery(), person="", limit=1, cursor=cursor
                    )

    async def test_what_no_classifier_judged_has_no_score(
        self, store: CandidateStore
    ) -> None:
        await store.add(ORIGIN, [finding(1)])
        assert (await self.one(store, "d-1.1")).finding.score is None
        assert await names(store, CandidateQuery(min_score=0.0)) == []

    async def test_places_as_without_an_index(self, store: CandidateStore) -> None:
        random = np.random.default_rng(3)
        findings = []
        for number in range(1, 901):
            # Many crowd round a pole and the first meridian.
            ra = float(random.uniform(0, 360))
            dec = float(np.degrees(np.arcsin(random.uniform(-1, 1))))
            if number % 3 == 0:
                ra, dec = float(random.normal(0, 0.3) % 360), float(random.normal(0, 1))
            elif number % 3 == 1:
                dec = float(90 - abs(random.normal(0, 0.5)))
            findings.append(finding(number, ra, dec))
        await store.add(ORIGIN, findings)
        for cone in (
            Cone(0, 0, 0.2),
            Cone(359.9, 0.5, 0.3),
            Cone(0.05, -0.5, 2.0),
            Cone(120, 89.9, 0.4),
            Cone(10, 89, 1.5),
            Cone(200, -90, 30),
            Cone(77, 12, 180),
            Cone(77, 12, 60),
            Cone(findings[0].ra, findings[0].dec, 0.0),
        ):
            query = CandidateQuery(place=cone)
            inside = {
                f"d-1.{one.number}"
                for one in findings
                if separation(one, cone) <= cone.radius + 1e-10
            }
            assert set(await names(store, query)) == inside, cone

    async def test_places_of_an_object_are_joined(self, store: CandidateStore) -> None:
        near, far = 0.9 * JOIN_RADIUS, 3.0 * JOIN_RADIUS
        for ra, dec in ((10.0, 20.0), (0.0, 0.0), (180.0, 89.99999), (5.0, -45.0)):
            name = f"d-{ra}{dec}"
            shift = near / math.cos(math.radians(dec)) if dec < 80 else 0.0
            await store.add(
                Origin(name, ["night"]),
                [finding(1, ra, dec), finding(2, ra, dec - far)],
            )
            again = Origin(f"{name}-b", ["night"])
            await store.add(again, [finding(1, (ra - shift) % 360, dec)])
            first = await self.one(store, f"{name}.1")
            assert (await self.one(store, f"{name}-b.1")).object == first.object
            assert (await self.one(store, f"{name}.2")).object != first.object

    async def test_an_object_is_where_its_significant_members_are(
        self, store: CandidateStore
    ) -> None:
        """Flagged and weak members hardly move the mean position of an object."""
        step = 0.9 * JOIN_RADIUS
        await store.add(Origin("d-1", ["night"]), [finding(1, snr=100.0)])
        weak = replace(finding(1, dec=20.0 + step, snr=500.0), reason="cosmic-ray")
        await store.add(Origin("d-2", ["night"]), [weak])
        below = finding(1, dec=20.0 - step, snr=50.0)
        await store.add(Origin("d-3", ["night"]), [below])
        found = {(await self.one(store, f"d-{n}.1")).object for n in (1, 2, 3)}
        assert len(found) == 1

    async def test_what_is_near_any_member_joins_its_object(
        self, store: CandidateStore
    ) -> None:
        """The mean place of a wide object may be far from each of its members."""
        step = 0.9 * JOIN_RADIUS
        for number in range(5):
            one = finding(1, dec=20.0 + number * step)
            await store.add(Origin(f"d-{number}", ["night"]), [one])
        names = {(await self.one(store, f"d-{n}.1")).object for n in range(5)}
        assert len(names) == 1
        end = finding(1, dec=20.0 + 4.5 * step)
        away = finding(2, dec=20.0 + 6.0 * step)
        await store.add(Origin("d-9", ["night"]), [end, away])
        assert {(await self.one(store, "d-9.1")).object} == names
        assert {(await self.one(store, "d-9.2")).object}.isdisjoint(names)

    async def test_members_are_in_order_of_time(self, store: CandidateStore) -> None:
        for name, mjd in (("d-1", None), ("d-2", 3.0), ("d-3", 1.0)):
            await store.add(Origin(name, ["night"], mjd), [finding(1)])
        one = await self.one(store, "d-1.1")
        members = await store.members(ALL, one.object, "", 10)
        assert [member.id for member in members] == ["d-3.1", "d-2.1", "d-1.1"]
        assert list(await store.members(ALL, "o-none", "", 10)) == []

    async def test_of_many_members_the_latest_are_returned(
        self, store: CandidateStore
    ) -> None:
        for night in range(5):
            origin = Origin(f"d-{night}", ["night"], float(night))
            await store.add(origin, [finding(1)])
        one = await self.one(store, "d-1.1")
        members = await store.members(ALL, one.object, "", 2)
        assert [member.id for member in members] == ["d-3.1", "d-4.1"]

    async def test_votes_and_comments_come_in_pages(
        self, store: CandidateStore
    ) -> None:
        await store.add(ORIGIN, [finding(1)])
        people = [f"person{number}" for number in range(5)]
        for number, person in enumerate(people):
            # The first two vote at one moment.
            await store.vote("d-1.1", person, Choice.REAL, float(max(number, 1)))
            text = Comment(str(number), "d-1.1", person, "x", float(number))
            await store.comment(text)
        for listed in (store.votes, store.comments):
            found: list[str] = []
            cursor: str | None = None
            while cursor is not None or not found:
                page = await listed("d-1.1", 2, cursor)
                assert 0 < len(page.items) <= 2
                found += [one.person for one in page.items]
                cursor = page.next
            assert found == people
            for wrong in ("x", encode_cursor(1, 2, 3)):
                with pytest.raises(InvalidRequest):
                    await listed("d-1.1", 2, wrong)

    async def test_each_person_has_one_vote(self, store: CandidateStore) -> None:
        await store.add(ORIGIN, [finding(1), finding(2, ra=50.0)])
        assert await store.vote("d-1.1", "ada", Choice.BOGUS, 1.0)
        assert await store.vote("d-1.1", "eve", Choice.UNSURE, 2.0)
        assert not await store.vote("d-1.1", "ada", Choice.REAL, 3.0)
        one = await self.one(store, "d-1.1", "ada")
        assert one.votes == Tally(real=1, bogus=0, unsure=1)
        assert one.mine is Choice.REAL
        page = await store.page(ALL, CandidateQuery(), person="eve", limit=9)
        assert {c.id: c.mine for c in page.items} == {
            "d-1.1": Choice.UNSURE,
            "d-1.2": None,
        }
        votes = (await store.votes("d-1.1", 10)).items
        assert [(v.person, v.choice, v.at) for v in votes] == [
            ("eve", Choice.UNSURE, 2.0),
            ("ada", Choice.REAL, 3.0),
        ]
        assert await store.take_back("d-1.1", Claim("ada", 1.0, 2.0))
        assert not await store.take_back("d-1.1", Claim("ada", 1.0, 2.0))
        assert (await self.one(store, "d-1.1")).votes == Tally(unsure=1)

    async def test_unscanned_is_what_nobody_voted_on(
        self, store: CandidateStore
    ) -> None:
        await store.add(ORIGIN, [finding(n, ra=float(n)) for n in (1, 2, 3)])
        await store.vote("d-1.2", "ada", Choice.UNSURE, 1.0)
        for place in (None, Cone(2, 20, 5)):
            query = CandidateQuery(unscanned=True, place=place)
            assert await names(store, query, limit=1) == ["d-1.3", "d-1.1"]
        await store.take_back("d-1.2", Claim("ada", 1.0, 2.0))
        assert len(await names(store, CandidateQuery(unscanned=True))) == 3

    async def test_votes_that_come_together_all_count(
        self, store: CandidateStore
    ) -> None:
        await store.add(ORIGIN, [finding(1)])
        people = [f"person{number}" for number in range(12)]
        await asyncio.gather(
            *(store.vote("d-1.1", person, Choice.REAL, 1.0) for person in people)
        )
        assert (await self.one(store, "d-1.1")).votes == Tally(real=12)

    async def test_comments_are_kept_in_order(self, store: CandidateStore) -> None:
        first = Comment("1", "d-1.1", "ada", "Nucleus? “é”", 1.0)
        second = Comment("2", "d-1.1", "eve", "No.\nOff it.", 2.0)
        for comment in (first, second, Comment("3", "d-1.2", "eve", "x", 3.0)):
            await store.comment(comment)
        assert list((await store.comments("d-1.1", 10)).items) == [first, second]
        assert not await store.remove_comment("d-1.1", "1", "eve")
        assert not await store.remove_comment("d-1.2", "1", "ada")
        assert await store.remove_comment("d-1.1", "1", "ada")
        assert list((await store.comments("d-1.1", 10)).items) == [second]

    async def test_scores_are_kept_with_who_gave_them_and_found_by(
        self, store: CandidateStore
    ) -> None:
        judged = replace(ORIGIN, classifier="r-1")
        given = [
            replace(finding(n, ra=10.0 + n), score=score)
            for n, score in enumerate((0.2, 0.9, 0.6, None), 1)
        ]
        await store.add(judged, given)
        best = CandidateQuery(min_score=0.6)
        assert await names(store, best) == ["d-1.2", "d-1.3"]
        one = await store.candidate(ALL, "d-1.2", "ann")
        assert one is not None
        assert (one.finding.score, one.origin.classifier) == (0.9, "r-1")

    async def test_those_with_votes_are_told_for_learning(
        self, store: CandidateStore
    ) -> None:
        await store.add(ORIGIN, [finding(n, ra=10.0 + n) for n in range(1, 4)])
        await store.add(
            replace(ORIGIN, difference="d-2", surveys=["night", "team"]),
            [finding(1, ra=50.0)],
        )
        for name in ("d-1.3", "d-1.1", "d-2.1"):
            await store.vote(name, "ann", Choice.REAL, 1.0)

        async def told(visible: Sequence[str], survey: str, limit: int) -> list[str]:
            return [one.id for one in await store.voted(visible, survey, limit)]

        assert await told(ALL, "night", 10) == ["d-1.1", "d-1.3", "d-2.1"]
        assert await told(ALL, "night", 2) == ["d-1.1", "d-1.3"]
        assert await told(["night"], "night", 10) == ["d-1.1", "d-1.3"]
        assert await told(ALL, "team", 10) == ["d-2.1"]
        assert await told([], "night", 10) == []


def separation(one: Finding, cone: Cone) -> float:
    """Return the angle between a detection and a cone's centre, in degrees.

    Source: Vincenty 1975 (Survey Review 23, 88).
    """
    shift = math.radians(one.ra - cone.ra)
    first, second = math.radians(one.dec), math.radians(cone.dec)
    across = math.hypot(
        math.cos(second) * math.sin(shift),
        math.cos(first) * math.sin(second)
        - math.sin(first) * math.cos(second) * math.cos(shift),
    )
    along = math.sin(first) * math.sin(second) + math.cos(first) * math.cos(
        second
    ) * math.cos(shift)
    return math.degrees(math.atan2(across, along))
