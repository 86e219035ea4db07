"""How a worker's process is started, limited and ended."""

import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.workers import LocalLauncher, in_thread, is_running, wait_until

from gatewright.backends.posix import PosixFileSystem
from gatewright.backends.worker import (
    OneWorker,
    RunningWorker,
    Worker,
    client,
    open_worker,
)
from gatewright.backends.worker.program import entries, launcher
from gatewright.backends.worker.program.launcher import Launcher
from gatewright.backends.worker.program.limits import SpawnLimits, lowered
from gatewright.backends.worker.starting import Child
from gatewright.core.errors import GatewayError, NotFound


class Measured:
    """Starts the worker's program as an ordinary module, which coverage can see."""

    def start(self) -> tuple[socket.socket, RunningWorker]:
        ours, theirs = socket.socketpair()
        program = [sys.executable, "-m", "gatewright.backends.worker.program"]
        with theirs:
            process = subprocess.Popen(
                [*program, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        return ours, Child(process)


async def test_the_program_as_a_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_START_SECONDS", "_END_SECONDS"):  # coverage takes its time
        monkeypatch.setattr(client, name, 90.0)
    async with open_worker(Measured()) as worker:
        await worker.call("ping", {}, type(None), seconds=90)
        files = PosixFileSystem(OneWorker(worker), os.fsencode(tmp_path))
        await files.mkdir("ada", b"/folder")
        pid = await worker.launch(["sleep", "300"], None, tmp_path)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(NotFound):
            await worker.launch(["none"], {}, tmp_path)
    assert (tmp_path / "folder").is_dir()


async def test_a_launcher_is_there_once_a_program_was_started(tmp_path: Path) -> None:
    def launchers() -> list[int]:
        tasks = Path(f"/proc/{worker.pid}/task").iterdir()
        texts = [(task / "children").read_text("ascii") for task in tasks]
        return [int(word) for word in " ".join(texts).split()]

    async with open_worker() as worker:
        await worker.call("ping", {}, type(None))
        assert launchers() == []
        os.kill(await worker.launch(["sleep", "300"], None, tmp_path), signal.SIGKILL)
        (launcher,) = launchers()
        os.kill(await worker.launch(["sleep", "300"], None, tmp_path), signal.SIGKILL)
        assert launchers() == [launcher]
        os.kill(launcher, signal.SIGKILL)
        wait_until(lambda: not is_running(launcher))
        with pytest.raises(GatewayError):
            await worker.launch(["sleep", "300"], None, tmp_path)
        os.kill(await worker.launch(["sleep", "300"], None, tmp_path), signal.SIGKILL)
        (other,) = [one for one in launchers() if is_running(one)]
    wait_until(lambda: not is_running(other))


async def test_orders_for_the_launcher(tmp_path: Path) -> None:
    starter = LocalLauncher()
    async with open_worker(in_thread(starter)) as worker:
        assert await worker.launch(["a", b"\xff"], {"X": "é"}, tmp_path) == 4242
        await worker.launch(["b"], None, tmp_path)
    first, second = starter.orders
    assert first == {
        "argv": ["a", "\xff"],
        "directory": str(tmp_path),
        "environment": {"X": "\xc3\xa9"},
    }
    assert second["environment"]["PATH"] == os.environ["PATH"]  # type: ignore[index]


def test_the_launcher_answers_orders(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    code = (
        "import socket, sys; from gatewright.backends.worker.program import launcher;"
        "launcher.serve(socket.socket(fileno=int(sys.argv[1])))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(theirs.fileno())], pass_fds=[theirs.fileno()]
    )
    theirs.close()
    with ours, process:
        starter = Launcher(lambda: ours)
        order = {
            "argv": ["sh", "-c", "echo $$ > new; mv new pid"],
            "directory": str(tmp_path),
            "environment": {"PATH": os.environ["PATH"]},
        }
        pid = starter.launch(order)
        wait_until((tmp_path / "pid").exists)
        assert int((tmp_path / "pid").read_text()) == pid
        with pytest.raises(FileNotFoundError):
            starter.launch({**order, "argv": ["none"]})
        ours.shutdown(socket.SHUT_WR)
    assert process.returncode == 0


def test_a_launcher_that_is_gone() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        with pytest.raises(OSError, match=r"."):
            Launcher(lambda: ours).launch({})
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.shutdown(socket.SHUT_WR)
        with pytest.raises(OSError, match="launcher"):
            Launcher(lambda: ours).launch({})
    ours, theirs = socket.socketpair()
    with theirs:
        ours.sendall(b"\0\0\0\x09{}")
        ours.close()
        launcher.serve(theirs)


def test_limits_are_lowered_and_given_back() -> None:
    kind = resource.RLIMIT_CORE
    first = resource.getrlimit(kind)
    limits = SpawnLimits({kind: (0, first[1])})
    try:
        assert resource.getrlimit(kind)[0] == 0
        with limits.restored():
            assert resource.getrlimit(kind) == first
        assert resource.getrlimit(kind)[0] == 0
    finally:
        resource.setrlimit(kind, first)
    wanted = lowered()
    assert wanted[resource.RLIMIT_NOFILE][0] <= 1024
    assert wanted[kind] == (0, first[1])


def test_people_without_a_name() -> None:
    assert entries.owner(0) == "root"
    assert entries.owner(3_999_999_999) == entries.group(3_999_999_999) == "3999999999"


async def test_a_process_that_does_not_end_is_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "_END_SECONDS", 0.05)
    async with open_worker() as worker:
        await worker.call("ping", {}, type(None))
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGSTOP)
    await Worker().close()
