"""Whose turn it is at the readers."""

import asyncio

import pytest

from gatewright.backends.readers.call_queue import CallQueue, Weight
from gatewright.core.errors import Unavailable

SECONDS = 60
"""Longer than anything here waits."""


def queue_of(readers: int = 2, waiting: int = 10, for_looks: int = 0) -> CallQueue[str]:
    made = CallQueue[str](readers, waiting, for_looks)
    for number in range(readers):
        made.give(f"r{number}")
    return made


async def test_files_never_have_all_readers() -> None:
    queue = queue_of()
    first = await queue.take("", Weight.LONG, 1)
    second = asyncio.create_task(queue.take("", Weight.LONG, SECONDS))
    await asyncio.sleep(0.12)
    assert not second.done()
    small = await queue.take("", Weight.SMALL, 1)
    queue.give(small)
    await asyncio.sleep(0)
    assert not second.done()
    queue.give(first)
    assert await second in {"r0", "r1"}


async def test_a_single_reader_makes_files_too() -> None:
    queue = queue_of(1)
    only = await queue.take("", Weight.LONG, 1)
    queue.give(only)
    assert await queue.take("", Weight.LONG, 1) == only


async def test_a_window_takes_the_last_reader_after_a_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = queue_of()
    await queue.take("", Weight.WINDOW, 1)
    with monkeypatch.context() as patient:
        patient.setattr(
            "gatewright.backends.readers.call_queue._PATIENCE_SECONDS", SECONDS
        )
        waiting = asyncio.create_task(queue.take("", Weight.WINDOW, 2 * SECONDS))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.wait([waiting])
    assert await queue.take("", Weight.WINDOW, SECONDS)


async def test_small_calls_go_first() -> None:
    queue = queue_of(1)
    only = await queue.take("", Weight.SMALL, 1)
    window = asyncio.create_task(queue.take("", Weight.WINDOW, SECONDS))
    await asyncio.sleep(0)
    small = asyncio.create_task(queue.take("", Weight.SMALL, SECONDS))
    await asyncio.sleep(0)
    queue.give(only)
    assert await small == only
    assert not window.done()
    queue.give(only)
    assert await window == only


async def test_a_key_goes_to_the_reader_that_served_it() -> None:
    queue = queue_of()
    served = await queue.take("file", Weight.SMALL, 1)
    queue.give(served)
    assert await queue.take("file", Weight.SMALL, 1) == served
    queue.forget(served)


async def test_a_call_that_waits_too_long_or_behind_too_many_is_refused() -> None:
    queue = queue_of(1, waiting=1)
    await queue.take("", Weight.SMALL, 1)
    waiting = asyncio.create_task(queue.take("", Weight.SMALL, 0.05))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await queue.take("", Weight.SMALL, 1)
    with pytest.raises(Unavailable):
        await waiting


async def test_first_looks_never_have_all_readers() -> None:
    queue = queue_of()
    look = await queue.take("", Weight.LOOK, 1)
    second = asyncio.create_task(queue.take("", Weight.LOOK, SECONDS))
    await asyncio.sleep(0)
    assert not second.done()
    small = await queue.take("", Weight.SMALL, 1)
    queue.give(small)
    queue.give(look)
    assert await second in {"r0", "r1"}


@pytest.mark.parametrize(
    ("first", "second"),
    [(Weight.LONG, Weight.LOOK), (Weight.LOOK, Weight.LONG)],
)
async def test_a_long_call_and_a_first_look_leave_a_reader_for_small_calls(
    first: Weight, second: Weight
) -> None:
    queue = queue_of()
    running = await queue.take("", first, 1)
    waiting = asyncio.create_task(queue.take("", second, SECONDS))
    await asyncio.sleep(0.12)
    assert not waiting.done()
    small = await queue.take("", Weight.SMALL, 1)
    queue.give(small)
    queue.give(running)
    assert await waiting in {"r0", "r1"}


async def test_long_calls_leave_readers_for_first_looks_where_that_is_set() -> None:
    queue = queue_of(readers=3, for_looks=1)
    long = await queue.take("", Weight.LONG, 1)
    second = asyncio.create_task(queue.take("", Weight.LONG, SECONDS))
    await asyncio.sleep(0.12)
    assert not second.done()
    look = await queue.take("", Weight.LOOK, 1)
    small = await queue.take("", Weight.SMALL, 1)
    assert {long, look, small} == {"r0", "r1", "r2"}
    queue.give(long)
    assert await second == long


async def test_long_calls_of_several_people_take_turns() -> None:
    queue = queue_of(2, waiting=40)
    order: list[str] = []

    async def long(person: str) -> None:
        reader = await queue.take("", Weight.LONG, SECONDS, person)
        order.append(person)
        await asyncio.sleep(0)
        queue.give(reader)

    first = await queue.take("", Weight.LONG, 1, "ada")
    tasks = [asyncio.create_task(long("ada")) for _ in range(4)]
    tasks += [asyncio.create_task(long(who)) for who in ("bob", "eve", "bob")]
    await asyncio.sleep(0.1)
    queue.give(first)
    await asyncio.gather(*tasks)
    assert order == ["bob", "eve", "ada", "bob", "ada", "ada", "ada"]


async def test_many_long_calls_leave_room_for_others() -> None:
    queue = queue_of(1, waiting=4)
    only = await queue.take("", Weight.LONG, 1, "ada")
    waiting = [asyncio.create_task(queue.take("", Weight.LONG, SECONDS, "ada"))]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="request less"):
        await queue.take("", Weight.LONG, 1, "ada")
    waiting += [
        asyncio.create_task(queue.take("", Weight.LONG, SECONDS, who)) for who in "bcd"
    ]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await queue.take("", Weight.LONG, 1, "eve")
    small = asyncio.create_task(queue.take("", Weight.SMALL, SECONDS))
    await asyncio.sleep(0)
    queue.give(only)
    assert await small == only
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
