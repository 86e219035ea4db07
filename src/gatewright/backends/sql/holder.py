"""Names of processes that hold leases, which tell whether the process has ended.

A name includes the boot id of the machine, the namespace of process ids (containers
have their own), and the time at which the process started. So a process can tell for
certain that another one has ended, if both are in the same namespace.
"""

import os
from pathlib import Path

from gatewright.core.ids import new_id


def new_holder() -> str:
    """Return a unique name for this process."""
    process = os.getpid()
    return f"{_space()} {process} {_started(process)} {new_id()}"


def has_ended(holder: str) -> bool:
    """Return whether a process has ended; False if it is in another namespace."""
    space, _, rest = holder.rpartition(" ")[0].partition(" ")
    process, _, started = rest.partition(" ")
    return space == _space() and _started(int(process)) != started


def _space() -> str:
    """Return the machine's boot id and the namespace of process ids."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"


def _started(process: int) -> str:
    """Return when a process started, in clock ticks since boot; "" if it has ended.

    A zombie counts as ended.
    """
    try:
        stat = Path(f"/proc/{process}/stat").read_bytes()
    except OSError:
        return ""
    fields = stat.rpartition(b")")[2].split()
    return "" if fields[0] in {b"Z", b"X"} else fields[19].decode("ascii")
