"""Where the images of a query are: their outlines, or their number in each cell.

Outlines are read of up to 10,000 images. Of more, images are counted by the cells that
they touch. For a large survey that is done once after each scan that changed it; what
that does not answer, such as a range of times, is counted when it is asked for, within
a time limit.
"""

import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gatewright.backends.sql.covers import LIMITS
from gatewright.backends.sql.database import Database, Row
from gatewright.backends.sql.healpix import CELLS, polygon_cells
from gatewright.backends.sql.image_counts import (
    MOST_OUTLINES,
    greatest,
    least,
    unpacked,
)
from gatewright.backends.sql.image_rows import polygon_of
from gatewright.backends.sql.image_search import Where, image_conditions
from gatewright.core.errors import TooLarge
from gatewright.domains.sky import Footprints, ImageQuery

_Counts = npt.NDArray[np.int64]

_AT_ONCE = 1024
"""Cells that one statement counts in, so that others do not wait for it."""
_SECONDS = 20.0
"""Longest time in seconds that a request may count images."""
_WIDE_AT_ONCE = 200
_OUTLINES = "SELECT polygon, pieces, band, t_min, t_max FROM image i WHERE {} LIMIT ?"
_TOTALS = """
SELECT i.band AS band, COUNT(*) AS images, MIN(i.t_min) AS t_min, MAX(i.t_max) AS t_max
FROM image i WHERE {} GROUP BY i.band
"""
_COUNT = """
SELECT c.cell AS cell, COUNT(*) AS images
FROM cover c JOIN image i ON i.number = c.image
WHERE c.cell >= ? AND c.cell < ? AND {} GROUP BY c.cell
"""
_WIDE = """
SELECT i.number AS number, i.pieces AS pieces FROM image i
WHERE i.pieces <> '' AND i.number > ? AND {} ORDER BY i.number LIMIT ?
"""
_KEPT = "SELECT * FROM survey_cells WHERE survey = ?"


class SqlFootprints:
    """Implements :class:`gatewright.domains.sky.FootprintIndex` with a database.

    Parameters
    ----------
    database
        The database of the index of images.
    most
        Most images of which the outlines are read; of more, cells are counted.
    seconds
        Longest time for which images are counted when that is asked for.
    """

    def __init__(
        self, database: Database, most: int = MOST_OUTLINES, seconds: float = _SECONDS
    ) -> None:
        self._database = database
        self._most = most
        self._seconds = seconds

    async def footprints(self, query: ImageQuery) -> Footprints:
        where = image_conditions(query)
        text = _OUTLINES.format(where.text)
        rows = await self._database.read(text, *where.values, self._most + 1)
        if len(rows) <= self._most:
            bands = [row["band"] for row in rows if row["band"]]
            known = sorted(set(bands))
            return Footprints(
                images=len(rows),
                bands={band: bands.count(band) for band in known},
                t_min=least(rows),
                t_max=greatest(rows),
                outlines=[
                    tuple(
                        polygon_of(area)
                        for area in (row["pieces"] or row["polygon"]).split(";")
                    )
                    for row in rows
                ],
            )
        kept = await self._kept(query)
        if kept:
            total = sum((unpacked(row["cells"]) for row in kept), np.zeros(CELLS, int))
            return _of_cells(kept, total)
        totals = await self._database.read(_TOTALS.format(where.text), *where.values)
        until = time.monotonic() + self._seconds
        return _of_cells(totals, await self._counted(where, until))

    async def _kept(self, query: ImageQuery) -> Sequence[Row]:
        """Return the kept rows that answer a query; none if they do not."""
        plain = ImageQuery(kinds=query.kinds, bands=query.bands, surveys=query.surveys)
        if query != plain or len(query.surveys) != 1:
            return ()
        rows = await self._database.read(_KEPT, query.surveys[0])
        return [
            row
            for row in rows
            if (not query.kinds or row["kind"] in map(str, query.kinds))
            and (not query.bands or {row["band"], row["filter"]} & set(query.bands))
        ]

    async def _counted(self, where: Where, until: float | None) -> _Counts:
        """Return the number of images in each cell.

        Raises
        ------
        TooLarge
            ``until`` is over (a time of the monotonic clock).
        """
        total = np.zeros(CELLS, np.int64)
        read = self._database.read
        for first in range(0, len(LIMITS) * CELLS, _AT_ONCE):
            text = _COUNT.format(where.text)
            rows = await read(text, first, first + _AT_ONCE, *where.values)
            if rows:
                cells = np.array([row["cell"] for row in rows]) % CELLS
                total[cells] += [row["images"] for row in rows]
            _check(until)
        after = -1
        while True:
            text = _WIDE.format(where.text)
            wide = await read(text, after, *where.values, _WIDE_AT_ONCE)
            for row in wide:
                areas = map(polygon_of, row["pieces"].split(";"))
                total[sorted({c for area in areas for c in polygon_cells(area)})] += 1
                _check(until)
            if len(wide) < _WIDE_AT_ONCE:
                return total
            after = wide[-1]["number"]


def _check(until: float | None) -> None:
    if until is not None and time.monotonic() > until:
        raise TooLarge(
            "This selection has too many images to count them in time. Choose a "
            "shorter range of times, or leave it out."
        )


def _of_cells(rows: Sequence[Row], total: _Counts) -> Footprints:
    """Return footprints by cells; ``rows`` have the numbers of images by band."""
    bands: dict[str, int] = {}
    for row in rows:
        if row["band"]:
            bands[row["band"]] = bands.get(row["band"], 0) + row["images"]
    cells = np.flatnonzero(total)
    return Footprints(
        images=sum(row["images"] for row in rows),
        bands=dict(sorted(bands.items())),
        t_min=least(rows),
        t_max=greatest(rows),
        cells=dict(zip(cells.tolist(), total[cells].tolist(), strict=True)),
    )
