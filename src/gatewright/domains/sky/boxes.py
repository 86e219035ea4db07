"""Exact tests of image outlines against boxes of right ascension and declination.

The north and south sides of a box are parallels, which are not great circles. Whether
an edge of an outline crosses one is found by solving for the points of the edge's great
circle that have the declination of the parallel.

Directions and polygons are arrays of unit vectors as in
:mod:`gatewright.domains.sky.geometry`.
"""

import math

import numpy as np
from numpy.typing import NDArray

from gatewright.domains.sky.geometry import (
    TOUCH,
    Flags,
    Vectors,
    contains,
    cross,
    point,
)

Numbers = NDArray[np.float64]


def in_box(
    points: Vectors, west: float, width: float, south: float, north: float
) -> Flags:
    """Return for each direction whether it lies in a box or on its border.

    ``west``, ``south`` and ``north`` are in degrees; the box extends ``width`` degrees
    to the east of ``west``.
    """
    sine = points[..., 2]
    lowest, highest = math.sin(math.radians(south)), math.sin(math.radians(north))
    inside: Flags = (
        (sine >= lowest - TOUCH)
        & (sine <= highest + TOUCH)
        & _between(points, west, width)
    )
    return inside


def _between(points: Vectors, west: float, width: float) -> Flags:
    """Return whether directions lie between two meridians; the poles always do."""
    if width >= 360.0:
        return np.ones(points.shape[:-1], dtype=bool)
    longitude = np.degrees(np.arctan2(points[..., 1], points[..., 0]))
    east_of = (longitude - west) % 360.0
    pole = np.hypot(points[..., 0], points[..., 1]) <= TOUCH
    slack = math.degrees(TOUCH)
    near = (east_of <= width + slack) | (east_of >= 360.0 - slack)
    return np.logical_or(pole, near)


def meet_box(
    polygons: Vectors, west: float, width: float, south: float, north: float
) -> Flags:
    """Return for each polygon whether it has a point in common with the box.

    ``polygons`` has the shape (polygons, vertices, 3); the box is given as for
    :func:`in_box`.
    """
    met: Flags = np.asarray(in_box(polygons, west, width, south, north).any(axis=1))
    for longitude in (west, west + width):
        for latitude in (south, north):
            met |= contains(polygons, point(longitude, latitude))
    for latitude in (south, north):
        met |= _meets_parallel(polygons, latitude, west, width)
    if width < 360.0:
        for longitude in (west, west + width):
            met |= _meets_meridian(polygons, longitude, south, north)
    return met


def _meets_parallel(
    polygons: Vectors, latitude: float, west: float, width: float
) -> Flags:
    """Return for each polygon whether an edge crosses one parallel within the box."""
    start, end = polygons, np.roll(polygons, -1, axis=1)
    normal = cross(start, end)
    length = np.linalg.norm(normal, axis=-1)
    normal = normal / np.where(length > 0, length, 1.0)[..., None]
    ahead = cross(normal, start)
    arc = np.arctan2(length, np.einsum("...i,...i->...", start, end))
    # Along the edge, z = start.z cos(s) + ahead.z sin(s) = top cos(s - peak).
    top, peak = (
        np.hypot(start[..., 2], ahead[..., 2]),
        np.arctan2(ahead[..., 2], start[..., 2]),
    )
    height = math.sin(math.radians(latitude))
    reach = (top >= abs(height)) & (length > 0) & (top > 0)
    swing = np.arccos(np.clip(height / np.where(reach, top, 1.0), -1.0, 1.0))
    met = np.zeros(polygons.shape[0], dtype=bool)
    for angle in (peak - swing, peak + swing):
        along = angle % (2 * np.pi)
        spot = np.cos(along)[..., None] * start + np.sin(along)[..., None] * ahead
        hit = reach & (along <= arc) & _between(spot, west, width)
        met |= hit.any(axis=1)
    return met


def _meets_meridian(
    polygons: Vectors, longitude: float, south: float, north: float
) -> Flags:
    """Return for each polygon whether an edge crosses one meridian within the box."""
    lon = math.radians(longitude)
    east = np.array([-math.sin(lon), math.cos(lon), 0.0])
    out = np.array([math.cos(lon), math.sin(lon), 0.0])
    start, end = polygons, np.roll(polygons, -1, axis=1)
    before, after = start @ east, end @ east
    crosses = (before < 0) != (after < 0)
    spot = start * after[..., None] - end * before[..., None]
    spot = spot * np.where(after - before < 0, -1.0, 1.0)[..., None]
    latitude = np.degrees(np.arctan2(spot[..., 2], spot @ out))
    hit = crosses & (spot @ out > 0) & (latitude >= south) & (latitude <= north)
    met: Flags = hit.any(axis=1)
    return met
