"""Which cells of the sky an image touches, apart by how long the images took.

A search within a time has to look back from it by the longest exposure. If one number
held for all images, a few coadds of five years would make each search of a night read
five years of images. So the table ``cover`` numbers cells anew for each class of
duration, and each class is looked back by its own limit.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

from gatewright.backends.sql.healpix import CELLS, polygon_cells
from gatewright.backends.sql.image_rows import polygon_of, polygon_text
from gatewright.domains.sky import ScannedFile

LIMITS = (0.1, 2.0, 100.0, math.inf)
"""Longest duration of the images of each class, in days."""
_WIDE = -1


def duration_class(t_min: float | None, t_max: float | None) -> int:
    """Return the class of an image that begins and ends at these times (MJD).

    Images without times are of the first class.
    """
    if t_min is None or t_max is None:
        return 0
    return next(n for n, limit in enumerate(LIMITS) if not t_max - t_min > limit)


def numbers_of(cells: Sequence[int], of_class: int) -> list[int]:
    """Return the numbers in the table of cells, for images of a class of duration."""
    return [cell + of_class * CELLS for cell in cells]


def wide_number(of_class: int) -> int:
    """Return the number of images wider than 160 degrees, which every search includes.

    They touch too many cells to list them.
    """
    return _WIDE - of_class


def covers_of(files: Sequence[ScannedFile]) -> list[list[int]]:
    """Return the numbers in the table of the cells of each image of the files."""
    # From the outline as it is stored, so that the same cells are found to delete.
    return [
        stored_cells(
            polygon_text(image.polygon),
            image.t_min,
            image.t_max,
            wide=bool(image.pieces),
        )
        for file in files
        for image in file.images
    ]


def stored_cells(
    outline: str, t_min: float | None, t_max: float | None, *, wide: bool
) -> list[int]:
    """Return the numbers in the table of the cells of an image.

    ``outline`` is that of its row, and ``wide`` tells whether it has several instead.
    """
    of_class = duration_class(t_min, t_max)
    if wide:
        return [wide_number(of_class)]
    return numbers_of(outline_cells(outline), of_class)


@lru_cache(maxsize=4096)
def outline_cells(outline: str) -> list[int]:
    """Return the cells of an outline, which image, weight and mask often share."""
    return polygon_cells(polygon_of(outline))
