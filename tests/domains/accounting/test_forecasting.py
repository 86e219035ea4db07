"""The interval of a forecast holds the truth about as often as it says."""

from collections import Counter

import numpy as np
import pytest
from tests.support.needs import SHARED, missing
from tests.support.usage_series import SIMULATED, hits, recorded

from gatewright.domains.accounting import LONGEST, forecast

HORIZONS = (7, 30, 90)
SEEDS = range(100, 108)
"""Others than 0 to 19, on which the method was chosen."""


def test_the_interval_holds_between_70_and_90_percent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    held, asked = Counter[str](), Counter[str]()
    for name, made in SIMULATED.items():
        for seed in SEEDS:
            series = made(np.random.default_rng(seed), 500)
            for days in HORIZONS:
                held_now, asked_now = hits(series, days, 100)
                for part in (name, f"{days} days", f"{name}, {days} days"):
                    held[part] += held_now
                    asked[part] += asked_now
    coverage = {part: held[part] / asked[part] for part in asked}
    with capsys.disabled():
        print(  # noqa: T201  # figures that are worth knowing
            "coverage of 80 % intervals:",
            ", ".join(f"{name} {share:.2f}" for name, share in coverage.items()),
            f"({sum(asked.values())} forecasts)",
        )
    for name, share in coverage.items():
        # There are some 50 forecasts of one kind at one horizon.
        noise = 2 * (0.16 / asked[name]) ** 0.5 if "," in name else 0.0
        assert 0.7 - noise <= share <= 0.9 + noise, name


def test_the_interval_holds_on_recorded_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = SHARED / "collections" / "slurm" / "hb_jobinfo" / "sacct.txt"
    if not path.exists():
        missing("../shared/collections/slurm")
    series = recorded(path)
    found = {days: hits(series, days, 3) for days in HORIZONS}
    with capsys.disabled():
        print(f"recorded usage, {len(series)} days: {found}")  # noqa: T201  # figures
    # A sample of 100 jobs on 30 days of eleven months; 90 days of it are known thrice.
    for days, (held, asked) in found.items():
        assert 0.7 <= held / asked <= 0.9, days


def test_weekends_are_kept() -> None:
    week = [10.0, 10.0, 10.0, 10.0, 10.0, 0.0, 0.0]
    told = forecast(week * 10, 9)
    assert told is not None
    steps = np.diff([0.0, *told.middle])
    assert steps.tolist() == [10.0, 10.0, 10.0, 10.0, 10.0, 0.0, 0.0, 10.0, 10.0]
    assert list(told.low) == list(told.middle) == list(told.high)


def test_the_same_history_gives_the_same_forecast() -> None:
    history = SIMULATED["jobs"](np.random.default_rng(3), 90).tolist()
    assert forecast(history, 30) == forecast(history, 30)
    told = forecast(history, 30)
    assert told is not None
    for low, middle, high in zip(told.low, told.middle, told.high, strict=True):
        assert 0.0 <= low <= middle <= high
    assert sorted(told.low) == list(told.low)
    assert sorted(told.high) == list(told.high)


def test_too_little_is_known_for_a_forecast() -> None:
    assert forecast([1.0] * 27, 7) is None
    short = forecast([1.0] * 28, 3)
    assert short is not None
    assert list(short.middle) == [1.0, 2.0, 3.0]
    long = forecast([1.0] * 28, 9999)
    assert long is not None
    assert len(long.low) == LONGEST


def test_nothing_was_used_so_far() -> None:
    told = forecast([0.0] * 60, 5)
    assert told is not None
    assert told.high == [0.0] * 5
