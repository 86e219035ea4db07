"""Saved filters, and pages of candidates with conditions, in both databases."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.support.app import caller

from gatewright.backends.sql import Database, candidate_pages
from gatewright.backends.sql.candidates import SqlCandidates
from gatewright.backends.sql.filters import SqlFilters
from gatewright.core.access import NOBODY, PUBLIC, USERS, Access
from gatewright.core.caller import Role, visitor
from gatewright.core.errors import InvalidRequest
from gatewright.domains.discovery import (
    CandidateQuery,
    Choice,
    Claim,
    Cone,
    Finding,
    Origin,
    SavedFilter,
    parse_condition,
    principals_of,
    readers,
)
from gatewright.testing.candidate_conditions import (
    FEATURES,
    SEEN,
    filled,
    holds,
    some_condition,
)

BOTH = tuple[Database, Database]
SAVED = SavedFilter("bright", "snr > 8", "Bright.", "ada", USERS, "ada", 5.0)


async def test_a_saved_filter_comes_back_whole(databases: BOTH) -> None:
    store, other = (SqlFilters(one) for one in databases)
    assert await store.filter("bright") is None
    assert await store.save(SAVED, None, 9)
    assert await other.filter("bright") == SAVED
    changed = replace(SAVED, condition="snr > 9", changed_by="eve", changed_at=6.0)
    assert await other.save(changed, SAVED, 9)
    assert await store.filter("bright") == changed
    # Somebody who began with the former one does not undo the change.
    assert await store.save(replace(SAVED, description="x"), SAVED, 9) is False
    assert await store.save(SAVED, None, 9) is False
    assert await store.save(replace(SAVED, name="gone"), SAVED, 9) is False
    assert await store.filter("bright") == changed
    assert await store.remove("bright")
    assert not await store.remove("bright")
    assert await other.filter("bright") is None
    assert (await other.filters(["users", "name:ada"], 9)).items == []


async def test_a_person_makes_a_limited_number_of_filters(databases: BOTH) -> None:
    stores = [SqlFilters(one) for one in databases]
    names = [f"f{number}" for number in range(8)]
    saved = [replace(SAVED, name=name) for name in names]
    done = await asyncio.gather(
        *(stores[n % 2].save(one, None, 3) for n, one in enumerate(saved))
    )
    assert sorted(map(str, done)) == ["None"] * 5 + ["True"] * 3
    assert await stores[0].save(replace(SAVED, name="of-eve", owner="eve"), None, 3)
    assert len((await stores[0].filters(["name:ada"], 9)).items) == 3


async def test_lists_have_what_the_access_rule_admits(databases: BOTH) -> None:
    store = SqlFilters(databases[0])
    rules = [NOBODY, PUBLIC, USERS]
    rules += [Access(names=frozenset(some)) for some in ({"team"}, {"eve", "night"})]
    every = []
    for owner in ("ada", "eve", "team"):
        for number, rule in enumerate(rules):
            name = f"{owner}-{number}"
            one = replace(SAVED, name=name, owner=owner, access=rule)
            assert await store.save(one, None, 99)
            every.append(one)
    people = [
        visitor(),
        caller("ada"),
        caller("eve", Role.GUEST, "team"),
        caller("cy", Role.GUEST, "night", "x"),
        caller("users"),
        caller("public", Role.GUEST),
    ]
    for who in people:
        wanted = [
            one.name
            for one in every
            if one.access.admits(who) or (who.signed_in and one.owner == who.user)
        ]
        if who.user != "team" and "team" in who.groups:
            # A group and an account are named alike in a rule, as everywhere.
            wanted += [one.name for one in every if one.owner == "team"]
        found: list[str] = []
        cursor: str | None = None
        while cursor is not None or not found:
            page = await store.filters(principals_of(who), 2, cursor)
            found += [one.name for one in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert found == sorted(set(wanted)), who
        for one in every:
            admitted = not set(readers(one)).isdisjoint(principals_of(who))
            assert admitted == (one.name in found)
    with pytest.raises(InvalidRequest):
        await store.filters(["users"], 2, "x")


async def ids(
    store: SqlCandidates, query: CandidateQuery, limit: int
) -> tuple[list[str], int]:
    """Return the candidates of all pages, and the number of pages."""
    found: list[str] = []
    cursor: str | None = None
    pages = 0
    while cursor is not None or not pages:
        page = await store.page(SEEN, query, person="", limit=limit, cursor=cursor)
        assert len(page.items) <= limit
        found += [one.id for one in page.items]
        cursor = page.next
        pages += 1
    return found, pages


@pytest.mark.parametrize("examined", [1, 7, 40])
async def test_pages_that_examine_few_find_all(
    databases: BOTH, monkeypatch: pytest.MonkeyPatch, examined: int
) -> None:
    monkeypatch.setattr(candidate_pages, "EXAMINED", examined)
    monkeypatch.setattr(candidate_pages, "_LEAST_EXAMINED", 1)
    store = SqlCandidates(databases[0])
    dice = random.Random(7)  # examples
    await filled(store, dice)
    whole = await store.page(SEEN, CandidateQuery(), person="", limit=1000)
    for _ in range(12):
        condition = some_condition(dice, whole.items)
        wanted = [c.id for c in whole.items if holds(condition, c, whole.items)]
        for limit in (2, 100):
            query = CandidateQuery(conditions=[condition])
            found, pages = await ids(store, query, limit)
            assert found == wanted
            assert pages >= len(whole.items) / (3 * examined)
    monkeypatch.setattr(candidate_pages, "EXAMINED_PLACES", examined)
    monkeypatch.setattr(candidate_pages, "EXAMINED_NEAR", examined)
    monkeypatch.setattr(candidate_pages, "SORTED", -1)
    for ra, centre in ((0.0, 356.8), (3.0, 6.2)):
        # The candidates are at right ascensions 0, 1, 2 and 3.
        wide = CandidateQuery(place=Cone(centre, 20.0, 3.3))
        near = [one.id for one in whole.items if one.finding.ra == ra]
        found, pages = await ids(store, wide, 100)
        assert found == near
        assert pages >= len(whole.items) / (3 * examined)
    scored = CandidateQuery(min_score=0.2)
    bright = parse_condition("strength > 3", FEATURES)
    plain, _ = await ids(store, scored, 100)
    both, _ = await ids(store, replace(scored, conditions=[bright]), 100)
    by_id = {one.id: one for one in whole.items}
    assert both == [name for name in plain if abs(by_id[name].finding.snr) > 3]


async def test_costly_conditions_examine_few_of_a_difference_or_a_place(
    databases: BOTH, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Conditions that look at the history again and again take bounded time, too."""
    monkeypatch.setattr(candidate_pages, "EXAMINED", 20)
    monkeypatch.setattr(candidate_pages, "_LEAST_EXAMINED", 1)
    store = SqlCandidates(databases[0])
    found = [Finding(n, 10.0, 20.0, 1.0, 1.0, n, 1.0, 1.0, {}) for n in range(1, 21)]
    await store.add(Origin("d-1", ["night"]), found)
    once, often = "history.count > 0", " and ".join(["history.count > 0"] * 10)
    here = Cone(10.0, 20.0, 0.1)
    for query in (
        CandidateQuery(),
        CandidateQuery(difference="d-1"),
        CandidateQuery(place=here),
        CandidateQuery(place=here, difference="d-1", unscanned=True),
    ):
        every, _ = await ids(store, query, 100)
        assert len(every) == 20
        features = " and ".join(["features.a == null"] * 20)
        for text, least in ((once, 1), (often, 10), (features, 2)):
            narrowed = replace(query, conditions=[parse_condition(text, FEATURES)])
            narrow, pages = await ids(store, narrowed, 100)
            assert narrow == every
            assert pages >= least


async def test_a_claim_looks_further_from_where_it_ended(
    databases: BOTH, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidate_pages, "EXAMINED", 4)
    monkeypatch.setattr(candidate_pages, "_LEAST_EXAMINED", 1)
    store = SqlCandidates(databases[0])
    strengths = range(30, 10, -1)
    found = [Finding(s, s, 20.0, 1.0, 1.0, s, 1.0, 1.0, {}) for s in strengths]
    await store.add(Origin("d-1", ["night"], band="r"), found)
    query = CandidateQuery(
        unscanned=True, conditions=[parse_condition("snr in (21, 20, 12)", ())]
    )
    claim = Claim("ada", 1.0, 60.0)
    given: list[Sequence[str]] = []
    cursor: str | None = None
    while cursor is not None or not given:
        page = await store.claim(SEEN, query, claim, 2, cursor)
        given.append([one.id for one in page.items])
        cursor = page.next
    assert given == [[], [], ["d-1.21", "d-1.20"]]
    for name in given[-1]:
        await store.vote(name, "ada", Choice.REAL, 2.0)
    given, cursor = [], None
    while cursor is not None or not given:
        page = await store.claim(SEEN, query, claim, 2, cursor)
        given.append([one.id for one in page.items])
        cursor = page.next
    assert [name for some in given for name in some] == ["d-1.12"]


async def test_conditions_over_very_many_sets_of_surveys(databases: BOTH) -> None:
    store = SqlCandidates(databases[0])
    surveys = [f"s{number}" for number in range(120)]
    for number, survey in enumerate(surveys):
        one = Finding(1, 10.0, 20.0, 1.0, 1.0, 10.0 + number, 1.0, 1.0)
        await store.add(Origin(f"d-{number}", [survey]), [one])
    query = CandidateQuery(
        conditions=[parse_condition("history.count == 119 and snr < 60", ())]
    )
    page = await store.page(surveys, query, person="", limit=1000)
    assert [one.id for one in page.items] == [f"d-{n}.1" for n in range(49, -1, -1)]
    assert page.next is None
    few = await store.page(surveys[:50], query, person="", limit=1000)
    assert few.items == []


async def test_a_long_condition_over_many_sets_of_surveys(databases: BOTH) -> None:
    """A database binds a limited number of values in one statement."""
    store = SqlCandidates(databases[0])
    surveys = [f"s{number}" for number in range(60)]
    for number, survey in enumerate(surveys):
        one = Finding(1, 10.0, 20.0, 1.0, 1.0, 10.0 + number, 1.0, 1.0)
        await store.add(Origin(f"d-{number}", [survey]), [one])
    some = " or ".join([f"snr in ({','.join('9' * 60)})"] * 14)
    query = CandidateQuery(conditions=[parse_condition(f"{some} or snr == 12", ())])
    page = await store.page(surveys, query, person="", limit=10)
    assert [one.id for one in page.items] == ["d-2.1"]
    wide = replace(query, place=Cone(10.0, 20.0, 3.0))
    page = await store.page(surveys, wide, person="", limit=10)
    assert [one.id for one in page.items] == ["d-2.1"]
