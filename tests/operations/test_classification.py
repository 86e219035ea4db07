"""Trainings as callers have them: the guard, failures, pairs of images, and votes."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from tests.backends.sql.databases import SECONDS
from tests.support.app import caller
from tests.support.learning import candidate, image, told
from tests.support.migrated import open_migrated

from gatewright.backends.sql.classifiers import SqlClassifiers
from gatewright.core.caller import Caller
from gatewright.core.claims import Claims
from gatewright.core.errors import Conflict, InvalidContent, InvalidRequest, NotFound
from gatewright.core.pages import Page
from gatewright.domains.classification import (
    Classifier,
    ClassifierState,
    Content,
    Example,
    Method,
    Source,
    train,
)
from gatewright.domains.discovery import Candidate, Tally
from gatewright.domains.processing import FrameRef
from gatewright.domains.sky import Image
from gatewright.operations.classification import Classifiers
from gatewright.operations.judging import MOST_JUDGES
from gatewright.operations.learning import (
    Found,
    Learned,
    Material,
)

ADA = caller("ada")


@dataclass
class Survey:
    id: str


@dataclass
class Sky:
    """Two surveys, and the images of one."""

    images: list[Image]

    async def surveys(self, who: Caller) -> list[Survey]:
        return [Survey("night"), *([Survey("team")] if who.user == "ada" else [])]

    async def search(self, who: Caller, query: Any, **page: Any) -> Page[Image]:
        del who
        start = int(page["cursor"] or 0)
        found = self.images if query.surveys == ("night",) else []
        part, left = found[start : start + 200], found[start + 200 :]
        return Page(part, str(start + 200) if left else None)

    async def partners(
        self, who: Caller, images: Sequence[Image], place: Any
    ) -> dict[str, Sequence[Image]]:
        del who, place
        return {one.id: () for one in images}


@dataclass
class FakeTrainer:
    """Finds one thing in each pair, and misses what it is told to."""

    missed: list[float] = field(default_factory=lambda: [0.1])
    active_missed: float = 0.1
    error: Exception | None = None
    broken: Exception | None = None
    trials: list[dict[str, Any]] = field(default_factory=list)
    seen: list[tuple[Material, object]] = field(default_factory=list)
    go: asyncio.Event | None = None

    async def trial(self, science: FrameRef, reference: FrameRef, **how: Any) -> Found:
        self.trials.append({**how, "sides": (science.image, reference.image)})
        if self.go is not None:
            await self.go.wait()
        if self.error is not None:
            raise self.error
        example = told(Source.INJECTED, (10.0, 20.0))
        return Found([example], [{"example": 0, "held_out": False}], 0.01)

    async def learn(self, material: Material, other: object, **how: Any) -> Learned:
        del how
        self.seen.append((material, other))
        if self.broken is not None:
            raise self.broken
        report: dict[str, Any] = {
            "missed": {"value": self.missed[len(self.seen) - 1]},
            "labels": {"injected": 1},
        }
        if other is not None:
            report["active_missed"] = {"value": self.active_missed}
        return Learned(_judge(), report)


def _judge() -> dict[str, object]:
    examples = [
        Example({"likeness": n / 40}, n >= 20, Source.INJECTED) for n in range(40)
    ]
    return train(examples, trees=3).to_json()


@dataclass
class World:
    """The service and what is behind it."""

    classifiers: Classifiers
    trainer: FakeTrainer
    store: SqlClassifiers
    voted: list[Candidate]
    now: list[float]

    async def trained(self, method: Method = Method.INJECTION) -> Classifier:
        made = await self.classifiers.train(ADA, "night", method)
        async with asyncio.timeout(SECONDS):
            while made.state is ClassifierState.TRAINING:
                await asyncio.sleep(0.01)
                made = await self.classifiers.one(ADA, made.id)
        return made


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    database = await open_migrated(tmp_path / "gateway.sqlite")
    trainer, store, now = FakeTrainer(), SqlClassifiers(database), [1000.0]
    voted: list[Candidate] = []

    async def votes(_who: Caller, _survey: str, limit: int) -> Sequence[Candidate]:
        return voted[:limit]

    sky: Any = Sky([image("a", 0.1), image("b", 0.2), image("c", 1.1)])
    classifiers = Classifiers(sky, trainer, store, votes, lambda: now[0])
    yield World(classifiers, trainer, store, voted, now)
    await classifiers.close()
    await database.close()


async def test_a_worse_one_is_refused_and_an_equal_one_is_used(world: World) -> None:
    world.trainer.missed = [0.1, 0.2, 0.1]
    first, worse, equal = [await world.trained() for _ in range(3)]
    assert (first.state, worse.state, equal.state) == (
        ClassifierState.READY,
        ClassifierState.REFUSED,
        ClassifierState.READY,
    )
    assert worse.reason is not None
    assert "20.0 %" in worse.reason
    assert "version 1" in worse.reason
    assert "10.0 %" in worse.reason
    found = (await world.classifiers.page(ADA, "night", limit=9, cursor=None)).items
    assert [one.active for one in found] == [True, False, False]
    # The one in use is measured on the same examples.
    assert world.trainer.seen[0][1] is None
    assert world.trainer.seen[1][1] == _judge()
    back = await world.classifiers.activate(ADA, first.id)
    assert back.active
    assert await world.store.active("night") == first.id


async def test_pairs_are_tried_with_seeds_of_the_version(world: World) -> None:
    made = await world.trained()
    trials = world.trainer.trials
    # Each trial is two differences, one for each way round.
    assert 2 * len(trials) == made.total == made.done
    sides = [one["sides"] for one in trials]
    assert set(sides) == {("b", "a"), ("c", "b")}
    seeds = [one["seed"] for one in trials]
    assert len(set(seeds)) == len(seeds)
    assert sum(one["plain"] for one in trials) == 2
    assert {one["person"] for one in trials} == {"ada"}
    by_pair = {frozenset(one["sides"]): one["epoch"] for one in trials}
    assert sorted(by_pair.values()) == [0, 1]


async def test_scores_are_those_of_the_active_one(world: World) -> None:
    assert await world.classifiers.judges.judge("night", [{"likeness": 1.0}]) is None
    made = await world.trained()
    found = await world.classifiers.judges.judge(
        "night", [{"likeness": 0.99}, {"likeness": 0.01}]
    )
    assert found is not None
    assert found.classifier == made.id
    assert found.scores[0] > 0.5 > found.scores[1]
    again = await world.classifiers.judges.judge("night", [{"likeness": 0.99}])
    assert again is not None
    assert again.scores[0] == found.scores[0]
    assert await world.classifiers.judges.judge("team", [{"likeness": 0.99}]) is None
    assert await world.classifiers.judges.judge("night", []) is None


async def test_classifiers_come_in_pages(world: World) -> None:
    world.trainer.missed = [0.1, 0.1, 0.1]
    for _ in range(3):
        await world.trained()
    versions: list[int] = []
    cursor: str | None = None
    while cursor is not None or not versions:
        page = await world.classifiers.page(ADA, None, limit=2, cursor=cursor)
        assert 0 < len(page.items) <= 2
        versions += [one.version for one in page.items]
        cursor = page.next
    assert versions == [3, 2, 1]
    with pytest.raises(InvalidRequest):
        await world.classifiers.page(ADA, None, limit=2, cursor="x")


async def test_few_classifiers_are_kept_in_memory(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    async def active(survey: str) -> str:
        return f"r-{survey}"

    async def content(classifier: str) -> Content:
        read.append(classifier)
        return Content(json.dumps(_judge()), "{}", "{}")

    monkeypatch.setattr(world.store, "active", active)
    monkeypatch.setattr(world.store, "content", content)
    surveys = [f"s{number}" for number in range(MOST_JUDGES + 1)]
    for survey in [*surveys[:-1], surveys[0], surveys[-1]]:
        assert (
            await world.classifiers.judges.judge(survey, [{"likeness": 0.99}])
            is not None
        )
    assert read == [f"r-{survey}" for survey in surveys]
    # The least recently used one made room for the last.
    for survey in (surveys[0], surveys[-1], surveys[1]):
        await world.classifiers.judges.judge(survey, [{"likeness": 0.99}])
    assert read[len(surveys) :] == [f"r-{surveys[1]}"]


async def test_a_training_without_a_frame_that_works_fails_with_the_reason(
    world: World,
) -> None:
    world.trainer.error = InvalidContent("The image “a” has no star.")
    made = await world.trained()
    assert made.state is ClassifierState.FAILED
    assert made.reason == "The image “a” has no star."
    with pytest.raises(Conflict, match="no star"):
        await world.classifiers.report(ADA, made.id)
    with pytest.raises(Conflict, match="failed"):
        await world.classifiers.activate(ADA, made.id)


async def test_a_failed_training_is_reported_as_a_failure(world: World) -> None:
    world.trainer.broken = ValueError("secret")
    made = await world.trained()
    assert made.state is ClassifierState.FAILED
    assert made.reason == "It could not be trained."


async def test_a_training_whose_gateway_ended_is_over(world: World) -> None:
    world.trainer.go = asyncio.Event()
    made = await world.classifiers.train(ADA, "night", Method.INJECTION)
    with pytest.raises(Conflict, match="in training"):
        await world.classifiers.train(ADA, "night", Method.INJECTION)
    await world.classifiers.close()
    ended = await world.classifiers.one(ADA, made.id)
    assert ended.state is ClassifierState.FAILED
    assert ended.reason is not None
    assert "ended" in ended.reason
    lost = await world.store.begin("night", Method.VOTES, "ada", 1000.0, 1010.0)
    assert (await world.classifiers.one(ADA, lost.id)).state is ClassifierState.TRAINING
    world.now[0] = 1011.0
    assert (await world.classifiers.one(ADA, lost.id)).state is ClassifierState.FAILED


async def test_a_training_that_takes_long_stays_in_training(world: World) -> None:
    """Its claim is renewed while it makes trials, and while it learns."""
    world.classifiers.claims = Claims(lambda: world.now[0], seconds=0.02)
    world.trainer.go = asyncio.Event()
    made = await world.classifiers.train(ADA, "night", Method.INJECTION)
    world.now[0] = 5000.0
    async with asyncio.timeout(SECONDS):
        while made.until < world.now[0]:
            await asyncio.sleep(0.01)
            seen = await world.store.classifier(made.id)
            assert seen is not None
            made = seen
    made = await world.classifiers.one(ADA, made.id)
    assert made.state is ClassifierState.TRAINING


async def test_votes_are_added_to_what_was_injected(world: World) -> None:
    with pytest.raises(Conflict, match="by injection first"):
        await world.classifiers.train(ADA, "night", Method.VOTES)
    await world.trained()
    with pytest.raises(Conflict, match="Nobody has voted"):
        await world.classifiers.train(ADA, "night", Method.VOTES)
    world.voted.append(candidate("d-1.1", Tally(real=2)))
    world.trainer.missed = [0.1, 0.1]
    made = await world.trained(Method.VOTES)
    assert made.method is Method.VOTES
    material, _ = world.trainer.seen[-1]
    before, _ = world.trainer.seen[0]
    assert len(material.examples) == len(before.examples) + 1
    assert material.examples[-1]["source"] == "voted"
    report = json.loads(await world.classifiers.report(ADA, made.id))
    assert report["missed"] == {"value": 0.1}


async def test_votes_are_read_after_the_training_has_begun(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.trained()
    world.voted.append(candidate("d-1.1", Tally(real=2)))
    begin = world.store.begin

    async def vote_meanwhile(*arguments: Any) -> Classifier:
        made = await begin(*arguments)
        world.voted.append(candidate("d-1.2", Tally(bogus=1)))
        return made

    monkeypatch.setattr(world.store, "begin", vote_meanwhile)
    world.trainer.missed = [0.1, 0.1]
    await world.trained(Method.VOTES)
    material, _ = world.trainer.seen[-1]
    voted = [one for one in material.examples if one["source"] == "voted"]
    assert [one["real"] for one in voted] == [True, False]


async def test_examples_that_are_damaged_fail_the_training_that_needs_them(
    world: World,
) -> None:
    only = await world.store.begin("night", Method.INJECTION, "ada", 1000.0, 1010.0)
    ready = replace(only, state=ClassifierState.READY, active=True)
    await world.store.end(ready, Content("{}", "{}", "["))
    world.voted.append(candidate("d-1.1", Tally(real=2)))
    made = await world.trained(Method.VOTES)
    assert made.state is ClassifierState.FAILED
    assert made.reason is not None
    assert "by injection first" in made.reason


@pytest.mark.parametrize("text", ["", "{", "[]", '{"n": 1}', "[" * 100_000])
async def test_a_damaged_one_keeps_no_other_from_being_trained(
    world: World, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    await world.trained()
    damaged = await world.store.begin("night", Method.INJECTION, "ada", 1000.0, 1010.0)
    ready = replace(damaged, state=ClassifierState.READY, active=True)
    await world.store.end(ready, Content(text, "{", text))
    assert await world.classifiers.judges.judge("night", [{"likeness": 0.99}]) is None
    assert f"judge of classifier '{damaged.id}' cannot be read" in caplog.text
    with pytest.raises(NotFound, match="damaged"):
        await world.classifiers.report(ADA, damaged.id)
    world.voted.append(candidate("d-1.1", Tally(real=2)))
    world.trainer.missed = [0.1, 0.1]
    made = await world.trained(Method.VOTES)
    assert (made.state, made.active) == (ClassifierState.READY, True)
    assert f"examples of classifier '{damaged.id}' cannot be read" in caplog.text
    material, other = world.trainer.seen[-1]
    assert len(material.examples) == len(world.trainer.seen[0][0].examples) + 1
    assert other is None


async def test_what_may_not_be_seen_is_not_there(world: World) -> None:
    made = await world.store.begin("team", Method.VOTES, "ada", 1000.0, 1010.0)
    eve = caller("eve")
    assert (await world.classifiers.one(ADA, made.id)).id == made.id
    with pytest.raises(NotFound):
        await world.classifiers.one(eve, made.id)
    assert (await world.classifiers.page(eve, "team", limit=9, cursor=None)).items == []
    assert [
        one.id
        for one in (await world.classifiers.page(ADA, None, limit=9, cursor=None)).items
    ] == [made.id]
    with pytest.raises(NotFound):
        await world.classifiers.train(eve, "team", Method.INJECTION)
    with pytest.raises(Conflict, match="overlap"):
        await world.classifiers.train(ADA, "team", Method.INJECTION)
