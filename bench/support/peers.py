"""Other programs that benchmarks run beside ours.

SWarp is found on the path (Debian: ``apt install swarp``). The Python packages of peers
are not part of this project: GATEWRIGHT_BENCH_PEERS names a Python that has them, for
example of a virtual environment outside of the repository. For a package that needs one
of its own, GATEWRIGHT_BENCH_PEERS_ and the package's name (SFFT, ZOGYP) name it. Each
peer that is absent is named, and the benchmark goes on without it.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

_PROGRAMS = Path(__file__).with_name("peer_programs.py")
_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of one run."""

    wall: float
    """By the clock."""
    cpu: float
    """Of all processors together."""


def own(work: Callable[[], object]) -> Times:
    """Return the seconds that work of this process took."""
    began, used = time.perf_counter(), time.process_time()
    work()
    return Times(time.perf_counter() - began, time.process_time() - used)


def swarp() -> str | None:
    """Return the path of SWarp; None, after saying so, if it is not installed."""
    path = shutil.which("SWarp") or shutil.which("swarp")
    if path is None:
        print("SWarp is absent (Debian: apt install swarp)")
    return path


def command(arguments: Sequence[str], folder: Path) -> Times:
    """Run a program in a folder; return its seconds, with those of its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(arguments, cwd=folder, check=True, capture_output=True)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Times(
        wall,
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    )


def python_with(name: str) -> str | None:
    """Return a Python that has a package; None, after saying so, if none is known."""
    usual = os.environ.get("GATEWRIGHT_BENCH_PEERS", sys.executable)
    python = os.environ.get(f"GATEWRIGHT_BENCH_PEERS_{name.upper()}", usual)
    check = [python, "-c", f"import {name}"]
    if subprocess.run(check, check=False, capture_output=True).returncode:
        print(f"{name} is absent: GATEWRIGHT_BENCH_PEERS names a Python that has it")
        return None
    return python


def package(name: str, function: str, *arguments: str) -> dict[str, Any] | None:
    """Run a function of ``peer_programs`` with the peers' Python; return its answer.

    It is None, after saying so, if the package is absent or fails.
    """
    python = python_with(name)
    if python is None:
        return None
    done = subprocess.run(
        [python, str(_PROGRAMS), function, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    if done.returncode:
        print(f"{name} failed: {done.stderr.strip().splitlines()[-1:]}")
        return None
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def compare(name: str, ours: Sequence[Times], peer: Sequence[Times]) -> None:
    """Print the medians of wall and CPU seconds, and how many times quicker we are."""
    told = []
    for part in ("wall", "cpu"):
        mine, other = (median(getattr(t, part) for t in each) for each in (ours, peer))
        told.append(
            f"{part} {mine:.3f} s, peer {other:.3f} s: {other / mine:.1f} times"
        )
    print(f"{name}: {'; '.join(told)}", flush=True)
