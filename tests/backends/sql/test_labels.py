"""Classes and tags of candidates, and conditions on them, in both databases."""

import asyncio
import random
from dataclasses import replace

import pytest

from gatewright.backends.sql import Database
from gatewright.backends.sql.candidates import SqlCandidates
from gatewright.backends.sql.labels import SqlLabels
from gatewright.core.errors import InvalidRequest
from gatewright.core.ids import new_id
from gatewright.domains.discovery import (
    CandidateQuery,
    Condition,
    Contains,
    Finding,
    Label,
    LabelKind,
    Origin,
)
from gatewright.testing.candidate_conditions import (
    SEEN,
    filled,
    holds,
    some_condition,
)

BOTH = tuple[Database, Database]
COLUMN = {LabelKind.CLASS: "classes", LabelKind.TAG: "tags"}


def label(candidate: str, kind: str, name: str, person: str = "ada") -> Label:
    return Label(new_id(), candidate, LabelKind(kind), name, person, 5.0)


async def test_a_person_gives_one_class_and_several_tags(databases: BOTH) -> None:
    store, other = (SqlLabels(one) for one in databases)
    first = label("d-1.1", "class", "AGN")
    assert await store.give(first, 3) == first
    again = replace(first, id=new_id(), at=6.0)
    assert await other.give(again, 3) == first
    second = label("d-1.1", "class", "SN Ia")
    assert await other.give(second, 3) == second
    of_eve = label("d-1.1", "class", "AGN", "eve")
    tags = [label("d-1.1", "tag", name) for name in ("SN Ia", "x")]
    for one in (of_eve, *tags):
        assert await store.give(one, 3) == one
    assert await store.give(label("d-1.1", "tag", "y"), 3) is None
    # A class takes the place of the last, however many labels there are.
    third = label("d-1.1", "class", "SN II")
    assert await store.give(third, 3) == third
    elsewhere = label("d-1.2", "tag", "y")
    assert await store.give(elsewhere, 3) == elsewhere
    wanted = [of_eve, *tags, third]
    found: list[Label] = []
    cursor: str | None = None
    while cursor is not None or not found:
        page = await store.labels("d-1.1", 2, cursor)
        found += page.items
        cursor = page.next
        if cursor is None:
            break
    assert found == sorted(wanted, key=lambda one: one.id)
    assert await store.take("d-1.1", of_eve.id, "ada") is None
    assert await store.take("d-1.2", of_eve.id, "eve") is None
    assert await store.take("d-1.1", of_eve.id, "eve") == of_eve
    assert await store.take("d-1.1", of_eve.id, "eve") is None
    for wrong in ("x", "W10"):
        with pytest.raises(InvalidRequest):
            await store.labels("d-1.1", 2, wrong)


async def test_labels_that_come_at_once_stay_within_the_limit(databases: BOTH) -> None:
    stores = [SqlLabels(one) for one in databases]
    some = [label("d-1.1", "tag", f"t{number}") for number in range(8)]
    given = await asyncio.gather(
        *(stores[n % 2].give(one, 3) for n, one in enumerate(some))
    )
    assert sum(one is not None for one in given) == 3
    assert len((await stores[0].labels("d-1.1", 9)).items) == 3


async def test_an_object_has_the_labels_of_what_one_may_see(databases: BOTH) -> None:
    store, candidates = SqlLabels(databases[0]), SqlCandidates(databases[0])
    for name, surveys in (("d-1", ["night"]), ("d-2", ["night", "team"])):
        one = Finding(1, 10.0, 20.0, 1.0, 1.0, 9.0, 1.0, 1.0)
        await candidates.add(Origin(name, surveys), [one])
    found = await candidates.candidate(SEEN, "d-1.1", "")
    assert found is not None
    open_, closed = label("d-1.1", "tag", "x"), label("d-2.1", "class", "AGN")
    for one_label in (open_, closed):
        await store.give(one_label, 9)
    every = await store.labels_of_object(SEEN, found.object, 9)
    assert every.items == [open_, closed]
    first = await store.labels_of_object(SEEN, found.object, 1)
    rest = await store.labels_of_object(SEEN, found.object, 1, first.next)
    assert [*first.items, *rest.items] == [open_, closed]
    assert rest.next is None
    some = await store.labels_of_object(["night"], found.object, 9)
    assert some.items == [open_]
    assert (await store.labels_of_object([], found.object, 9)).items == []
    agn = CandidateQuery(conditions=[Contains("classes", "AGN")])
    for visible, wanted in ((SEEN, ["d-2.1", "d-1.1"]), (["night"], [])):
        page = await candidates.page(visible, agn, person="", limit=9)
        assert [one.id for one in page.items] == wanted


async def test_conditions_on_labels_hold_as_they_are_defined(databases: BOTH) -> None:
    store, candidates = SqlLabels(databases[0]), SqlCandidates(databases[0])
    dice = random.Random(8)
    await filled(candidates, dice)
    whole = await candidates.page(SEEN, CandidateQuery(), person="", limit=1000)
    given: dict[str, set[tuple[str, str]]] = {}
    for one in dice.sample(list(whole.items), 12):
        new = label(one.id, dice.choice(["class", "tag"]), dice.choice(["SN Ia", "x"]))
        await store.give(new, 9)
        given.setdefault(one.id, set()).add((COLUMN[new.kind], new.name))
    conditions: list[Condition] = [
        Contains(column, name) for column in COLUMN.values() for name in ("SN Ia", "x")
    ]
    conditions += [some_condition(dice, whole.items) for _ in range(60)]
    for condition in conditions:
        wanted = [c for c in whole.items if holds(condition, c, whole.items, given)]
        query = CandidateQuery(conditions=[condition])
        page = await candidates.page(SEEN, query, person="", limit=1000)
        assert page.items == wanted
