"""What a training learns from: pairs of images, what shows twice, and votes."""

from dataclasses import replace

import pytest
from tests.support.learning import candidate, image, told

from gatewright.domains.classification import (
    Source,
    field_parity,
)
from gatewright.domains.discovery import Tally
from gatewright.operations.learning import (
    LEAST_TRIALS,
    MOST_PAIRS,
    Found,
    Material,
    Pair,
    gathered,
    pairs_of,
    trials_of,
    with_votes,
)


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
    every = pairs_of([image(f"{n:03}", float(n)) for n in range(100)])
    many = trials_of(every, None)
    assert len(many) == MOST_PAIRS
    nights = [int(one.science.id) for one in many]
    assert min(nights) < 5
    assert max(nights) > 94
    assert [one.epoch for one in many].count(1) == MOST_PAIRS / 2
    few = trials_of(every[:3], None)
    assert len(few) == LEAST_TRIALS / 2
    assert all(few.count(one) == 4 for one in every[:3])
    assert trials_of(every[:1], None) == 4 * every[:1]


@pytest.mark.parametrize("differences", [4, 9, 24, 200])
def test_about_as_many_differences_are_made_as_are_wanted(differences: int) -> None:
    every = pairs_of([image(f"{n:03}", float(n)) for n in range(41)])
    assert len(every) == 40
    trials = trials_of(every, differences)
    assert differences - 1 <= 2 * len(trials) <= differences + 2 * len(every)
    assert {one.epoch for one in trials} == {0, 1}


def test_pairs_of_one_kind_alone_are_taken_too() -> None:
    every = [
        one
        for one in pairs_of([image(f"{n:03}", float(n)) for n in range(100)])
        if one.epoch == 1
    ]
    assert len(trials_of(every, 8)) == 2 * 2


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
