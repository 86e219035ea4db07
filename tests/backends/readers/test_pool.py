"""The pool through real processes."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gatewright.backends.readers import PoolSettings, ReaderPool, open_pool
from gatewright.backends.readers.process import ReaderHandle, ReaderLost
from gatewright.backends.readers.turns import Weight
from gatewright.core.errors import (
    BackendFailed,
    NotFound,
    TimedOut,
    TooLarge,
    Unavailable,
)

PROGRAM = "gatewright.testing.reader_program"
MEBIBYTE = 1 << 20
SECONDS = 100.0
"""The pool's deadline, and the time for what has to come about."""


def settings(folder: Path, **changes: Any) -> PoolSettings:
    values: dict[str, Any] = {
        "programs": (PROGRAM,),
        "folders": (folder,),
        "spool": folder,
        "memory_bytes": 400 * MEBIBYTE,
        "seconds": SECONDS,
        **changes,
    }
    return PoolSettings(**values)


@pytest_asyncio.fixture
async def pool(tmp_path: Path) -> AsyncIterator[ReaderPool]:
    async with open_pool(settings(tmp_path)) as opened:
        yield opened


async def until(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come about"
        await asyncio.sleep(0.01)


def alive(process: int) -> bool:
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


async def call(pool: ReaderPool, name: str, **arguments: Any) -> dict[str, Any]:
    return await pool.call(f"{PROGRAM}:{name}", arguments)


async def test_a_call_returns_the_values_of_another_process(pool: ReaderPool) -> None:
    result = await call(pool, "echo", text="°", number=2**40, none=None, data=b"\0\xff")
    assert result.pop("process") != os.getpid()
    assert result == {"text": "°", "number": 2**40, "none": None, "data": b"\0\xff"}


async def test_a_pool_is_ready_before_its_first_call(tmp_path: Path) -> None:
    async with open_pool(settings(tmp_path)) as opened:
        await opened.ready()
        assert (await call(opened, "echo", text="a"))["text"] == "a"


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


async def test_a_crashing_function_fails_and_the_pool_lives_on(
    pool: ReaderPool,
) -> None:
    for _ in range(3):
        with pytest.raises(BackendFailed, match="ended unexpectedly"):
            await call(pool, "crash")
    assert await call(pool, "echo")


async def test_a_call_whose_reader_died_is_tried_once_more(tmp_path: Path) -> None:
    async with open_pool(settings(tmp_path, readers=1)) as pool:
        first = (await call(pool, "echo"))["process"]
        assert (await call(pool, "crash_once", process=first))["process"] != first


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


def picks(pool: ReaderPool, monkeypatch: pytest.MonkeyPatch) -> list[Weight]:
    """Return the weights of the turns that are taken from now on."""
    taken: list[Weight] = []
    pick = pool._turns._pick

    def noted(key: str, weight: Weight, person: str) -> ReaderHandle:
        taken.append(weight)
        return pick(key, weight, person)

    monkeypatch.setattr(pool._turns, "_pick", noted)
    return taken


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


async def test_memory_is_bounded(pool: ReaderPool) -> None:
    with pytest.raises(BackendFailed):
        await call(pool, "allocate", size=800 * MEBIBYTE)
    assert await call(pool, "allocate", size=MEBIBYTE)


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


async def test_readers_are_replaced_after_their_calls_and_on_growth(
    tmp_path: Path,
) -> None:
    for limits in ({"calls": 1}, {"growth_bytes": 1}):
        async with open_pool(settings(tmp_path, readers=1, **limits)) as pool:
            seen = {(await call(pool, "echo"))["process"] for _ in range(3)}
            assert len(seen) == 3


async def test_too_many_waiting_calls_are_refused(tmp_path: Path) -> None:
    async with open_pool(settings(tmp_path, readers=1, waiting=2)) as pool:
        await pool.ready()
        tasks = [asyncio.create_task(call(pool, "nap", seconds=0.2)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await call(pool, "echo")
        await asyncio.gather(*tasks)


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


async def test_one_key_stays_with_one_reader(pool: ReaderPool) -> None:
    function = f"{PROGRAM}:echo"
    for key in ("a", "b", "c"):
        seen = {(await pool.call(function, {}, key=key))["process"] for _ in range(9)}
        assert len(seen) == 1


async def test_the_sandbox_refuses_what_a_reader_does_not_need(
    pool: ReaderPool, tmp_path: Path
) -> None:
    (tmp_path / "data").write_bytes(b"published")
    path = os.fsencode(tmp_path / "data")
    assert (await call(pool, "read", path=path))["data"] == b"published"
    assert (await call(pool, "thread"))["done"] == [1]
    admitted = await call(
        pool, "forbidden", victim=os.getpid(), folder=os.fsencode(tmp_path)
    )
    assert admitted["admitted"] == kernel_lacks()


def kernel_lacks() -> list[str]:
    """What the test machine's kernel cannot refuse."""
    from gatewright.backends.readers import landlock

    return [] if landlock.version() else ["write", "read"]


async def test_folders_published_later_can_be_read(
    pool: ReaderPool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    later = tmp_path_factory.mktemp("later")
    (later / "data").write_bytes(b"new")
    path = os.fsencode(later / "data")
    if not kernel_lacks():
        with pytest.raises(BackendFailed):
            await call(pool, "read", path=path)
    pool.publish(later)
    pool.publish(later)
    assert (await call(pool, "read", path=path))["data"] == b"new"


async def test_readers_have_no_secrets_and_the_malloc_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GATEWRIGHT_SECRET", "hush")
    async with open_pool(settings(tmp_path)) as pool:
        variables = (await call(pool, "log_process"))["env"]
    assert "GATEWRIGHT_SECRET" not in variables
    assert variables["OPENBLAS_NUM_THREADS"] == "1"
    assert variables["MALLOC_ARENA_MAX"] == "2"


async def test_the_pool_recovers_when_its_zygote_is_killed(pool: ReaderPool) -> None:
    process = await call(pool, "log_process")
    os.kill(process["parent"], signal.SIGKILL)
    await until(lambda: not alive(process["process"]))
    again = await call(pool, "log_process")
    assert again["parent"] != process["parent"]


async def test_closing_ends_all_processes_and_refuses_calls(tmp_path: Path) -> None:
    async with open_pool(settings(tmp_path)) as pool:
        process = await call(pool, "log_process")
        waiting = asyncio.create_task(call(pool, "nap", seconds=60))
        await asyncio.sleep(0.05)
    with pytest.raises((Unavailable, BackendFailed)):
        await waiting
    await until(lambda: not alive(process["process"]) and not alive(process["parent"]))
    with pytest.raises(Unavailable):
        await call(pool, "echo")


GATEWAY = """
import asyncio, sys
from pathlib import Path
from gatewright.backends.readers import PoolSettings, ReaderPool
async def main():
    pool = ReaderPool(PoolSettings(("{program}",), (), Path("{folder}")))
    await pool.start()
    process = await pool.call("{program}:log_process", {{}})
    print(process["process"], process["parent"], flush=True)
    await pool.call("{program}:nap", {{"seconds": 60}})
asyncio.run(main())
"""


async def test_no_process_outlives_a_killed_gateway(tmp_path: Path) -> None:
    script = GATEWAY.format(program=PROGRAM, folder=tmp_path)
    gateway = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    with gateway:
        assert gateway.stdout is not None
        processes = [int(word) for word in gateway.stdout.readline().split()]
        assert len(processes) == 2
        gateway.kill()
    await until(lambda: not any(alive(process) for process in processes))


async def test_a_hostile_reader_is_ended(pool: ReaderPool) -> None:
    hostile = (
        b"",
        b"\xc1",
        b"\x95\x00\x00\x00\xc4\x00\x00",
        b"\x95" * 200,
        b"x" * 80_000,
        b"\x95\x01\x01\xce\xff\xff\xff\xff\xc4\x00\x00",
    )
    for message in hostile:
        lost: list[ReaderHandle] = []
        killed: list[int] = []
        handle = ReaderHandle(1, killed.append, lost.append, lost.append)
        future = handle.ask("a:b", {}, 1, SECONDS)
        reader = handle._far_end
        if message:
            reader.send(message)
        else:
            reader.shutdown(2)
        with pytest.raises((ReaderLost, BackendFailed)):
            await future
        assert killed == [1]
        assert lost == [handle]
