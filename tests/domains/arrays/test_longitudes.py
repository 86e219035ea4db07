"""Longitudes that are chosen: ranges run eastward, round the globe."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.axes import LONGITUDE, Numbers, values

from gatewright.core.errors import InvalidRequest
from gatewright.domains.arrays import (
    Range,
    select,
)

GRIDS = {
    "0 to 360": np.arange(0.0, 360.0, 2.0),
    "-180 to 180": np.arange(-180.0, 180.0, 2.0),
    "falling": np.arange(358.0, -1.0, -2.0),
    "with a seam": np.concatenate(
        [np.arange(180.0, 360.0, 2.0), np.arange(0, 180.0, 2.0)]
    ),
}


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@given(st.integers(-180, 359), st.integers(0, 361))
def test_longitude_ranges_run_eastward(
    grid: Numbers,
    west: int,
    width: int,
) -> None:
    inside = [west + x for x in range(min(width + 1, 360)) if (west + x) % 2 == 0]
    if not inside:
        with pytest.raises(InvalidRequest):
            select(LONGITUDE, grid, f"{west}:{west + width}")
        return
    selected = select(LONGITUDE, grid, f"{west}:{west + width}")
    found = values(selected, grid)
    order = found if np.diff(grid)[0] > 0 else found[::-1]
    assert order == inside
    assert len(selected.ranges) <= 2


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("west", [-180, -20, 0, 100, 359])
def test_a_whole_turn_is_the_globe_from_its_west_end(grid: Numbers, west: int) -> None:
    found = values(select(LONGITUDE, grid, f"{west}:{west + 360}"), grid)
    eastward = found if np.diff(grid)[0] > 0 else found[::-1]
    first = west + west % 2
    assert eastward == [first + x for x in range(0, 360, 2)]


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize(
    ("text", "expected"), [("-20", 340), ("340", 340), ("700", 340), ("0.7", 0)]
)
def test_one_longitude_is_the_nearest_round_the_globe(
    grid: Numbers,
    text: str,
    expected: float,
) -> None:
    assert values(select(LONGITUDE, grid, text), grid)[0] % 360 == expected


def test_an_east_end_west_of_the_west_end_is_over_the_seam() -> None:
    grid = GRIDS["0 to 360"]
    assert values(select(LONGITUDE, grid, "356:4"), grid) == [356, 358, 360, 362, 364]
    whole = select(LONGITUDE, grid, "0:360")
    assert whole.ranges == (Range(0, 180),)
    float32 = np.arange(0, 360, 0.1, dtype=np.float32).astype(float)
    assert select(LONGITUDE, float32, "359.9:0.1").count == 3


@pytest.mark.parametrize(
    ("first", "text", "expected"),
    [
        (0, "0:360", [0, 90, 180, 270, 360]),
        (0, "0:90", [0, 90]),
        (0, "270:0", [270, 360]),
        (0, "-90:90", [-90, 0, 90]),
        (0, "-180:180", [-180, -90, 0, 90]),
        (0, "-10:10", [0]),
        (-180, "-180:180", [-180, -90, 0, 90, 180]),
        (-180, "-180:-90", [-180, -90]),
        (-180, "90:270", [90, 180, 270]),
        (-180, "0:360", [0, 90, 180, 270]),
        (-180, "170:-170", [180]),
    ],
)
@pytest.mark.parametrize("step", [1, -1])
def test_a_meridian_that_a_file_has_twice_comes_once(
    first: int, text: str, expected: list[float], step: int
) -> None:
    """Many files close the circle: the last longitude is the first, a turn later."""
    grid = first + np.arange(0.0, 361.0, 90.0)[::step]
    assert values(select(LONGITUDE, grid, text), grid)[::step] == expected
    with pytest.raises(InvalidRequest, match="nothing at"):
        select(LONGITUDE, grid, "20:30")


def test_longitudes_of_a_region() -> None:
    grid = np.arange(350.0, 361.0)
    assert values(select(LONGITUDE, grid, "-5:30"), grid) == [-5, -4, -3, -2, -1, 0]
    for text in ("20:30", "20"):
        with pytest.raises(InvalidRequest, match="350 to 360"):
            select(LONGITUDE, grid, text)
    with pytest.raises(InvalidRequest, match="720"):
        select(LONGITUDE, grid, "721")
    with pytest.raises(InvalidRequest, match="not in order"):
        select(LONGITUDE, np.array([1.0, 90, 2, 90, 3]), "0:10")
