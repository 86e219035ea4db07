"""Exact tests on the sphere: image outlines against circles and polygons.

Directions are unit vectors: arrays whose last axis has length 3. A polygon is the area
to the left of its great-circle edges, each shorter than 180 degrees. Many polygons are
one array of shape (polygons, vertices, 3), in which shorter ones repeat their last
vertex.

Method: two areas meet if a vertex of one lies in the other or if two edges cross. The
crossing test is the one of the S2 library (``s2edge_crossings``, four orientation
signs). Whether a point is inside follows from the side of the nearest edge on which it
lies; this holds for areas of any size and shape, also round a pole and across the 0
meridian.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float64]
Flags = NDArray[np.bool_]

TOUCH = 1e-12
"""Distance in radians (0.2 microarcseconds) below which two points count as the same.
"""


def unit_vectors(
    longitude: NDArray[np.float64], latitude: NDArray[np.float64]
) -> Vectors:
    """Return the unit vectors of longitudes and latitudes in degrees."""
    lon, lat = np.radians(longitude), np.radians(latitude)
    return np.stack(
        [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1
    )


def degrees(
    directions: Vectors,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the longitudes (0 to 360) and latitudes of directions, in degrees."""
    longitude = np.degrees(np.arctan2(directions[..., 1], directions[..., 0])) % 360.0
    reach = np.hypot(directions[..., 0], directions[..., 1])
    return longitude, np.degrees(np.arctan2(directions[..., 2], reach))


def point(longitude: float, latitude: float) -> Vectors:
    """Return the unit vector of one longitude and latitude in degrees."""
    lon, lat = np.radians(longitude), np.radians(latitude)
    across = np.cos(lat)
    return np.array([across * np.cos(lon), across * np.sin(lon), np.sin(lat)])


def polygon_vectors(vertices: Sequence[tuple[float, float]]) -> Vectors:
    """Return the vertices of a polygon as unit vectors, the smaller area to their left.

    ``vertices`` are longitude and latitude in degrees. Of equal vertices that follow
    one another, one is kept.
    """
    corners = np.asarray(vertices, dtype=np.float64)
    vectors = unit_vectors(corners[:, 0], corners[:, 1])
    vectors = vectors[angle(vectors, np.roll(vectors, 1, 0)) > TOUCH]
    polygon: Vectors = oriented(vectors[np.newaxis])[0]
    return polygon


def oriented(polygons: Vectors) -> Vectors:
    """Return polygons with their vertices ordered to have the smaller area to the left.

    The shape is (polygons, vertices, 3).
    """
    leftward = _turning(polygons) >= 0
    return np.where(leftward[:, None, None], polygons, polygons[:, ::-1])


def stack_polygons(polygons: Sequence[Vectors]) -> Vectors:
    """Return polygons as one array, in which shorter ones repeat their last vertex."""
    longest = max(len(p) for p in polygons)
    return np.stack(
        [np.concatenate([p, np.repeat(p[-1:], longest - len(p), 0)]) for p in polygons]
    )


def _turning(polygons: Vectors) -> NDArray[np.float64]:
    """Return the sum of the exterior angles of each polygon in radians.

    By the theorem of Gauss and Bonnet this is 2 pi minus the area to the left.
    """
    before, after = np.roll(polygons, 1, 1), np.roll(polygons, -1, 1)
    incoming, outgoing = cross(before, polygons), cross(polygons, after)
    sine = _dot(cross(incoming, outgoing), polygons)
    turns: NDArray[np.float64] = np.arctan2(sine, _dot(incoming, outgoing))
    return np.asarray(turns.sum(axis=1))


def cross(a: Vectors, b: Vectors) -> Vectors:
    """Return the cross products of directions.

    They are those of ``numpy.cross``, which takes ten times as long for a few.
    """
    product = a * b  # for its shape
    product[..., 0] = a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1]
    product[..., 1] = a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2]
    product[..., 2] = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return product


def _dot(a: Vectors, b: Vectors) -> NDArray[np.float64]:
    product: NDArray[np.float64] = np.einsum("...i,...i->...", a, b)
    return product


def angle(a: Vectors, b: Vectors) -> NDArray[np.float64]:
    """Return the angles between directions in radians, accurate for small angles."""
    across = np.linalg.norm(cross(a, b), axis=-1)
    between: NDArray[np.float64] = np.arctan2(across, _dot(a, b))
    return between


def edge_distances(target: Vectors, polygons: Vectors) -> tuple[Vectors, Flags]:
    """Return distances in radians from a point to every edge of polygons.

    ``target`` is one point for all polygons, or one for each (polygons, 3). The second
    array says whether the nearest point of the edge's great circle lies within the
    edge; where it does not, the distance is measured to the edge's first vertex.
    """
    target = target[..., None, :]
    start, end = polygons, np.roll(polygons, -1, axis=1)
    normal = cross(start, end)
    length = np.linalg.norm(normal, axis=-1)
    normal /= np.where(length > 0, length, 1.0)[..., None]
    within = (
        (length > 0)
        & (_dot(cross(normal, start), target) > 0)
        & (_dot(cross(end, normal), target) > 0)
    )
    to_line = np.abs(np.arcsin(np.clip(_dot(normal, target), -1.0, 1.0)))
    return np.where(within, to_line, angle(start, target)), within


def contains(polygons: Vectors, target: Vectors) -> Flags:
    """Return for each polygon whether a point lies in it or on its edge.

    ``target`` is one point for all polygons, or one for each (polygons, 3).
    """
    distances, within = edge_distances(target, polygons)
    nearest = np.argmin(distances, axis=1)
    rows = np.arange(len(polygons))
    start = polygons[rows, nearest]
    following = _neighbour(polygons, nearest, 1)
    before = _neighbour(polygons, nearest, -1)
    ahead = _dot(cross(start, following), target) >= 0
    behind = _dot(cross(before, start), target) >= 0
    # Nearest to a vertex, both its edges count: inside a corner that sticks out is
    # what lies left of both, inside one that goes in what lies left of either.
    sticks_out = _dot(cross(before, start), following) >= 0
    by_corner = np.where(sticks_out, ahead & behind, ahead | behind)
    inside: Flags = np.where(within[rows, nearest], ahead, by_corner)
    on_edge: Flags = distances[rows, nearest] <= TOUCH
    return np.logical_or(inside, on_edge)


def _neighbour(polygons: Vectors, index: NDArray[np.intp], step: int) -> Vectors:
    """Return the next vertex of each polygon that differs from the vertex at ``index``.

    ``step`` is 1 for the next vertices in order, -1 for those before.
    """
    rows, count = np.arange(len(polygons)), polygons.shape[1]
    here = polygons[rows, index]
    place = (index + step) % count
    same = np.all(polygons[rows, place] == here, axis=-1)
    steps = count
    while same.any() and steps:
        place = np.where(same, (place + step) % count, place)
        same = np.all(polygons[rows, place] == here, axis=-1)
        steps -= 1
    neighbour: Vectors = polygons[rows, place]
    return neighbour


def meet_circle(polygons: Vectors, centre: Vectors, radius: float) -> Flags:
    """Return for each polygon whether it has a point in common with a circle.

    ``radius`` is in radians.
    """
    distances, _ = edge_distances(centre, polygons)
    near: Flags = distances.min(axis=1) <= radius + TOUCH
    return np.logical_or(near, contains(polygons, centre))


def meet_polygon(polygons: Vectors, other: Vectors) -> Flags:
    """Return for each polygon whether it has a point in common with ``other``.

    ``other`` is one polygon of shape (vertices, 3).
    """
    met = np.zeros(len(polygons), dtype=bool)
    for start, end in zip(other, np.roll(other, -1, axis=0), strict=True):
        met = np.logical_or(met, _crossed(polygons, start, end))
        met = np.logical_or(met, contains(polygons, start))
    rest = np.flatnonzero(~met)
    many = np.broadcast_to(other, (len(rest), *other.shape))
    for index in range(polygons.shape[1]):
        met[rest] |= contains(many, polygons[rest, index])
    return met


def crossing_edges(polygon: Vectors) -> tuple[int, int] | None:
    """Return the numbers of two edges of a polygon that cross or touch, or None.

    Edge n, counted from 0, begins at vertex n. Vertices of the polygon (vertices, 3)
    that follow one another must differ.
    """
    count = len(polygon)
    start, end = polygon, np.roll(polygon, -1, axis=0)
    for first in range(count):
        others = np.array([n for n in range(count) if (n - first) % count > 1])
        others = others[(first - others) % count > 1]
        edges = np.stack([start[others], end[others]], axis=1)
        crossed = _crossed(edges, start[first], end[first])
        # An edge of two vertices is walked to and fro; its ends touch it too.
        distances, _ = edge_distances(start[first], edges)
        crossed |= distances.min(axis=1, initial=np.inf) <= TOUCH
        if crossed.any():
            return first, int(others[np.argmax(crossed)])
    return None


def _crossed(polygons: Vectors, c: Vectors, d: Vectors) -> Flags:
    """Return for each polygon whether one of its edges crosses the edge from c to d."""
    a, b = polygons, np.roll(polygons, -1, axis=1)
    ab, cd = cross(a, b), cross(c, d)
    acb, bda = -_dot(ab, c), _dot(ab, d)
    cbd, dac = -_dot(b, cd), _dot(a, cd)
    crossing = (acb * bda > 0) & (acb * cbd > 0) & (acb * dac > 0)
    return np.asarray(crossing.any(axis=1))
