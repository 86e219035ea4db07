"""Stored candidates are scored by the version in use, whatever happens meanwhile."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.migrated import open_migrated

from gatewright.backends.sql.candidates import SqlCandidates
from gatewright.backends.sql.classifiers import SqlClassifiers
from gatewright.backends.sql.events import SqlEventLog
from gatewright.backends.sql.scores import SqlScores
from gatewright.core.events import EventHub
from gatewright.domains.classification import (
    Classifier,
    ClassifierState,
    Content,
    Example,
    Method,
    Source,
    train,
)
from gatewright.domains.discovery import CHANNEL, CandidateQuery, Finding, Origin
from gatewright.operations.judging import Judges
from gatewright.operations.rescoring import Rescoring

MANY = 23


@dataclass
class World:
    """The task, and what is behind it."""

    rescoring: Rescoring
    classifiers: SqlClassifiers
    candidates: SqlCandidates
    events: EventHub
    scores: Any
    judges: Judges

    async def version(self, *, upward: bool, judge: str | None = None) -> Classifier:
        """Bring a version into use for which large features are real, or small."""
        made = await self.classifiers.begin("night", Method.INJECTION, "ada", 1.0, 9.0)
        examples = [
            Example({"a": n / 40}, (n >= 20) is upward, Source.INJECTED)
            for n in range(40)
        ]
        told = judge or json.dumps(train(examples, trees=3).to_json())
        ready = replace(made, state=ClassifierState.READY, active=True)
        await self.classifiers.end(ready, Content(told, "{}", "{}"))
        return ready

    async def scored(self) -> dict[str, tuple[str | None, float | None]]:
        """Return the version and the score of each candidate."""
        page = await self.candidates.page(
            ["night"], CandidateQuery(), person="", limit=100
        )
        return {
            one.id: (one.origin.classifier, one.finding.score) for one in page.items
        }


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    database = await open_migrated(tmp_path / "gateway.sqlite")
    store, events = SqlClassifiers(database), EventHub(SqlEventLog(database))
    judges = Judges(store)
    candidates, scores = SqlCandidates(database), SqlScores(database)
    found = [
        Finding(n, 10.0 + n, 20.0, 1.0, 1.0, 9.0, 1.0, 0.1, {"a": n / MANY})
        for n in range(1, MANY + 1)
    ]
    await candidates.add(Origin("d-1", ["night"]), found)
    rescoring = Rescoring(store, judges, scores, events, batch=5)
    yield World(rescoring, store, candidates, events, scores, judges)
    await database.close()


async def test_a_new_version_and_the_way_back_score_all_candidates(
    world: World,
) -> None:
    assert set((await world.scored()).values()) == {(None, None)}
    first = await world.version(upward=True)
    assert await world.rescoring.look() > 0
    up = await world.scored()
    assert {version for version, _ in up.values()} == {first.id}
    second = await world.version(upward=False)
    await world.rescoring.look()
    down = await world.scored()
    assert {version for version, _ in down.values()} == {second.id}
    assert (up[f"d-1.{MANY}"][1] or 0) > 0.5 > (down[f"d-1.{MANY}"][1] or 0)
    await world.classifiers.activate(first)
    await world.rescoring.look()
    assert await world.scored() == up
    told = [one async for one in _events(world)]
    assert [one.subject for one in told] == [
        f"classifiers/{one.id}" for one in (first, second, first)
    ]
    assert {one.kind for one in told} == {"candidates.rescored"}
    assert told[0].data["surveys"] == ["night"]
    # There is nothing to do any more, and nothing is said.
    await world.rescoring.look()
    assert len([one async for one in _events(world)]) == 3


async def _events(world: World) -> AsyncIterator[Any]:
    async for event in world.events.follow(owner=CHANNEL, after=0):
        if event is None:
            return
        yield event


async def test_another_process_goes_on_where_one_was_ended(world: World) -> None:
    one = await world.version(upward=True)
    given = world.scores.give
    batches = 0

    async def killed(*told: Any) -> Any:
        nonlocal batches
        batches += 1
        if batches == 3:
            raise KeyboardInterrupt
        return await given(*told)

    world.scores.give = killed
    with pytest.raises(KeyboardInterrupt):
        await world.rescoring.look()
    (now,) = await world.classifiers.rescoring()
    assert (now.rescored, now.to_rescore) == (10, MANY)
    assert len([v for v, _ in (await world.scored()).values() if v == one.id]) == 10
    world.scores.give = given
    again = Rescoring(
        world.classifiers, world.judges, world.scores, world.events, batch=5
    )
    await again.look()
    assert {version for version, _ in (await world.scored()).values()} == {one.id}
    assert await world.classifiers.rescoring() == []


async def test_a_version_that_comes_into_use_meanwhile_takes_over(
    world: World,
) -> None:
    await world.version(upward=True)
    given, more = world.scores.give, list[Classifier]()

    async def overtaken(*told: Any) -> Any:
        if not more:
            more.append(await world.version(upward=False))
        return await given(*told)

    world.scores.give = overtaken
    await world.rescoring.look()
    assert set((await world.scored()).values()) == {(None, None)}
    await world.rescoring.look()
    assert {version for version, _ in (await world.scored()).values()} == {more[0].id}


async def test_a_damaged_version_leaves_the_scores_and_says_that_it_is_not_done(
    world: World,
) -> None:
    first = await world.version(upward=True)
    pause = await world.rescoring.look()
    await world.version(upward=True, judge="{")
    assert await world.rescoring.look() > pause
    assert {version for version, _ in (await world.scored()).values()} == {first.id}
    (left,) = await world.classifiers.rescoring()
    assert (left.rescored, left.to_rescore) == (0, MANY)


async def test_a_candidate_without_readable_features_has_no_score(
    world: World,
) -> None:
    one = await world.version(upward=True)
    some = world.scores.some

    async def damaged(*told: Any) -> Any:
        return [
            replace(found, features=None) if found.id == "d-1.1" else found
            for found in await some(*told)
        ]

    world.scores.some = damaged
    await world.rescoring.look()
    assert (await world.scored())["d-1.1"] == (one.id, None)
    assert await world.classifiers.rescoring() == []
