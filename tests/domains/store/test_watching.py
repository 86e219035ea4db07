"""Those who wait for changes share one look at the store."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import cast

import pytest

from gatewright.core.errors import Unavailable
from gatewright.domains.store import DocumentStore
from gatewright.domains.store.watching import ChangeWatch

MANY = 1200


class Numbers:
    """A store that tells the numbers of its collections, and counts who asks."""

    def __init__(self) -> None:
        self.of: dict[str, int] = {}
        self.asked: list[int] = []
        self.away = False

    async def numbers(self, collections: Sequence[str]) -> Mapping[str, int]:
        self.asked.append(len(collections))
        if self.away:
            raise Unavailable
        return {name: self.of[name] for name in collections if name in self.of}


@pytest.fixture
def numbers(monkeypatch: pytest.MonkeyPatch) -> Numbers:
    monkeypatch.setattr("gatewright.domains.store.watching.LOOK_SECONDS", 0.01)
    return Numbers()


@pytest.fixture
def watch(numbers: Numbers) -> ChangeWatch:
    return ChangeWatch(cast("DocumentStore", numbers))


async def until_asked(numbers: Numbers, times: int) -> None:
    async with asyncio.timeout(60):
        while len(numbers.asked) < times:
            await asyncio.sleep(0.005)


async def test_one_question_serves_all_that_wait(
    numbers: Numbers, watch: ChangeWatch
) -> None:
    numbers.of = {"a": 1, "b": 1}
    waiting = [
        asyncio.create_task(watch.wait("ab"[number % 2], 1, 600))
        for number in range(MANY)
    ]
    await until_asked(numbers, 3)
    assert set(numbers.asked) == {2}
    assert not any(task.done() for task in waiting)
    numbers.of["a"] = 2
    async with asyncio.timeout(60):
        await asyncio.gather(*waiting[::2])
    assert not any(task.done() for task in waiting[1::2])
    numbers.of.clear()  # a collection that is deleted is a change
    async with asyncio.timeout(60):
        await asyncio.gather(*waiting)
    asked = len(numbers.asked)
    await asyncio.sleep(0.05)
    assert len(numbers.asked) == asked, "nobody waits, and it asks"


async def test_many_collections_are_asked_about_in_parts(
    numbers: Numbers, watch: ChangeWatch
) -> None:
    numbers.of = {f"c{number}": 1 for number in range(MANY)}
    waiting = [asyncio.create_task(watch.wait(name, 1, 600)) for name in numbers.of]
    await until_asked(numbers, 3)
    assert Counter(numbers.asked[:3]) == {500: 2, 200: 1}
    numbers.of = dict.fromkeys(numbers.of, 2)
    async with asyncio.timeout(60):
        await asyncio.gather(*waiting)


async def test_changes_by_this_process_are_reported_at_once(
    numbers: Numbers, watch: ChangeWatch
) -> None:
    numbers.away = True
    waiting = [asyncio.create_task(watch.wait("a", 1, 600)) for _ in range(3)]
    await until_asked(numbers, 2)
    waiting[0].cancel()
    watch.tell("b")
    watch.tell("a")
    watch.tell("a")
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert found[1:] == [None, None]


async def test_the_wait_has_an_end(numbers: Numbers, watch: ChangeWatch) -> None:
    numbers.of["a"] = 1
    async with asyncio.timeout(60):
        waits = [asyncio.create_task(watch.wait("a", 1, 0.01))]
        await asyncio.wait(waits)
        numbers.away = True
        waits.append(asyncio.create_task(watch.wait("a", 0, 0.01)))
        await asyncio.wait(waits)
    assert [one.exception() for one in waits] == [None, None]
