"""The forest: what it learns, that it is the same again, and what is not known."""

import json

import numpy as np

from gatewright.domains.classification.forest import Forest, grow


def _problem(seed: int, many: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers of which a circle in two of five is the one class."""
    random = np.random.default_rng(seed)
    table = random.normal(0, 1, (many, 5))
    return table, (table[:, 1] ** 2 + table[:, 3] ** 2 < 1.2).astype(float)


def test_it_learns_what_no_line_can_part() -> None:
    table, truth = _problem(1)
    forest, fair = grow(table, truth, np.ones(len(truth)), seed=3, trees=40)
    other, expected = _problem(2)
    values = forest.values(other)
    assert ((values > 0.5) == (expected > 0)).mean() > 0.9
    assert ((fair > 0.5) == (truth > 0)).mean() > 0.88
    assert values.min() >= 0
    assert values.max() <= 1


def test_the_same_seed_makes_the_same_forest_and_json_keeps_it() -> None:
    table, truth = _problem(1)
    weight = np.ones(len(truth))
    told = [
        json.dumps(grow(table, truth, weight, seed=3, trees=4)[0].to_json())
        for _ in "ab"
    ]
    assert told[0] == told[1]
    forest, _ = grow(table, truth, weight, seed=3, trees=4)
    again = Forest.from_json(json.loads(told[0]))
    assert np.abs(again.values(table) - forest.values(table)).max() < 1e-5
    other, _ = grow(table, truth, weight, seed=4, trees=4)
    assert json.dumps(other.to_json()) != told[0]


def test_what_is_not_known_is_learned_from_too() -> None:
    random = np.random.default_rng(5)
    table = random.normal(0, 1, (400, 3))
    truth = np.zeros(400)
    truth[:200] = 1
    table[:200, 0] = np.nan
    forest, _ = grow(table, truth, np.ones(400), seed=1, trees=20)
    known = random.normal(0, 1, (1, 3))
    unknown = known.copy()
    unknown[0, 0] = np.nan
    assert forest.values(unknown)[0] > 0.8
    assert forest.values(known)[0] < 0.2
    nothing = np.full((1, 3), np.nan)
    assert 0 <= forest.values(nothing)[0] <= 1


def test_features_that_do_not_differ_leave_the_share() -> None:
    truth = np.array([1.0, 0.0] * 30)
    forest, fair = grow(np.ones((60, 2)), truth, np.ones(60), seed=1, trees=3)
    assert abs(forest.values(np.ones((1, 2)))[0] - 0.5) < 0.2
    assert np.isfinite(fair).all()


def test_heavier_examples_count_more() -> None:
    random = np.random.default_rng(6)
    table = random.normal(0, 1, (300, 1))
    truth = random.integers(0, 2, 300).astype(float)
    heavy = np.where(truth > 0, 20.0, 1.0)
    forest, _ = grow(table, truth, heavy, seed=1, trees=10)
    assert forest.values(table).mean() > 0.8
