"""Ids of many jobs in one, as Slurm's commands take them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.backends.slurm.commands import Slurm
from gatewright.backends.slurm.numbers import each, selection, together


@given(
    st.dictionaries(st.integers(1, 9), st.sets(st.integers(0, 60), min_size=1)),
    st.sets(st.integers(10, 19)),
    st.randoms(),
)
def test_exactly_the_elements_are_in_the_id_of_an_array(
    arrays: dict[int, set[int]], jobs: set[int], random: st.DataObject
) -> None:
    numbers = [f"{array}_{one}" for array, indices in arrays.items() for one in indices]
    numbers += map(str, jobs)
    random.shuffle(numbers)  # type: ignore[attr-defined]
    found = together(numbers)
    assert len(found) == len(arrays) + len(jobs)
    spread = [one for number in found for one in each(number)]
    assert sorted(spread) == sorted(numbers)


@pytest.mark.parametrize(
    ("numbers", "ids"),
    [
        (["7_3"], ["7_3"]),
        (["7_3", "7_1", "7_2", "7_3", "7_9"], ["7_[1-3,9]"]),
        (["7_0", "8", "7_2", "7_4"], ["7_[0,2,4]", "8"]),
        ([f"7_{n}" for n in range(1, 2001)], ["7_[1-2000]"]),
        (["7_[1-3]"], ["7_[1-3]"]),
    ],
)
def test_ranges_have_no_steps(numbers: list[str], ids: list[str]) -> None:
    assert together(numbers) == ids


def test_one_order_names_an_array_once() -> None:
    numbers = ["7_0", "7_1", "9"]
    slurm = Slurm()
    assert slurm.cancel(numbers).argv[2:] == ("7_[0-1]", "9")
    for call in (slurm.hold(numbers), slurm.release(numbers), slurm.requeue(numbers)):
        assert call.argv[2:] == ("7_[0-1],9",)
    assert slurm.limit(numbers, 5).argv[2] == "JobId=7_[0-1],9"


def test_an_array_is_asked_for_as_a_whole_from_some_elements_on() -> None:
    asked = ["7_0", "8", "7_1", "9_1", "7_2"]
    assert selection(asked, 3) == ["7", "8", "9_1"]
    assert selection(asked, 4) == ["7_0", "7_1", "7_2", "8", "9_1"]
