"""The processes that a process has begun, and those that these have begun."""

from pathlib import Path


def descendants(parent: int) -> list[int]:
    """Return the pids of a process and of all that it has begun, at any depth."""
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
    return sorted(below)


def is_worker(pid: int) -> bool:
    """Return whether a process is a person's worker."""
    try:
        return b"backends/worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
