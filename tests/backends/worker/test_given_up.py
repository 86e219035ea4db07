"""Calls that are given up: what comes for them is put away, and keeps nothing up."""

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.descriptors import all_closed

from gatewright.backends.worker import (
    OneWorker,
    Worker,
    WorkerCommands,
    close_in_thread,
    open_worker,
)
from gatewright.backends.worker.connection import Connection
from gatewright.backends.worker.program.frames import PROTOCOL, pack
from gatewright.backends.worker.threads import RestingThreads
from gatewright.core.errors import BackendFailed
from gatewright.domains.files import Command

AT_ROOT = {"root": "/", "path": "/"}


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    async with open_worker() as worker:
        yield worker


async def test_the_answers_behind_one_that_was_given_up_just_now_come() -> None:
    """It comes in the very turn of the loop in which its call is cancelled."""
    ours, theirs = socket.socketpair()
    with theirs:
        connection = Connection(ours, lambda: None, os.close)
        theirs.sendall(pack({"protocol": PROTOCOL, "pid": 1}))
        async with asyncio.timeout(60):
            await connection.ready()
            first, second = (
                asyncio.create_task(connection.request({"op": "ping"}, None))
                for _ in range(2)
            )
            await asyncio.sleep(0)
            theirs.sendall(pack({"id": 1, "ok": 1}) + pack({"id": 2, "ok": 2}))
            asyncio.get_running_loop().call_soon(first.cancel)
            assert (await second).body == b"2"
            assert first.cancelled()
        assert not connection.ended
        connection.end()


async def test_what_nobody_takes_is_closed_in_threads(
    worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a file system of a user's own, closing may block whoever closes (fuse(4))."""
    path = tmp_path / "file"
    path.write_text("content")
    arguments = {"root": "/", "path": str(path)}
    await worker.call("stat", AT_ROOT, list[object])
    closed: list[int] = []
    close = os.close

    def noted(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink() == path:
            closed.append(threading.get_ident())
        close(descriptor)

    monkeypatch.setattr(os, "close", noted)
    async with all_closed():
        for pause in range(100):
            call = asyncio.create_task(
                worker.call_for_descriptor("open", arguments, list[object])
            )
            await asyncio.sleep(pause / 50_000)
            call.cancel()
            await asyncio.wait([call])
            if not call.cancelled():
                close(call.result()[1] or -1)
        await worker.call("stat", AT_ROOT, list[object])
    with pytest.raises(BackendFailed):  # the answer is of another form
        await worker.call_for_descriptor("open", arguments, int)
    assert closed
    assert threading.get_ident() not in closed


async def test_the_output_of_a_command_that_is_given_up_is_closed(
    worker: Worker,
) -> None:
    """Though all threads of its user are busy with a file system that hangs."""
    commands = WorkerCommands(OneWorker(worker), b"/")
    command = Command(argv=(b"/bin/echo", b"out"), directory=b"/", seconds=60)
    assert (await commands.run("ada", command)).stdout == b"out\n"
    goes_on = threading.Event()
    async with all_closed():
        busy = [worker.threads.submit(goes_on.wait, 60) for _ in range(8)]
        running = asyncio.create_task(commands.run("ada", command))
        threads = worker.threads._running
        assert threads is not None
        while not threads._work_queue.qsize():
            await asyncio.sleep(0.001)
        running.cancel()
        await asyncio.wait([running])
        goes_on.set()
        assert all(one.result(60) for one in busy)


async def test_what_waits_for_threads_that_end_is_closed(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    threads, go_on = RestingThreads(1, "busy"), threading.Event()
    threads.submit(go_on.wait)
    async with all_closed():
        descriptor = os.open(tmp_path / "file", os.O_RDONLY)
        closing = close_in_thread(descriptor, threads)
        threads.shutdown(wait=False, cancel_futures=True)
        assert closing.cancelled()
        go_on.set()
