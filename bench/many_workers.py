"""The memory of 200 people's workers, and how soon a new person is answered.

The workers are processes of this account, the same program as the broker starts for
each person; each has answered what a file page and a queue ask (`stat`, a listing of
100 entries, a command). Counted is the proportional set size, in which what is shared
counts once. The peer is a bare Python that waits, started the same way: nothing written
in Python takes less.
"""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median, quantiles

from bench.support.processes import family
from gatewright.backends.posix import PosixFileSystem
from gatewright.backends.worker import OneWorker, Worker, WorkerCommands
from gatewright.domains.files import Command

PEOPLE = int(os.environ.get("GATEWRIGHT_BENCH_PEOPLE", "200"))
ENTRIES = 100
WANTED_MB = 1500
WANTED_MS = 150
_WHO = Command((b"id", b"-un"), b"/")


def memory(pids: Sequence[int]) -> float:
    """Return the proportional set size in MB of processes and their descendants."""
    total = 0
    for pid in (one for each in pids for one in family(each)):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
        found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
        if found is None:
            raise RuntimeError(f"no memory is told of process {pid}")
        total += int(found[1]) * 1024
    return total / 1e6


async def used(worker: Worker, folder: Path) -> float:
    """Use a worker as a person does; return the seconds of the first call."""
    files = PosixFileSystem(OneWorker(worker), os.fsencode(folder))
    began = time.perf_counter()
    await files.stat("me", b"/")
    first = time.perf_counter() - began
    listing = await files.list("me", b"/", after=b"", limit=ENTRIES)
    outcome = await WorkerCommands(OneWorker(worker), b"/").run("me", _WHO)
    if len(listing.entries) != ENTRIES or outcome.exit_code:
        raise RuntimeError("a worker answered wrongly")
    return first


def bare() -> float:
    """Return the memory of as many waiting Pythons."""
    code = "import sys; sys.stdin.read()"
    waiting = [
        subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", code], stdin=subprocess.PIPE
        )
        for _ in range(PEOPLE)
    ]
    time.sleep(5)
    taken = memory([one.pid for one in waiting])
    for one in waiting:
        one.communicate()
    return taken


async def compare(folder: Path) -> None:
    """Start the workers one after the other, and print what they take."""
    for number in range(ENTRIES):
        (folder / f"entry-{number}").touch()
    async with AsyncExitStack() as stack:
        workers = [Worker() for _ in range(PEOPLE)]
        for worker in workers:
            stack.push_async_callback(worker.close)
        first = [1000 * await used(worker, folder) for worker in workers]
        ours = memory([worker.pid for worker in workers if worker.pid is not None])
    peer = bare()
    print(
        f"{PEOPLE} workers: {ours:.0f} MB (200 may take {WANTED_MB}), "
        f"{ours / PEOPLE:.2f} MB each; bare Pythons {peer:.0f} MB, "
        f"ratio {ours / peer:.2f}"
    )
    cuts = quantiles(first, n=20)
    print(
        f"first call of a new person: p50 {median(first):.0f} ms, "
        f"p95 {cuts[18]:.0f} ms (at most {WANTED_MS})"
    )


def main() -> None:
    """Run the benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(compare(Path(folder)))


if __name__ == "__main__":
    main()
