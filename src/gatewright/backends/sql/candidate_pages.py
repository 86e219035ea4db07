"""Pages of candidates as SQL, in the order of an index of each source.

A condition may hold for few of millions of candidates. So each page examines a bounded
number of them, and may be short although another page follows.
"""

from collections.abc import Sequence

from gatewright.backends.sql.candidate_conditions import add_condition, cost
from gatewright.backends.sql.candidate_rows import WITH_VOTE, within
from gatewright.backends.sql.database import Row
from gatewright.backends.sql.image_search import Where
from gatewright.core.errors import InvalidRequest
from gatewright.core.pages import decode_cursor
from gatewright.domains.discovery import CandidateQuery

EXAMINED = 20_000
"""Largest number of candidates that a page with conditions examines."""
EXAMINED_PLACES = 200_000
"""Largest number of candidates whose index entry a page of a wide circle examines."""
WIDE = 2.0
"""Radius in degrees above which a circle has too many candidates to sort them."""
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


def is_walked(query: CandidateQuery) -> bool:
    """Return whether a page has to be bounded by the candidates that it examines.

    Those of a difference or a small circle are few enough to be sorted, but conditions
    cost more.
    """
    return bool(query.conditions) or (query.place is not None and not _is_few(query))


def bound_statements(
    sources: Sequence[int], query: CandidateQuery, cursor: str | None
) -> list[tuple[str, list[object]]]:
    """Return SQL and values that find how far a page examines each source.

    Each row is the last candidate that is examined in a source (``value`` and ``id``),
    or in all of a difference or a small circle; one with fewer has none. The page ends
    at the highest of them. The more work conditions are, the fewer are examined.

    Raises
    ------
    InvalidRequest
        The cursor does not come from an earlier page.
    """
    by = _sorted_by(query)
    where = Where()
    _add_indexed(where, query, cursor)
    most = EXAMINED_PLACES
    if query.conditions:
        most = EXAMINED // max(1, sum(map(cost, query.conditions)))
    order = f"ORDER BY {by} DESC, id DESC LIMIT 1 OFFSET ?"
    which = f"SELECT id, {by} AS value FROM candidate WHERE"  # noqa: S608  # own names
    if _is_few(query):
        _add_few(where, query)
        marks = ", ".join("?" for _ in sources)
        conditions = " AND ".join([f"+source IN ({marks})", *where.conditions])
        values = [*sources, *where.values, max(most, _LEAST_EXAMINED) - 1]
        return [(f"{which} {conditions} {order}", values)]
    conditions = " AND ".join(["source = ?", *where.conditions])
    last = f"SELECT * FROM ({which} {conditions} {order}) w"  # noqa: S608
    offset = max(most // len(sources), _LEAST_EXAMINED) - 1
    found: list[tuple[str, list[object]]] = []
    for first in range(0, len(sources), _MANY_SOURCES):
        some = sources[first : first + _MANY_SOURCES]
        text = " UNION ALL ".join(last for _ in some)
        values = [v for source in some for v in (source, *where.values, offset)]
        found.append((text, values))
    return found


def bound_of(rows: Sequence[Row]) -> Position | None:
    """Return the end of a page from the rows of :func:`bound_statements`."""
    return max(((row["value"], row["id"]) for row in rows), default=None)


def page_statement(
    sources: Sequence[int],
    query: CandidateQuery,
    person: str,
    cursor: str | None,
    limit: int,
    *,
    visible: Sequence[int] = (),
    bound: Position | None = None,
    free: bool = False,
) -> tuple[str, list[object]]:
    """Return the SQL and the values of a page of candidates.

    The column ``value`` is the sort key for the next cursor. Each source is read in the
    order of its index and the results are merged; the candidates of a small circle or
    a difference are few and are sorted instead.

    Parameters
    ----------
    sources
        Numbers of the sources that are searched.
    query
        The conditions.
    person
        Account whose votes are returned.
    cursor
        Position after which the page begins.
    limit
        Largest number of candidates.
    visible
        Numbers of all sources that the person may see, for the history of objects.
    bound
        Last candidate that is examined; None for all.
    free
        Whether candidates that other people reserve are left out.

    Raises
    ------
    InvalidRequest
        The cursor does not come from an earlier page.
    """
    by = _sorted_by(query)
    where = Where()
    _add_indexed(where, query, cursor)
    if bound is not None:
        where.add(f"({by}, id) >= (?, ?)", *bound)
    _add_few(where, query)
    if query.without:
        where.add(
            f"id NOT IN ({', '.join('?' for _ in query.without)})", *query.without
        )
    if free:
        where.add(_FREE, person)
    for condition in query.conditions:
        add_condition(where, condition, visible)
    some = f"SELECT id, {by} AS value FROM candidate c WHERE "  # noqa: S608  # own names
    order = f"ORDER BY {by} DESC, id DESC LIMIT ?"
    few = _is_few(query)
    bound_values = len(sources) * (len(where.values) + 2)
    if few or len(sources) > _MANY_SOURCES or bound_values > _MANY_VALUES:
        # The plus keeps the databases from walking all of a source in order.
        marks = ", ".join("?" for _ in sources)
        plus = "+" if few else ""
        conditions = " AND ".join([f"{plus}source IN ({marks})", *where.conditions])
        inner = f"{some}{conditions} {order}"
        values = [*sources, *where.values, limit]
    else:
        conditions = " AND ".join(["source = ?", *where.conditions])
        walk = f"SELECT * FROM ({some}{conditions} {order}) w"  # noqa: S608
        inner = " UNION ALL ".join(walk for _ in sources)
        values = [v for source in sources for v in (source, *where.values, limit)]
    text = (
        f"SELECT c.*, p.value AS value, v.choice AS mine "  # noqa: S608  # own names
        f"FROM (SELECT * FROM ({inner}) u ORDER BY value DESC, id DESC LIMIT ?) p "
        f"JOIN candidate c ON c.id = p.id {WITH_VOTE} "
        "ORDER BY p.value DESC, p.id DESC"
    )
    return text, [*values, limit, person]


def _is_few(query: CandidateQuery) -> bool:
    small = query.place is not None and query.place.radius <= WIDE
    return query.difference is not None or small


def _add_few(where: Where, query: CandidateQuery) -> None:
    """Add the conditions that leave few candidates, unless a circle is wide."""
    if query.difference is not None:
        where.add("difference = ?", query.difference)
    if query.place is not None:
        within(where, query.place, walked=not _is_few(query))


def _sorted_by(query: CandidateQuery) -> str:
    return "strength" if query.min_score is None else "score"


def _add_indexed(where: Where, query: CandidateQuery, cursor: str | None) -> None:
    """Add the conditions that an index of a source serves."""
    by = _sorted_by(query)
    if query.unscanned:
        where.add("votes = 0")
    if query.min_score is not None:
        where.add("score >= ?", query.min_score)
    if cursor is not None:
        value, name = decode_cursor(cursor, float, str)
        if "\0" in str(name):
            raise InvalidRequest("The cursor is not one of this listing.")
        where.add(f"({by}, id) < (?, ?)", float(str(value)), name)
