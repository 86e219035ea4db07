r"""Queries: conditions on the fields of a document, all of which must hold.

A condition is written ``field:operator:value``. The field is a name, or names joined by
dots, in which a number selects an element of a list; a dot or colon that is part of a
name is preceded by a backslash (``a\.b:eq:3``). The value is JSON, or plain text if it
is not JSON (``name:eq:Vega``, ``name:eq:"42"``, ``mag:lt:20.5``).

======== ===================================================================
operator a document matches when
======== ===================================================================
eq, ne   the field has the value; has another value, or is missing
lt, le   the field is a number or text, as the value is, and is less; less or
gt, ge   equal; greater; greater or equal
in       the field has one of the values of a JSON list
prefix   the field is a text that begins with the value
exists   the field is there (``true``) or missing (``false``)
======== ===================================================================

A field that is null is there. Values of different types are never equal (``1`` is
neither ``true`` nor ``"1"``), and texts are compared by code points. An index limits
which documents are read; each of these is then checked against the conditions, so that
the result is the same without the index.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from gatewright.core.errors import InvalidRequest
from gatewright.domains.store.content import decode
from gatewright.domains.store.model import IndexRange
from gatewright.domains.store.names import (
    check_field,
    names_of,
    split_condition,
    successor,
)

MAXIMUM_CONDITIONS = 20
MAXIMUM_VALUES = 200
_LONGEST_PLACE = 9
_TEXT_ENTRY = 200
_LARGEST = 1.7976931348623157e308
MISSING = object()
"""Stands for a field that a document does not have."""
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class Operator(StrEnum):
    """How the value of a field is compared with the value of the condition."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    IN = "in"
    PREFIX = "prefix"
    EXISTS = "exists"


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on one field."""

    field: str
    """Path of the field: names joined by dots."""
    operator: Operator
    """How the values are compared."""
    value: object
    """Value with which the field is compared."""


_ORDER: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.LT: operator.lt,
    Operator.LE: operator.le,
    Operator.GT: operator.gt,
    Operator.GE: operator.ge,
}


def parse_query(texts: Sequence[str]) -> tuple[Condition, ...]:
    """Return the conditions of a query.

    Raises
    ------
    InvalidRequest, InvalidContent
        There are too many conditions, or one is not valid.
    """
    if len(texts) > MAXIMUM_CONDITIONS:
        raise InvalidRequest(f"A query has at most {MAXIMUM_CONDITIONS} conditions.")
    return tuple(map(_condition, texts))


def _condition(text: str) -> Condition:
    field, rest = split_condition(text)
    word, colon, raw = rest.partition(":")
    if not colon or word not in {str(known) for known in Operator}:
        raise InvalidRequest(
            "A condition is “field:operator:value” with one of the operators "
            f"{', '.join(Operator)}, such as “mag:lt:20.5”."
        )
    return _checked(Condition(check_field(field), Operator(word), _value(raw)), raw)


def _value(raw: str) -> object:
    try:
        msgspec.json.decode(raw.encode("utf-8", "surrogatepass"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if _NUMBER.fullmatch(raw):
            raise InvalidRequest(
                f"“{raw[:40]}” is outside the range of numbers that can be stored."
            ) from error
        return raw
    return decode(raw.encode())


def _checked(condition: Condition, raw: str) -> Condition:
    """Return the condition if its value is of a type that the operator takes."""
    field, word, value = condition.field, condition.operator, condition.value
    if word is Operator.PREFIX:
        return Condition(field, word, value if isinstance(value, str) else raw)
    if word is Operator.IN and not (
        isinstance(value, list)
        and len(value) <= MAXIMUM_VALUES
        and all(kind_of(item) != "structure" for item in value)
    ):
        raise InvalidRequest(
            f"“in” takes a JSON list of at most {MAXIMUM_VALUES} plain values."
        )
    if word is Operator.EXISTS and not isinstance(value, bool):
        raise InvalidRequest("“exists” takes true or false.")
    if word in _ORDER and kind_of(value) not in {"number", "text"}:
        raise InvalidRequest(f"“{word}” takes a number or text.")
    if word in {Operator.EQ, Operator.NE} and kind_of(value) == "structure":
        raise InvalidRequest(f"“{word}” takes a plain value.")
    return condition


def matches(document: object, conditions: Iterable[Condition]) -> bool:
    """Return whether a decoded document meets all conditions."""
    return all(_holds(document, condition) for condition in conditions)


def _holds(document: object, condition: Condition) -> bool:
    found = lookup(document, condition.field)
    value = condition.value
    match condition.operator:
        case Operator.EXISTS:
            return (found is not MISSING) is value
        case Operator.EQ:
            return _equal(found, value)
        case Operator.NE:
            return not _equal(found, value)
        case Operator.IN:
            return any(_equal(found, item) for item in _items(value))
        case Operator.PREFIX:
            return isinstance(found, str) and found.startswith(str(value))
        case _:
            ordered = _ORDER[condition.operator]
            return kind_of(found) == kind_of(value) and ordered(found, value)


def lookup(document: object, field: str) -> object:
    """Return the value of a field in a decoded document; ``MISSING`` without it."""
    for name in names_of(field):
        if isinstance(document, dict):
            document = document.get(name, MISSING)
        elif (
            isinstance(document, list)
            and name.isascii()
            and name.isdigit()
            and len(name) < _LONGEST_PLACE
            and int(name) < len(document)
        ):
            document = document[int(name)]
        else:
            return MISSING
    return document


def _items(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def kind_of(value: object) -> str:
    """Return the type of a decoded value: truth, number, text, null or structure.

    ``truth`` is true or false; ``structure`` is a list or an object.
    """
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    return "null" if value is None else "structure"


def _equal(found: object, value: object) -> bool:
    kind = kind_of(found)
    return kind != "structure" and kind == kind_of(value) and found == value


def entry(document: object, field: str) -> float | str | None:
    """Return a document's entry in the index of a field; None if it has none.

    Numbers are rounded to doubles and texts are shortened, both of which keep the
    order.
    """
    found = lookup(document, field)
    kind = kind_of(found)
    if kind == "structure":
        return None
    return _rounded(found) if kind == "number" else _text_entry(found)


def _rounded(value: object) -> float:
    assert isinstance(value, int | float)  # noqa: S101  # by its kind
    try:
        return float(value)
    except OverflowError:
        return _LARGEST if value > 0 else -_LARGEST


def _text_entry(value: object) -> str:
    if isinstance(value, str):
        return f"s{value[:_TEXT_ENTRY]}"
    return {True: "t", False: "f", None: "n"}[value]  # type: ignore[index]


def index_range(
    conditions: Iterable[Condition], indexes: Iterable[str]
) -> IndexRange | None:
    """Return the range of an index to read for a query; None if no index helps.

    The first condition that can use an index decides which: equality before prefix
    before comparison. Other conditions on the same field narrow the range.
    """
    usable = [c for c in conditions if c.field in set(indexes)]
    usable.sort(key=lambda c: _PREFERENCE.index(c.operator))
    parts = [part for part in map(_range, usable) if part is not None]
    if not parts:
        return None
    field, numeric = parts[0].field, parts[0].numeric
    same = [part for part in parts if (part.field, part.numeric) == (field, numeric)]
    lows = [part.low for part in same if part.low is not None]
    highs = [part.high for part in same if part.high is not None]
    return IndexRange(
        field,
        numeric=numeric,
        low=max(lows, default=None),
        high=min(highs, default=None),
    )


_PREFERENCE = (
    Operator.EQ,
    Operator.IN,
    Operator.PREFIX,
    Operator.LT,
    Operator.LE,
    Operator.GT,
    Operator.GE,
    Operator.NE,
    Operator.EXISTS,
)


def _range(condition: Condition) -> IndexRange | None:
    value = condition.value
    match condition.operator:
        case Operator.NE | Operator.EXISTS:
            return None
        case Operator.IN:
            return _span(condition.field, _items(value))
        case Operator.PREFIX:
            start = _text_entry(str(value))
            return IndexRange(
                condition.field, numeric=False, low=start, high=successor(start)
            )
        case _:
            return _span(condition.field, (value,), condition.operator)


def _span(
    field: str, values: Sequence[object], word: Operator = Operator.EQ
) -> IndexRange | None:
    """Return the range from the lowest to the highest of the values."""
    kinds = {kind_of(value) == "number" for value in values}
    if len(kinds) != 1:
        return None
    open_below = word in {Operator.LT, Operator.LE}
    open_above = word in {Operator.GT, Operator.GE}
    if kinds == {True}:
        numbers = [_rounded(value) for value in values]
        low: float | str | None = None if open_below else min(numbers)
        high: float | str | None = None if open_above else max(numbers)
        return IndexRange(field, numeric=True, low=low, high=high)
    texts = [_text_entry(value) for value in values]
    low = "s" if open_below else min(texts)
    high = "t" if open_above else f"{max(texts)}\x01"  # no value has less than U+0001
    if not open_above and len(max(texts)) > _TEXT_ENTRY:
        high = successor(max(texts))  # what was cut off stands for all that begin so
    return IndexRange(field, numeric=False, low=low, high=high)
