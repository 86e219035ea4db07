"""Conditions on candidates as SQL of both databases, with bound values.

Each condition is true or false and never NULL, so that “not” turns one into the other.
"""

from collections.abc import Sequence
from typing import Final

from gatewright.backends.sql.image_search import Where
from gatewright.domains.discovery import (
    FEATURE,
    HISTORY,
    Among,
    Column,
    Comparison,
    Condition,
    Contains,
    Every,
    Literal,
    Not,
    Operator,
    Some,
)

_SQL: Final = {
    "time_assumed": "c.time_assumed",
    "votes.all": "CAST(c.votes AS DOUBLE PRECISION)",
    "votes.real": "CAST(c.votes_real AS DOUBLE PRECISION)",
    "votes.bogus": "CAST(c.votes_bogus AS DOUBLE PRECISION)",
    "votes.unsure": "CAST(c.votes_unsure AS DOUBLE PRECISION)",
}
_HISTORY: Final = {
    "history.count": "CAST(COUNT(*) AS DOUBLE PRECISION)",
    "history.first": "MIN(h.mjd)",
    "history.last": "MAX(h.mjd)",
    "history.real": "CAST(COALESCE(SUM(h.votes_real), 0) AS DOUBLE PRECISION)",
    "history.bogus": "CAST(COALESCE(SUM(h.votes_bogus), 0) AS DOUBLE PRECISION)",
}
_KINDS: Final = {"classes": "class", "tags": "tag"}
_UNKNOWN: Final = frozenset(
    {"score", "mjd", "band", "reason", "classifier", "reference"}
)
"""Columns that may be NULL, beside the features and the history."""
_OPERATORS: Final = {Operator.EQUAL: "=", Operator.UNEQUAL: "<>"}


def add_condition(where: Where, condition: Condition, sources: Sequence[int]) -> None:
    """Add a condition on a candidate with the alias ``c``.

    ``sources`` are those that the caller may see: the history has no others.
    """
    text, values = _sql(condition, sources)
    where.add(text, *values)


def cost(condition: Condition) -> int:
    """Return how much work a condition is, in looks at the candidates of an object.

    Ten looks at features count as one: PostgreSQL parses them each time.
    """
    text, _ = _sql(condition, ())
    return text.count("FROM candidate h") + text.count("json_extract") // 10


def _sql(condition: Condition, sources: Sequence[int]) -> tuple[str, list[object]]:
    match condition:
        case Comparison(column, operator, other):
            return _comparison(column, operator, other, sources)
        case Among(column, values):
            text, bound = _column(column, sources)
            marks = ", ".join("?" for _ in values)
            return _known(f"{text} IN ({marks})", column), [*bound, *values]
        case Contains(column, value):
            text = (
                "EXISTS (SELECT 1 FROM candidate h JOIN candidate_label l "  # noqa: S608  # own names
                "ON l.candidate = h.id WHERE h.object = c.object "
                f"AND +h.source IN ({_numbers(sources)}) AND l.kind = ? AND l.name = ?)"
            )
            return text, [_KINDS[column], value]
        case Not(part):
            text, bound = _sql(part, sources)
            return f"NOT {text}", bound
        case Every(parts):
            return _joined(" AND ", parts, sources)
        case Some(parts):
            return _joined(" OR ", parts, sources)


def _joined(
    word: str, parts: Sequence[Condition], sources: Sequence[int]
) -> tuple[str, list[object]]:
    each = [_sql(part, sources) for part in parts]
    text = word.join(text for text, _ in each)
    return f"({text})", [value for _, values in each for value in values]


def _comparison(
    column: str, operator: Operator, other: Literal | Column, sources: Sequence[int]
) -> tuple[str, list[object]]:
    text, bound = _column(column, sources)
    if other is None:
        word = "IS NULL" if operator is Operator.EQUAL else "IS NOT NULL"
        return f"({text} {word})", bound
    if operator is Operator.UNEQUAL:
        equal, values = _comparison(column, Operator.EQUAL, other, sources)
        return f"NOT {equal}", values
    sign = _OPERATORS.get(operator, str(operator))
    if not isinstance(other, Column):
        value = int(other) if isinstance(other, bool) else other
        return _known(f"{text} {sign} ?", column), [*bound, value]
    right, more = _column(other.name, sources)
    both = _known(f"{text} {sign} {right}", column, other.name)
    if operator is not Operator.EQUAL:
        return both, [*bound, *more]
    neither = f"({text} IS NULL AND {right} IS NULL)"
    return f"({both} OR {neither})", [*bound, *more] * 2


def _known(test: str, *columns: str) -> str:
    """Return a test that is false where a column is unknown.

    The databases see no test of an index in it, so that they walk a source in order
    instead of sorting all rows that fulfil it.
    """
    unknown = any(
        name in _UNKNOWN or name.startswith((FEATURE, HISTORY)) for name in columns
    )
    return f"COALESCE({test}, FALSE)" if unknown else f"({test})"


def _numbers(sources: Sequence[int]) -> str:
    """Return numbers of our own as a list in SQL.

    The databases bind some 32,000 values at most, and a condition names many columns.
    """
    return ", ".join(f"{source:d}" for source in sources)


def _column(name: str, sources: Sequence[int]) -> tuple[str, list[object]]:
    """Return the SQL of a column, and the values of its placeholders."""
    if name.startswith(FEATURE):
        number = "CASE WHEN json_valid(c.features) THEN json_extract(c.features, ?) END"
        return f"({number})", [f"$.{name.removeprefix(FEATURE)}"]
    if name.startswith(HISTORY):
        text = (
            f"(SELECT {_HISTORY[name]} FROM candidate h "  # noqa: S608  # own names
            "WHERE h.object = c.object AND h.id <> c.id "
            f"AND +h.source IN ({_numbers(sources)}))"
        )
        return text, []
    return _SQL.get(name, f"c.{name}"), []
