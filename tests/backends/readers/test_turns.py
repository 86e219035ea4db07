"""Whose turn it is at the readers."""

import asyncio

import pytest

from gatewright.backends.readers.turns import Turns, Weight
from gatewright.core.errors import Unavailable

SECONDS = 60
"""Longer than anything here waits."""


def turns(readers: int = 2, waiting: int = 10) -> Turns[str]:
    made = Turns[str](readers, waiting)
    for number in range(readers):
        made.give(f"r{number}")
    return made


async def test_files_never_have_all_readers() -> None:
    pool = turns()
    first = await pool.take("", Weight.FILE, 1)
    second = asyncio.create_task(pool.take("", Weight.FILE, SECONDS))
    await asyncio.sleep(0.12)
    assert not second.done()
    small = await pool.take("", Weight.SMALL, 1)
    pool.give(small)
    await asyncio.sleep(0)
    assert not second.done()
    pool.give(first)
    assert await second in {"r0", "r1"}


async def test_a_single_reader_makes_files_too() -> None:
    pool = turns(1)
    only = await pool.take("", Weight.FILE, 1)
    pool.give(only)
    assert await pool.take("", Weight.FILE, 1) == only


async def test_a_window_takes_the_last_reader_after_a_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pool = turns()
    await pool.take("", Weight.WINDOW, 1)
    with monkeypatch.context() as patient:
        patient.setattr("gatewright.backends.readers.turns._PATIENCE_SECONDS", SECONDS)
        waiting = asyncio.create_task(pool.take("", Weight.WINDOW, 2 * SECONDS))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.wait([waiting])
    assert await pool.take("", Weight.WINDOW, SECONDS)


async def test_small_calls_go_first() -> None:
    pool = turns(1)
    only = await pool.take("", Weight.SMALL, 1)
    window = asyncio.create_task(pool.take("", Weight.WINDOW, SECONDS))
    await asyncio.sleep(0)
    small = asyncio.create_task(pool.take("", Weight.SMALL, SECONDS))
    await asyncio.sleep(0)
    pool.give(only)
    assert await small == only
    assert not window.done()
    pool.give(only)
    assert await window == only


async def test_a_key_goes_to_the_reader_that_served_it() -> None:
    pool = turns()
    served = await pool.take("file", Weight.SMALL, 1)
    pool.give(served)
    assert await pool.take("file", Weight.SMALL, 1) == served
    pool.forget(served)


async def test_who_waits_too_long_or_behind_too_many_is_told() -> None:
    pool = turns(1, waiting=1)
    await pool.take("", Weight.SMALL, 1)
    waiting = asyncio.create_task(pool.take("", Weight.SMALL, 0.05))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await pool.take("", Weight.SMALL, 1)
    with pytest.raises(Unavailable):
        await waiting
