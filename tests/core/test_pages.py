"""Cursors go round, and what is not one is refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.core.errors import InvalidRequest
from gatewright.core.pages import (
    Page,
    decode_cursor,
    encode_cursor,
    page_limit,
    pages,
)


@given(st.text(), st.integers(), st.floats(allow_nan=False, allow_infinity=False))
def test_a_cursor_goes_round(name: str, number: int, moment: float) -> None:
    cursor = encode_cursor(name, number, moment)
    with suppress(InvalidRequest):  # longer than any listing makes
        assert decode_cursor(cursor, str, int, float) == (name, number, moment)


@given(st.text(max_size=60))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    with suppress(InvalidRequest):
        assert isinstance(decode_cursor(text, str)[0], str)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "ü",
        "a" * 5000,
        encode_cursor("a", "b"),
        encode_cursor(1),
        encode_cursor(None),
        "e30",
    ],
)
def test_what_was_not_given_here_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequest):
        decode_cursor(cursor, str)


def test_a_truth_value_is_not_a_number() -> None:
    with pytest.raises(InvalidRequest):
        decode_cursor(encode_cursor(True), float)


def test_the_limit_has_bounds() -> None:
    assert page_limit(None) == 100
    assert page_limit(None, 20) == 20
    assert page_limit(20, 20) == 20
    for wrong in (0, -1, 21):
        with pytest.raises(InvalidRequest):
            page_limit(wrong, 20)


def test_the_items_of_a_page_are_changed_and_its_cursor_stays() -> None:
    assert Page([1, 2], "after 2").map(str) == Page(["1", "2"], "after 2")
    assert Page([3]).map(str).next is None


async def test_all_pages_are_read_in_order() -> None:
    listing = {None: Page([1, 2], "b"), "b": Page([], "c"), "c": Page([3])}

    async def read(cursor: str | None) -> Page[int]:
        return listing[cursor]

    assert [page.items async for page in pages(read)] == [[1, 2], [], [3]]
