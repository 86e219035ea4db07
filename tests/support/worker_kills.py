"""Kills the workers of a gateway that runs as a process."""

import os
import signal
from contextlib import suppress

from tests.support.descendants import descendants, is_worker


def kill_workers_below(parent: int) -> None:
    """Kill all workers that a process has begun, of which there is at least one."""
    killed = 0
    for pid in filter(is_worker, descendants(parent)):
        # What a worker has just forked looks like it, and may have ended since.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed += 1
    assert killed, "there is no worker to kill"
