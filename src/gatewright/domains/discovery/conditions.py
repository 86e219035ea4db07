"""Conditions on candidates as trees: the columns they may name, and their text.

The grammar is in :mod:`gatewright.domains.discovery.condition_text`, which parses what
:func:`condition_text` writes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

Literal = float | str | bool | None
"""A number, text or truth value; None is “null”, an unknown value."""


class Kind(StrEnum):
    """Kind of a column's values."""

    NUMBER = "a number"
    TEXT = "a text"
    TRUTH = "true or false"
    WORDS = "a list of texts"


class Operator(StrEnum):
    """A comparison of two values."""

    EQUAL = "=="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


TURNED: Final = {
    Operator.LESS: Operator.MORE,
    Operator.AT_MOST: Operator.AT_LEAST,
    Operator.MORE: Operator.LESS,
    Operator.AT_LEAST: Operator.AT_MOST,
}
"""Operators that change when the two sides change places."""

FEATURE: Final = "features."
"""Prefix of the columns of measured features."""
HISTORY: Final = "history."
"""Prefix of the columns of other candidates of the same object."""
COLUMNS: Final[Mapping[str, Kind]] = {
    "snr": Kind.NUMBER,
    "strength": Kind.NUMBER,
    "score": Kind.NUMBER,
    "flux": Kind.NUMBER,
    "flux_error": Kind.NUMBER,
    "ra": Kind.NUMBER,
    "dec": Kind.NUMBER,
    "x": Kind.NUMBER,
    "y": Kind.NUMBER,
    "mjd": Kind.NUMBER,
    "time_assumed": Kind.TRUTH,
    "band": Kind.TEXT,
    "reason": Kind.TEXT,
    "difference": Kind.TEXT,
    "reference": Kind.TEXT,
    "object": Kind.TEXT,
    "classifier": Kind.TEXT,
    "votes.all": Kind.NUMBER,
    "votes.real": Kind.NUMBER,
    "votes.bogus": Kind.NUMBER,
    "votes.unsure": Kind.NUMBER,
    "history.count": Kind.NUMBER,
    "history.first": Kind.NUMBER,
    "history.last": Kind.NUMBER,
    "history.real": Kind.NUMBER,
    "history.bogus": Kind.NUMBER,
    "classes": Kind.WORDS,
    "tags": Kind.WORDS,
}
"""Kind of each column; features are further columns, which are numbers."""


def kind_of(column: str) -> Kind:
    """Return the kind of a column's values."""
    return COLUMNS.get(column, Kind.NUMBER)


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the second side of a comparison."""

    name: str
    """Name of the column."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A column compared with a value or another column.

    An unknown value is equal only to null, and neither less nor more than anything.
    """

    column: str
    """Name of the column on the left."""
    operator: Operator
    """How they are compared."""
    other: Literal | Column
    """The right side."""


@dataclass(frozen=True, slots=True)
class Among:
    """A column whose value is one of several; an unknown value is not."""

    column: str
    """Name of the column."""
    values: tuple[float | str, ...]
    """The values, at least one."""


@dataclass(frozen=True, slots=True)
class Contains:
    """A column of several texts that has one."""

    column: str
    """Name of the column."""
    value: str
    """The text."""


@dataclass(frozen=True, slots=True)
class Not:
    """A condition that is true if another one is false."""

    part: "Condition"
    """The other condition."""


@dataclass(frozen=True, slots=True)
class Every:
    """A condition that is true if all of several conditions are true."""

    parts: "tuple[Condition, ...]"
    """The conditions, at least two."""


@dataclass(frozen=True, slots=True)
class Some:
    """A condition that is true if at least one of several conditions is true."""

    parts: "tuple[Condition, ...]"
    """The conditions, at least two."""


Condition = Comparison | Among | Contains | Not | Every | Some
"""A condition: for each candidate it holds or does not."""


def asks_labels(condition: Condition) -> bool:
    """Return whether a condition depends on the classes or tags of candidates."""
    match condition:
        case Not(part):
            return asks_labels(part)
        case Every(parts) | Some(parts):
            return any(map(asks_labels, parts))
        case _:
            return isinstance(condition, Contains)


def condition_text(condition: Condition) -> str:
    """Return a condition as text; parsed, it is the same condition."""
    match condition:
        case Comparison(column, operator, other):
            right = other.name if isinstance(other, Column) else literal_text(other)
            return f"{column} {operator} {right}"
        case Among(column, values):
            return f"{column} in ({', '.join(map(literal_text, values))})"
        case Contains(column, value):
            return f"{literal_text(value)} in {column}"
        case Not(Every() | Some() as part):
            return f"not ({condition_text(part)})"
        case Not(part):
            return f"not {condition_text(part)}"
        case Every(parts):
            return " and ".join(
                f"({text})" if isinstance(part, Every | Some) else text
                for part, text in zip(parts, map(condition_text, parts), strict=True)
            )
        case _:
            parts = condition.parts
            return " or ".join(
                f"({text})" if isinstance(part, Some) else text
                for part, text in zip(parts, map(condition_text, parts), strict=True)
            )


def literal_text(value: Literal) -> str:
    """Return a value as it is written in a condition."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'
    return repr(value).removesuffix(".0")
