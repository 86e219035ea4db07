"""Finds and ends the processes of a job whose shepherd is gone."""

import os
import signal
import time
from pathlib import Path

MARK = "GATEWRIGHT_JOB_UUID"
"""Variable in the environment of all processes of a job."""


def marked(uuid: str) -> list[int]:
    """Return the processes that carry a job's name in their environment."""
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


def end_marked(uuid: str, seconds: float = 2.0) -> None:
    """Kill what is left of a job."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        processes = marked(uuid)
        if not processes:
            return
        for process in processes:
            try:
                os.kill(process, signal.SIGKILL)
            except OSError:
                continue
        time.sleep(0.02)
