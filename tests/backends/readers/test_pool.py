"""The pool through real processes."""

import asyncio
import os
from pathlib import Path

import pytest
from tests.support.readers import (
    MEBIBYTE,
    PROGRAM,
    SECONDS,
    alive,
    call,
    picks,
    settings,
    until,
)

from gatewright.backends.readers import ReaderPool, open_pool
from gatewright.backends.readers.call_queue import Weight
from gatewright.core.errors import (
    BackendFailed,
    NotFound,
    TimedOut,
    TooLarge,
    Unavailable,
)


async def test_a_call_returns_the_values_of_another_process(pool: ReaderPool) -> None:
    result = await call(pool, "echo", text="°", number=2**40, none=None, data=b"\0\xff")
    assert result.pop("process") != os.getpid()
    assert result == {"text": "°", "number": 2**40, "none": None, "data": b"\0\xff"}


async def test_a_pool_is_ready_before_its_first_call(tmp_path: Path) -> None:
    async with open_pool(settings(tmp_path)) as opened:
        await opened.ready()
        assert (await call(opened, "echo", text="a"))["text"] == "a"


async def test_a_pool_that_waits_starts_with_its_first_calls(tmp_path: Path) -> None:
    async with open_pool(settings(tmp_path), at_once=False) as opened:
        await opened.ready()
        opened.publish(tmp_path / "more")
        assert opened.running == 0
        texts = "abcdefgh"
        answers = await asyncio.gather(*(call(opened, "echo", text=t) for t in texts))
        assert "".join(one["text"] for one in answers) == texts
        assert opened.running == settings(tmp_path).readers
        await opened.ready()


async def test_the_first_call_may_be_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client leaves while the processes start: they start once, for the next."""
    async with open_pool(settings(tmp_path), at_once=False) as opened:
        start, begun, go = opened._crew.start, list[str](), asyncio.Event()

        async def slow_start() -> None:
            begun.append("a start")
            await go.wait()
            await start()

        monkeypatch.setattr(opened._crew, "start", slow_start)
        first = asyncio.create_task(call(opened, "echo", text="a"))
        while not begun:
            await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        assert first.cancelled()
        second = asyncio.create_task(call(opened, "echo", text="b"))
        await asyncio.sleep(0)
        go.set()
        assert (await second)["text"] == "b"
        assert begun == ["a start"]
        assert opened.running == settings(tmp_path).readers


async def test_a_pool_that_waited_and_is_closed_starts_no_more(tmp_path: Path) -> None:
    async with open_pool(settings(tmp_path), at_once=False) as opened:
        pass
    with pytest.raises(Unavailable):
        await call(opened, "echo", text="a")
    await opened.start()
    assert opened.running == 0


@pytest.mark.parametrize("size", [0, 65_000, 65_537, 10 * MEBIBYTE])
async def test_small_and_larger_answers_arrive_whole(
    pool: ReaderPool, size: int
) -> None:
    assert len((await call(pool, "large", size=size))["data"]) == size


async def test_an_answer_larger_than_a_slot_is_refused(pool: ReaderPool) -> None:
    with pytest.raises(TooLarge):
        await call(pool, "large", size=17 * MEBIBYTE)


async def test_a_request_larger_than_a_message_is_refused(pool: ReaderPool) -> None:
    with pytest.raises(TooLarge):
        await call(pool, "echo", text="x" * 100_000)
    assert await call(pool, "echo", text="x")


async def test_a_file_is_written_by_the_reader(pool: ReaderPool) -> None:
    data = os.urandom(100_000)
    descriptor, size = await pool.file(f"{PROGRAM}:write", {"data": data[:60_000]})
    try:
        assert size == 60_000
        assert os.pread(descriptor, size, 0) == data[:60_000]
        assert os.fstat(descriptor).st_nlink == 0
    finally:
        os.close(descriptor)


async def test_errors_of_the_tree_arrive_as_themselves(pool: ReaderPool) -> None:
    with pytest.raises(NotFound, match="There is no such thing") as caught:
        await call(pool, "refuse")
    assert caught.value.details == {"what": "thing"}


@pytest.mark.parametrize("name", ["fault", "not_values", "absent", "_fork"])
async def test_any_other_failure_is_the_backends(pool: ReaderPool, name: str) -> None:
    with pytest.raises(BackendFailed):
        await call(pool, name)
    assert await call(pool, "echo")


@pytest.mark.parametrize("function", ["os:getpid", "nothing", "", "os:", "a:b:c"])
async def test_only_allowed_programs_are_called(
    pool: ReaderPool, function: str
) -> None:
    with pytest.raises(BackendFailed):
        await pool.call(function, {})


async def test_the_deadline_ends_the_reader_and_is_not_tried_again(
    tmp_path: Path,
) -> None:
    async with open_pool(settings(tmp_path, readers=1)) as pool:
        before = await call(pool, "log_process")
        # The pool's own deadline is after the nap: it is the call's that ends it.
        nap = {"seconds": SECONDS / 2}
        with pytest.raises(TimedOut):
            await pool.call(f"{PROGRAM}:nap", nap, seconds=0.3)
        # The first reader took the nap; another try would have had the second.
        assert {handle.number for handle in pool._crew.handles} == {2}
        await until(lambda: not alive(before["process"]))
        after = await call(pool, "log_process")
        assert after["parent"] == before["parent"]


async def test_a_call_that_was_thought_short_goes_on_as_a_long_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nap = f"{PROGRAM}:nap"
    async with open_pool(settings(tmp_path, quick_seconds=0.2)) as pool:
        await pool.ready()
        taken = picks(pool, monkeypatch)
        for weight in (Weight.SMALL, Weight.LOOK):
            key = weight.name
            await pool.call(nap, {"seconds": 0.5}, key=key, weight=weight)
            # The next of its kind begins there.
            await pool.call(nap, {"seconds": 0.5}, key=key, weight=weight)
            assert taken == [weight, Weight.LONG, Weight.LONG]
            taken.clear()
        async with pool.window(f"{PROGRAM}:fill", {"value": 1, "size": 9}) as view:
            assert view == b"\1" * 9
        descriptor, _ = await pool.file(
            f"{PROGRAM}:write", {"data": b"x"}, weight=Weight.SMALL
        )
        os.close(descriptor)


async def test_what_was_slow_once_may_be_quick_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_pool(settings(tmp_path, quick_seconds=SECONDS / 2)) as pool:
        taken = picks(pool, monkeypatch)
        pool._slow[f"{PROGRAM}:echo", ""] = None
        for _ in range(2):
            await call(pool, "echo")
        assert taken == [Weight.LONG, Weight.SMALL]


async def test_slow_files_leave_a_reader_to_others(tmp_path: Path) -> None:
    async with open_pool(settings(tmp_path, quick_seconds=0.3)) as pool:
        await pool.ready()
        slow = [
            asyncio.create_task(
                pool.call(
                    f"{PROGRAM}:nap",
                    {"seconds": SECONDS},
                    key=f"slow {number}",
                    weight=weight,
                )
            )
            for number in range(4)
            for weight in (Weight.LOOK, Weight.LONG)
        ]
        for _ in range(20):
            assert await asyncio.wait_for(call(pool, "echo"), SECONDS / 2)
        assert not any(task.done() for task in slow)
        for task in slow:
            task.cancel()
        await asyncio.wait(slow)


async def test_a_cancelled_call_frees_its_reader_and_slot(tmp_path: Path) -> None:
    async with open_pool(settings(tmp_path, readers=1)) as pool:
        await pool.ready()
        for _ in range(20):
            task = asyncio.create_task(call(pool, "nap", seconds=0.01))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert await call(pool, "echo")


async def test_too_many_waiting_calls_are_refused(tmp_path: Path) -> None:
    async with open_pool(settings(tmp_path, readers=1, waiting=2)) as pool:
        await pool.ready()
        tasks = [asyncio.create_task(call(pool, "nap", seconds=0.2)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await call(pool, "echo")
        await asyncio.gather(*tasks)


async def test_one_key_stays_with_one_reader(pool: ReaderPool) -> None:
    function = f"{PROGRAM}:echo"
    for key in ("a", "b", "c"):
        seen = {(await pool.call(function, {}, key=key))["process"] for _ in range(9)}
        assert len(seen) == 1
