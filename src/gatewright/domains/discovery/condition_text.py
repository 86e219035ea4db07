r"""Parses conditions on candidates; nothing in them is executed.

::

    condition  = conjunction { "or" conjunction }
    conjunction = negation { "and" negation }
    negation   = "not" negation | "(" condition ")" | comparison
    comparison = side operator side
               | column [ "not" ] "in" "(" literal { "," literal } ")"
               | text [ "not" ] "in" column
    operator   = "==" | "!=" | "<" | "<=" | ">" | ">="
    side       = column | literal
    literal    = number | text | "true" | "false" | "null"
    column     = letter { letter | digit | "_" | "." }
    number     = [ "-" ] digits [ "." digits ] [ "e" [ "+" | "-" ] digits ]
    text       = '"' { character } '"' | "'" { character } "'"

At least one side of a comparison is a column. In a text, ``\"``, ``\'`` and ``\\``
stand for the second character. ``not`` binds closer than ``and``, ``and`` closer than
``or``. Words have lower case.
"""

import difflib
import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from gatewright.core.errors import InvalidContent
from gatewright.domains.discovery.conditions import (
    COLUMNS,
    FEATURE,
    TURNED,
    Among,
    Column,
    Comparison,
    Condition,
    Contains,
    Every,
    Kind,
    Literal,
    Not,
    Operator,
    Some,
    kind_of,
)

LONGEST_CONDITION: Final = 2000
"""Largest number of characters of a condition."""
MOST_COMPARISONS: Final = 60
"""Largest number of comparisons in a condition."""
MOST_VALUES: Final = 60
"""Largest number of values of one “in”."""
DEEPEST: Final = 20
"""Largest number of parentheses and “not” inside one another."""

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w.]))
    |(?P<word>[A-Za-z][A-Za-z0-9_.]*)
    |(?P<text>"(?:[^"\\]|\\["'\\])*"|'(?:[^'\\]|\\["'\\])*')
    |(?P<sign>==|!=|<=|>=|<|>|\(|\)|,)""",
    re.VERBOSE,
)
_HINTS: Final = {
    "=": "Write “==” to compare.",
    "&": "Write “and”.",
    "|": "Write “or”.",
    "!": "Write “not”, or “!=” to compare.",
    '"': "A text ends with the quotation mark that it begins with, and a backslash in "
    "it stands before a quotation mark or another backslash.",
}
_HINTS_OF_KIND: Final = "Compare a column with a value, such as “snr > 8”."
_RESERVED: Final = {"and", "or", "not", "in", "true", "false", "null"}
_VALUES: Final[dict[str, Literal]] = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number, text or sign of a condition."""

    kind: str
    """Name of the group of the token's pattern; ``end`` after the last one."""
    text: str
    """The characters."""
    at: int
    """Position of the first character, from 1."""


def parse_condition(text: str, features: Collection[str]) -> Condition:
    """Return the condition that a text says.

    ``features`` are the names of features, without their prefix.

    Raises
    ------
    InvalidContent
        The text is no condition, too long or too deep, names an unknown column, or
        compares values of different kinds. The error says at which character, and has
        it as the member ``at``.
    """
    if len(text) > LONGEST_CONDITION:
        raise InvalidContent(
            f"A condition has at most {LONGEST_CONDITION} characters; this one has "
            f"{len(text)}."
        )
    parser = _Parser(list(_tokens(text)), features)
    found = parser.condition(0)
    parser.expect_end()
    return found


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            sign = text[at]
            hint = _HINTS.get('"' if sign == "'" else sign, "")
            raise _fault(at + 1, f"“{sign}” cannot stand here. {hint}")
        kind = str(match.lastgroup)
        if kind == "text" and re.search("[\0\ud800-\udfff]", match[0]):
            raise _fault(at + 1, "A text has no NUL and no unpaired surrogate.")
        if kind != "space":
            yield Token(kind, match[0], at + 1)
        at = match.end()
    yield Token("end", "", at + 1)


def _fault(at: int, words: str) -> InvalidContent:
    return InvalidContent(f"At character {at} of the condition: {words}".strip(), at=at)


class _Parser:
    """Reads the tokens from left to right, with one method for each rule."""

    def __init__(self, tokens: list[Token], features: Collection[str]) -> None:
        self._tokens = tokens
        self._place = 0
        self._comparisons = 0
        self._columns = {
            **COLUMNS,
            **{FEATURE + name: Kind.NUMBER for name in features},
        }

    @property
    def _now(self) -> Token:
        return self._tokens[self._place]

    def _take(self, *texts: str) -> bool:
        """Step over the token if it is one of these words or signs."""
        found = self._now.kind in {"word", "sign"} and self._now.text in texts
        self._place += found
        return found

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise self._unexpected(f"“{sign}” is missing here.")

    def _unexpected(self, words: str) -> InvalidContent:
        now = self._now
        if now.kind == "end":
            return _fault(now.at, f"It ends too early. {words}")
        return _fault(now.at, f"“{now.text[:60]}” cannot stand here. {words}")

    def expect_end(self) -> None:
        """Refuse what follows a whole condition."""
        if self._now.kind != "end":
            raise self._unexpected("Join conditions with “and” or “or”.")

    def condition(self, depth: int) -> Condition:
        parts = [self._conjunction(depth)]
        while self._take("or"):
            parts.append(self._conjunction(depth))
        return Some(tuple(parts)) if len(parts) > 1 else parts[0]

    def _conjunction(self, depth: int) -> Condition:
        parts = [self._negation(depth)]
        while self._take("and"):
            parts.append(self._negation(depth))
        return Every(tuple(parts)) if len(parts) > 1 else parts[0]

    def _negation(self, depth: int) -> Condition:
        at = self._now.at
        if depth > DEEPEST:
            raise _fault(at, f"More than {DEEPEST} “not” and parentheses are nested.")
        if self._take("not"):
            return Not(self._negation(depth + 1))
        if self._take("("):
            found = self.condition(depth + 1)
            self._expect(")")
            return found
        self._comparisons += 1
        if self._comparisons > MOST_COMPARISONS:
            raise _fault(at, f"A condition has at most {MOST_COMPARISONS} comparisons.")
        return self._comparison()

    def _comparison(self) -> Condition:
        first = self._now
        left = self._side()
        if self._now.text in {"in", "not"}:
            negated = self._take("not")
            self._expect("in")
            found = (
                self._among(left.name, first)
                if isinstance(left, Column)
                else self._contains(left, first)
            )
            return Not(found) if negated else found
        sign = self._now
        if not self._take(*Operator):
            raise self._unexpected(_HINTS_OF_KIND)
        operator = Operator(sign.text)
        second = self._now
        right = self._side()
        if not isinstance(left, Column):
            if not isinstance(right, Column):
                raise _fault(first.at, f"Here are two values. {_HINTS_OF_KIND}")
            left, right, second = right, left, first
            operator = TURNED.get(operator, operator)
        self._check(left.name, operator, right, second, sign)
        return Comparison(left.name, operator, right)

    def _check(
        self,
        name: str,
        operator: Operator,
        right: Literal | Column,
        second: Token,
        sign: Token,
    ) -> None:
        """Refuse a comparison of different kinds, and an order of what has none."""
        kind = kind_of(name)
        if kind is Kind.WORDS:
            raise _fault(sign.at, f'“{name}” is {kind}: write “"..." in {name}”.')
        other = kind_of(right.name) if isinstance(right, Column) else _kind(right)
        if other is not None and other is not kind:
            raise _fault(second.at, f"“{name}” is {kind}, and this is {other}.")
        ordered = operator not in {Operator.EQUAL, Operator.UNEQUAL}
        if ordered and (other is None or kind is not Kind.NUMBER):
            what = "null" if other is None else f"{kind}: “{name}”"
            raise _fault(
                sign.at, f"“{sign.text}” compares numbers. With {what} write == or !=."
            )

    def _side(self) -> Literal | Column:
        token = self._now
        if token.kind == "word" and token.text not in _RESERVED:
            if token.text not in self._columns:
                raise _fault(token.at, self._unknown(token.text))
            self._place += 1
            return Column(token.text)
        return self._literal(_HINTS_OF_KIND)

    def _unknown(self, name: str) -> str:
        near = difflib.get_close_matches(name, self._columns, 1)
        meant = f"Did you mean “{near[0]}”? " if near else ""
        plain = ", ".join(COLUMNS)
        return (
            f"There is no column “{name[:60]}”. {meant}The columns are {plain}, and "
            f"{FEATURE}NAME for the measured features."
        )

    def _literal(self, words: str) -> Literal:
        token = self._now
        value: Literal
        if token.kind == "number":
            value = float(token.text)
            if math.isinf(value):
                raise _fault(token.at, "This number is too large.")
        elif token.kind == "text":
            value = re.sub(r"\\(.)", r"\1", token.text[1:-1])
        elif token.text in _VALUES:
            value = _VALUES[token.text]
        else:
            raise self._unexpected(words)
        self._place += 1
        return value

    def _contains(self, value: Literal, first: Token) -> Contains:
        column = self._now
        name = self._side()
        if not isinstance(name, Column) or kind_of(name.name) is not Kind.WORDS:
            lists = " or ".join(n for n, k in COLUMNS.items() if k is Kind.WORDS)
            raise _fault(column.at, f"After a value and “in” stands {lists}.")
        if not isinstance(value, str):
            raise _fault(
                first.at, f"“{name.name}” is a list of texts, and this is none."
            )
        return Contains(name.name, value)

    def _among(self, name: str, first: Token) -> Among:
        if kind_of(name) is Kind.WORDS:
            raise _fault(first.at, f'Write “"..." in {name}”.')
        self._expect("(")
        values: list[float | str] = []
        while True:
            token = self._now
            value = self._literal("Values stand here, separated by commas.")
            kind = _kind(value)
            if kind is not kind_of(name) or isinstance(value, bool) or value is None:
                what = "null" if kind is None else kind
                raise _fault(
                    token.at,
                    f"“{name}” is {kind_of(name)}, and this is {what}. “in” is for "
                    "numbers and texts.",
                )
            values.append(value)
            if len(values) > MOST_VALUES:
                raise _fault(token.at, f"“in” takes at most {MOST_VALUES} values.")
            if not self._take(","):
                break
        self._expect(")")
        return Among(name, tuple(values))


def _kind(value: Literal) -> Kind | None:
    """Return the kind of a value; None of null."""
    if value is None:
        return None
    if isinstance(value, bool):
        return Kind.TRUTH
    return Kind.TEXT if isinstance(value, str) else Kind.NUMBER
