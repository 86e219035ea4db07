"""Functions that run in the reader processes: counting images, and drawing the map.

The arguments have either ``outlines``, for each image a list with the bytes of its
areas (right ascension and declination in degrees, float64), or ``cells`` and
``counts`` (int64), the number of images in cells of the sky.
"""

from typing import Any

import numpy as np

from gatewright.backends.footprints.counting import (
    Counted,
    cell_centres,
    count_cells,
    count_outlines,
    outlines_of,
)
from gatewright.backends.footprints.draw import SkyMap, write_map
from gatewright.backends.footprints.frame import Frame, frame_of
from gatewright.backends.readers import Output
from gatewright.domains.sky.geometry import Vectors, degrees

__all__ = ["draw", "overlap"]

_DRAWN = 500
"""Most images whose outlines are drawn."""


def draw(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Write the map to the shared memory of the call.

    Further arguments are ``title``, ``subtitle`` and ``form`` (``png`` or ``svg``).
    """
    frame, counted, outlines = _counted(arguments)
    few = sum(map(len, outlines)) <= _DRAWN and not frame.whole
    shown = SkyMap(
        frame,
        counted.pixels,
        arguments["title"],
        arguments["subtitle"],
        "images that touch each cell of 0.84 square degrees"
        if "cells" in arguments
        else "images",
        tuple(outlines) if few else (),
    )
    output.write(write_map(shown, arguments["form"]))
    return {}


def overlap(arguments: dict[str, Any], output: Output) -> dict[str, Any]:
    """Return the middle of the map, and how much of the sky has how many images."""
    frame, counted, _ = _counted(arguments)
    directions = frame.sky()
    lon, lat = degrees(directions[frame.height // 2, directions.shape[1] // 2])
    ra, dec = frame.centre if frame.whole else (float(lon), float(lat))
    return {
        "whole": frame.whole,
        "ra": ra,
        "dec": dec,
        "resolution": counted.resolution,
        "depths": counted.depths,
    }


def _counted(arguments: dict[str, Any]) -> tuple[Frame, Counted, list[Vectors]]:
    """Return the frame of a map, what is counted in it, and outlines to draw."""
    if "cells" in arguments:
        cells, counts = (
            np.frombuffer(arguments[name], "<i8") for name in ("cells", "counts")
        )
        frame = frame_of(cell_centres(cells))
        return frame, count_cells(frame, cells, counts), []
    images = arguments["outlines"]
    simple = outlines_of([areas[0] for areas in images if len(areas) == 1])
    wide = [outlines_of(areas) for areas in images if len(areas) > 1]
    every = [*simple, *(group for groups in wide for group in groups)]
    ends = [group.reshape(-1, 3) for group in every]
    frame = frame_of(np.concatenate(ends) if ends else np.empty((0, 3)))
    return frame, count_outlines(frame, simple, wide), simple
