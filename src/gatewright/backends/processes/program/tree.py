"""Finds the processes of a job in ``/proc``."""

import os
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")


def parents() -> dict[int, int]:
    """Return the parent of every process on the machine, by process id."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_bytes()
            except OSError:
                continue
            found[int(folder.name)] = int(stat.rpartition(b")")[2].split()[1])
    return found


def children(process: int) -> list[int]:
    """Return the children of a process."""
    found: list[int] = []
    try:
        for thread in Path(f"/proc/{process}/task").iterdir():
            found += map(int, (thread / "children").read_bytes().split())
    except OSError:
        return found
    return found


HAS_CHILDREN = Path(f"/proc/self/task/{os.getpid()}/children").exists()


def descendants(process: int) -> list[int]:
    """Return all descendants of a process."""
    table: dict[int, list[int]] = {}
    if not HAS_CHILDREN:
        for child, parent in parents().items():
            table.setdefault(parent, []).append(child)
    found: list[int] = []
    rest = [process]
    while rest:
        one = rest.pop()
        new = children(one) if HAS_CHILDREN else table.get(one, [])
        found += new
        rest += new
    return found


def memory_of(processes: list[int]) -> int:
    """Return the total resident memory of processes in bytes."""
    total = 0
    for process in processes:
        try:
            fields = Path(f"/proc/{process}/statm").read_bytes().split()
        except OSError:
            continue
        total += int(fields[1]) * PAGE
    return total
