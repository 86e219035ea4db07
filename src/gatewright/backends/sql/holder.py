"""The names of processes that hold leases, and whether such a process has ended.

A name says on which boot of which machine, in which space of process ids (namespaces of
containers have their own), and when the process was started. So one process knows for
certain that another has ended, if both are in the same space.
"""

import os
from pathlib import Path

from gatewright.core.ids import new_id


def new_holder() -> str:
    """Return a name for this process; no two calls return the same."""
    process = os.getpid()
    return f"{_space()} {process} {_started(process)} {new_id()}"


def has_ended(holder: str) -> bool:
    """Return whether a process of this space has ended; False for any other."""
    space, _, rest = holder.rpartition(" ")[0].partition(" ")
    process, _, started = rest.partition(" ")
    return space == _space() and _started(int(process)) != started


def _space() -> str:
    """Return the machine's boot id and the namespace of this process's id."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"


def _started(process: int) -> str:
    """Return when a process was started, in ticks since the boot; nothing if it ended.

    A process that has ended and that nobody waited for (a zombie) has ended.
    """
    try:
        stat = Path(f"/proc/{process}/stat").read_bytes()
    except OSError:
        return ""
    fields = stat.rpartition(b")")[2].split()
    return "" if fields[0] in {b"Z", b"X"} else fields[19].decode("ascii")
