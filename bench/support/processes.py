"""Server processes under measurement, and their CPU time."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import TypeVar

T = TypeVar("T")

_TICK = os.sysconf("SC_CLK_TCK")
_START_SECONDS = 120.0
_ATTEMPTS = 5


def free_port() -> int:
    """Return a free port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def server(
    command: Sequence[str], port: int, environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Run a server until the context ends; yield its pid when the port answers."""
    process = subprocess.Popen(
        command,
        env=os.environ | dict(environment or {}),
        stderr=subprocess.DEVNULL,  # logs are written all the same
    )
    try:
        _wait(port, process)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"{process.args!r} does not answer")


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds (user and system) of a process and its descendants."""
    return sum(_own_seconds(each) for each in family(pid))


def cpu_seconds_during(pid: int, work: Callable[[], T]) -> tuple[T, float]:
    """Do some work; return its result and the CPU seconds of a process meanwhile.

    Descendants count. If a process or thread ends meanwhile, as a reader that is
    replaced, its CPU time cannot be read any more, so the work is done again.

    Raises
    ------
    RuntimeError
        One of them ended each time.
    """
    for _ in range(_ATTEMPTS):
        tasks, before = _tasks(pid), cpu_seconds(pid)
        result = work()
        seconds = cpu_seconds(pid) - before
        if tasks <= _tasks(pid):
            return result, seconds
    raise RuntimeError(f"Processes or threads of {pid} ended in each measurement.")


def _tasks(pid: int) -> set[str]:
    """Return the ids of the threads of a process and its descendants."""
    found = set()
    for each in family(pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            found |= {task.name for task in Path(f"/proc/{each}/task").iterdir()}
    return found


def wait_until_idle(pid: int) -> None:
    """Wait until a process and its descendants use less than 1 % of a core.

    Raises
    ------
    TimeoutError
        They still use more after 30 seconds.
    """
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        before = cpu_seconds(pid)
        time.sleep(1)
        if cpu_seconds(pid) - before < 0.01:
            return
    raise TimeoutError(f"process {pid} is busy without requests")


def family(pid: int) -> list[int]:
    """Return the pids of a process and its descendants, without those that end."""
    found = [pid]
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text(encoding="ascii").split():
                found += family(int(child))
    return found


def _own_seconds(pid: int) -> float:
    """Return the CPU seconds of a process, from the scheduler's nanoseconds.

    ``/proc/PID/stat`` counts in ticks of 10 ms; each thread's ``schedstat`` is exact.
    It is 0 for a process that has ended.
    """
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        texts = [(task / "schedstat").read_text(encoding="ascii") for task in tasks]
        return sum(int(text.split()[0]) for text in texts) / 1e9
    except (FileNotFoundError, ProcessLookupError):
        pass
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / _TICK


def python(*arguments: str) -> list[str]:
    """Return a command that runs this interpreter with arguments."""
    return [sys.executable, *arguments]


def tell(name: str, ours: Sequence[float], peer: Sequence[float], unit: str) -> None:
    """Print the medians of the repeats, and their ratio."""
    mine, other = median(ours), median(peer)
    ratio = mine / other if other else float("inf")
    print(f"{name}: ours {mine:.4g} {unit}, peer {other:.4g} {unit}, ratio {ratio:.2f}")
