"""Names of collections, keys, fields, accounts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.core.errors import InvalidContent
from gatewright.domains.store import (
    check_collection,
    check_field,
    check_key,
    successor,
)
from gatewright.domains.store.names import (
    check_account,
    check_prefix,
    names_of,
    split_condition,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize("name", ["a", "A-b_c.d~e", "0", "x" * 128])
def test_collections(name: str) -> None:
    assert check_collection(name) == name


@pytest.mark.parametrize(
    "name", ["", ".a", "-a", "_a", "a/b", "a b", "é", "a\n", "x" * 129, "usage", "a\0"]
)
def test_what_is_no_collection(name: str) -> None:
    with pytest.raises(InvalidContent):
        check_collection(name)


@pytest.mark.parametrize(
    "key", ["a", " ", "é😀", "a%2Fb", "x" * 255, "é" * 127, "permissions", "...", "?#&"]
)
def test_keys(key: str) -> None:
    assert check_key(key) == key


@pytest.mark.parametrize(
    "key",
    [
        "", ".", "..", "a/b", "/", "a\0", "\n", "a\x7f", "\x85", "\ud800", "x" * 256,
        "é" * 128, "changes", "bulk",
    ],
)  # fmt: skip
def test_what_is_no_key(key: str) -> None:
    with pytest.raises(InvalidContent):
        check_key(key)


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("a.b.0", ("a", "b", "0")),
        (r"a\.b", ("a.b",)),
        (r"a\.b.c\:d", ("a.b", "c:d")),
        (r"\-a", ("-a",)),
        (r"a\\.b", ("a\\", "b")),
        ("a\\b\\", ("a\\b\\",)),
        (r"\.", (".",)),
    ],
)
def test_a_backslash_removes_the_meaning_of_a_sign(
    field: str, names: tuple[str, ...]
) -> None:
    assert names_of(check_field(field)) == names


@pytest.mark.parametrize(
    ("condition", "field", "rest"),
    [
        ("a:eq:b:c", "a", "eq:b:c"),
        (r"a\:b:eq:1", r"a\:b", "eq:1"),
        (r"a\\:eq:1", r"a\\", "eq:1"),
        ("a", "a", ""),
    ],
)
def test_a_condition_is_split_at_its_first_colon(
    condition: str, field: str, rest: str
) -> None:
    assert split_condition(condition) == (field, rest)


def test_prefixes_fields_and_accounts() -> None:
    assert check_prefix("") == ""
    assert check_field("a.b c.0") == "a.b c.0"
    assert check_account("ada@example.org") == "ada@example.org"
    for check, wrong in (
        (check_prefix, "x" * 256),
        (check_field, ""),
        (check_account, ""),
        (check_account, "a:b"),
    ):
        with pytest.raises(InvalidContent):
            check(wrong)


@given(TEXT, TEXT)
def test_the_first_text_after_all_that_begin_so(start: str, other: str) -> None:
    end = successor(start)
    if end is None:
        assert not start.strip("\U0010ffff")
        return
    inside = start.encode() <= other.encode() < end.encode()
    assert inside == other.startswith(start)
    assert start.encode() <= (start + other).encode() < end.encode()
