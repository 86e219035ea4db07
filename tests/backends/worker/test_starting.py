"""Workers that another process starts, and starts that fail."""

import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import outside_starter
from tests.support.descriptors import all_closed
from tests.support.workers import is_running, stop, wait_until

from gatewright.backends.posix import PosixFileSystem
from gatewright.backends.worker import (
    ChildStarter,
    OneWorker,
    RunningWorker,
    client,
    open_worker,
)
from gatewright.backends.worker.starting import PROGRAM
from gatewright.core.errors import TimedOut, Unavailable
from gatewright.testing.files import get, put


class OutsideWorker:
    """A worker that is another process's child; that one is asked about it."""

    def __init__(self, asking: socket.socket, pid: int) -> None:
        self._asking = asking
        self.pid = pid

    def ends_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not (ended := self._ask(b"W")) and time.monotonic() < deadline:
            time.sleep(0.01)
        if ended:
            self._asking.close()
        return ended

    def kill(self) -> None:
        self._ask(b"K")

    def _ask(self, order: bytes) -> bool:
        self._asking.sendall(order)
        return self._asking.recv(1) == b"E"


class OutsideStarter:
    """Asks a process at a Unix socket for workers."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def start(self) -> tuple[socket.socket, RunningWorker]:
        asking = socket.socket(socket.AF_UNIX)
        asking.connect(str(self._path))
        pid, descriptors, _, _ = socket.recv_fds(asking, 4, 1)
        worker = OutsideWorker(asking, int.from_bytes(pid, "big"))
        return socket.socket(fileno=descriptors[0]), worker


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[OutsideStarter]:
    path = tmp_path / "starter"
    script = str(Path(outside_starter.__file__))
    with subprocess.Popen(
        [sys.executable, script, str(path), str(PROGRAM)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield OutsideStarter(path)
        process.kill()


def parent_of(pid: int) -> int:
    text = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2]
    return int(text.split()[1])


async def test_another_process_starts_the_worker(
    tmp_path: Path, outside: OutsideStarter
) -> None:
    async with all_closed(), open_worker(outside) as worker:
        files = PosixFileSystem(OneWorker(worker), os.fsencode(tmp_path))
        await put(files, "ada", b"/data", b"content")
        assert await get(files, "ada", b"/data") == b"content"
        first = worker.pid
        assert first is not None
        assert parent_of(first) != os.getpid()
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: not is_running(first))
        with contextlib.suppress(Unavailable):  # the loop may not have seen the end
            await files.stat("ada", b"/data")
        assert await get(files, "ada", b"/data") == b"content"
        second = worker.pid
    assert second is not None
    assert second != first
    assert not is_running(second)


async def test_another_process_ends_a_worker_that_hangs(
    outside: OutsideStarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_PROBE_SECONDS", 0.2)
    async with open_worker(outside) as worker:
        await worker.call("ping", {}, type(None), seconds=60)
        first = worker.pid
        assert first is not None
        stop(first)
        with pytest.raises(TimedOut):
            await worker.call("ping", {}, type(None), seconds=0.2)
        wait_until(lambda: not is_running(first))
        await worker.call("ping", {}, type(None), seconds=60)
        assert worker.pid != first


class Failing:
    """Fails to start a worker a number of times."""

    def __init__(self, number: int, times: int) -> None:
        self.number = number
        self.left = times

    def start(self) -> tuple[socket.socket, RunningWorker]:
        if self.left:
            self.left -= 1
            raise OSError(self.number, os.strerror(self.number))
        return ChildStarter().start()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.EAGAIN])
async def test_a_start_without_means_is_tried_again_at_once(number: int) -> None:
    """However often it failed: only workers that ended count as ending."""
    times = client._STARTS + 5
    async with open_worker(Failing(number, times)) as worker:
        for _ in range(times):
            with pytest.raises(Unavailable) as caught:
                await worker.call("ping", {}, type(None))
            assert caught.value.retry_after == 1
        await worker.call("ping", {}, type(None), seconds=60)
