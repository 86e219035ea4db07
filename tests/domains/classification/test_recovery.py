"""Injection and recovery in small: from frames to a report, all of it by seeds."""

from typing import Any

import pytest
from tests.support.recovery import decam, joined, simulated

from gatewright.domains.classification import Example, Searched, Trial, report, train
from gatewright.domains.classification.judge import LEAST

FIELDS = 6
SIDE = 640


@pytest.fixture(scope="module")
def searched() -> tuple[list[Example], list[Trial]]:
    """Return what six small fields gave, of which two are kept for the test."""
    return joined(
        [simulated(field, 0, SIDE, held_out=field % 3 == 0) for field in range(FIELDS)]
    )


def test_new_stars_are_separated_from_artefacts_in_fields_not_trained_on(
    searched: tuple[list[Example], list[Trial]],
) -> None:
    examples, trials = searched
    told: Any = report(
        train(examples), examples, trials, Searched("simulated", 2, 0.006, "25")
    )
    assert told["labels"]["injected"] > 2 * LEAST
    assert told["held_out"]["found"] > 30
    # No worse than Brink et al. 2013, at 1 % false positives.
    assert told["missed"]["value"] <= 0.077
    assert told["missed"]["low"] <= told["missed"]["value"] < told["missed"]["high"]
    false = told["false_positives"]["count"]
    assert false["value"] <= 0.01 * told["held_out"]["found"]
    assert false["low"] <= false["value"] < false["high"]
    recovered = told["recovery"]
    assert recovered["injected"] > 35
    # The threshold of detection is at five sigma.
    assert 4.3 < recovered["half_signal_to_noise"] < 5.7
    assert 18.0 < recovered["half_magnitude"] < 19.0
    bright = [s for s in recovered["by_magnitude"] if s["to"] <= 16.5]
    assert sum(s["found"]["value"] * s["injected"] for s in bright) >= 0.9 * sum(
        s["injected"] for s in bright
    )


def test_fluxes_of_stars_that_stand_alone_are_true(
    searched: tuple[list[Example], list[Trial]],
) -> None:
    _, trials = searched
    every = [
        Trial(one.expected, one.magnitude, one.pull, one.alone, True, None)
        for one in trials
    ]
    examples = searched[0]
    told: Any = report(train(examples), examples, every, Searched("", 6, 0.02, "25"))
    pulls = told["photometry"]["alone"]
    assert pulls["stars"] > 60
    # Some seventy stars: tests/domains/processing/test_pulls.py has more, and a bound.
    assert abs(pulls["mean"]) < 3 * pulls["mean_error"]
    assert 0.8 < pulls["width"] < 1.2


def test_real_frames_give_examples_of_both_kinds() -> None:
    examples, trials = joined(list(decam(1)))
    for held in (True, False):
        some = [one for one in examples if one.held_out is held]
        assert sum(one.real for one in some) > 60
        # As many as a classifier needs to be tested with.
        assert sum(not one.real for one in some) >= 10
    told: Any = report(
        train(examples), examples, trials, Searched("DECam", 8, 0.003, "0")
    )
    assert told["recovery"]["injected"] > 80
    assert told["missed"]["value"] < 0.5
