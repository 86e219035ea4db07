"""Workers for tests: the real process, or its loop in a thread."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from typing_extensions import override

from gatewright.backends.worker import OneWorker, RunningWorker, Worker, WorkerStarter
from gatewright.backends.worker.program.launcher import Launcher
from gatewright.backends.worker.program.limits import SpawnLimits
from gatewright.backends.worker.program.process import serve
from gatewright.composition.systems import BackendResources
from gatewright.testing.plugins import SoleLease


class ThreadProcess:
    """A thread that stands for a process; killing it only closes its socket."""

    def __init__(
        self, target: Callable[[socket.socket], None], sock: socket.socket
    ) -> None:
        self.pid = os.getpid()
        self._socket = sock
        self._thread = threading.Thread(target=target, args=(self._socket,))
        self._thread.start()

    def ends_within(self, seconds: float) -> bool:
        self._thread.join(seconds)
        if self._thread.is_alive():
            return False
        self._socket.close()
        return True

    def kill(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


class ThreadStarter:
    """Starts threads in the place of workers."""

    def __init__(self, target: Callable[[socket.socket], None]) -> None:
        self._target = target

    def start(self) -> tuple[socket.socket, RunningWorker]:
        ours, theirs = socket.socketpair()
        return ours, ThreadProcess(self._target, theirs)


class LocalLauncher(Launcher):
    """Starts programs from the test's process."""

    def __init__(self) -> None:
        self.orders: list[dict[str, object]] = []

    @override
    def launch(self, order: dict[str, object]) -> int:
        self.orders.append(order)
        return 4242


def in_thread(launcher: Launcher | None = None) -> WorkerStarter:
    """Return what starts the worker's loop in a thread."""

    def target(sock: socket.socket) -> None:
        limits, stopping = SpawnLimits({}), threading.Event()
        serve(sock, limits, launcher or LocalLauncher(), stopping)

    return ThreadStarter(target)


def acting(target: Callable[[socket.socket], None]) -> WorkerStarter:
    """Return what starts another program in the worker's place."""
    return ThreadStarter(target)


def is_running(pid: int) -> bool:
    """Return whether a process is there and not a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return text.rpartition(b")")[2].split()[0] != b"Z"


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def stop(pid: int) -> None:
    """Stop a process as one that hangs."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: b") T" in Path(f"/proc/{pid}/stat").read_bytes())


def resources_of(worker: Worker) -> BackendResources:
    """Return what backends may use where one worker acts for everybody."""
    return BackendResources(OneWorker(worker), SoleLease, "ada")
