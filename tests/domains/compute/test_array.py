"""The notation of job arrays."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.core.errors import InvalidContent
from gatewright.domains.compute import Array, array, parse_array


@pytest.mark.parametrize(
    ("text", "array"),
    [
        ("0", Array((0,))),
        ("0-3", Array((0, 1, 2, 3))),
        ("3-3", Array((3,))),
        ("1,3,5", Array((1, 3, 5))),
        ("5,1,5,1-2", Array((1, 2, 5))),
        ("0-100:25", Array((0, 25, 50, 75, 100))),
        ("0-9%2", Array(tuple(range(10)), 2)),
        ("007", Array((7,))),
    ],
)
def test_what_is_understood(text: str, array: Array) -> None:
    assert parse_array(text, 100) == array


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "0-",
        "-3",
        "3-0",
        "a",
        "0,,1",
        "0-4:0",
        "0 - 4",
        "0%",
        "0%0",
        "0%x",
        "0%1%1",
        "1e3",
        "0-99999999999",
        "٣",
        "0\n",
        "0," * 40_000,
    ],
)
def test_what_is_not(text: str) -> None:
    with pytest.raises(InvalidContent):
        parse_array(text, 100)


def test_the_number_of_elements_is_bounded_before_they_are_made() -> None:
    assert len(parse_array("0-99", 100).indices) == 100
    assert len(parse_array("0-99,0-99", 100).indices) == 100
    for text in ("0-100", "0-99,200", "0-9999999", "0-99,0-99,0"):
        with pytest.raises(InvalidContent, match="more elements than the 100 jobs"):
            parse_array(text, 100)


@pytest.mark.parametrize("text", ["0-9999999", ",".join(["0-99"] * 9000), "7," * 9000])
def test_no_text_costs_more_than_twice_the_bound(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A range of ten million indices was once gone through, and then refused."""
    steps = 0

    class Counted:
        def __init__(self, *bounds: int) -> None:
            self.span = range(*bounds)

        def __len__(self) -> int:
            return len(self.span)

        def __iter__(self) -> Iterator[int]:
            nonlocal steps
            for index in self.span:
                steps += 1
                yield index

    monkeypatch.setattr(array, "range", Counted, raising=False)
    with pytest.raises(InvalidContent):
        parse_array(text, 100)
    assert steps <= 200


@given(st.sets(st.integers(0, 9_999_999), min_size=1, max_size=50))
def test_a_list_is_read_back(indices: set[int]) -> None:
    assert set(parse_array(",".join(map(str, indices)), 50).indices) == indices


@given(st.text(alphabet="0123456789-,:% x", max_size=20))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        array = parse_array(text, 1000)
    except InvalidContent:
        return
    assert 1 <= len(array.indices) <= 1000
    assert list(array.indices) == sorted(set(array.indices))
