"""Images on other grids: places, light and middles of stars."""

import numpy as np
import pytest
from tests.support.fields import gaussian_stars, tangent

from gatewright.domains.processing.frames import Numbers
from gatewright.domains.processing.sources import middles
from gatewright.domains.processing.warp import (
    Adjustment,
    Placement,
    area_change,
    grown,
    is_identity,
    place,
    resample,
)


@pytest.mark.parametrize("kind", ["TAN", "SIP", "TPV"])
def test_positions_are_right_to_a_thousandth_of_a_pixel(kind: str) -> None:
    grid, image = tangent(400, 300, turn=3.0), tangent(380, 310, kind=kind)
    shape = (600, 800)
    found = place(grid, shape, image)
    y, x = np.indices(shape)
    ra, dec = grid.wcs.all_pix2world(x.ravel(), y.ravel(), 0)
    there = image.wcs.all_world2pix(ra, dec, 0)
    assert np.abs(found.x.ravel() - there[0]).max() < 1e-3
    assert np.abs(found.y.ravel() - there[1]).max() < 1e-3


def test_stars_keep_light_and_middle_at_a_hundred_phases() -> None:
    rng = np.random.default_rng(8)
    shape = (41, 41)
    bad = np.zeros(shape, bool)
    rows, columns = np.indices(shape, dtype=float)
    for phase in rng.uniform(-0.5, 0.5, (100, 2)):
        image = gaussian_stars(
            shape, np.array([20.0]), np.array([20.0]), np.array([1e5]), 3.0
        )
        placement = Placement(columns + phase[0], rows + phase[1])
        moved, lost, _ = resample(image.astype(np.float32), bad, placement)
        assert not lost[8:-8, 8:-8].any()
        assert abs(moved[8:-8, 8:-8].sum() / 1e5 - 1) < 1e-3
        x, y, found = middles(moved, np.array([20.0]), np.array([20.0]), 3.0)
        assert found.all()
        assert abs(x[0] - (20 - phase[0])) < 5e-3
        assert abs(y[0] - (20 - phase[1])) < 5e-3


def test_flux_is_kept_where_pixels_change_their_size() -> None:
    image = gaussian_stars(
        (80, 80), np.array([40.0]), np.array([40.0]), np.array([1e4]), 6.0
    ).astype(np.float32)
    rows, columns = np.indices((60, 60), dtype=float)
    placement = Placement(columns * 1.3 + 2, rows * 1.3 + 2)
    moved, _, _ = resample(image, np.zeros(image.shape, bool), placement)
    assert abs(moved.sum() / 1e4 - 1) < 2e-3
    assert np.allclose(area_change(placement), 1.69, atol=1e-5)
    assert area_change(Placement(np.zeros((1, 5)), np.zeros((1, 5)))).tolist() == [
        [1] * 5
    ]


def test_pixels_outside_and_near_bad_ones_are_lost() -> None:
    image = np.ones((30, 30), np.float32)
    bad = np.zeros(image.shape, bool)
    bad[15, 15] = True
    rows, columns = np.indices((30, 30), dtype=float)
    x = columns + 10.25
    x[0, 0] = np.nan
    moved, lost, _ = resample(image, bad, Placement(x, rows))
    assert lost[:, 20:].all()
    assert lost[15, 4:7].all()
    assert not lost[10, :15].any()
    assert np.isfinite(moved).all()
    assert grown(bad, 2).sum() == 25


def test_a_projection_without_order_is_followed_as_far_as_it_goes() -> None:
    class Rough:
        def to_sky(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
            return x, y

        def to_pixels(self, ra: Numbers, dec: Numbers) -> tuple[Numbers, Numbers]:
            return ra + np.sin(9.7 * ra), dec

    found = place(Rough(), (10, 10), Rough())
    assert np.abs(found.x - np.arange(10)[None, :]).max() < 1.01


def test_a_placement_knows_when_nothing_moves() -> None:
    sky = tangent()
    found = place(sky, (64, 64), sky)
    assert is_identity(found)
    moved = place(sky, (64, 64), sky, Adjustment(x=(0.01, 0.0, 0.0)))
    assert not is_identity(moved)
    assert np.allclose(moved.x - found.x, 0.01)
