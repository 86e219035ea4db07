"""Finds and kills the processes of a job whose runner is gone."""

import os
import signal
import time
from pathlib import Path

MARK = "GATEWRIGHT_JOB_UUID"
"""Environment variable that all processes of a job have."""


def marked(uuid: str) -> list[int]:
    """Return the ids of processes whose environment has a job's uuid."""
    needle = b"\0" + f"{MARK}={uuid}".encode() + b"\0"
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if needle in b"\0" + environment:
            found.append(int(folder.name))
    return found


def end_marked(uuid: str, seconds: float = 10.0) -> None:
    """Kill the remaining processes of a job; wait at most ``seconds`` for their end."""
    deadline = time.monotonic() + seconds
    while processes := marked(uuid):
        for process in processes:
            try:
                os.kill(process, signal.SIGKILL)
            except OSError:
                continue
        if time.monotonic() >= deadline:
            return
        time.sleep(0.02)
