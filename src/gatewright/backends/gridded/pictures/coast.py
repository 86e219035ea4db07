"""Coastlines from the world-atlas package (Natural Earth, public domain).

The files are TopoJSON, and become part of the gateway when it is built
(``package.json`` locks their version). An arc is a list of integer steps, each relative
to the point before, with one scale and offset for the whole file. Source: the TopoJSON
format specification (M. Bostock and C. Metcalf, 2013), section 2.1.
"""

import functools
import json
import logging
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from gatewright.backends import gridded

Line = npt.NDArray[np.float64]
"""Longitudes and latitudes in degrees, shape (points, 2)."""
Detail = Literal["110m", "50m"]
"""Map scale for which the lines are meant; ``110m`` is 1 : 110 million."""
VENDOR = Path(gridded.__file__).parents[2] / "kit" / "vendor"
_SEAM = 1e-3
_POLE = 89.9
_log = logging.getLogger(__name__)


@functools.cache
def coastlines(detail: Detail) -> tuple[Line, ...]:
    """Return the coastlines, none of them interrupted at the antimeridian.

    A line that crosses it continues beyond 180 or -180 degrees. The edges with which
    the file closes land areas there and at the pole are not coasts, and are left out.
    If the files are missing, because the gateway was built without them, the result is
    empty and a warning is logged.
    """
    path = VENDOR / f"land-{detail}.topojson"
    try:
        topology = json.loads(path.read_bytes())
    except OSError as error:
        _log.warning("Maps have no coastlines: %s cannot be read (%s)", path, error)
        return ()
    scale, offset = (topology["transform"][key] for key in ("scale", "translate"))
    found: list[Line] = []
    for arc in topology["arcs"]:
        points = np.cumsum(arc, axis=0) * scale + offset
        seam = np.abs(np.abs(points[:, 0]) - 180.0) < _SEAM
        edge = (seam[1:] & seam[:-1]) | (points[1:, 1] < -_POLE)
        points[:, 0] = np.unwrap(points[:, 0], period=360.0)
        for piece in np.split(points, np.flatnonzero(edge) + 1):
            if len(piece) > 1:
                piece[:, 0] -= 360.0 * np.round(piece[:, 0].mean() / 360.0)
                found.append(piece)
    return tuple(found)


def repeated(lines: tuple[Line, ...], west: float, east: float) -> list[Line]:
    """Return the lines that are visible on a map from ``west`` to ``east``, in degrees.

    Each line is repeated every 360 degrees, since a map may count longitudes past 180.
    """
    found = []
    for turn in range(-3, 4):
        for line in lines:
            x = line[:, 0] + 360.0 * turn
            if x.max() >= west and x.min() <= east:
                found.append(np.column_stack([x, line[:, 1]]))
    return found


def rotated(
    lines: tuple[Line, ...], pole_latitude: float, pole_longitude: float, turn: float
) -> tuple[Line, ...]:
    """Return lines in the coordinates of a rotated grid.

    Source: CF conventions 1.11, appendix F, "Rotated pole".

    Parameters
    ----------
    lines
        Longitudes and latitudes in degrees.
    pole_latitude, pole_longitude
        Position of the grid's north pole, degrees.
    turn
        Longitude of the true north pole in the grid, degrees.
    """
    tilt = np.radians(pole_latitude)
    found: list[Line] = []
    for line in lines:
        east = np.radians(line[:, 0] - pole_longitude)
        north = np.radians(line[:, 1])
        x = np.cos(north) * np.sin(east)
        y = np.cos(north) * np.cos(east) * np.sin(tilt) - np.sin(north) * np.cos(tilt)
        z = np.sin(north) * np.sin(tilt) + np.cos(north) * np.cos(east) * np.cos(tilt)
        longitude = np.degrees(np.arctan2(-x, -y)) + turn
        points = np.column_stack(
            [np.unwrap(longitude, period=360.0), np.degrees(np.arcsin(z.clip(-1, 1)))]
        )
        found.append(points)
    return tuple(found)
