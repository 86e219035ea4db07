"""The processes of a pool: their bounds, their sandbox, and how they end."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.support.readers import (
    MEBIBYTE,
    PROGRAM,
    SECONDS,
    alive,
    call,
    settings,
    until,
)

from gatewright.backends.readers import ReaderPool, open_pool, process
from gatewright.backends.readers.process import ReaderHandle, ReaderLost
from gatewright.core.errors import (
    BackendFailed,
    Unavailable,
)


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


async def test_memory_is_bounded(pool: ReaderPool) -> None:
    with pytest.raises(BackendFailed):
        await call(pool, "allocate", size=800 * MEBIBYTE)
    assert await call(pool, "allocate", size=MEBIBYTE)


async def test_readers_are_replaced_after_their_calls_and_on_growth(
    tmp_path: Path,
) -> None:
    for limits in ({"calls": 1}, {"growth_bytes": 1}):
        async with open_pool(settings(tmp_path, readers=1, **limits)) as pool:
            seen = {(await call(pool, "echo"))["process"] for _ in range(3)}
            assert len(seen) == 3


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
    told = await call(pool, "log_process")
    os.kill(told["parent"], signal.SIGKILL)
    await until(lambda: not alive(told["process"]))
    again = await call(pool, "log_process")
    assert again["parent"] != told["parent"]


async def test_a_zygote_that_is_just_being_started_again_ends_with_the_pool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    spawned: list[subprocess.Popen[bytes]] = []
    spawn = process._spawn

    def slowly(descriptor: int) -> "subprocess.Popen[bytes]":
        begun.set()
        assert go_on.wait(60)
        spawned.append(spawn(descriptor))
        return spawned[-1]

    pool = ReaderPool(settings(tmp_path, readers=1))
    await pool.start()
    zygote = (await call(pool, "log_process"))["parent"]
    monkeypatch.setattr(process, "_spawn", slowly)
    os.kill(zygote, signal.SIGKILL)
    await until(begun.is_set)
    closing = asyncio.create_task(pool.close())
    await asyncio.sleep(0.05)
    go_on.set()
    await closing
    (late,) = spawned
    assert late.returncode is not None  # it has ended, and is no zombie


async def test_closing_ends_all_processes_and_refuses_calls(tmp_path: Path) -> None:
    async with open_pool(settings(tmp_path)) as pool:
        told = await call(pool, "log_process")
        waiting = asyncio.create_task(call(pool, "nap", seconds=60))
        await asyncio.sleep(0.05)
    with pytest.raises((Unavailable, BackendFailed)):
        await waiting
    await until(lambda: not alive(told["process"]) and not alive(told["parent"]))
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
