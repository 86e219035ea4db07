"""Curves, bounds and the report, beside other ways to the same numbers."""

import math

import numpy as np
import pytest
from scipy import optimize, stats

from gatewright.core.errors import InvalidContent
from gatewright.domains.classification import (
    Example,
    Judge,
    Searched,
    Source,
    Trial,
    field_parity,
    labels,
    missed,
    report,
    train,
)
from gatewright.domains.classification.curve import Curve, fit_curve, half_bounds
from gatewright.domains.classification.intervals import poisson, share
from gatewright.domains.classification.report import (
    calibration,
    photometry,
    recovery,
    threshold_at,
)

SEARCHED = Searched("made by numbers", 4, 0.02, "25")


@pytest.mark.parametrize(("part", "whole"), [(0, 10), (3, 50), (10, 10), (77, 1000)])
def test_shares_have_wilsons_bounds(part: int, whole: int) -> None:
    expected = stats.binomtest(part, whole).proportion_ci(method="wilson")
    found = share(part, whole)
    assert found.value == part / whole
    assert found.low == pytest.approx(expected.low, abs=1e-9)
    assert found.high == pytest.approx(expected.high, abs=1e-9)


def test_a_share_of_none_is_not_known() -> None:
    assert math.isnan(share(0, 0).value)
    assert (share(0, 0).low, share(0, 0).high) == (0, 1)


@pytest.mark.parametrize("count", [0, 1, 7, 120])
def test_counts_have_exact_bounds(count: int) -> None:
    found = poisson(count)
    low = stats.chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    assert found.low == pytest.approx(low, abs=1e-6)
    assert found.high == pytest.approx(stats.chi2.ppf(0.975, 2 * count + 2) / 2, 1e-6)


def test_a_curve_is_that_of_the_numbers() -> None:
    random = np.random.default_rng(2)
    x = random.uniform(18, 24, 4000)
    chance = 1 / (1 + np.exp(2.0 * (x - 21.5)))
    curve = fit_curve(x, (random.uniform(0, 1, 4000) < chance).astype(float))
    assert curve.half == pytest.approx(21.5, abs=0.1)
    assert curve.slope == pytest.approx(-2.0, rel=0.1)
    assert np.abs(curve.at(x) - chance).max() < 0.05
    parted = fit_curve(x, (x > 20).astype(float))
    assert parted.half == pytest.approx(20, abs=0.1)
    flat = fit_curve(np.ones(10), np.array([1.0, 0.0] * 5))
    assert flat.at(np.ones(1))[0] == pytest.approx(0.5, abs=0.01)
    assert math.isnan(Curve(0.0, 1.0).half)


def _drawn(seed: int, many: int) -> tuple[np.ndarray, np.ndarray]:
    """Return magnitudes, and 1 for those found; half are found at 21.5."""
    random = np.random.default_rng(seed)
    x = random.uniform(19, 23, many)
    chance = 1 / (1 + np.exp(2.0 * (x - 21.5)))
    return x, (random.uniform(0, 1, many) < chance).astype(float)


def test_the_interval_of_the_half_is_that_of_scipys_maximum_likelihood() -> None:
    x, found = _drawn(6, 2000)

    def minus_log_likelihood(fitted: np.ndarray) -> float:
        odds = fitted[0] * (x - 21) + fitted[1]
        return float(np.sum(np.logaddexp(0, odds) - found * odds))

    best = optimize.minimize(minus_log_likelihood, [-1.0, 0.0], method="BFGS").x
    step = 1e-3 * np.eye(2)
    covariance = np.linalg.inv(
        [
            [
                sum(
                    a * b * minus_log_likelihood(best + a * one + b * other)
                    for a in (1, -1)
                    for b in (1, -1)
                )
                / 4e-6
                for other in step
            ]
            for one in step
        ]
    )

    def errors(at: float) -> float:
        terms = np.array([at - 21, 1.0])
        off = abs(terms @ best) / np.sqrt(terms @ covariance @ terms)
        return float(off - stats.norm.ppf(0.975))

    half = 21 - best[1] / best[0]
    expected = optimize.brentq(errors, 20, half), optimize.brentq(errors, half, 23)
    bounds = half_bounds(fit_curve(x, found), x)
    assert bounds == pytest.approx(expected, abs=0.005)


def test_the_interval_of_the_half_covers_the_true_one_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(400):
        x, found = _drawn(seed, 150)
        bounds = half_bounds(fit_curve(x, found), x)
        assert bounds is not None
        covered += bounds[0] <= 21.5 <= bounds[1]
    low, high = stats.binom.ppf([0.001, 0.999], 400, 0.95)
    assert low <= covered <= high


def test_the_half_of_a_flat_curve_has_no_bounds() -> None:
    for x in (np.ones(10), np.tile(np.linspace(18, 20, 5), 2)):
        found = np.array([1.0] * 5 + [0.0] * 5)
        assert half_bounds(fit_curve(x, found), x) is None


def _example(value: float, *, real: bool, held: bool = False) -> Example:
    source = Source.INJECTED if real else Source.FOUND
    features = {"likeness": value, "other": None, "flux": 1e9 * value}
    return Example(features, real, source, held, aside=value < 0)


def _examples() -> list[Example]:
    random = np.random.default_rng(3)
    return [
        _example(random.normal(2.0 if real else -2.0, 1.0), real=real, held=held)
        for real in (True, False)
        for held in (True, False)
        for _ in range(300)
    ]


def _trials(examples: list[Example]) -> list[Trial]:
    random = np.random.default_rng(4)
    real = [n for n, one in enumerate(examples) if one.real and one.held_out]
    trials = [
        Trial(10.0, random.uniform(18, 21), random.normal(), True, True, n)
        for n in real
    ]
    lost = [
        Trial(3.0, random.uniform(20.5, 23), random.normal(), False, True, None)
        for _ in range(100)
    ]
    return [*trials, *lost, Trial(np.nan, 20.0, np.nan, True, True, None)]


def test_a_classifier_separates_classes_and_its_scores_are_probabilities() -> None:
    judge = train(_examples(), trees=30)
    assert "flux" not in judge.features
    likely, unlikely, unknown = judge.scores(
        [{"likeness": 3.0}, {"likeness": -3.0}, {"something": 1.0}]
    )
    assert likely > 0.97
    assert unlikely < 0.03
    assert 0 < unknown < 1
    again = Judge.from_json(judge.to_json())
    assert again.scores([{"likeness": 0.1}]) == pytest.approx(
        judge.scores([{"likeness": 0.1}]), abs=1e-4
    )
    assert (
        train(_examples(), trees=5).to_json() == train(_examples(), trees=5).to_json()
    )
    scores = np.array(judge.scores([one.features for one in _examples()]))
    real = np.array([one.real for one in _examples()], float)
    for row in calibration(scores, real):
        known = row["real"]
        assert isinstance(known, dict)
        if row["examples"]:
            assert known["low"] - 0.1 <= row["score"] <= known["high"] + 0.1


def test_too_few_examples_are_refused_with_what_to_do() -> None:
    few = [one for one in _examples() if one.real]
    with pytest.raises(InvalidContent, match="0 bogus examples"):
        train(few)
    with pytest.raises(InvalidContent, match="0 real examples"):
        train([one for one in _examples() if not one.real])


@pytest.mark.parametrize("wrong", [{}, {"features": 1}, {"slope": "x"}])
def test_a_judge_of_another_form_is_refused(wrong: dict[str, object]) -> None:
    usual = train(_examples(), trees=1).to_json()
    with pytest.raises(InvalidContent, match="damaged or of another version"):
        Judge.from_json({**usual, **wrong} if wrong else {})


def test_the_report_counts_what_was_held_out() -> None:
    examples = _examples()
    judge = train(examples, trees=30)
    told = report(judge, examples, _trials(examples), SEARCHED)
    held = [one for one in examples if one.held_out]
    scores = np.array(judge.scores([one.features for one in held]))
    real = np.array([one.real for one in held])
    threshold = told["threshold"]
    assert isinstance(threshold, float)
    assert (scores[~real] > threshold).mean() <= 0.01
    missing = told["missed"]
    assert isinstance(missing, dict)
    assert missing["value"] == (scores[real] <= threshold).mean()
    assert missing["low"] <= missing["value"] <= missing["high"]
    assert missed(judge, examples)[0].value == missing["value"]
    assert told["labels"] == {
        "injected": 300,
        "found": 300,
        "voted_real": 0,
        "voted_bogus": 0,
    }
    rules = told["rules"]
    assert isinstance(rules, dict)
    low = np.array([one.features["likeness"] < 0 for one in held])  # type: ignore[operator]
    assert rules["missed"]["value"] == low[real].mean()
    assert rules["false_positives"]["value"] == (~low[~real]).mean()
    false = told["false_positives"]
    assert isinstance(false, dict)
    assert false["count"]["value"] == (scores[~real] > threshold).sum()
    assert false["per_frame"]["value"] == false["count"]["value"] / 4
    assert false["per_square_degree"]["high"] == false["count"]["high"] / 0.02
    assert false["found_per_frame"]["value"] == 300 / 4
    beside = told["beside"]
    assert isinstance(beside, list)
    assert [one["missed"] for one in beside] == [0.077, 0.017]


def test_recovery_is_given_by_magnitude() -> None:
    examples = _examples()
    scores = np.where([one.real for one in examples], 0.9, 0.1)
    told = recovery(_trials(examples), scores, 0.5, "25")
    assert told["injected"] == 400
    assert told["on_bad_pixels"] == 1
    half = told["half_magnitude"]
    assert isinstance(half, float)
    assert 20 < half < 22
    bounds = told["half_magnitude_bounds"]
    assert isinstance(bounds, dict)
    assert 20 < bounds["low"] < half < bounds["high"] < 22
    steps = told["by_magnitude"]
    assert isinstance(steps, list)
    assert sum(step["injected"] for step in steps) == 400
    assert steps[0]["found"]["value"] == 1
    assert steps[0]["passed"]["value"] == 1
    assert steps[-1]["found"]["value"] == 0
    none = recovery([], scores, 0.5, "25")
    assert none["half_magnitude"] is None
    assert none["half_magnitude_bounds"] is None
    found = [one for one in _trials(examples) if one.example is not None]
    assert recovery(found, scores, 0.5, "25")["half_magnitude"] is None
    strict = recovery(found, scores, 0.95, "25")["by_magnitude"]
    assert isinstance(strict, list)
    assert {step["passed"]["value"] for step in strict} == {0}


def test_pulls_are_given_apart_from_sources_and_on_them() -> None:
    outlier = Trial(10.0, 20.0, 40.0, True, True, None)
    told = photometry([*_trials(_examples()), outlier])
    alone, beside = told["alone"], told["on_sources"]
    assert isinstance(alone, dict)
    assert isinstance(beside, dict)
    assert (alone["stars"], beside["stars"]) == (301, 100)
    assert (alone["outliers"], beside["outliers"]) == (1, 0)
    assert abs(alone["mean"]) < 4 * alone["mean_error"]
    assert 0.9 < alone["width"] < 1.1
    assert photometry([])["alone"] == {
        "stars": 0,
        "outliers": 0,
        "mean": None,
        "mean_error": None,
        "width": None,
    }


def test_votes_are_counted_by_what_they_say() -> None:
    voted = [Example({}, real, Source.VOTED) for real in (True, True, False)]
    assert labels(voted) == {
        "injected": 0,
        "found": 0,
        "voted_real": 2,
        "voted_bogus": 1,
    }


def test_a_report_without_frames_or_bogus_has_no_shares() -> None:
    examples = _examples()
    judge = train(examples, trees=5)
    only = [one for one in examples if one.real or not one.held_out]
    told = report(judge, only, [], Searched("none", 0, 0.0, "25"))
    false = told["false_positives"]
    assert isinstance(false, dict)
    assert false["per_frame"] is None
    assert told["threshold"] == 0.0
    assert threshold_at(np.empty(0), np.empty(0), 0.01) == 0.0


def test_fields_are_a_chess_board_of_half_an_arc_minute() -> None:
    cell = 0.5 / 60
    for dec in (0.0, 45.0, -66.0):
        row = [field_parity(318.0, dec + (n + 0.5) * cell) for n in range(40)]
        assert 15 <= sum(row) <= 25
        wide = cell / np.cos(np.radians(dec))
        line = [field_parity(318.0 + n * wide, dec + cell / 4) for n in range(40)]
        assert 18 <= sum(line) <= 22
    assert field_parity(370.0, 1.0) == field_parity(10.0, 1.0)
