"""The areas of an image meet a region exactly where the exact test says so."""

import math

import numpy as np
import pytest

from gatewright.domains.sky import Circle, Polygon, Region
from gatewright.domains.sky.areas import areas_of
from gatewright.domains.sky.geometry import polygon_vectors, stack_polygons

SQUARE = ((10.0, 10.0), (11.0, 10.0), (11.0, 11.0), (10.0, 11.0))
ARROW = ((20.0, -1.0), (22.0, 0.0), (20.0, 1.0), (20.9, 0.0))
CAP = tuple((float(ra), 89.0) for ra in range(0, 360, 45))
OCTANT = ((0.0, 0.0), (90.0, 0.0), (0.0, 90.0))
ROUND = tuple(
    (100 + math.cos(turn), 5 + math.sin(turn))
    for turn in np.linspace(0.0, 2 * math.pi, 300, endpoint=False).tolist()
)
"""More vertices than are kept."""


def near(
    outlines: tuple[tuple[tuple[float, float], ...], ...], seed: int
) -> list[Region]:
    """Return circles in, on and beside polygons, and a triangle at each."""
    random = np.random.default_rng(seed)
    found: list[Region] = []
    for ra, dec in [corner for one in outlines for corner in one[:8]]:
        found.append(Circle(ra % 360, dec, 0.0))
        for apart in (1e-9, 0.3, 3.0):
            here = (ra + random.uniform(-apart, apart)) % 360.0
            there = min(90.0, dec + random.uniform(-apart, apart))
            found.append(Circle(here, there, random.choice([0.0, apart])))
            found.append(
                Polygon(((here, there), (here + 0.1, there), (here, there - 0.1)))
            )
    return found


@pytest.mark.parametrize(
    "outlines",
    [(SQUARE,), (ARROW,), (CAP,), (SQUARE, ARROW), (OCTANT, SQUARE), (ROUND,)],
)
def test_areas_meet_what_the_exact_test_says(
    outlines: tuple[tuple[tuple[float, float], ...], ...],
) -> None:
    exact = stack_polygons(list(map(polygon_vectors, outlines)))
    told = []
    for region in near(outlines, len(outlines)):
        met = areas_of(outlines).meet(region)
        assert met == bool(region.meets(exact).any()), region
        told.append(met)
    assert {True, False} == set(told)


def test_areas_are_made_once_and_large_ones_each_time() -> None:
    assert areas_of((SQUARE,)) is areas_of((SQUARE,))
    assert areas_of((ROUND,)) is not areas_of((ROUND,))
