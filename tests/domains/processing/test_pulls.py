"""Fluxes of injected stars are unbiased, and their errors are true.

The mean pull is under 0.1, and the width of the pulls 0.9 to 1.1: in differences and in
the images themselves, for faint and bright stars, alone and on sources.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain

import numpy as np
import pytest
from tests.support.pulls import Night, Pulls, decam_nights, simulated_night

MEAN = 0.1
WIDTH = (0.9, 1.1)
EVERY = (0.0, 1e9)
BINS = ((0.0, 10.0), (10.0, 20.0), (20.0, 1e9))
"""Signal to noise."""
SETS = (
    ("decam", "difference", True),
    ("decam", "difference", False),
    ("decam", "image", True),
    ("simulated", "difference", True),
    ("simulated", "difference", False),
    ("simulated", "image", True),
    ("simulated", "image", False),
)
"""Of real exposures no two have the same conditions, so that there is no step by which
a new star is told from the light of the source under it."""
GROUPED = [
    pytest.param(*one, marks=pytest.mark.xdist_group(f"pulls of {one[0]}"))
    for one in SETS
]
"""One process runs all tests of the same stars, which take long to make."""


@cache
def pulls(data: str) -> Mapping[str, Pulls]:
    """Return the stars that were injected into real exposures, or simulated nights."""
    made: Iterator[Night]
    if data == "decam":
        made = chain(decam_nights("04", 4, 10), decam_nights("18", 4, 10))
    else:
        made = (simulated_night(field, 1024, 80) for field in range(9))
    found = [(night.in_differences(), night.in_images()) for night in made]
    differences, images = zip(*found, strict=True)
    return {"difference": Pulls.joined(differences), "image": Pulls.joined(images)}


@pytest.mark.parametrize(("data", "where", "alone"), GROUPED)
def test_fluxes_are_unbiased_and_their_errors_are_true(
    data: str, where: str, *, alone: bool
) -> None:
    every = pulls(data)[where].of(*EVERY, alone=alone)
    many = len(every.whole)
    assert many > 200
    assert abs(every.added.mean()) < MEAN
    # The mean of the noise itself is known to its own error.
    assert abs(every.whole.mean()) < MEAN + 1 / np.sqrt(many)
    assert WIDTH[0] < every.whole.std() < WIDTH[1]


@pytest.mark.parametrize("signal", BINS)
@pytest.mark.parametrize(("data", "where", "alone"), GROUPED)
def test_so_they_are_for_faint_stars_and_for_bright_ones(
    data: str,
    where: str,
    signal: tuple[float, float],
    *,
    alone: bool,
) -> None:
    some = pulls(data)[where].of(*signal, alone=alone)
    many = len(some.whole)
    assert many >= 40
    mean, error = some.mean_added()
    assert error < MEAN
    assert abs(mean) < MEAN + error
    # The noise of few stars is known to two of its own errors.
    assert abs(some.whole.mean()) < MEAN + 2 / np.sqrt(many)
    doubt = 2 / np.sqrt(2 * many)
    assert WIDTH[0] - doubt < some.whole.std() < WIDTH[1] + doubt
