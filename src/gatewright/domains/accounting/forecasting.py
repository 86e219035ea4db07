"""Forecasts how much a project will use, with an interval that is checked on the past.

Weeks of the project's own history are drawn at random and put one after another (a
block bootstrap), so that weekends stay where they are. Half of the uncertainty is in
which past resembles the future: the weeks are drawn from the last 4, 8, 13 and 26 weeks
in turn, and from a resample of these. A sixth of the draws are weeks that followed one
another at some time of the whole history (Politis and Romano's circular blocks): these
know busy and quiet times that last for months, and work that comes twice a year.

Projects change their habits more than any such draw tells, so the interval is widened
(or narrowed) until it would have held what was used after earlier days of the same
history as often as it claims to (conformal calibration, as in Vovk, Gammerman and
Shafer, Algorithmic Learning in a Random World). Only errors of forecasts as long as
this one are looked at, and the errors of forecasts that overlap count together as
one: ten forecasts of 90 days, each a week after the other, tell little more than two.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

INTERVAL = 0.8
"""Probability that the usage lies between ``low`` and ``high``."""
LEAST_DAYS = 28
"""Days of history without which there is no forecast."""
MOST_DAYS = 400
"""Days of history that count."""
LONGEST = 366
"""Longest forecast, days."""

_WEEK = 7
_POOLS = (4, 8, 13, 26)
_DRAWS = 800
_DRAWS_BEFORE = 200
_LEVELS = ((1 - INTERVAL) / 2, 0.5, (1 + INTERVAL) / 2)
# Errors, in half intervals, that are assumed beside those of the history: few weeks
# tell little of how often the interval fails. They and the other numbers here were
# chosen on simulated usage with other seeds than those of the test.
_ASSUMED = (0.17, 0.5, 0.83, 1.27, 2.04)
_NARROWEST, _WIDEST = 0.3, 6.0
_LASTING, _LONG = 0.4, 90
_ALWAYS_THE_SAME = 4.0
"""Error in half intervals where the interval has no width."""

Series = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Forecast:
    """Cumulative usage at the end of each coming day, in the unit of the history."""

    low: Sequence[float]
    """Lower end of the interval of 80 %."""
    middle: Sequence[float]
    """Median."""
    high: Sequence[float]
    """Upper end of the interval of 80 %."""


def forecast(history: Sequence[float], days: int, seed: int = 0) -> Forecast | None:
    """Return the usage of the next days; None with less than 28 days of history.

    Parameters
    ----------
    history
        Usage of each day, the last one being the day before the forecast begins.
    days
        Number of days to forecast, at most :data:`LONGEST`.
    seed
        Seed of the draws: the same history gives the same forecast.
    """
    known = np.asarray(history[-MOST_DAYS:], dtype=np.float64)
    if len(known) < LEAST_DAYS:
        return None
    days = min(days, LONGEST)
    random = np.random.default_rng(seed)
    drawn = _drawn(known, days, random, _DRAWS)
    low, middle, high = _levels(np.cumsum(drawn, axis=1))
    # The width is right for a week and for the whole time, and goes over between them.
    checked = sorted({min(_WEEK, days), days})
    widths = [_width(known, one, random) for one in checked]
    width = np.interp(np.arange(1, days + 1), checked, widths)
    # Both ends rise with time. What later days allow for a low end holds before, too.
    low = np.maximum(0.0, middle - width * (middle - low))
    low = np.minimum.accumulate(low[::-1])[::-1]
    high = np.maximum.accumulate(middle + width * (high - middle))
    return Forecast(low.tolist(), middle.tolist(), high.tolist())


def _levels(sums: Series) -> tuple[Series, Series, Series]:
    """Return the ends and the middle of the interval of some sums, without widening.

    Each is one of the sums: half of a job that is as large as a month is no usage.
    """
    low, middle, high = np.quantile(sums, _LEVELS, axis=0, method="inverted_cdf")
    return low, middle, high


def _drawn(
    history: Series, days: int, random: np.random.Generator, count: int
) -> Series:
    """Return possible futures, of shape (number, days)."""
    weeks = len(history) // _WEEK
    table = history[len(history) - weeks * _WEEK :].reshape(weeks, _WEEK)
    each, length = count // (len(_POOLS) + 1), -(-days // _WEEK)
    in_turn = each * 3 // 4
    begin = random.integers(0, weeks, (in_turn, 1))
    chosen = (begin + np.arange(length)) % weeks
    found = [table[chosen].reshape(in_turn, -1)[:, :days]]
    for pool in (min(pool, weeks) for pool in _POOLS):
        resampled = random.integers(0, pool, (each, pool))
        order = random.integers(0, pool, (each, length))
        chosen = weeks - pool + np.take_along_axis(resampled, order, axis=1)
        found.append(table[chosen].reshape(each, -1)[:, :days])
    return np.concatenate(found)


def _width(history: Series, days: int, random: np.random.Generator) -> float:
    """Return the factor by which to widen the interval of the sum of some days."""
    # Levels last where the mean of some weeks varies more than that of unrelated ones
    # (a variance ratio). There, the longer the forecast, the more may change.
    weeks = len(history) // _WEEK
    weekly = history[len(history) - weeks * _WEEK :].reshape(weeks, _WEEK).sum(axis=1)
    some = min(8, max(2, weeks // 4))
    means = np.convolve(weekly, np.full(some, 1 / some), "valid")
    ratio = means.var() * some / weekly.var() if np.ptp(weekly) > 0 else 1.0
    more = 1 + _LASTING * np.clip(ratio - 1, 0, 3) * days / _LONG
    errors = [error * more for error in _ASSUMED]
    weights = [1.0] * len(_ASSUMED)
    for end in range(len(history) - days, LEAST_DAYS - 1, -_WEEK):
        sums = _drawn(history[:end], days, random, _DRAWS_BEFORE).sum(axis=1)
        low, middle, high = _levels(sums)
        error = float(history[end : end + days].sum() - middle)
        half = float(high - middle) if error > 0 else float(middle - low)
        # Nothing is known of the width of a future that was always the same.
        errors.append(abs(error) / half if half > 0 else _ALWAYS_THE_SAME * bool(error))
        weights.append(min(1.0, _WEEK / days))
    width = np.quantile(errors, INTERVAL, weights=weights, method="inverted_cdf")
    return float(np.clip(width, _NARROWEST, _WIDEST))
