import pytest

from gatewright.core.errors import TooManyRequests
from gatewright.core.turns import Turns


def test_each_person_has_so_many() -> None:
    turns = Turns(2, "downloads")
    with turns.take("ada"), turns.take("ada"), turns.take("bob"):
        with pytest.raises(TooManyRequests, match="2 downloads") as caught:
            turns.take("ada")
        assert caught.value.retry_after == 1
    first = turns.take("ada")
    first.give_back()
    first.give_back()
    with turns.take("ada"):
        kept = turns.take("ada")
        with pytest.raises(TooManyRequests):
            turns.take("ada")
    kept.give_back()


def test_a_turn_comes_back_from_work_that_fails() -> None:
    turns = Turns(1, "uploads")
    with pytest.raises(KeyError), turns.take("ada"):
        raise KeyError
    with turns.take("ada"):
        pass


def test_a_turn_comes_back_when_its_holder_is_forgotten() -> None:
    turns = Turns(1, "streams")
    held = [turns.take("ada")]
    with pytest.raises(TooManyRequests):
        turns.take("ada")
    held.clear()
    turns.take("ada").give_back()
