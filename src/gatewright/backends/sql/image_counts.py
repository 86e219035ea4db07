"""Counts the images of a survey after a scan: in all, by filter, and in each cell.

Of a survey with few images the cells are found from their outlines. Of one with many
they are read from the table of cells. That table has no survey, and joining each of its
rows to the image's row takes a look-up at random in tables larger than the memory. So
the filter of each image is noted in an array first (one byte for each image), and then
the table of cells is read once, in its order, whatever the number of filters.
"""

import asyncio
import base64
import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gatewright.backends.sql.covers import outline_cells
from gatewright.backends.sql.database import (
    Batch,
    Database,
    Row,
    Statement,
    Values,
    Work,
)
from gatewright.backends.sql.healpix import CELL_AREA, CELLS
from gatewright.domains.sky import ImageKind

MOST_OUTLINES = 10_000
"""Most images whose outlines are read."""
_AT_ONCE = 10_000
"""Rows that one statement reads, so that memory is bounded and others do not wait."""
_MOST_FILTERS = 64
"""Most combinations of kind, band and filter for which cells are kept."""
_GROUPS = """
SELECT kind, band, COUNT(*) AS images, MIN(t_min) AS t_min, MAX(t_max) AS t_max,
MIN(number) AS first, MAX(number) AS last
FROM image WHERE survey = ? GROUP BY kind, band
"""
_AREA = """
SELECT SUM(area) AS area FROM (SELECT MAX(width * height * scale * scale) AS area
FROM image WHERE survey = ? GROUP BY polygon) AS footprint
"""
_OUTLINES = "SELECT DISTINCT polygon, pieces FROM image WHERE survey = ?"
_FILTERS = """
SELECT kind, band, filter, COUNT(*) AS images, MIN(t_min) AS t_min, MAX(t_max) AS t_max
FROM image WHERE survey = ? GROUP BY kind, band, filter LIMIT ?
"""
_FILTER_OF_EACH = """
SELECT t, number, kind, band, filter, pieces FROM image
WHERE survey = ? AND (t, number) > (?, ?) ORDER BY t, number LIMIT ?
"""
_COVER = """
SELECT cell, t, image FROM cover
WHERE (cell, t, image) > (?, ?, ?) ORDER BY cell, t, image LIMIT ?
"""
_FORGET = "DELETE FROM survey_cells WHERE survey = ?"
_KEEP = """
INSERT INTO survey_cells (survey, kind, band, filter, images, t_min, t_max, cells)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""

_Filter = tuple[str, str, str]
"""Kind, band and filter of an image; empty where they are unknown."""


async def count_images(
    database: Database, survey: str, most: int = MOST_OUTLINES
) -> dict[str, object]:
    """Count the images of a survey, and return the counts as they are kept with it.

    Of a survey with more than ``most`` images it also keeps how many images of each
    filter touch each cell, which :class:`SqlFootprints` answers with.
    """
    groups = await database.read(_GROUPS, survey)
    images = sum(row["images"] for row in groups)
    kept: list[tuple[object, ...]] = []
    if images > most:
        filters = await database.read(_FILTERS, survey, _MOST_FILTERS + 1)
        known = filters if len(filters) <= _MOST_FILTERS else ()
        counter = _CellCounter(groups, known)
        await _read_cells(database, survey, counter)
        cells = int(np.count_nonzero(counter.counts.any(axis=0)))
        kept = [
            (survey, *name, *told, packed(counter.counts[place]))
            for name, (place, *told) in counter.filters.items()
        ]
    else:
        rows = await database.read(_OUTLINES, survey)
        cells = await asyncio.to_thread(_number_of_cells, rows)

    def work() -> Work[None]:
        yield Statement(_FORGET, (survey,))
        yield Batch(_KEEP, kept)

    await database.run(work)
    area = (await database.read(_AREA, survey))[0]["area"] or 0.0
    return {
        "images": images,
        "t_min": least(groups),
        "t_max": greatest(groups),
        "kinds": _sums(groups, "kind"),
        "bands": _sums(
            [r for r in groups if r["kind"] == str(ImageKind.SCIENCE)], "band"
        ),
        "cells": cells,
        "area": min(cells * CELL_AREA, area / 3600**2),
    }


class _CellCounter:
    """Counts the images of a survey in each cell, apart by filter.

    Parameters
    ----------
    groups
        Rows with the first and last number of the survey's images.
    filters
        Rows of the filters that are counted apart; without any, all images are counted
        together.
    """

    def __init__(self, groups: Sequence[Row], filters: Sequence[Row]) -> None:
        self.filters: dict[_Filter, tuple[int, int, float | None, float | None]] = {
            _filter(row["kind"], row["band"], row["filter"]): (
                place, row["images"], row["t_min"], row["t_max"],
            )
            for place, row in enumerate(filters)
        }  # fmt: skip
        self.counts = np.zeros((max(1, len(filters)), CELLS), np.uint32)
        self._first = min(row["first"] for row in groups)
        span = max(row["last"] for row in groups) - self._first + 1
        # 0 is no image of the survey; the place of its filter counts from 1.
        self._places = np.zeros(span + 1, np.uint8)

    def note(self, rows: Sequence[Values]) -> None:
        """Note the filters of images, and count those that have no rows of cells."""
        for _, number, kind, band, name, pieces in rows:
            known = self.filters.get(_filter(kind, band, name))
            if self.filters and known is None:
                continue  # it came after the filters were read: the next scan counts it
            place = 0 if known is None else known[0]
            if pieces:
                self.counts[place, _cells_of(pieces)] += 1
            elif 0 <= number - self._first < self._places.size - 1:
                self._places[number - self._first] = place + 1

    def count(self, rows: Sequence[Values]) -> None:
        """Count rows of the table of cells."""
        cells, _, numbers = zip(*rows, strict=True)
        # The last place is that of all images that are not of the survey.
        own = np.array(numbers) - self._first
        own[(own < 0) | (own >= self._places.size)] = self._places.size - 1
        places = self._places[own]
        mine = places > 0
        where = (places[mine] - 1, np.array(cells)[mine] % CELLS)
        np.add.at(self.counts, where, 1)


async def _read_cells(database: Database, survey: str, counter: _CellCounter) -> None:
    """Read the filter of each image, and then the table of cells, page by page."""
    after: Values = (-math.inf, -1)
    while rows := await database.read_values(_FILTER_OF_EACH, survey, *after, _AT_ONCE):
        await asyncio.to_thread(counter.note, rows)
        after = rows[-1][:2]
    after = (-1, math.inf, 0)
    while rows := await database.read_values(_COVER, *after, _AT_ONCE):
        await asyncio.to_thread(counter.count, rows)
        after = rows[-1]


def _filter(kind: str, band: str | None, name: str | None) -> _Filter:
    return kind, band or "", name or ""


def _number_of_cells(rows: Sequence[Row]) -> int:
    texts = [row["pieces"] or row["polygon"] for row in rows]
    return len({cell for text in texts for cell in _cells_of(text)})


def _cells_of(outlines: str) -> list[int]:
    """Return the cells that one or several outlines touch, each once."""
    return sorted({c for text in outlines.split(";") for c in outline_cells(text)})


def _sums(groups: Sequence[Row], name: str) -> Mapping[str, int]:
    """Return the number of images by kind or band, without those of none."""
    sums: dict[str, int] = {}
    for row in groups:
        if row[name] is not None:
            sums[row[name]] = sums.get(row[name], 0) + row["images"]
    return sums


def least(rows: Sequence[Row]) -> float | None:
    """Return the earliest ``t_min`` of rows; None if none is known."""
    return min((row["t_min"] for row in rows if row["t_min"] is not None), default=None)


def greatest(rows: Sequence[Row]) -> float | None:
    """Return the latest ``t_max`` of rows; None if none is known."""
    return max((row["t_max"] for row in rows if row["t_max"] is not None), default=None)


def packed(counts: npt.NDArray[np.unsignedinteger[Any]]) -> str:
    """Return the counts of all cells as text."""
    return base64.b64encode(zlib.compress(counts.astype("<u4").tobytes())).decode()


def unpacked(text: str) -> npt.NDArray[np.int64]:
    """Return the counts of a text from :func:`packed`."""
    data = zlib.decompress(base64.b64decode(text))
    return np.frombuffer(data, "<u4").astype(np.int64)
