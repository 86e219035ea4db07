"""The order of a list by fields of its documents, and documents cut to some fields."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.core.errors import InvalidContent, InvalidRequest
from gatewright.domains.store import Document, parse_fields, parse_sort
from gatewright.domains.store.order import in_order, project


def documents(values: dict[str, str]) -> list[Document]:
    return [
        Document(key, 1, "", 0, "ada", "ada", 0.0, 0.0, None, guarded=False, text=text)
        for key, text in values.items()
    ]


def keys(values: dict[str, str], *sort: str) -> Sequence[str]:
    return [found.key for found in in_order(documents(values), parse_sort(sort))]


KINDS = {
    "missing": "{}", "scalar": "3", "object": '{"a": {}}', "list": '{"a": [1]}',
    "null": '{"a": null}', "true": '{"a": true}', "false": '{"a": false}',
    "text": '{"a": "b"}', "more": '{"a": "ba"}', "two": '{"a": 2}',
    "half": '{"a": 0.5}', "huge": '{"a": 9007199254740993}',
    "less": '{"a": 9007199254740992}',
}  # fmt: skip
RISING = ["half", "two", "less", "huge", "text", "more", "false", "true", "null"]


def test_kinds_and_values_rise() -> None:
    last = ["list", "object", "missing", "scalar"]
    assert keys(KINDS, "a") == [*RISING, *last]


def test_falling_is_the_other_way_round_with_the_missing_last() -> None:
    falling = [*reversed(RISING)]
    assert keys(KINDS, "-a") == ["list", "object", *falling, "missing", "scalar"]


def test_several_fields_and_then_the_key() -> None:
    rows = {
        "d": '{"a": 1, "b": 1}', "c": '{"a": 1, "b": 2}', "b": '{"a": 0, "b": 9}',
        "a": '{"a": 1, "b": 2}', "e": '{"-x": 1}',
    }  # fmt: skip
    assert keys(rows, "-a", "-b") == ["a", "c", "d", "b", "e"]
    assert keys(rows, "-a", "b") == ["d", "a", "c", "b", "e"]
    assert keys(rows, r"\-x")[0] == "e"


@given(st.lists(st.one_of(st.integers(), st.floats(allow_nan=False))))
def test_numbers_are_ordered_as_python_does(numbers: list[float]) -> None:
    rows = {f"k{n:04}": json.dumps({"a": x}) for n, x in enumerate(numbers)}
    finite = {k: t for k, t in rows.items() if "Infinity" not in t}
    found = [json.loads(finite[key])["a"] for key in keys(finite, "a")]
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (["a"], '{"a":1.10}'),
        (["b.c"], '{"b":{"c":[1,  2]}}'),
        (["b.c.0", "a"], '{"a":1.10,"b":{"c":[1,  2]}}'),
        (["b", "b.c"], '{"b":{"c": [1,  2], "d": "é"}}'),
        (["b.c", "b"], '{"b":{"c": [1,  2], "d": "é"}}'),
        (["b.x", "a.y"], '{"a":1.10,"b":{}}'),
        ([r"x\.y"], '{"x.y":9007199254740993}'),
        (["nothing"], "{}"),
    ],
)
def test_a_document_is_cut_to_some_fields(fields: list[str], text: str) -> None:
    whole = (
        '{"a": 1.10, "b": {"c": [1,  2], "d": "é"}, "x.y": 9007199254740993, "z": 0}'
    )
    assert project(whole, parse_fields(fields)) == text


@pytest.mark.parametrize("whole", ["5", '"a"', "[1, 2]", "null", " true"])
def test_what_is_no_object_is_given_whole(whole: str) -> None:
    assert project(whole, ("a",)) == whole


@pytest.mark.parametrize(
    ("read", "wrong", "error"),
    [
        (parse_sort, [""], InvalidContent),
        (parse_sort, ["-"], InvalidContent),
        (parse_sort, ["a", "b", "c", "d", "e"], InvalidRequest),
        (parse_fields, ["a..b"], InvalidContent),
        (parse_fields, ["a"] * 65, InvalidRequest),
    ],
)
def test_what_is_no_order_and_no_field(
    read: Any, wrong: list[str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        read(wrong)
