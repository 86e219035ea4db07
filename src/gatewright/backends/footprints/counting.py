"""Counts images in the pixels of a map.

The places that are counted in are the middles of pixels. On the map, an image that
covers no middle counts in the pixel where its own middle is, so that none is invisible;
the areas are without these.

An outline is filled by its crossings with the middles of the rows: each adds +1 or -1
to all pixels to its right, by the direction of the edge. All outlines are filled
together, without sorting, in time proportional to the number of crossings.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gatewright.backends.footprints.frame import WIDTH, Frame, Numbers
from gatewright.domains.sky.geometry import (
    Vectors,
    angle,
    degrees,
    oriented,
    unit_vectors,
)

Counts = npt.NDArray[np.int64]
Depths = list[tuple[int, float]]
"""Number of images, and the square degrees that this number covers."""

_EDGE = math.radians(0.5)
"""Longest straight piece of an edge on the map, radians."""
_PIECES = 720
_TOGETHER = 1 << 18
"""Most vertices, and most crossings, at once: this bounds the memory."""
_ROWS, _COLUMNS = WIDTH, 2 * WIDTH
"""Grid of declination and right ascension on which the whole sky is counted."""
_FINE = 2
"""Points counted along each side of a pixel of a map of the whole sky.

The pixel shows the largest count among them.
"""
_DOT = 2
"""Pixels on each side by which an image too small for its map is enlarged."""
_ORDER, CELLS = 6, 12 * 4**6
_SQUARE_DEGREES = 4 * math.pi * math.degrees(1) ** 2


@dataclass(frozen=True, slots=True)
class Counted:
    """Images counted in the pixels of a map."""

    pixels: Counts
    """Number of images in each pixel, shape (rows, columns)."""
    depths: Depths
    """Covered area by number of images."""
    resolution: float
    """Distance of the places that were counted at, degrees."""


def outlines_of(areas: Sequence[bytes]) -> list[Vectors]:
    """Return outlines from the bytes of their coordinates, in degrees.

    Each result is of all outlines with equally many vertices, (outlines, vertices, 3),
    with the smaller area to their left.
    """
    groups: dict[int, list[bytes]] = {}
    for area in areas:
        groups.setdefault(len(area), []).append(area)
    found = []
    for some in groups.values():
        numbers = np.frombuffer(b"".join(some), "<f8").reshape(len(some), -1, 2)
        found.append(oriented(unit_vectors(numbers[..., 0], numbers[..., 1])))
    return found


def count_outlines(
    frame: Frame, simple: Sequence[Vectors], wide: Sequence[Sequence[Vectors]]
) -> Counted:
    """Count images by their outlines, which are as :func:`outlines_of` returns them.

    ``simple`` has those of images with one outline, and ``wide`` those of each image
    with several, which may overlap.
    """
    shape = (_ROWS, _COLUMNS) if frame.whole else (frame.height, WIDTH)
    total, small = _filled(frame, simple, shape)
    for image in wide:
        total += _filled(frame, image, shape)[0] > 0
    shown = total + small
    if not frame.whole:
        each = np.full(frame.height, frame.pixel**2)
        return Counted(shown, _depths(total, each), frame.pixel)
    edges = np.linspace(90.0, -90.0, _ROWS + 1)
    strips = -np.diff(np.sin(np.radians(edges))) * math.degrees(1) * 360 / _COLUMNS
    longitude, latitude, known = _places(frame)
    row = np.clip((90.0 - latitude) / 180.0 * _ROWS, 0, _ROWS - 1).astype(int)
    column = (longitude / 360.0 * _COLUMNS).astype(int) % _COLUMNS
    pixels = _most(np.where(known, shown[row, column], 0))
    dots = np.pad(_most(np.where(known, small[row, column], 0)), _DOT)
    for down in range(2 * _DOT + 1):
        for right in range(2 * _DOT + 1):
            beside = dots[down:, right:][: frame.height, :WIDTH]
            pixels = np.maximum(pixels, beside)
    return Counted(pixels, _depths(total, strips), 180.0 / _ROWS)


def count_cells(frame: Frame, cells: Counts, counts: Counts) -> Counted:
    """Count images by the cells of the sky that they touch."""
    from cdshealpix import cdshealpix  # only maps of large surveys

    total = np.zeros(CELLS, np.int64)
    total[cells] = counts
    longitude, latitude, known = _places(frame)
    size = longitude.size
    found = np.empty(size, np.uint64)
    cdshealpix.lonlat_to_healpix(
        np.full(size, _ORDER, np.uint8),
        *(np.radians(longitude).ravel(), np.radians(latitude).ravel()),
        *(found, np.empty(size), np.empty(size), np.uint16(1)),
    )
    pixels = _most(np.where(known, total[found.astype(int).reshape(known.shape)], 0))
    area = _SQUARE_DEGREES / CELLS
    depths = _depths(total[:, None], np.full(CELLS, area))
    return Counted(pixels, depths, math.sqrt(area))


def cell_centres(cells: Counts) -> Vectors:
    """Return the directions of the middles of cells."""
    from cdshealpix import cdshealpix  # only maps of large surveys

    longitude, latitude = np.empty(len(cells)), np.empty(len(cells))
    cdshealpix.healpix_to_lonlat(
        *(np.full(len(cells), _ORDER, np.uint8), cells.astype(np.uint64)),
        *(0.5, 0.5, longitude, latitude, np.uint16(1)),
    )
    return unit_vectors(np.degrees(longitude), np.degrees(latitude))


def _places(frame: Frame) -> tuple[Numbers, Numbers, npt.NDArray[np.bool_]]:
    """Return longitude and latitude of parts of pixels, and which are on the sky."""
    directions = frame.sky(_FINE)
    known = np.asarray(np.isfinite(directions).all(axis=-1))
    longitude, latitude = degrees(np.where(known[..., None], directions, 1.0))
    return longitude, latitude, known


def _most(values: Counts) -> Counts:
    """Return the largest value in each pixel, of the values of its parts."""
    rows, columns = (size // _FINE for size in values.shape)
    most: Counts = values.reshape(rows, _FINE, columns, _FINE).max(axis=(1, 3))
    return most


def _depths(total: Counts, areas: Numbers) -> Depths:
    """Return the area by number of images; ``areas`` are of a pixel in each row."""
    numbers, places = np.unique(total, return_inverse=True)
    each = np.broadcast_to(areas[:, None], total.shape).ravel()
    sums = np.bincount(places.ravel(), each, len(numbers))
    return [
        (int(number), float(area))
        for number, area in zip(numbers, sums, strict=True)
        if number > 0
    ]


def _filled(
    frame: Frame, outlines: Sequence[Vectors], shape: tuple[int, int]
) -> tuple[Counts, Counts]:
    """Return in how many outlines each pixel's middle is, and what has no middle.

    The second array counts the outlines that cover the middle of no pixel, where they
    are.
    """
    rows, columns = shape
    turns = 3 if frame.whole else 1  # right ascensions of an outline may pass 360
    steps = np.zeros((rows, turns * columns + 1), np.int64)
    small = np.zeros(shape, np.int64)
    for some in _cut_edges(outlines):
        x, y = _on_grid(some) if frame.whole else frame.place(some)
        missed = ~_fill(steps, x, y)
        middle = some[missed].mean(axis=1)
        middle /= np.linalg.norm(middle, axis=-1, keepdims=True)
        if frame.whole:
            longitude, latitude = degrees(middle)
            at = longitude / 360 * columns, (90.0 - latitude) / 180 * rows
        else:
            at = frame.place(middle)
        column, row = (np.floor(one).astype(int) for one in at)
        row = np.clip(row, 0, rows - 1)
        np.add.at(small, (row, np.clip(column, 0, columns - 1)), 1)
    total = steps.cumsum(axis=1)[:, :-1].reshape(rows, turns, columns)
    return total.sum(axis=1), small


def _cut_edges(outlines: Sequence[Vectors]) -> Iterator[Vectors]:
    """Yield outlines whose edges are cut into short pieces, some at once."""
    for whole in outlines:
        longest = float(angle(whole, np.roll(whole, -1, 1)).max())
        pieces = min(max(math.ceil(longest / _EDGE), 1), _PIECES)
        share = (np.arange(pieces) / pieces)[:, None]
        most = max(1, _TOGETHER // (whole.shape[1] * pieces))
        for first in range(0, len(whole), most):
            start = whole[first : first + most, :, None]
            between = (1 - share) * start + share * np.roll(start, -1, 1)
            between /= np.linalg.norm(between, axis=-1, keepdims=True)
            yield between.reshape(len(start), -1, 3)


def _on_grid(outlines: Vectors) -> tuple[Numbers, Numbers]:
    """Return column and row of vertices on the grid of the whole sky.

    The columns have no seam: they begin in the middle one of three turns, and go on. An
    outline round a pole is closed along the edge of the grid.
    """
    longitude, latitude = degrees(outlines)
    step = np.diff(longitude, axis=1, append=longitude[:, :1])
    step = (step + 180.0) % 360.0 - 180.0
    start = longitude[:, :1]
    along = np.concatenate([start, start + np.cumsum(step, axis=1)], axis=1)
    turn = along[:, -1:] - start
    # What lies to the left of a way to the east is the north pole.
    pole = np.where(np.abs(turn) < 180.0, latitude[:, :1], np.sign(turn) * 90.0)
    along = np.concatenate([along, along[:, -1:], start], axis=1)
    up = np.concatenate([latitude, latitude[:, :1], pole, pole], axis=1)
    return along / 360.0 * _COLUMNS + _COLUMNS, (90.0 - up) / 180.0 * _ROWS


def _fill(steps: Counts, x: Numbers, y: Numbers) -> npt.NDArray[np.bool_]:
    """Add outlines to the steps from pixel to pixel; return which cover a middle.

    ``x`` and ``y`` have the shape (outlines, vertices).
    """
    rows, columns = steps.shape[0], steps.shape[1] - 1
    far_x, far_y = np.roll(x, -1, 1), np.roll(y, -1, 1)
    way = np.sign((x * far_y - far_x * y).sum(axis=1)).astype(np.int64)
    top = np.clip(np.ceil(np.minimum(y, far_y) - 0.5), 0, rows).astype(int).ravel()
    end = np.clip(np.ceil(np.maximum(y, far_y) - 0.5), 0, rows).astype(int).ravel()
    count = end - top
    owner = np.repeat(np.arange(len(x)), x.shape[1])
    covered = np.zeros(len(x))
    edges = np.flatnonzero(count)
    for some in np.array_split(edges, 1 + int(count.sum()) // _TOGETHER):
        number = count[some]
        edge = np.repeat(some, number)
        before = np.repeat(np.cumsum(number) - number, number)
        row = top[edge] + np.arange(len(edge)) - before
        x0, x1 = x.ravel()[edge], far_x.ravel()[edge]
        y0, y1 = y.ravel()[edge], far_y.ravel()[edge]
        at = x0 + (row + 0.5 - y0) / (y1 - y0) * (x1 - x0)
        column = np.clip(np.ceil(at - 0.5), 0, columns).astype(int)
        # Rows count downwards: an edge that goes up has the outline to its right if
        # the vertices go round clockwise.
        sign = np.where(y1 < y0, 1, -1) * way[owner[edge]]
        np.add.at(steps, (row, column), sign)
        covered -= np.bincount(owner[edge], sign * column, len(x))
    inside: npt.NDArray[np.bool_] = covered > 0.5
    return inside
