"""Work that stops when nobody waits for it, and workers that end with their gateway."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.workers import is_running, wait_until

from gatewright.backends.posix import PosixFileSystem
from gatewright.backends.worker import OneWorker, Worker, open_worker
from gatewright.domains.files import Algorithm, FileSystem
from gatewright.testing.files import names

HUGE = 3 << 40
"""Bytes of a sparse file that no machine reads within a test."""


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    async with open_worker() as worker:
        yield worker


@pytest.fixture
def files(worker: Worker, tmp_path: Path) -> FileSystem:
    return PosixFileSystem(OneWorker(worker), os.fsencode(tmp_path))


async def in_hand(worker: Worker, wanted: int) -> None:
    """Wait until so many lasting operations are in the worker's hands."""
    async with asyncio.timeout(60):
        while await worker.call("in_hand", {}, int, seconds=60) != wanted:
            await asyncio.sleep(0.01)


async def test_checksums_stop_when_nobody_waits(
    worker: Worker, files: FileSystem, tmp_path: Path
) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(HUGE)
    calls = [
        asyncio.create_task(files.checksum("ada", b"/huge", Algorithm.SHA256))
        for _ in range(40)
    ]
    await in_hand(worker, 16)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    await in_hand(worker, 0)
    assert (await files.stat("ada", b"/huge")).size == HUGE


async def test_a_copy_of_a_folder_stops_and_leaves_nothing(
    worker: Worker, files: FileSystem, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    for number in range(20_000):
        (tmp_path / f"folder/{number}").touch()
    call = asyncio.create_task(files.copy("ada", b"/folder", b"/copy"))
    await in_hand(worker, 1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await in_hand(worker, 0)
    assert await names(files, "ada") == [b"folder"]
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


async def test_a_command_is_killed_when_nobody_waits(
    worker: Worker, tmp_path: Path
) -> None:
    script = f"echo $$ > {tmp_path}/pid; mv {tmp_path}/pid {tmp_path}/here; sleep 600"
    arguments = {
        "root": "/",
        "path": "/",
        "argv": ["sh", "-c", script],
        "environment": {},
        "seconds": 600,
        "output_bytes": 1,
    }
    call = asyncio.create_task(
        worker.call_for_descriptor(
            "run", arguments, dict[str, object], access=os.O_RDWR, seconds=600
        )
    )
    here = tmp_path / "here"
    await asyncio.to_thread(wait_until, here.exists)
    pid = int(here.read_text())
    call.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await call
    await in_hand(worker, 0)
    assert not is_running(pid)


HASHING = """
import asyncio, signal, sys
from gatewright.backends.posix import PosixFileSystem
from gatewright.backends.worker import OneWorker, open_worker
from gatewright.domains.files import Algorithm

async def main():
    async with open_worker() as worker:
        files = PosixFileSystem(OneWorker(worker), sys.argv[1].encode())
        calls = [
            asyncio.create_task(files.checksum("ada", b"/huge", Algorithm.MD5))
            for _ in range(4)
        ]
        while await worker.call("in_hand", {}, int) != 4:
            await asyncio.sleep(0.01)
        print(worker.pid, flush=True)
        await asyncio.gather(*calls)

# What a shell starts in the background ignores SIGINT, and so do its children.
signal.signal(signal.SIGINT, signal.default_int_handler)
asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_hashes_ends_with_its_gateway(
    tmp_path: Path, number: signal.Signals
) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(HUGE)
    with subprocess.Popen(
        [sys.executable, "-c", HASHING, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as gateway:
        assert gateway.stdout is not None
        worker = int(gateway.stdout.readline())
        assert is_running(worker)
        gateway.send_signal(number)
        try:
            gateway.wait(60)
        finally:
            gateway.kill()
    wait_until(lambda: not is_running(worker))
