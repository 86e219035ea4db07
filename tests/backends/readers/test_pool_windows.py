"""Windows of shared memory that readers fill and slow clients hold."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.support.descriptors import all_closed
from tests.support.readers import (
    MEBIBYTE,
    PROGRAM,
    SECONDS,
    call,
    picks,
    settings,
    until,
)

from gatewright.backends.readers import ReaderPool, open_pool, protocol
from gatewright.backends.readers import pool as pool_module
from gatewright.backends.readers.call_queue import Weight
from gatewright.backends.readers.process import ReaderHandle, Reply
from gatewright.backends.readers.ring import SLOTS
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


async def test_a_window_that_ends_while_the_next_call_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A view can end at any time, even by the garbage collector amid a call."""
    function = f"{PROGRAM}:fill"
    kept: list[memoryview] = []

    def encode(message: Any) -> bytes:
        kept.clear()
        return whole(message)

    whole = protocol.encode
    async with open_pool(settings(tmp_path, readers=1)) as pool:
        await pool.ready()
        async with pool.window(function, {"value": 1, "size": 1000}) as view:
            kept.append(view[:])
        monkeypatch.setattr("gatewright.backends.readers.process.encode", encode)
        async with pool.window(function, {"value": 2, "size": 1000}) as view:
            assert not kept
            assert view == bytes([2]) * 1000


async def test_a_call_that_is_too_long_holds_no_slot(tmp_path: Path) -> None:
    long = {"value": 1, "size": 1000, "more": "x" * 100_000}
    async with open_pool(settings(tmp_path, readers=1)) as pool:
        await pool.ready()
        for _ in range(SLOTS + 1):
            with pytest.raises(TooLarge):
                async with pool.window(f"{PROGRAM}:fill", long):
                    pass
        async with pool.window(f"{PROGRAM}:fill", {"value": 2, "size": 9}) as view:
            assert view == bytes([2]) * 9


async def test_a_window_that_comes_as_its_client_leaves_is_free_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call is cancelled in the turn of the loop in which its answer comes."""
    function, arguments = f"{PROGRAM}:fill", {"value": 1, "size": 1000}
    ask = ReaderHandle.ask

    async def leave(pool: ReaderPool) -> None:
        async with pool.window(function, arguments):
            pytest.fail("its client has left")

    async with open_pool(settings(tmp_path, readers=1)) as pool:
        await pool.ready()
        for _ in range(SLOTS + 1):
            leaving = asyncio.create_task(leave(pool))

            def asked(
                *given: Any, task: asyncio.Task[None] = leaving, **more: Any
            ) -> asyncio.Future[Reply]:
                future = ask(*given, **more)
                future.add_done_callback(lambda _: task.cancel())
                return future

            with monkeypatch.context() as patch:
                patch.setattr(ReaderHandle, "ask", asked)
                await asyncio.wait([leaving])
            assert leaving.cancelled()
        async with pool.window(function, arguments) as view:
            assert view == bytes([1]) * 1000
        (handle,) = pool._crew.handles
        assert handle.ring.free_slots == SLOTS


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


async def test_the_file_of_a_cancelled_call_is_closed(
    pool: ReaderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    make = pool_module._anonymous

    def slowly(folder: Path) -> int:
        begun.set()
        assert go_on.wait(60)
        return make(folder)

    monkeypatch.setattr(pool_module, "_anonymous", slowly)
    async with all_closed():
        making = asyncio.create_task(pool.file(f"{PROGRAM}:write", {}))
        await until(begun.is_set)
        making.cancel()
        await asyncio.wait([making])
        go_on.set()
    assert making.cancelled()
