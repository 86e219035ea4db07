"""Windows of shared memory that readers fill and slow clients hold."""

import asyncio
from pathlib import Path

import pytest
from tests.support.readers import (
    MEBIBYTE,
    PROGRAM,
    SECONDS,
    call,
    picks,
    settings,
    until,
)

from gatewright.backends.readers import ReaderPool, open_pool
from gatewright.backends.readers.turns import Weight
from gatewright.core.errors import (
    TooLarge,
    Unavailable,
)


async def test_windows_hold_what_was_written(pool: ReaderPool) -> None:
    function = f"{PROGRAM}:fill"
    for value, size in ((1, 0), (2, 1), (3, 16 * MEBIBYTE)):
        arguments = {"value": value, "size": size}
        async with pool.window(function, arguments, key="a", bulk=True) as view:
            assert view.readonly
            assert view == bytes([value]) * size


async def test_a_window_cannot_be_overfilled(pool: ReaderPool) -> None:
    with pytest.raises(TooLarge):
        async with pool.window(
            f"{PROGRAM}:fill", {"value": 1, "size": 16 * MEBIBYTE + 1}
        ):
            pass


async def test_held_windows_do_not_hold_readers(pool: ReaderPool) -> None:
    function = f"{PROGRAM}:fill"

    async def slow_client(value: int, go: asyncio.Event) -> None:
        arguments = {"value": value, "size": 1000}
        async with pool.window(function, arguments, bulk=True) as view:
            await go.wait()
            assert view == bytes([value]) * 1000

    go = asyncio.Event()
    clients = [asyncio.create_task(slow_client(v, go)) for v in range(60)]
    await asyncio.sleep(0)
    await asyncio.wait_for(call(pool, "echo"), SECONDS)
    await until(lambda: pool.waiting == 0)
    go.set()
    await asyncio.gather(*clients)


async def test_windows_held_by_slow_clients_are_bounded(tmp_path: Path) -> None:
    limits = settings(tmp_path, readers=1, held_bytes=3000)
    function, arguments = f"{PROGRAM}:fill", {"value": 1, "size": 1000}
    async with open_pool(limits) as pool:
        async with asyncio.timeout(SECONDS):
            held = [pool.window(function, arguments) for _ in range(40)]
            for window in held[:9]:
                assert await window.__aenter__() == b"\1" * 1000
            with pytest.raises(Unavailable):
                await held[9].__aenter__()
            for window in held[:9]:
                await window.__aexit__(None, None, None)
        assert await call(pool, "echo")


async def test_a_window_still_in_use_is_never_filled_again(pool: ReaderPool) -> None:
    function, arguments = f"{PROGRAM}:fill", {"value": 7, "size": 1000}
    async with pool.window(function, arguments, key="a") as view:
        kept = view[:10]
    for value in range(20):
        async with pool.window(function, {"value": value, "size": 1000}, key="a"):
            pass
    assert kept == b"\7" * 10


async def test_small_calls_pass_while_bulk_windows_run(
    pool: ReaderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pool.ready()
    function = f"{PROGRAM}:fill"
    stop = asyncio.Event()
    turns = picks(pool, monkeypatch)

    async def bulk() -> int:
        count = 0
        while not stop.is_set():
            arguments = {"value": 1, "size": MEBIBYTE}
            async with pool.window(function, arguments, bulk=True):
                count += 1
        return count

    tasks = [asyncio.create_task(bulk()) for _ in range(4)]
    next_turns = []
    for _ in range(50):
        before = len(turns)
        await call(pool, "echo")
        next_turns.append(turns[before])
    stop.set()
    assert all(count > 0 for count in await asyncio.gather(*tasks))
    # Whenever a small call came, no window that waited had a reader before it.
    assert next_turns == [Weight.SMALL] * 50
