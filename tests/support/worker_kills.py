"""Kills the workers of a gateway that runs as a process."""

import os
import signal
from contextlib import suppress
from pathlib import Path


def kill_workers_below(parent: int) -> None:
    """Kill all workers that a process has begun, of which there is at least one."""
    killed = 0
    for pid in _workers_below(parent):
        # What a worker has just forked looks like it, and may have ended since.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed += 1
    assert killed, "there is no worker to kill"


def _workers_below(parent: int) -> list[int]:
    """Return the workers among the processes that a process has begun, at any depth."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            text = (entry / "stat").read_text()
        except OSError:
            continue
        parents[int(entry.name)] = int(text.rpartition(")")[2].split()[1])
    below = {parent}
    while more := {p for p, its in parents.items() if its in below} - below:
        below |= more
    return [pid for pid in below if _is_worker(pid)]


def _is_worker(pid: int) -> bool:
    try:
        return b"backends/worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
