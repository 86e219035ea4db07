import pytest

from gatewright.core.concurrency import ConcurrencyLimit
from gatewright.core.errors import TooManyRequests


def test_each_person_has_so_many() -> None:
    limit = ConcurrencyLimit(2, "downloads")
    with limit.acquire("ada"), limit.acquire("ada"), limit.acquire("bob"):
        with pytest.raises(TooManyRequests, match="2 downloads") as caught:
            limit.acquire("ada")
        assert caught.value.retry_after == 1
    first = limit.acquire("ada")
    first.release()
    first.release()
    with limit.acquire("ada"):
        kept = limit.acquire("ada")
        with pytest.raises(TooManyRequests):
            limit.acquire("ada")
    kept.release()


def test_a_turn_comes_back_from_work_that_fails() -> None:
    limit = ConcurrencyLimit(1, "uploads")
    with pytest.raises(KeyError), limit.acquire("ada"):
        raise KeyError
    with limit.acquire("ada"):
        pass


def test_a_turn_comes_back_when_its_holder_is_forgotten() -> None:
    limit = ConcurrencyLimit(1, "streams")
    held = [limit.acquire("ada")]
    with pytest.raises(TooManyRequests):
        limit.acquire("ada")
    held.clear()
    limit.acquire("ada").release()
