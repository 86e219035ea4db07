"""Conditions, what matches them, and the part of an index that holds it."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatewright.core.errors import InvalidRequest
from gatewright.domains.store import (
    Condition,
    IndexRange,
    Operator,
    entry,
    index_range,
    matches,
    parse_query,
)

NUMBERS = (
    st.integers(-3, 3)
    | st.sampled_from([2**53, 2**53 + 1, -(2**53) - 1, 10**400, -(10**400), 5e-324])
    | st.floats(allow_nan=False, allow_infinity=False)
)
TEXTS = st.text("abx\U0010ffff\ud7ff\ue000", max_size=3) | st.sampled_from(
    ["x" * 200, "x" * 201, "x" * 202, "x" * 200 + "a", "x" * 199]
)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
ORDERS = st.sampled_from([Operator.LT, Operator.LE, Operator.GT, Operator.GE])
CONDITIONS = st.one_of(
    st.builds(
        Condition, st.just("a"), st.sampled_from(["eq", "ne"]).map(Operator), SCALARS
    ),
    st.builds(Condition, st.just("a"), ORDERS, NUMBERS | TEXTS),
    st.builds(
        Condition, st.just("a"), st.just(Operator.IN), st.lists(SCALARS, max_size=4)
    ),
    st.builds(Condition, st.just("a"), st.just(Operator.PREFIX), TEXTS),
    st.builds(Condition, st.just("a"), st.just(Operator.EXISTS), st.booleans()),
)


def is_in(held: float | str | None, part: IndexRange) -> bool:
    if held is None or isinstance(held, str) == part.numeric:
        return False
    key: Any = held.encode() if isinstance(held, str) else held
    low, high = (
        bound.encode() if isinstance(bound, str) else bound
        for bound in (part.low, part.high)
    )
    if low is not None and key < low:
        return False
    return high is None or (key <= high if part.numeric else key < high)


@given(SCALARS, st.lists(CONDITIONS, min_size=1, max_size=3))
@example(2**53 + 1, [Condition("a", Operator.GT, 2**53)])
@example("x" * 201, [Condition("a", Operator.GT, "x" * 200)])
@example(True, [Condition("a", Operator.IN, ["x", True])])
def test_what_matches_stands_in_the_index(
    value: Any, conditions: list[Condition]
) -> None:
    document = {"a": value}
    part = index_range(conditions, ["a", "b"])
    if part is not None and matches(document, conditions):
        assert is_in(entry(document, "a"), part)


@given(SCALARS, CONDITIONS)
def test_opposites(value: Any, condition: Condition) -> None:
    document = {"a": value}
    opposite = {
        Operator.EQ: Condition("a", Operator.NE, condition.value),
        Operator.EXISTS: Condition("a", Operator.EXISTS, not condition.value),
    }.get(condition.operator)
    if opposite is not None:
        assert matches(document, [condition]) != matches(document, [opposite])


@pytest.mark.parametrize(
    ("text", "field", "word", "value"),
    [
        ("a:eq:1", "a", "eq", 1),
        ("a.b.0:lt:-1.5e3", "a.b.0", "lt", -1500.0),
        ("a:eq:Vega", "a", "eq", "Vega"),
        ('a:eq:"42"', "a", "eq", "42"),
        ("a:ge:2024-01-31T00:00:00Z", "a", "ge", "2024-01-31T00:00:00Z"),
        ("a:eq:", "a", "eq", ""),
        ("a:eq:x:y:z", "a", "eq", "x:y:z"),
        ("a:in:[1,null]", "a", "in", [1, None]),
        ("a:prefix:42", "a", "prefix", "42"),
        ('a:prefix:"42"', "a", "prefix", "42"),
        ("a:exists:true", "a", "exists", True),
        (
            "a:eq:123456789012345678901234567890",
            "a",
            "eq",
            123456789012345678901234567890,
        ),
        ("a:eq:NaN", "a", "eq", "NaN"),
        ("a:eq:[", "a", "eq", "["),
    ],
)
def test_reading_a_condition(text: str, field: str, word: str, value: object) -> None:
    assert parse_query([text]) == (Condition(field, Operator(word), value),)


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "a:eq", "a:like:x", "a:EQ:1", ":eq:1", "a..b:eq:1", "a.:eq:1",
        "a:lt:true", "a:lt:null", "a:gt:[1]", "a:in:1", "a:in:[[1]]", "a:in:x",
        "a:eq:[1]", 'a:ne:{"b":1}', "a:exists:1", "a:exists:yes", "a:eq:1e400",
        "a:lt:1" + "0" * 5000, "a:eq:" + "[" * 100_000, "a\x01:eq:1",
        ".".join("a" * 17) + ":eq:1", "a:in:[" + "1," * 200 + "1]",
        'a:in:[{"x":1,"x":2}]', "é" * 128 + ":eq:1",
    ],
)  # fmt: skip
def test_what_is_no_condition(text: str) -> None:
    if text.endswith("[" * 100):
        assert parse_query([text])[0].value == text.removeprefix("a:eq:")
        return
    with pytest.raises(InvalidRequest):
        parse_query([text])


def test_so_many_conditions() -> None:
    assert len(parse_query(["a:eq:1"] * 20)) == 20
    with pytest.raises(InvalidRequest):
        parse_query(["a:eq:1"] * 21)


@pytest.mark.parametrize(
    ("document", "text", "holds"),
    [
        ({"a": {"b": [1, {"c": 2}]}}, "a.b.1.c:eq:2", True),
        ({"a": {"b": [1]}}, "a.b.1:exists:false", True),
        ({"a": [1, 2]}, "a.-1:exists:true", False),
        ({"a": [1, 2]}, "a.²:exists:true", False),
        ({"a": [1, 2]}, "a.1234567890:exists:true", False),
        ({"a": {"0": 5}}, "a.0:eq:5", True),
        ({"a": 1}, "a.b:exists:true", False),
        ({"a": None}, "a:exists:true", True),
        ({"a": None}, "a:eq:null", True),
        ({}, "a:eq:null", False),
        ({}, "a:ne:1", True),
        ({"a": 1}, "a:eq:true", False),
        ({"a": True}, "a:eq:1", False),
        ({"a": 1.0}, "a:eq:1", True),
        ({"a": "1"}, "a:eq:1", False),
        ({"a": []}, "a:ne:1", True),
        ({"a": []}, "a:prefix:x", False),
        ({"a": 2**53 + 1}, "a:gt:9007199254740992", True),
        ({"a": 10**400}, "a:gt:1", True),
        ({"a": "b"}, "a:gt:1", False),
        ({"a": "b"}, 'a:in:["a","b"]', True),
        ([5], "0:eq:5", True),
        (5, "a:eq:5", False),
    ],
)
def test_matching(document: object, text: str, holds: bool) -> None:
    assert matches(document, parse_query([text])) is holds


@pytest.mark.parametrize(
    ("texts", "part"),
    [
        (["a:eq:1"], IndexRange("a", numeric=True, low=1.0, high=1.0)),
        (["a:lt:5", "a:eq:x"], IndexRange("a", numeric=False, low="sx", high="sx\x01")),
        (["b:eq:1"], None),
        (["a:ne:1", "a:exists:true"], None),
        (["a:in:[]"], None),
        (["a:in:[1,true]"], None),
        (["a:in:[3,1,2]"], IndexRange("a", numeric=True, low=1.0, high=3.0)),
        (["a:eq:true"], IndexRange("a", numeric=False, low="t", high="t\x01")),
        (["a:eq:false"], IndexRange("a", numeric=False, low="f", high="f\x01")),
        (["a:eq:null"], IndexRange("a", numeric=False, low="n", high="n\x01")),
        (["a:lt:b"], IndexRange("a", numeric=False, low="s", high="sb\x01")),
        (["a:lt:5", "a:gt:1"], IndexRange("a", numeric=True, low=1.0, high=5.0)),
        (
            ["a:prefix:b", "a:lt:bx"],
            IndexRange("a", numeric=False, low="sb", high="sbx\x01"),
        ),
        (["a:ge:b"], IndexRange("a", numeric=False, low="sb", high="t")),
        (["a:gt:2", "b:eq:1"], IndexRange("a", numeric=True, low=2.0, high=None)),
        (["a:le:2"], IndexRange("a", numeric=True, low=None, high=2.0)),
        (["a:prefix:b"], IndexRange("a", numeric=False, low="sb", high="sc")),
    ],
)
def test_the_part_of_an_index(texts: list[str], part: IndexRange | None) -> None:
    assert index_range(parse_query(texts), ["a"]) == part


def test_what_has_no_entry() -> None:
    assert entry({"a": [1]}, "a") is None
    assert entry({}, "a") is None
    assert entry({"a": None}, "a") == "n"
