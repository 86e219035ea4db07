"""Coastlines on a grid whose projection is unknown; its cells have coordinates.

Whatever the projection, the file's arrays of latitudes and longitudes say where each
cell is. The arrays are inverted: a point of a coast is located between the four cells
around it, by directions from the middle of the Earth, so that neither a pole nor the
antimeridian is a seam.
"""

import numpy as np
import numpy.typing as npt

from gatewright.backends.gridded.pictures.coast import Line
from gatewright.backends.gridded.pictures.picture import Floats, Net

_NODES = 257
"""Most cells along a side that are used; positions between them are interpolated."""
_STARTS = 24
"""Cells along a side among which the nearest is the start of a search."""
_TRIES = 25
"""Most steps of a search. Each corrects the one before, as Newton's method does."""
_LONGEST = 9.1
"""Degrees of the longest segment in the files of coastlines."""
_NEAR = 1e-4
"""Cells that the last step of a search may have moved."""
_PIECE = 4096
"""Points for which a beginning is looked for at once, which bounds the memory."""


def angular_size(net: Net) -> float:
    """Return the angle across the cells of a grid, as seen from the Earth's middle.

    Degrees, 360 at most; NaN where no cell has a place.
    """
    nodes = _directions(net.latitudes, net.longitudes)
    return 2 * float(np.degrees(_cap(nodes[np.isfinite(nodes).all(-1)])[1]))


def laid_on(lines: tuple[Line, ...], net: Net) -> tuple[Line, ...]:
    """Return lines in the columns and rows of a grid.

    Parameters
    ----------
    lines
        Longitudes and latitudes, degrees.
    net
        The places of the cells, of shape (rows, columns).

    Returns
    -------
    tuple
        Lines of shape (points, 2): column and row, counted from 0 at the middle of
        the first cell, so that the grid reaches from -0.5 to half a cell beyond the
        last one. A line that leaves the grid, or comes to cells without a place, is
        cut there.
    """
    rows, columns = (  # few of them are looked at, the first and the last too
        np.unique(np.linspace(0, size - 1, min(size, _NODES)).round().astype(int))
        for size in net.latitudes.shape
    )
    chosen = np.ix_(rows, columns)
    nodes = _directions(net.latitudes[chosen], net.longitudes[chosen])
    known = nodes[np.isfinite(nodes).all(-1)]
    if not known.size:
        return ()
    middle, radius = _cap(known)
    # A segment of a hundredth of the grid is straight in any projection.
    step = float(np.degrees(radius)) / 50
    least = np.cos(min(np.pi, radius + np.radians(_LONGEST)))
    pieces: list[Line] = []
    for line in lines:
        near = np.flatnonzero(_directions(line[:, 1], line[:, 0]) @ middle >= least)
        runs = np.split(near, np.flatnonzero(np.diff(near) > 1) + 1)
        pieces += [_refined(line[run], step) for run in runs if len(run) > 1]
    if not pieces:
        return ()
    joined = np.concatenate(pieces)
    found = _positions(_directions(joined[:, 1], joined[:, 0]), nodes)
    at = np.column_stack(
        [
            np.interp(found[:, 1], *_outward(columns)),
            np.interp(found[:, 0], *_outward(rows)),
        ]
    )
    sizes = np.array([columns[-1], rows[-1]])
    inside = np.all((at >= -0.5) & (at <= sizes + 0.5), axis=1)
    # A step over an eighth of the grid is one across a seam of it.
    jumps = (np.abs(np.diff(at, axis=0)) > np.maximum(2, sizes / 8)).any(-1)
    begins = np.zeros(len(at), dtype=bool)
    begins[np.cumsum([len(piece) for piece in pieces[:-1]], dtype=int)] = True
    cuts = begins[1:] | jumps | ~inside[1:] | ~inside[:-1]
    parts = np.split(at, np.flatnonzero(cuts) + 1)
    return tuple(part for part in parts if len(part) > 1)


def _directions(latitudes: Floats, longitudes: Floats) -> Floats:
    """Return unit vectors from the middle of the Earth, in one more dimension."""
    north, east = np.radians(latitudes), np.radians(longitudes)
    return np.stack(
        [np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)],
        axis=-1,
    )


def _cap(nodes: Floats) -> tuple[Floats, float]:
    """Return the middle of directions and their largest angle from it, radians."""
    if not nodes.size:
        return np.full(3, np.nan), np.nan
    middle = nodes.mean(0)
    length = float(np.linalg.norm(middle))
    if length < 0.1:  # all round the Earth
        return np.array([0.0, 0.0, 1.0]), np.pi
    middle /= length
    return middle, float(np.arccos((nodes @ middle).min().clip(-1, 1)))


def _outward(chosen: npt.NDArray[np.int_]) -> tuple[Floats, Floats]:
    """Return positions among chosen rows, and all rows, a step beyond both ends."""
    first, last = 2 * chosen[0] - chosen[1], 2 * chosen[-1] - chosen[-2]
    rows = np.concatenate([[first], chosen, [last]]).astype(float)
    return np.arange(-1.0, len(chosen) + 1), rows


def _refined(line: Line, step: float) -> Line:
    """Return a line with points at most a step apart, degrees."""
    wide = np.diff(line, axis=0)
    wide[:, 0] *= np.cos(np.radians(line[:-1, 1]))
    counts = np.ceil(np.hypot(wide[:, 0], wide[:, 1]) / step).clip(1, 1000).astype(int)
    places = np.arange(len(line))
    finer = np.repeat(1 / counts, counts).cumsum() - np.repeat(1 / counts, counts)
    return np.column_stack(
        [np.interp(np.append(finer, places[-1]), places, part) for part in line.T]
    )


def _positions(points: Floats, nodes: Floats) -> Floats:
    """Return row and column of directions among those of a grid, NaN if not found.

    Between four cells a place is where the ray of its direction meets the surface
    that they span (bilinear interpolation). The search begins at the nearest of a few
    cells all over the grid.
    """
    last = np.array(nodes.shape[:2]) - 1
    few = [np.unique(np.linspace(0, n, min(n + 1, _STARTS)).astype(int)) for n in last]
    some = np.nan_to_num(nodes[np.ix_(*few)].reshape(-1, 3))
    nearest = [
        (points[place : place + _PIECE] @ some.T).argmax(1)
        for place in range(0, len(points), _PIECE)
    ]
    row, column = np.divmod(np.concatenate(nearest), few[1].size)
    found = np.column_stack([few[0][row], few[1][column]]).astype(float)
    moved = np.full(len(points), np.inf)
    todo = np.arange(len(points))
    for _ in range(_TRIES):
        row, column = found[todo].astype(int).clip(0, last - 1).T
        s, t = (found[todo] - np.column_stack([row, column])).T[..., None]
        a, b = nodes[row, column], nodes[row, column + 1]
        c, d = nodes[row + 1, column], nodes[row + 1, column + 1]
        at = (1 - s) * ((1 - t) * a + t * b) + s * ((1 - t) * c + t * d)
        down, across = (1 - t) * (c - a) + t * (d - b), (1 - s) * (b - a) + s * (d - c)
        normal = np.cross(down, across)
        square = (normal * normal).sum(-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            length = (normal * at).sum(-1) / (normal * points[todo]).sum(-1)
            rest = points[todo] * length[:, None] - at
            steps = np.column_stack(
                [
                    (np.cross(rest, across) * normal).sum(-1) / square,
                    (np.cross(down, rest) * normal).sum(-1) / square,
                ]
            )
        # A step is NaN where a cell has no place, or is met from behind.
        moved[todo] = np.where(length > 0, np.abs(steps).max(-1), np.nan)
        todo, steps = todo[moved[todo] >= 0], steps[moved[todo] >= 0]
        most = last / 8 + 1
        found[todo] = (found[todo] + steps.clip(-most, most)).clip(-1, last + 1)
        todo = todo[moved[todo] > _NEAR]
    found[~(moved <= _NEAR)] = np.nan
    return found
