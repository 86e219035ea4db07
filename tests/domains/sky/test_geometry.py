"""Footprints against regions, checked by sampling points in great number."""

import math
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewright.domains.sky import Circle, Polygon, Range
from gatewright.domains.sky.geometry import (
    Flags,
    Vectors,
    angle,
    contains,
    cross,
    point,
    polygon_vectors,
    stack_polygons,
    unit_vectors,
)


@pytest.fixture
def random(request: pytest.FixtureRequest) -> np.random.Generator:
    """Return numbers that are a test's own, whatever ran before it."""
    return np.random.default_rng([20260131, zlib.crc32(request.node.name.encode())])


@pytest.mark.parametrize(
    ("left", "right"),
    [((3,), (3,)), ((5, 3), (3,)), ((1, 3), (7, 3)), ((2, 1, 3), (2, 6, 3))],
)
def test_cross_products_as_numpy_has_them(
    random: np.random.Generator, left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    a, b = random.normal(size=left), random.normal(size=right)
    assert np.array_equal(cross(a, b), np.cross(a, b))


def square(ra: float, dec: float, side: float, turn: float) -> Vectors:
    """Return a square on the sky, each side parted in two, as vectors."""
    centre = point(ra, dec)
    east = np.array([-math.sin(math.radians(ra)), math.cos(math.radians(ra)), 0.0])
    north = np.cross(centre, east)
    half = math.tan(math.radians(side / 2))
    spots = [(-1, -1), (0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0)]
    cosine, sine = math.cos(turn), math.sin(turn)
    corners = [
        centre
        + half * (x * cosine - y * sine) * east
        + half * (x * sine + y * cosine) * north
        for x, y in spots
    ]
    vectors = np.array(corners)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def degrees(vectors: Vectors) -> tuple[tuple[float, float], ...]:
    ra = np.degrees(np.arctan2(vectors[:, 1], vectors[:, 0])) % 360.0
    dec = np.degrees(np.arcsin(np.clip(vectors[:, 2], -1, 1)))
    return tuple(zip(ra.tolist(), dec.tolist(), strict=True))


def in_square(points: Vectors, corners: Vectors) -> Flags:
    """Return which points lie in a convex polygon: on the inner side of every edge."""
    normals = np.cross(corners, np.roll(corners, -1, 0))
    middle = corners.mean(axis=0)
    signs = np.sign(normals @ middle)
    inside: Flags = np.all((points @ normals.T) * signs >= 0, axis=1)
    return inside


def fill_square(corners: Vectors, count: int) -> Vectors:
    shares = np.linspace(0, 1, count)
    a, b, c, d = corners[0], corners[2], corners[4], corners[6]
    points = [
        (1 - s) * ((1 - t) * a + t * b) + s * ((1 - t) * d + t * c)
        for s in shares
        for t in shares
    ]
    filled = np.array(points)
    return np.asarray(filled / np.linalg.norm(filled, axis=1, keepdims=True))


PLACES = [(10.0, 20.0), (0.01, -30.0), (359.99, 89.8), (123.0, -89.95), (200.0, 0.0)]


@pytest.mark.parametrize(("ra", "dec"), PLACES)
def test_circle_against_points_of_the_square(
    ra: float, dec: float, random: np.random.Generator
) -> None:
    for _ in range(15):
        turn, side = random.uniform(0, 6.3), random.uniform(0.05, 1.0)
        corners = square(ra, dec, side, turn)
        polygon = polygon_vectors(degrees(corners))[None]
        away = random.uniform(0, 1.4 * side)
        where = degrees(
            np.array([square(ra, dec, 2 * away + 1e-3, random.uniform(0, 6.3))[0]])
        )[0]
        radius = random.uniform(0, side)
        distances = angle(fill_square(corners, 60), point(*where))
        met = bool(Circle(*where, radius).meets(polygon)[0])
        spacing = math.radians(side / 59)
        if distances.min() <= math.radians(radius):
            assert met
        if met:
            assert distances.min() <= math.radians(radius) + spacing


@pytest.mark.parametrize(("ra", "dec"), PLACES)
def test_polygon_against_points(
    ra: float, dec: float, random: np.random.Generator
) -> None:
    for _ in range(10):
        mine = square(ra, dec, random.uniform(0.1, 1.0), random.uniform(0, 6.3))
        away = square(ra, dec, random.uniform(0.01, 2.0), random.uniform(0, 6.3))[0]
        theirs = square(
            *degrees(away[None])[0], random.uniform(0.1, 1.0), random.uniform(0, 6.3)
        )
        met = bool(Polygon(degrees(theirs)).meets(polygon_vectors(degrees(mine))[None]))
        hits = in_square(fill_square(theirs, 60), mine).any()
        hits |= in_square(fill_square(mine, 60), theirs).any()
        if hits:
            assert met
        if met:
            shrunk = fill_square(theirs, 60) * 1.0
            near = min(angle(shrunk, v).min() for v in fill_square(mine, 12))
            assert near <= math.radians(1.0 / 11)


@pytest.mark.parametrize(
    ("ra", "dec"), [(10.0, 20.0), (0.01, -30.0), (200.0, 0.0), (3.0, 75.0)]
)
def test_box_against_points(ra: float, dec: float, random: np.random.Generator) -> None:
    for _ in range(15):
        corners = square(ra, dec, random.uniform(0.2, 3.0), random.uniform(0, 6.3))
        polygon = polygon_vectors(degrees(corners))[None]
        west = (ra + random.uniform(-4, 4)) % 360.0
        width, height = random.uniform(0, 4), random.uniform(0, 4)
        south = dec + random.uniform(-4, 2)
        box = Range(west, (west + width) % 360.0, south, south + height)
        filled = fill_square(corners, 60)
        hits = bool(box.holds(filled).any())
        met = bool(box.meets(polygon)[0])
        if hits:
            assert met
        if met and not hits:
            lon = west + np.linspace(0, box.width, 60)
            lat = np.linspace(south, south + height, 60)
            grid = np.meshgrid(lon, lat)
            points = unit_vectors(grid[0].ravel(), grid[1].ravel())
            spacing = math.radians(max(width, height) / 59)
            nearest = min(angle(points, v).min() for v in fill_square(corners, 20))
            inside = in_square(points, corners).any()
            assert inside or nearest <= spacing + math.radians(3.0 / 19)


@settings(max_examples=60, deadline=None)
@given(
    ra=st.floats(0, 360),
    dec=st.floats(-90, 90),
    side=st.floats(0.01, 20),
    turn=st.floats(0, 6.3),
)
def test_every_polygon_has_its_middle_and_its_corners(
    ra: float, dec: float, side: float, turn: float
) -> None:
    polygon = polygon_vectors(degrees(square(ra, dec, side, turn)))[None]
    assert contains(polygon, point(ra, dec))[0]
    for corner in polygon[0]:
        assert contains(polygon, corner)[0]
    assert not contains(polygon, -point(ra, dec))[0]


def test_the_pole_is_in_a_footprint_round_it() -> None:
    polygon = polygon_vectors([(0, 89), (90, 89), (180, 89), (270, 89)])[None]
    assert contains(polygon, point(12.0, 90.0))[0]
    assert Range(10, 20, 89.5, 90).meets(polygon)[0]
    assert not Range(0, 360, -90, 88).meets(polygon)[0]
    assert Range(350, 10, 88.9, 89.2).meets(polygon)[0]


def test_a_footprint_over_the_first_meridian() -> None:
    polygon = polygon_vectors([(359.5, -0.5), (0.5, -0.5), (0.5, 0.5), (359.5, 0.5)])
    for circle in (Circle(0, 0, 0), Circle(360, 0, 0), Circle(0.6, 0, 0.11)):
        assert circle.meets(polygon[None])[0]
    assert not Circle(0.6, 0, 0.09).meets(polygon[None])[0]
    assert not Circle(180, 0, 1).meets(polygon[None])[0]
    assert Range(359.9, 0.1, -0.1, 0.1).meets(polygon[None])[0]
    assert Range(0, 360, -90, 90).meets(polygon[None])[0]
    assert Range(0, 360, 0, 0).meets(polygon[None])[0]
    assert not Range(1, 359, -90, 90).meets(polygon[None])[0]


def test_the_smaller_area_is_inside_whichever_way_round() -> None:
    corners = [(10.0, 10.0), (20.0, 10.0), (20.0, 20.0), (10.0, 20.0)]
    for order in (corners, corners[::-1]):
        polygon = polygon_vectors(order)[None]
        assert contains(polygon, point(15, 15))[0]
        assert not contains(polygon, point(15, 5))[0]


def test_a_corner_that_goes_in() -> None:
    arrow = polygon_vectors([(0, 0), (10, 0), (5, 3), (5, 10)])[None]
    assert contains(arrow, point(4, 3))[0]
    assert not contains(arrow, point(7, 5))[0]
    assert not contains(arrow, point(5.4, 3.4))[0]
    assert contains(arrow, point(4.9, 2.9))[0]
    assert not contains(arrow, point(-1, -1))[0]


def test_shorter_polygons_are_padded() -> None:
    triangle = polygon_vectors([(0, 0), (1, 0), (0, 1)])
    five = polygon_vectors([(50, 0), (51, 0), (51.5, 0.5), (51, 1), (50, 1)])
    both = stack_polygons([triangle, five])
    assert both.shape == (2, 5, 3)
    assert contains(both, point(0.2, 0.2)).tolist() == [True, False]
    assert contains(both, point(0.9, 0.9)).tolist() == [False, False]
    assert Circle(50.5, 0.5, 0.1).meets(both).tolist() == [False, True]
    assert Polygon(((0.9, 0.9), (2, 2), (2, 0.9))).meets(both).tolist() == [False] * 2


def test_crossing_bars_share_no_corner() -> None:
    bar = polygon_vectors([(0, -5), (1, -5), (1, 5), (0, 5)])[None]
    assert Polygon(((-5.0 % 360, 0), (5, 0), (5, 1), (355, 1))).meets(bar)[0]
    assert Range(355, 5, 0, 1).meets(bar)[0]


def test_a_polygon_of_one_place_has_that_place() -> None:
    place = np.repeat(point(3.0, 4.0)[None], 4, axis=0)[None]
    assert contains(place, point(3.0, 4.0))[0]


def test_outlines_lie_on_the_border() -> None:
    circle = Circle(40, 60, 2)
    rim = circle.outline()
    assert np.allclose(np.degrees(angle(rim[:-1], point(40, 60))), 2)
    assert circle.holds(rim).all()
    polygon = Polygon(((10, 10), (12, 10), (11, 12)))
    assert polygon.holds(polygon.outline()).all()
    box = Range(359, 1, 10, 12)
    assert box.holds(box.outline()).all()
    assert not box.holds(point(2, 11)[None]).any()
