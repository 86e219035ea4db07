"""Fluxes of injected stars are unbiased, and their errors are true.

The mean pull is under 0.1, and the width of the pulls 0.9 to 1.1.
"""

import numpy as np
import pytest
from tests.support.pulls import Pulls, decam_pulls, simulated_pulls

MEAN = 0.1
WIDTH = (0.9, 1.1)
EVERY = 1e9


@pytest.fixture(scope="module", params=["decam", "simulated"])
def pulls(request: pytest.FixtureRequest) -> Pulls:
    """Return the stars injected into real exposures, or into simulated nights."""
    if request.param == "decam":
        groups = ("04", "18")
        return Pulls.joined([p for g in groups for p in decam_pulls(g, 4, 10)])
    return Pulls.joined([simulated_pulls(field, 640, 50) for field in range(8)])


def test_fluxes_are_unbiased_and_their_errors_are_true(pulls: Pulls) -> None:
    every = pulls.of(0.0, EVERY)
    assert len(every.whole) > 200
    assert abs(every.whole.mean()) < MEAN
    assert WIDTH[0] < every.whole.std() < WIDTH[1]


@pytest.mark.parametrize("signal", [(0.0, 10.0), (10.0, 20.0), (20.0, EVERY)])
def test_the_injection_adds_the_flux_of_the_star_whether_faint_or_bright(
    pulls: Pulls, signal: tuple[float, float]
) -> None:
    some = pulls.of(*signal)
    error = some.added.std() / np.sqrt(len(some.added))
    # The mean is known to within the bound.
    assert len(some.added) > 60
    assert error < MEAN
    assert abs(some.added.mean()) < MEAN
