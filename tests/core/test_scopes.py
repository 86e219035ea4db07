"""Scopes as text: parts of scopes, and the folders of those of files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.core.errors import InvalidContent
from gatewright.core.scopes import covers, folders, is_within, plain, split


@pytest.mark.parametrize(
    ("held", "scope", "covered"),
    [
        ("store", "store:notes", True),
        ("store:notes", "store", False),
        ("store", "storex:notes", False),
        ("files:read", "files:read:/a", True),
        ("files:read:/a", "files:read", False),
        ("files:read:/a", "files:read:/a", True),
        ("files:read:/a", "files:read:/a/b/c", False),
        ("files:read:/a/b", "files:read:/a", False),
        ("files:read:/a", "files:read:/ab", False),
        ("files:read:/a", "files:write:/a", False),
        ("files:write", "files:read:/a", False),
        ("files:read", "files:read:/a%20b/c", True),
        ("jobs:read", "jobs:read:/a", False),
    ],
)
def test_a_whole_has_its_parts(held: str, scope: str, covered: bool) -> None:
    assert covers({held, "data:read"}, scope) is covered


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("files:read:/a", "files:read:/a"),
        ("files:read://a/./b//", "files:read:/a/b"),
        ("files:write:/josé b", "files:write:/jos%C3%A9%20b"),
        ("files:read:/%ff%2e\n", "files:read:/%FF.%0A"),
        ("files:read:/\udcff\udcc3", "files:read:/%FF%C3"),
        ("files:read:/a,files:read:/b", "files:read:/a%2Cfiles:read:/b"),
        ("files:read:/", "files:read"),
        ("files:write:/./", "files:write"),
        ("data:read", "data:read"),
        ("store:a", "store:a"),
    ],
)
def test_a_scope_is_written_in_one_way(written: str, wanted: str) -> None:
    assert plain(written) == wanted


@pytest.mark.parametrize(
    "scope",
    [
        "files:read:/..",
        "files:read:/a/../b",
        "files:read:/a/%2e%2E",
        "files:read:/a\0",
        "files:read:/a%00",
        "files:read:/a%zz",
        "files:read:/100%",
        "files:write:/" + "x" * 1024,
    ],
)
def test_what_is_no_folder(scope: str) -> None:
    with pytest.raises(InvalidContent, match="absolute path"):
        plain(scope)


NAME = st.binary(min_size=1, max_size=20).filter(
    lambda name: name not in {b".", b".."} and not set(name) & {0, 47}
)


@given(st.lists(NAME, min_size=1, max_size=6))
def test_any_bytes_fit_and_have_no_space(names: list[bytes]) -> None:
    folder = b"/" + b"/".join(names)
    escaped = "".join(f"%{byte:02x}" if byte != 47 else "/" for byte in folder)
    scope = plain(f"files:read:{escaped}")
    assert plain(scope) == scope
    assert split(scope) == ("files:read", folder)
    assert scope.isascii()
    assert scope.isprintable()
    assert not set(scope) & set(" ,")
    assert folders({scope, "files:write:/x", "data:read"}, "files:read") == [folder]
    assert is_within(folder + b"/x", folder)
    assert not is_within(folder + b"x", folder)
