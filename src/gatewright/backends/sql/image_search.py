"""Searches for images: the SQL, and the exact test of the regions afterwards."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from gatewright.backends.sql.covers import LIMITS, numbers_of, wide_number
from gatewright.backends.sql.database import Values
from gatewright.backends.sql.image_rows import NO_TIME, PIECES, POLYGON, selected
from gatewright.domains.sky import ImageQuery, Interval, Region
from gatewright.domains.sky.geometry import Vectors, oriented, unit_vectors

_NUMBERS = {
    "exposure": "i.exposure",
    "fov": "i.fov",
    "seeing": "i.seeing",
    "depth": "i.depth",
    "planes": "CAST(i.planes AS DOUBLE PRECISION)",
    "calib_level": "CAST(i.calib_level AS DOUBLE PRECISION)",
}
_WORDS = frozenset({"facility", "instrument", "target", "observation"})
_PACKINGS = ("gz", "bz2")
_BOUND = 1e299
_TOGETHER = 1000
_LONGEST = "SELECT MAX(longest) FROM survey"
_COVERED = "SELECT k.t AS t, k.image AS image FROM cover k WHERE"
_CANDIDATES = "SELECT DISTINCT c.t AS t, c.image AS number FROM"
_ALL = "SELECT i.t AS t, i.number AS number FROM image i"
_SELECT = f"SELECT {selected('o')} FROM"
_DIRECT = f"SELECT {selected('i')} FROM image i"  # noqa: S608  # own names


@dataclass(slots=True)
class Where:
    """Conditions that are joined by AND, with the values of their placeholders."""

    conditions: list[str] = field(default_factory=list)
    """SQL of each condition."""
    values: list[object] = field(default_factory=list)
    """Values of the placeholders, in order."""

    def add(self, condition: str, *values: object) -> None:
        """Add a condition."""
        self.conditions.append(condition)
        self.values += values

    def choose(self, choices: Sequence[tuple[str, Sequence[object]]]) -> None:
        """Add alternatives, joined by OR; an empty list adds nothing."""
        if choices:
            text = " OR ".join(f"({condition})" for condition, _ in choices)
            self.add(f"({text})", *(v for _, values in choices for v in values))

    @property
    def text(self) -> str:
        """The conditions as SQL."""
        return " AND ".join(self.conditions)


def image_conditions(query: ImageQuery) -> Where:
    """Return the conditions of a query on an image's columns (alias i)."""
    where = Where()
    where.choose([_one_of("i.survey", query.surveys)] if query.surveys else [])
    where.choose([_meets("i.t_min", "i.t_max", time) for time in query.times])
    bands = [_meets("i.em_min", "i.em_max", band) for band in query.wavelengths]
    if query.bands:
        bands += [_one_of("i.band", query.bands), _one_of("i.filter", query.bands)]
    where.choose(bands)
    for name in sorted(_NUMBERS & query.numbers.keys()):
        column = _NUMBERS[name]
        within = f"{column} >= ? AND {column} <= ?"
        where.choose(
            [(within, (_bound(n.low), _bound(n.high))) for n in query.numbers[name]]
        )
    for name in sorted(_WORDS & query.words.keys()):
        where.choose([_one_of(f"i.{name}", query.words[name])])
    states = [f"%/{state}/%" for state in query.polarizations]
    where.choose([("i.polarizations LIKE ?", (state,)) for state in states])
    plain = " AND ".join("LOWER(i.path) NOT LIKE ?" for _ in _PACKINGS)
    where.choose(
        [
            ("LOWER(i.path) LIKE ?", (f"%.{packing}",))
            if packing in _PACKINGS
            else (plain, [f"%.{ending}" for ending in _PACKINGS])
            for packing in query.packings
        ]
    )
    if "id" in query.words:
        ids = [name.lower() for name in query.words["id"]]
        where.choose([_one_of("LOWER(i.id)", ids)])
    where.choose(
        [_one_of("i.kind", list(map(str, query.kinds)))] if query.kinds else []
    )
    return where


def _one_of(column: str, values: Sequence[object]) -> tuple[str, Sequence[object]]:
    return f"{column} IN ({', '.join('?' for _ in values)})", values


def _meets(low: str, high: str, interval: Interval) -> tuple[str, Sequence[object]]:
    return f"{low} <= ? AND {high} >= ?", (_bound(interval.high), _bound(interval.low))


def _bound(number: float) -> float:
    return min(max(number, -_BOUND), _BOUND)


def candidates(
    query: ImageQuery,
    cells: Sequence[int] | None,
    after: tuple[float, int],
    limit: int,
) -> tuple[str, list[object]]:
    """Return the SQL that finds the next images, ordered by time and number.

    Its rows are those of :func:`gatewright.backends.sql.image_rows.selected`.

    Parameters
    ----------
    query
        The search.
    cells
        Cells that the regions touch; None to search all images by time.
    after
        Time (MJD) and number of the last image that was seen.
    limit
        Largest number of images.
    """
    where = image_conditions(query)
    if cells is not None:
        source, values = _covered(query, cells, after)
        # Only where images have conditions are they read before they are sorted.
        if where.conditions:
            # SQLite keeps the order of a CROSS JOIN. If it may choose, it reads all
            # images of a survey rather than those of many cells.
            source += f" CROSS JOIN image i WHERE i.number = c.image AND {where.text}"
        return _page(f"{_CANDIDATES} {source}", [*values, *where.values], limit)
    if query.times:
        # An exposure may have begun before: at most the longest of all.
        first = _bound(min(t.low for t in query.times))
        where.add(f"i.t >= ? - ({_LONGEST})", first)
        where.add("i.t <= ?", _bound(max(t.high for t in query.times)))
    where.add("i.t >= ?", after[0])
    where.add("(i.t > ? OR i.number > ?)", *after)
    if len(query.surveys) == 1:
        # The index of a survey has them in order, so that none has to be sorted.
        text = f"{_DIRECT} WHERE {where.text} ORDER BY i.t, i.number LIMIT ?"
        return text, [*where.values, limit]
    return _page(f"{_ALL} WHERE {where.text}", where.values, limit)


def _covered(
    query: ImageQuery, cells: Sequence[int], after: tuple[float, int]
) -> tuple[str, list[object]]:
    """Return the images of cells as a table in SQL (alias c), and its values."""
    parts: list[str] = []
    values: list[object] = []
    of_class = [[wide_number(n), *numbers_of(cells, n)] for n in range(len(LIMITS))]
    if not query.times:
        # Without a time there is no limit to look back by, and one part is quicker.
        of_class = [[number for some in of_class for number in some]]
    for numbers, limit in zip(of_class, LIMITS, strict=False):
        where = Where()
        where.choose([_one_of("k.cell", numbers)])
        if query.times:
            # An exposure may have begun before: at most the longest of its class.
            first = _bound(min(t.low for t in query.times))
            if math.isinf(limit):
                where.add(f"k.t >= ? - ({_LONGEST})", first)
            else:
                where.add("k.t >= ?", first - limit)
            where.add("k.t <= ?", _bound(max(t.high for t in query.times)))
        where.add("k.t >= ?", after[0])
        where.add("(k.t > ? OR k.image > ?)", *after)
        parts.append(f"{_COVERED} {where.text}")
        values += where.values
    return f"({' UNION ALL '.join(parts)}) c", values


def _page(
    source: str, values: Sequence[object], limit: int
) -> tuple[str, list[object]]:
    text = (
        f"{_SELECT} ({source} ORDER BY t, number LIMIT ?) p "
        "JOIN image o ON o.number = p.number ORDER BY p.t, p.number"
    )
    return text, [*values, limit]


BEFORE_ALL = (-NO_TIME, -1)
"""Position before the first image."""


def exact(rows: Sequence[Values], regions: Sequence[Region]) -> list[Values]:
    """Return the rows whose outlines meet at least one of the regions."""
    if not regions or not rows:
        return list(rows)
    met = np.zeros(len(rows), dtype=bool)
    areas = [
        (place, text)
        for place, row in enumerate(rows)
        for text in (row[PIECES] or row[POLYGON]).split(";")
    ]
    owners = np.array([place for place, _ in areas])
    for places, polygons in _outlines([text for _, text in areas]):
        for region in regions:
            met[owners[places][region.meets(polygons)]] = True
    return [row for row, flag in zip(rows, met, strict=True) if flag]


def _outlines(texts: Sequence[str]) -> Iterator[tuple[list[int], Vectors]]:
    """Yield outlines grouped by number of vertices, with their places in ``texts``."""
    groups: dict[int, list[int]] = {}
    for place, text in enumerate(texts):
        groups.setdefault(text.count(" "), []).append(place)
    for places in groups.values():
        for first in range(0, len(places), _TOGETHER):
            some = places[first : first + _TOGETHER]
            words = " ".join(texts[place] for place in some).split()
            numbers = np.array(words, dtype=np.float64).reshape(len(some), -1, 2)
            yield some, oriented(unit_vectors(numbers[..., 0], numbers[..., 1]))
