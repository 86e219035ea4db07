"""Conditions on candidates: what is written is what is read, and mistakes are named."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.core.errors import InvalidContent
from gatewright.domains.discovery import (
    COLUMNS,
    FEATURE,
    LONGEST_CONDITION,
    Among,
    Column,
    Comparison,
    Condition,
    Contains,
    Every,
    Kind,
    Not,
    Operator,
    Some,
    condition_text,
    kind_of,
    parse_condition,
)

FEATURES = ("fwhm", "n2sig3")
NAMES = [*COLUMNS, *(FEATURE + name for name in FEATURES)]
TEXTS = st.text(max_size=8).filter(lambda text: "\0" not in text)
VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.NUMBER: st.floats(allow_nan=False, allow_infinity=False),
    Kind.TEXT: TEXTS,
    Kind.TRUTH: st.booleans(),
}


@st.composite
def comparisons(draw: st.DrawFn) -> Condition:
    column = draw(st.sampled_from(NAMES))
    kind = kind_of(column)
    if kind is Kind.WORDS:
        return draw(st.builds(Contains, st.just(column), TEXTS))
    same = st.sampled_from([name for name in NAMES if kind_of(name) is kind])
    equal = st.sampled_from([Operator.EQUAL, Operator.UNEQUAL])
    some = st.lists(VALUES[kind], min_size=1, max_size=3).map(tuple)
    forms: list[st.SearchStrategy[Condition]] = [
        st.builds(Comparison, st.just(column), equal, st.none() | VALUES[kind]),
        st.builds(Comparison, st.just(column), equal, st.builds(Column, same)),
    ]
    if kind is not Kind.TRUTH:
        forms.append(st.builds(Among, st.just(column), some))
    if kind is Kind.NUMBER:
        order = st.sampled_from(list(Operator))
        forms.append(st.builds(Comparison, st.just(column), order, VALUES[kind]))
    return draw(st.one_of(forms))


def joined(
    parts: st.SearchStrategy[Condition],
) -> st.SearchStrategy[Condition]:
    several = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Not, parts), st.builds(Every, several), st.builds(Some, several)
    )


CONDITIONS = st.recursive(comparisons(), joined, max_leaves=8)


@given(CONDITIONS)
def test_what_is_written_is_read_as_the_same(condition: Condition) -> None:
    text = condition_text(condition)
    assert parse_condition(text, FEATURES) == condition
    # Spaces and line ends between the words mean nothing.
    spaced = (
        re.sub(r"(^|[ ()])(?=[^\"]*$)", r"\1 \n", text) if '"' not in text else text
    )
    assert parse_condition(spaced, FEATURES) == condition


@given(st.text(alphabet=" ()<>=!,.\"'\\-0189eE+andortisncful_é&|", max_size=40))
def test_any_text_is_a_condition_or_is_refused_with_its_place(text: str) -> None:
    found: Condition | InvalidContent
    try:
        found = parse_condition(text, FEATURES)
    except InvalidContent as error:
        found = error
    if isinstance(found, InvalidContent):
        at = found.details["at"]
        assert isinstance(at, int)
        assert 1 <= at <= len(text) + 1
        assert f"At character {at} of the condition: " in str(found)
    else:
        assert parse_condition(condition_text(found), FEATURES) == found


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('snr > 8 and votes.bogus == 0 and band == "r"', None),
        ("snr>8 and(score>=.6)".replace(".6", "0.6"), "snr > 8 and score >= 0.6"),
        ("8 < snr", "snr > 8"),
        ("-5e0 >= snr", "snr <= -5"),
        ("1 == score", "score == 1"),
        ("not snr > 8 or snr < -8 and dec > 0", None),
        ("not (snr > 8 or snr < -8) and dec > 0", None),
        ("(snr > 1 or snr < 2) and (dec > 1 and dec < 2)", None),
        ("((snr > 1))", "snr > 1"),
        ("band not in ('r', \"g\")", 'not band in ("r", "g")'),
        (r"band == 'it\'s \\ \"'", r'band == "it\'s"'.replace(r"\'s", "'s \\\\ \\\"")),
        ("reason != null and time_assumed == true", None),
        ("flux > flux_error", None),
        ("features.fwhm in (1, 2.5, 1e+300)", None),
        ("score == null", None),
        ('"SN Ia" in classes and not "x" in tags', None),
        ("'x' not in tags", 'not "x" in tags'),
        ("null != band", "band != null"),
    ],
)
def test_precedence_and_forms(text: str, written: str | None) -> None:
    condition = parse_condition(text, FEATURES)
    assert condition_text(condition) == (written or text)


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("", 1, "It ends too early. Compare a column with a value"),
        ("snr", 4, "It ends too early."),
        ("snr >", 6, "It ends too early."),
        ("snr > 8 and", 12, "It ends too early."),
        ("scor > 0.5", 1, "There is no column “scor”. Did you mean “score”?"),
        ("snr > 8 and zzzzzz == 1", 13, "There is no column “zzzzzz”. The columns are"),
        ("features.none > 1", 1, "There is no column “features.none”."),
        ("snr = 8", 5, "“=” cannot stand here. Write “==” to compare."),
        ("snr > 8 && dec > 1", 9, "Write “and”."),
        ("snr > 8 | dec > 1", 9, "Write “or”."),
        ("!snr > 8", 1, "Write “not”, or “!=” to compare."),
        ('band == "r', 9, "A text ends with the quotation mark"),
        (r"band == '\n'", 9, "A text ends with the quotation mark"),
        ("snr > 8; 1", 8, "“;” cannot stand here."),
        ('band == "\0"', 9, "A text has no NUL"),
        ('band == "\ud800"', 9, "A text has no NUL"),
        ("snr > 8 dec > 1", 9, "“dec” cannot stand here. Join conditions"),
        ("(snr > 8", 9, "It ends too early. “)” is missing here."),
        ("snr > 8)", 8, "“)” cannot stand here."),
        ('snr > "8"', 7, "“snr” is a number, and this is a text."),
        ("band == 1", 9, "“band” is a text, and this is a number."),
        ("band == time_assumed", 9, "“band” is a text, and this is true or false."),
        ("time_assumed == 1", 17, "“time_assumed” is true or false, and this is a num"),
        ("snr > true", 7, "“snr” is a number, and this is true or false."),
        ('band < "r"', 6, "“<” compares numbers. With a text: “band” write == or !=."),
        ("time_assumed > false", 14, "“>” compares numbers."),
        ("snr > null", 5, "“>” compares numbers. With null write == or !=."),
        ("1 == 1", 1, "Here are two values."),
        ("snr in 8", 8, "“(” is missing here."),
        ("snr in ()", 9, "Values stand here, separated by commas."),
        ("snr in (1, dec)", 12, "Values stand here"),
        ("snr in (1 2)", 11, "“)” is missing here."),
        ("snr in (1, null)", 12, "“snr” is a number, and this is null."),
        ('snr in ("x")', 9, "“snr” is a number, and this is a text."),
        ("time_assumed in (true)", 18, "“in” is for numbers and texts."),
        ('classes == "SN Ia"', 9, '“classes” is a list of texts: write “"..." in cl'),
        ("tags == null", 6, '“tags” is a list of texts: write “"..." in tags”.'),
        ('tags in ("x")', 1, 'Write “"..." in tags”.'),
        ("1 in tags", 1, "“tags” is a list of texts, and this is none."),
        ('"x" in band', 8, "After a value and “in” stands classes or tags."),
        ('"x" in ("x")', 8, "“(” cannot stand here."),
        ('"x" in "x"', 8, "After a value and “in” stands classes or tags."),
        ("snr not > 8", 9, "“in” is missing here."),
        ("snr > 1e999", 7, "This number is too large."),
        ("snr > 8x", 7, "“8” cannot stand here."),
        ("snr > and", 7, "“and” cannot stand here."),
        ("snr and 8", 5, "“and” cannot stand here."),
        ("not" + " not" * 30 + " snr > 1", 85, "More than 20 “not” and parentheses"),
        ("(" * 400 + "snr > 1", 22, "More than 20 “not” and parentheses"),
        (" and ".join(["snr > 1"] * 61), 721, "at most 60 comparisons"),
        (f"snr in ({', '.join(['1'] * 61)})", 189, "“in” takes at most 60 values."),
    ],
)
def test_a_mistake_is_refused_with_its_place(text: str, at: int, words: str) -> None:
    with pytest.raises(InvalidContent) as caught:
        parse_condition(text, FEATURES)
    assert caught.value.details == {"at": at}
    assert words in str(caught.value)


def test_a_condition_has_a_greatest_length() -> None:
    text = "snr > 1"
    whole = text + " " * (LONGEST_CONDITION - len(text))
    assert parse_condition(whole, ()) == parse_condition(text, ())
    with pytest.raises(InvalidContent, match="at most 2000 characters; this one"):
        parse_condition(text + " " * LONGEST_CONDITION, ())
