"""Daily usage for tests of forecasts: simulated in several ways, and recorded."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gatewright.backends.slurm import values
from gatewright.domains.accounting import forecast

Series = NDArray[np.float64]


def steady(random: np.random.Generator, days: int) -> Series:
    """Return usage with weekends, of which days do not know one another."""
    weekday = np.array([1.2, 1.2, 1.1, 1.1, 1.0, 0.5, 0.4])
    found: Series = random.gamma(3, 1000, days) * weekday[np.arange(days) % 7]
    return found


def campaigns(random: np.random.Generator, days: int) -> Series:
    """Return usage of a project that works for weeks and rests for weeks."""
    busy, found = False, []
    for _ in range(days):
        if random.random() < (0.12 if busy else 0.08):
            busy = not busy
        little = random.gamma(1, 200) if random.random() < 0.3 else 0.0
        found.append(random.gamma(2, 2000) if busy else little)
    return np.array(found)


def drifting(random: np.random.Generator, days: int) -> Series:
    """Return usage whose level goes up and down without coming back."""
    level = np.exp(np.cumsum(random.normal(0, 0.04, days)))
    found: Series = level * 1000 * random.gamma(2, 0.5, days)
    return found


def stepping(random: np.random.Generator, days: int) -> Series:
    """Return usage whose level changes at once, every few months."""
    level, found = 1.0, []
    for day in range(days):
        if random.random() < 1 / 90:
            level = float(np.exp(random.normal(0, 0.7)))
        weekend = 0.5 if day % 7 > 4 else 1.0
        found.append(level * 1000 * random.gamma(3, 1 / 3) * weekend)
    return np.array(found)


def jobs(random: np.random.Generator, days: int) -> Series:
    """Return usage of jobs of very different sizes, some of which take days."""
    found = np.zeros(days)
    for day in range(days):
        for _ in range(random.poisson(3 if day % 7 < 5 else 1)):
            cores, length = 2 ** random.integers(0, 7), random.lognormal(-1, 1.2)
            for later in range(day, min(days, day + 9)):
                found[later] += cores * min(max(length - (later - day), 0), 1) * 86_400
    return found


def rare(random: np.random.Generator, days: int) -> Series:
    """Return usage that is zero for weeks, and now and then very large."""
    found, busy = np.zeros(days), False
    for day in range(days):
        if random.random() < (1 / 20 if busy else 1 / 60):
            busy = not busy
        if random.random() < (0.5 if busy else 0.02):
            found[day] = random.lognormal(6, 2.2)
    return found


SIMULATED: Mapping[str, Callable[[np.random.Generator, int], Series]] = {
    made.__name__: made for made in (steady, campaigns, drifting, stepping, jobs, rare)
}


def recorded(path: Path) -> Series:
    """Return the CPU seconds of each day in a recording of ``sacct`` (hb_jobinfo)."""
    found: dict[int, float] = {}
    for line in path.read_text().splitlines():
        cells = line.split("\N{SNOWMAN}")
        times = [cell for cell in cells if re.match(r"\d{4}-\d\d-\d\dT", cell)]
        if "." in cells[0] or len(times) < 2:
            continue
        day = date.fromisoformat(times[-1][:10]).toordinal()
        cores = int(cells[6]) if cells[6].isdigit() else 0
        seconds = values.seconds(cells[13]) or 0.0
        found[day] = found.get(day, 0.0) + cores * seconds
    first, last = min(found), max(found)
    return np.array([found.get(day, 0.0) for day in range(first, last + 1)])


def hits(series: Series, days: int, step: int) -> tuple[int, int]:
    """Return how often the interval held the sum of some days, and how often asked."""
    held = asked = 0
    for end in range(120, len(series) - days + 1, step):
        told = forecast(series[:end].tolist(), days)
        assert told is not None
        used = series[end : end + days].sum()
        held += int(told.low[-1] <= used <= told.high[-1])
        asked += 1
    return held, asked
