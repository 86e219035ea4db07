"""Forecasts how much a project will use, with an interval that is checked on the past.

Weeks of the project's own history are drawn at random and put one after another (a
block bootstrap), so that weekends stay where they are. Half of the uncertainty is in
which past resembles the future: the weeks are drawn from the last 4, 8, 13 and 26 weeks
in turn, and from a resample of these. Projects change their habits more than any such
draw tells, so the interval is widened (or narrowed) until it would have held what was
used after earlier days of the same history as often as it claims to (conformal
calibration, as in Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World).
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
# tell little of how often the interval fails.
_ASSUMED = (0.15, 0.45, 0.75, 1.15, 1.85)
_NARROWEST, _WIDEST = 0.5, 4.0

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
    low, middle, high = np.quantile(np.cumsum(drawn, axis=1), _LEVELS, axis=0)
    # The width is right for a week and for the whole time, and goes over between them.
    checked = sorted({min(_WEEK, days), days})
    widths = [_width(known, one, random) for one in checked]
    width = np.interp(np.arange(1, days + 1), checked, widths)
    low = np.maximum.accumulate(np.maximum(0.0, middle - width * (middle - low)))
    high = np.maximum.accumulate(middle + width * (high - middle))
    return Forecast(low.tolist(), middle.tolist(), high.tolist())


def _drawn(
    history: Series, days: int, random: np.random.Generator, count: int
) -> Series:
    """Return possible futures, of shape (number, days)."""
    weeks = len(history) // _WEEK
    table = history[len(history) - weeks * _WEEK :].reshape(weeks, _WEEK)
    each, length = count // len(_POOLS), -(-days // _WEEK)
    found = []
    for pool in (min(pool, weeks) for pool in _POOLS):
        resampled = random.integers(0, pool, (each, pool))
        order = random.integers(0, pool, (each, length))
        chosen = weeks - pool + np.take_along_axis(resampled, order, axis=1)
        found.append(table[chosen].reshape(each, -1)[:, :days])
    return np.concatenate(found)


def _width(history: Series, days: int, random: np.random.Generator) -> float:
    """Return the factor by which to widen the interval of the sum of some days."""
    errors = list(_ASSUMED)
    for end in range(len(history) - days, LEAST_DAYS - 1, -_WEEK):
        sums = _drawn(history[:end], days, random, _DRAWS_BEFORE).sum(axis=1)
        low, middle, high = np.quantile(sums, _LEVELS)
        error = float(history[end : end + days].sum() - middle)
        half = float(high - middle) if error > 0 else float(middle - low)
        # Nothing is known of the width of a future that was always the same.
        errors.append(abs(error) / half if half > 0 else _WIDEST * (error != 0))
    return float(np.clip(np.quantile(errors, INTERVAL), _NARROWEST, _WIDEST))
