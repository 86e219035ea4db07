"""Pages of candidates as SQL, in the order of an index of each source or sky cell.

A condition may hold for few of millions of candidates. So each page examines a bounded
number of them, and may be short although another page follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gatewright.backends.sql.candidate_cells import CELL, cells_of
from gatewright.backends.sql.candidate_conditions import add_condition, cost
from gatewright.backends.sql.candidate_rows import WITH_VOTE, places, within
from gatewright.backends.sql.database import Row
from gatewright.backends.sql.image_search import Where
from gatewright.core.errors import InvalidRequest
from gatewright.core.pages import decode_cursor
from gatewright.domains.discovery import CandidateQuery

EXAMINED = 6_000
"""Largest number of candidates that a page with conditions examines."""
EXAMINED_PLACES = 20_000
"""Largest number of candidates whose index entry a page of a wide circle examines.

In a circle of 10 degrees are a hundred of as many that are spread over the sky.
"""
EXAMINED_NEAR = 12_000
"""The same for a page that walks only through sky cells that the circle touches."""
SORTED = 8_000
"""Largest number of candidates in a circle that a page sorts.

If a circle has more, a page walks through those of the sky cells that it touches.
"""
MANY_CELLS = 40
"""Largest number of sky cells, of all sources together, that a page walks through.

If a circle touches more it is a large part of the sky, and a page walks through all
candidates of each source.
"""
_WIDE = 10.0
"""Radius in degrees above which the candidates in a circle are not counted."""
_LEAST_EXAMINED = 100
_MANY_SOURCES = 100
"""Largest number of sources in one UNION; SQLite allows at most 500 terms."""
_MANY_VALUES = 30_000
"""Largest number of values in one UNION; PostgreSQL binds 32,767 at most."""
_FREE = (
    "NOT EXISTS (SELECT 1 FROM candidate_claim k "
    "WHERE k.candidate = c.id AND k.person <> ?)"
)

Position = tuple[float, str]
"""Sort key of a candidate and its identifier."""


def count_statement(query: CandidateQuery) -> tuple[str, list[object]] | None:
    """Return SQL and values that count the candidates of a circle.

    The count ends at one more than :data:`SORTED`. None if it is not needed, since the
    circle is wide, or is one of a difference.
    """
    if query.difference is not None:
        return None
    if query.place is None or query.place.radius > _WIDE:
        return None
    inside = places(query.place)
    text = " UNION ALL ".join(
        f"SELECT 1 FROM candidate WHERE {where.text}"  # noqa: S608  # own names
        for where in inside
    )
    values = [value for where in inside for value in where.values]
    text = f"SELECT COUNT(*) AS many FROM ({text} LIMIT ?) w"  # noqa: S608  # own names
    return text, [*values, SORTED + 1]


def is_few(query: CandidateQuery, counted: Sequence[Row]) -> bool:
    """Return whether the candidates of a page are few enough to be sorted.

    They are those of a difference or of a circle, of which ``counted`` has the row of
    :func:`count_statement`.
    """
    return query.difference is not None or any(row["many"] <= SORTED for row in counted)


def is_walked(query: CandidateQuery, *, few: bool) -> bool:
    """Return whether a page has to be bounded by the candidates that it examines.

    Those that are few (:func:`is_few`) can all be sorted, but conditions cost more.
    """
    return bool(query.conditions) or (query.place is not None and not few)


def bound_statements(
    sources: Sequence[int], query: CandidateQuery, cursor: str | None, *, few: bool
) -> list[tuple[str, list[object]]]:
    """Return SQL and values that find how far a page examines each source.

    Each row is the last candidate that is examined in a source or a sky cell (``value``
    and ``id``), or in all of them if they are few (:func:`is_few`); one with fewer has
    none. The page ends at the highest of them. The more work conditions are, the fewer
    are examined.

    Raises
    ------
    InvalidRequest
        The cursor does not come from an earlier page.
    """
    by = _sorted_by(query)
    where = Where()
    _add_indexed(where, query, cursor)
    parts = _parts(sources, query)
    most = EXAMINED_NEAR if len(parts) > len(sources) else EXAMINED_PLACES
    if query.conditions:
        most = EXAMINED // max(1, sum(map(cost, query.conditions)))
    order = f"ORDER BY {by} DESC, id DESC LIMIT 1 OFFSET ?"
    ended = "ORDER BY value DESC, id DESC LIMIT 1 OFFSET ?"
    which = f"SELECT id, {by} AS value FROM candidate WHERE"  # noqa: S608  # own names
    if few:
        text, values = _few(which, sources, where, query)
        offset = max(most, _LEAST_EXAMINED) - 1
        return [(f"SELECT id, value FROM ({text}) w {ended}", [*values, offset])]  # noqa: S608
    offset = max(most // len(parts), _LEAST_EXAMINED) - 1
    found: list[tuple[str, list[object]]] = []
    for first in range(0, len(parts), _MANY_SOURCES):
        some = parts[first : first + _MANY_SOURCES]
        found.append(_walks(f"{which} {{}} {order}", some, where, offset))
    return found


def bound_of(rows: Sequence[Row]) -> Position | None:
    """Return the end of a page from the rows of :func:`bound_statements`."""
    return max(((row["value"], row["id"]) for row in rows), default=None)


@dataclass(frozen=True, slots=True)
class CandidatePage:
    """What a page of candidates has."""

    query: CandidateQuery
    """The conditions."""
    person: str
    """Account whose votes are returned."""
    limit: int
    """Largest number of candidates."""
    cursor: str | None = None
    """Position after which the page begins."""
    visible: Sequence[int] = ()
    """Numbers of all sources that the person may see, for the history of objects."""
    bound: Position | None = None
    """Last candidate that is examined; None for all."""
    free: bool = False
    """Whether candidates that other people reserve are left out."""
    few: bool = False
    """Whether the candidates are few (:func:`is_few`)."""


def page_statement(
    sources: Sequence[int], page: CandidatePage
) -> tuple[str, list[object]]:
    """Return the SQL and the values of a page of candidates.

    The column ``value`` is the sort key for the next cursor. Each source is read in the
    order of its index and the results are merged, or each of its sky cells that a
    circle touches; those that are few are sorted instead.

    Parameters
    ----------
    sources
        Numbers of the sources that are searched.
    page
        What the page has.

    Raises
    ------
    InvalidRequest
        The cursor does not come from an earlier page.
    """
    query, limit, few = page.query, page.limit, page.few
    by = _sorted_by(query)
    where = Where()
    _add_indexed(where, query, page.cursor, page.bound)
    if query.place is not None and not few:
        within(where, query.place, walked=True)
    if query.without:
        where.add(
            f"id NOT IN ({', '.join('?' for _ in query.without)})", *query.without
        )
    if page.free:
        where.add(_FREE, page.person)
    for condition in query.conditions:
        add_condition(where, condition, page.visible)
    some = f"SELECT id, {by} AS value FROM candidate c WHERE"  # noqa: S608  # own names
    order = f"ORDER BY {by} DESC, id DESC LIMIT ?"
    parts = _parts(sources, query)
    bound_values = len(parts) * (len(where.values) + 3)
    if few:
        inner, values = _few(some, sources, where, query)
    elif len(parts) > _MANY_SOURCES or bound_values > _MANY_VALUES:
        marks = ", ".join("?" for _ in sources)
        conditions = " AND ".join([f"source IN ({marks})", *where.conditions])
        inner = f"{some} {conditions} {order}"
        values = [*sources, *where.values, limit]
    else:
        inner, values = _walks(f"{some} {{}} {order}", parts, where, limit)
    text = (
        f"SELECT c.*, p.value AS value, v.choice AS mine "  # noqa: S608  # own names
        f"FROM (SELECT * FROM ({inner}) u ORDER BY value DESC, id DESC LIMIT ?) p "
        f"JOIN candidate c ON c.id = p.id {WITH_VOTE} "
        "ORDER BY p.value DESC, p.id DESC"
    )
    return text, [*values, limit, page.person]


def _parts(sources: Sequence[int], query: CandidateQuery) -> list[Where]:
    """Return the conditions of each part of an index that a page walks through.

    A part is a source, or a sky cell of one. A query with conditions would repeat them
    for each cell, so that it walks through sources.
    """
    if query.place is not None and not query.conditions:
        cells = cells_of(query.place, unscanned=query.unscanned)
        if len(sources) * len(cells) <= MANY_CELLS:
            of_cell = ["source = ?", f"{CELL} = ?"]
            return [Where(of_cell, [s, cell]) for s in sources for cell in cells]
    return [Where(["source = ?"], [source]) for source in sources]


def _walks(
    select: str, parts: Sequence[Where], where: Where, last: int
) -> tuple[str, list[object]]:
    """Return a SELECT of each part as SQL, joined by UNION ALL.

    ``select`` has braces for its conditions, and ``last`` is the value at its end.
    """
    texts = [
        select.format(" AND ".join([*part.conditions, *where.conditions]))
        for part in parts
    ]
    text = " UNION ALL ".join(f"SELECT * FROM ({one}) w" for one in texts)  # noqa: S608
    return text, [v for part in parts for v in (*part.values, *where.values, last)]


def _few(
    which: str, sources: Sequence[int], where: Where, query: CandidateQuery
) -> tuple[str, list[object]]:
    """Return the candidates of a difference or a circle as SQL without an order.

    ``which`` begins a SELECT, and ``where`` are the other conditions.
    """
    parts = [Where()]
    if query.difference is not None:
        parts[0].add("difference = ?", query.difference)
        if query.place is not None:
            within(parts[0], query.place, walked=True)
    elif query.place is not None:
        parts = places(query.place)
    # The plus keeps the databases from walking all of a source in order.
    marks = ", ".join("?" for _ in sources)
    shared = " AND ".join([f"+source IN ({marks})", *where.conditions])
    text = " UNION ALL ".join(f"{which} {part.text} AND {shared}" for part in parts)
    values = [v for part in parts for v in (*part.values, *sources, *where.values)]
    return text, values


def _sorted_by(query: CandidateQuery) -> str:
    return "strength" if query.min_score is None else "score"


def _add_indexed(
    where: Where,
    query: CandidateQuery,
    cursor: str | None,
    bound: Position | None = None,
) -> None:
    """Add the conditions that an index of a source or a cell serves."""
    by = _sorted_by(query)
    if query.unscanned:
        where.add("votes = 0")
    if bound is not None:
        where.add(f"({by}, id) >= (?, ?)", *bound)
    if query.min_score is not None:
        # SQLite ends a walk at one limit alone: a bound is the nearer one.
        least = query.min_score if bound is None else max(query.min_score, bound[0])
        where.add("score >= ?", least)
    if cursor is not None:
        value, name = decode_cursor(cursor, float, str)
        if "\0" in str(name):
            raise InvalidRequest("The cursor is not one of this listing.")
        where.add(f"({by}, id) < (?, ?)", float(str(value)), name)
