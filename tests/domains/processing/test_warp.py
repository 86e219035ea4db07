"""Images on other grids: places, light and middles of stars."""

import numpy as np
import pytest
from tests.support.fields import gaussian_stars, tangent

from gatewright.domains.processing.frames import Numbers
from gatewright.domains.processing.sources import middles, stamps
from gatewright.domains.processing.tangent import TangentGrid
from gatewright.domains.processing.warp import (
    Adjustment,
    area_change,
    grown,
    is_identity,
    nearest,
    place,
    placed,
    resample,
)


@pytest.mark.parametrize("kind", ["TAN", "SIP", "TPV"])
def test_positions_are_right_to_a_thousandth_of_a_pixel(kind: str) -> None:
    grid, image = tangent(400, 300, turn=3.0), tangent(380, 310, kind=kind)
    shape = (600, 800)
    found_x, found_y = place(grid, shape, image).at(slice(0, 600), slice(0, 800))
    y, x = np.indices(shape)
    ra, dec = grid.wcs.all_pix2world(x.ravel(), y.ravel(), 0)
    there = image.wcs.all_world2pix(ra, dec, 0)
    assert np.abs(found_x.ravel() - there[0]).max() < 1e-3
    assert np.abs(found_y.ravel() - there[1]).max() < 1e-3


def test_stars_keep_light_and_middle_at_a_hundred_phases() -> None:
    rng = np.random.default_rng(8)
    shape = (41, 41)
    bad = np.zeros(shape, bool)
    rows, columns = np.indices(shape, dtype=float)
    for phase in rng.uniform(-0.5, 0.5, (100, 2)):
        image = gaussian_stars(
            shape, np.array([20.0]), np.array([20.0]), np.array([1e5]), 3.0
        )
        placement = placed(columns + phase[0], rows + phase[1])
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
    placement = placed(columns * 1.3 + 2, rows * 1.3 + 2)
    moved, _, _ = resample(image, np.zeros(image.shape, bool), placement)
    assert abs(moved.sum() / 1e4 - 1) < 2e-3
    assert np.allclose(area_change(placement), 1.69, atol=1e-5)
    assert area_change(placed(np.zeros((1, 5)), np.zeros((1, 5)))).tolist() == [[1] * 5]


def test_pixels_outside_and_near_bad_ones_are_lost() -> None:
    image = np.ones((30, 30), np.float32)
    bad = np.zeros(image.shape, bool)
    bad[15, 15] = True
    rows, columns = np.indices((30, 30), dtype=float)
    x = columns + 10.25
    x[0, 0] = np.nan
    moved, lost, _ = resample(image, bad, placed(x, rows))
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

    x, _ = place(Rough(), (10, 10), Rough()).at(slice(0, 10), slice(0, 10))
    assert np.abs(x - np.arange(10)[None, :]).max() < 1.01


@pytest.mark.parametrize(("ra", "dec"), [(180.0, 10.0), (12.0, 90.0)])
def test_positions_are_right_beside_the_seam_of_a_map(ra: float, dec: float) -> None:
    class Map:
        """A map of the whole sky whose columns begin and end at 180 degrees."""

        def to_sky(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
            return (180.0 - x) % 360.0, y - 90.0

        def to_pixels(self, ra: Numbers, dec: Numbers) -> tuple[Numbers, Numbers]:
            return (180.0 - ra) % 360.0, dec + 90.0

    grid = TangentGrid(ra, dec, 0.7, 40)
    shift = Adjustment(x=(0.5, 0.0, 0.0))
    found_x, found_y = place(grid, (40, 40), Map(), shift).at(*2 * [slice(0, 40)])
    rows, columns = np.indices((40, 40), dtype=float)
    x, y = Map().to_pixels(*grid.to_sky(columns, rows))
    # Close to a pole, longitudes bend within a cell.
    assert np.abs(found_x - x - 0.5).max() < (0.002 if dec < 90 else 0.2)
    assert np.abs(found_y - y).max() < 0.002


def test_a_placement_knows_when_nothing_moves() -> None:
    sky = tangent()
    found = place(sky, (64, 64), sky)
    assert is_identity(found)
    moved = place(sky, (64, 64), sky, Adjustment(x=(0.01, 0.0, 0.0)))
    assert not is_identity(moved)
    assert np.allclose(moved.x - found.x, 0.01)


def test_an_image_is_resampled_the_same_whichever_way_its_pixels_are_read() -> None:
    """Neighbours that stay neighbours are read as rectangles, others one by one."""
    values = np.random.default_rng(3).normal(100, 8, (60, 1100)).astype(np.float32)
    bad = np.zeros(values.shape, np.bool_)
    bad[20, 700] = True
    columns, rows = np.meshgrid(np.arange(1100.0), np.arange(60.0))
    x, y = columns + 0.3 + 1e-4 * columns, rows - 0.2
    straight = resample(values, bad, placed(x, y))
    turned = resample(values, bad, placed(x[:, ::-1], y[:, ::-1]))
    for one, other in zip(straight, turned, strict=True):
        assert np.array_equal(one, other[:, ::-1])


def test_one_pixel_that_moves_is_no_identity() -> None:
    columns, rows = np.meshgrid(np.arange(20.0), np.arange(40.0))
    assert is_identity(placed(columns, rows))
    rows[39, 19] += 1e-3
    assert not is_identity(placed(columns, rows))


def test_pixels_beyond_the_edge_have_the_value_of_the_outside() -> None:
    image = np.arange(12, dtype=np.float32).reshape(3, 4)
    cut = stamps(image, np.array([0.2, 3.0]), np.array([0.0, 2.4]), 1, -1.0)
    assert cut[0].tolist() == [[-1, -1, -1], [-1, 0, 1], [-1, 4, 5]]
    assert cut[1].tolist() == [[6, 7, -1], [10, 11, -1], [-1, -1, -1]]
    x = np.array([[0.4, np.nan, 3.6], [-0.6, 3.0, 2.0]])
    y = np.array([[0.0, 1.0, 1.0], [0.0, 2.0, 2.6]])
    found = nearest(image, placed(x, y), np.float32(-1))
    assert found.tolist() == [[0, -1, -1], [-1, 11, -1]]
    same = np.full((3, 4), 7, np.float32)
    assert nearest(same, placed(x, y), np.float32(7)).tolist() == [[7] * 3] * 2


@pytest.mark.parametrize(
    ("turn", "across", "down"),
    [
        (0.0, 1.0, 1.0), (1.0, 1.0, 1.0), (9.0, 1.0, 1.0), (40.0, 1.0, 1.0),
        (91.0, 1.0, 1.0), (180.0, 1.0, 1.0), (0.5, -1.0, 1.0), (2.0, 1.0, -1.0),
        (0.0, 0.6, 0.6), (3.0, 1.3, 1.1), (0.0, 1.0, 5.0),
    ],
)  # fmt: skip
def test_stars_are_where_they_are_on_every_grid(
    turn: float, across: float, down: float
) -> None:
    """Turned, mirrored and scaled grids have the values of the stars themselves."""
    random = np.random.default_rng(5)
    x, y = random.uniform(0, 400, (2, 60))
    image = gaussian_stars((400, 400), x, y, np.full(60, 1e4), 4.0).astype(np.float32)
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    rows, columns = np.indices((300, 310), dtype=float)
    rows, columns = down * (rows - 150), across * (columns - 155)
    at_x, at_y = 200.3 + cos * columns - sin * rows, 199.6 + sin * columns + cos * rows
    found, lost, change = resample(
        image, np.zeros(image.shape, bool), placed(at_x, at_y)
    )
    true = np.zeros(found.shape)
    width = 4.0 / 2.3548200450309493
    for star_x, star_y in zip(x, y, strict=True):
        square = (at_x - star_x) ** 2 + (at_y - star_y) ** 2
        true += 1e4 * np.exp(-square / (2 * width**2)) / (2 * np.pi * width**2)
    inside = (at_x > 2) & (at_x < 397) & (at_y > 2) & (at_y < 397)
    assert inside.sum() > 5000
    assert not lost[inside].any()
    assert lost[(at_x < -1) | (at_x > 400) | (at_y < -1) | (at_y > 400)].all()
    assert np.allclose(change, abs(across * down), rtol=1e-5)
    apart = np.abs(found / change - true)[inside & ~lost]
    assert apart.max() < 0.01 * true.max()


def test_grids_that_bend_are_followed() -> None:
    """A column that bends within a block is no parabola; a few pixels are no column."""
    rows, columns = np.indices((200, 200), dtype=float)
    image = (rows + 2 * columns).astype(np.float32)
    at_x = columns + 3 * np.sin(rows / 9) + 0.5
    found, lost, change = resample(
        image, np.zeros((200, 200), bool), placed(at_x, rows)
    )
    inner = (slice(20, 180), slice(20, 180))
    assert not lost[inner].any()
    assert np.abs(found / change - rows - 2 * at_x)[inner].max() < 0.1
    few, _, change = resample(
        image, np.zeros((200, 200), bool), placed(at_x[50:52], rows[50:52])
    )
    wanted = (rows + 2 * at_x)[50:52, 20:180]
    assert np.abs((few / change)[:, 20:180] - wanted).max() < 0.1


@pytest.mark.parametrize("shape", [(1, 0), (0, 5)])
def test_no_positions_have_no_values(shape: tuple[int, int]) -> None:
    image = np.ones((20, 30), np.float32)
    nowhere = placed(np.empty(shape), np.empty(shape))
    for part in resample(image, np.zeros((20, 30), np.bool_), nowhere):
        assert part.shape == shape
