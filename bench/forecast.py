"""Coverage of the forecasts of usage: how often their 80 % interval held the truth."""

from collections.abc import Sequence

import numpy as np
from tests.support.needs import SHARED
from tests.support.usage_series import SIMULATED, Series, hits, recorded

HORIZONS = (7, 14, 30, 60, 90)
SEEDS = range(100, 112)
"""Others than those on which the method was chosen."""
_RECORDED = SHARED / "collections" / "slurm" / "hb_jobinfo" / "sacct.txt"


def main() -> None:
    """Print the coverage of each kind of usage and each horizon; seeds are fixed."""
    print("usage       " + "".join(f"{days:>6} d" for days in HORIZONS))
    for name, made in SIMULATED.items():
        several = [made(np.random.default_rng(seed), 500) for seed in SEEDS]
        _print(name, several, 35)
    if _RECORDED.exists():
        _print("recorded", [recorded(_RECORDED)], 5)


def _print(name: str, several: Sequence[Series], step: int) -> None:
    cells = []
    for days in HORIZONS:
        counts = [hits(series, days, step) for series in several]
        held, asked = (sum(column) for column in zip(*counts, strict=True))
        cells.append(f"{held / asked:8.2f}")
    print(f"{name:12}" + "".join(cells), flush=True)
