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

from gatewright.backends.sql.classifiers import SqlClassifiers
from gatewright.backends.sql.migrations import migrate
from gatewright.backends.sqlite import SQLITE, SqliteDatabase
from gatewright.core.caller import Caller
from gatewright.core.errors import Conflict, InvalidContent, NotFound
from gatewright.core.pages import Page
from gatewright.domains.classification import (
    Classifier,
    ClassifierState,
    Example,
    Method,
    Source,
    field_parity,
    train,
)
from gatewright.domains.discovery import Candidate, Finding, Origin, Tally
from gatewright.domains.processing import FrameRef
from gatewright.domains.sky import Image
from gatewright.operations.classification import Classifiers
from gatewright.operations.learning import (
    LEAST_TRIALS,
    MOST_PAIRS,
    Found,
    Learned,
    Material,
    Pair,
    gathered,
    pairs_of,
    turns_of,
    with_votes,
)

ADA = caller("ada")


def image(
    name: str, night: float, ra: float = 10.0, band: str = "r", fov: float = 0.1
) -> Image:
    return Image(
        id=name,
        survey="night",
        path=f"/{name}",
        identity="1",
        hdu=0,
        polygon=(),
        ra=ra,
        dec=20.0,
        fov=fov,
        width=100,
        height=100,
        scale=0.3,
        file_size=1,
        observation=name,
        t_min=60000.0 + night,
        band=band,
    )


def told(source: Source, place: tuple[float, float], **more: Any) -> dict[str, Any]:
    """Return an example as plain values."""
    usual = {"features": {"likeness": 0.5}, "held_out": False, "aside": False}
    real = source is Source.INJECTED
    return {**usual, "real": real, "source": str(source), "place": place, **more}


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
    database = await SqliteDatabase.open(tmp_path / "gateway.sqlite", seconds=SECONDS)
    await migrate(database, SQLITE)
    trainer, store, now = FakeTrainer(), SqlClassifiers(database), [1000.0]
    voted: list[Candidate] = []

    async def votes(_who: Caller, _survey: str) -> Sequence[Candidate]:
        return voted

    sky: Any = Sky([image("a", 0.1), image("b", 0.2), image("c", 1.1)])
    classifiers = Classifiers(sky, trainer, store, votes, 60.0, lambda: now[0])
    yield World(classifiers, trainer, store, voted, now)
    await classifiers.close()
    await database.close()


def candidate(
    name: str, votes: Tally, place: tuple[float, float] = (10.0, 20.0)
) -> Candidate:
    found = Finding(1, *place, 3.0, 4.0, 9.0, 100.0, 10.0, {"likeness": 0.9})
    return Candidate(name, Origin("d-1", ["night"]), found, "o-1", votes)


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
    found = await world.classifiers.all(ADA, "night")
    assert [one.active for one in found] == [True, False, False]
    # The one in use is measured on the same examples.
    assert world.trainer.seen[0][1] is None
    assert world.trainer.seen[1][1] == _judge()
    back = await world.classifiers.activate(ADA, first.id)
    assert back.active
    assert await world.store.active("night") == first.id


async def test_pairs_are_taken_both_ways_with_seeds_of_the_version(
    world: World,
) -> None:
    made = await world.trained()
    trials = world.trainer.trials
    assert len(trials) == made.total == made.done
    assert made.total % 2 == 0
    sides = [one["sides"] for one in trials]
    assert ("b", "a") in sides
    assert ("a", "b") in sides
    seeds = [one["seed"] for one in trials]
    assert len(set(seeds)) == len(seeds)
    assert sum(one["plain"] for one in trials) == 2 * 2
    assert {one["person"] for one in trials} == {"ada"}
    by_pair = {frozenset(one["sides"]): one["epoch"] for one in trials}
    assert sorted(by_pair.values()) == [0, 1]


async def test_scores_are_those_of_the_active_one(world: World) -> None:
    assert await world.classifiers.judge("night", [{"likeness": 1.0}]) is None
    made = await world.trained()
    found = await world.classifiers.judge(
        "night", [{"likeness": 0.99}, {"likeness": 0.01}]
    )
    assert found is not None
    assert found.classifier == made.id
    assert found.scores[0] > 0.5 > found.scores[1]
    again = await world.classifiers.judge("night", [{"likeness": 0.99}])
    assert again is not None
    assert again.scores[0] == found.scores[0]
    assert await world.classifiers.judge("team", [{"likeness": 0.99}]) is None
    assert await world.classifiers.judge("night", []) is None


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


async def test_a_fault_in_learning_is_told_as_that(world: World) -> None:
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


async def test_what_may_not_be_seen_is_not_there(world: World) -> None:
    made = await world.store.begin("team", Method.VOTES, "ada", 1000.0, 1010.0)
    eve = caller("eve")
    assert (await world.classifiers.one(ADA, made.id)).id == made.id
    with pytest.raises(NotFound):
        await world.classifiers.one(eve, made.id)
    assert await world.classifiers.all(eve, "team") == []
    assert [one.id for one in await world.classifiers.all(ADA, None)] == [made.id]
    with pytest.raises(NotFound):
        await world.classifiers.train(eve, "team", Method.INJECTION)
    with pytest.raises(Conflict, match="overlap"):
        await world.classifiers.train(ADA, "team", Method.INJECTION)


def test_images_go_with_those_before_them_in_their_night_and_band() -> None:
    images = [
        *(image(f"a{n}", 0.01 * n) for n in range(5)),
        image("other-band", 0.005, band="g"),
        image("far", 0.5, ra=11.0),
        image("b0", 1.0),
        image("b1", 1.01),
    ]
    pairs = pairs_of(images)
    names = [(one.science.id, one.reference.id, one.epoch) for one in pairs]
    assert ("a1", "a0", 0) in names
    assert {r for s, r, _ in names if s == "a4"} == {"a3", "a2", "a1"}
    assert [(r, e) for s, r, e in names if s == "b0"] == [("a4", 1)]
    assert [r for s, r, _ in names if s == "b1"] == ["b0"]
    assert not {"far", "other-band"} & {n for s, r, _ in names for n in (s, r)}
    one_night = pairs_of(images[:5])
    assert {one.epoch for one in one_night} == {0, 1}
    held = {one.science.id for one in one_night if one.epoch}
    assert not held & {one.science.id for one in one_night if not one.epoch}


def test_many_pairs_are_taken_evenly_and_few_several_times() -> None:
    many = pairs_of([image(f"{n:03}", float(n)) for n in range(100)])
    assert len(many) == MOST_PAIRS
    nights = [int(one.science.id) for one in many]
    assert nights[0] < 5
    assert nights[-1] > 94
    assert {one.epoch for one in many} == {0, 1}
    assert turns_of(many) == 2
    assert turns_of(many[:3]) * 3 >= LEAST_TRIALS
    assert turns_of(many[:1]) == 8


def test_what_shows_twice_without_a_common_image_may_be_real() -> None:
    a, b, c, d = (image(name, float(n)) for n, name in enumerate("abcd"))
    twice, once, aside = (10.0, 20.0), (10.01, 20.0), (10.02, 20.0)
    parts = [
        (
            Pair(b, a, 0),
            Found(
                [
                    told(Source.FOUND, twice),
                    told(Source.INJECTED, twice),
                    told(Source.FOUND, once),
                    told(Source.FOUND, aside, aside=True),
                ],
                [{"example": 1}, {"example": None}],
                0.02,
            ),
        ),
        (
            Pair(d, c, 1),
            Found(
                [told(Source.FOUND, twice), told(Source.FOUND, aside, aside=True)],
                [],
                0.02,
            ),
        ),
        (Pair(b, c, 0), Found([told(Source.FOUND, once)], [{"example": None}], 0.02)),
    ]
    made = gathered("night", parts)
    places = [one["place"] for one in made.examples if one["source"] == "found"]
    assert places == [once, aside, aside, once]
    assert [one["example"] for one in made.trials] == [0, None, None]
    assert made.examples[0]["source"] == "injected"
    assert "2 detections that may be real" in made.searched["data"]
    assert made.searched["frames"] == 2
    assert made.searched["square_degrees"] == 0.02


def test_votes_move_what_was_taken_as_bogus() -> None:
    place = (10.0, 20.0)
    before = Material(
        [
            told(Source.FOUND, place),
            told(Source.FOUND, (10.1, 20.0)),
            told(Source.INJECTED, place),
        ],
        [{"example": 2}],
        {"data": "d"},
    )
    votes = [
        candidate("1", Tally(real=2, bogus=1), (10.0, 20.0001)),
        candidate("2", Tally(real=1, bogus=1)),
        candidate("3", Tally(unsure=3)),
        candidate("4", Tally(bogus=1), (10.1, 20.0)),
    ]
    made = with_votes(before, votes)
    assert [one["source"] for one in made.examples] == [
        "found",
        "injected",
        "voted",
        "voted",
    ]
    assert [one["real"] for one in made.examples] == [False, True, True, False]
    assert made.trials[0]["example"] == 1
    assert made.searched["data"] == "d; and 2 candidates with votes"
    assert [one["held_out"] for one in made.examples[2:]] == [
        bool(field_parity(10.0, 20.0001)),
        bool(field_parity(10.1, 20.0)),
    ]
    assert replace(made, trials=[]).searched == made.searched


@pytest.mark.parametrize(("many", "kept"), [(20, 40), (19, 76)])
def test_faint_bogus_ones_count_only_where_there_are_few(many: int, kept: int) -> None:
    examples = [
        told(
            Source.FOUND,
            (10.0 + n, 20.0),
            held_out=held,
            features={"snr": significance},
        )
        for held in (True, False)
        for significance in (6.0, 4.0)
        for n in range(many)
    ]
    pair = Pair(image("b", 1.0), image("a", 0.0), 0)
    made = gathered("night", [(pair, Found(examples, [], 0.02))])
    assert len(made.examples) == kept
    assert ("above 3.5" in made.searched["data"]) is (many < 20)
