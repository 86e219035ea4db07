"""Calling stat and open through the worker, compared with one process per call.

Some gateways run a command for every request (FirecREST runs ``stat`` over SSH, others
use ``sudo``); the peer here only runs the program, without either. A call in this
process shows the cost of the system call alone.
"""

import asyncio
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.support.processes import tell
from gatewright.backends.posix import PosixFileSystem
from gatewright.backends.worker import OneWorker, open_worker

ROUNDS = 5
CALLS = 400
PEER_CALLS = 40
AT_ONCE = 16

Call = Callable[[], Awaitable[object]]


async def seconds_of(call: Call, count: int) -> float:
    """Return the median seconds of a call."""
    times = []
    for _ in range(count):
        began = time.perf_counter()
        await call()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


async def rate_of(call: Call, count: int) -> float:
    """Return the calls per second, with ``AT_ONCE`` calls running at a time."""

    async def some() -> None:
        for _ in range(count):
            await call()

    began = time.perf_counter()
    await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    return AT_ONCE * count / (time.perf_counter() - began)


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)


async def compare(folder: Path) -> None:
    """Measure all ways in turn in several rounds, and print the medians."""
    (folder / "file").write_text("content")
    path = str(folder / "file")
    async with open_worker() as worker:
        files = PosixFileSystem(OneWorker(worker), os.fsencode(folder))

        async def look() -> None:
            await files.stat("me", b"/file")

        async def opened() -> None:
            (await files.open("me", b"/file")).close()

        async def here() -> None:
            os.stat(path)  # noqa: PTH116  # the system call and nothing else

        async def program() -> None:
            await asyncio.to_thread(_run, "stat", "--format=%s", path)

        async def reader() -> None:
            await asyncio.to_thread(_run, "cat", path)

        await look()
        ways = {
            "look": (look, CALLS),
            "open": (opened, CALLS),
            "here": (here, CALLS),
            "program": (program, PEER_CALLS),
            "reader": (reader, PEER_CALLS),
        }
        found: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, (call, count) in ways.items():
                found[name].append(await seconds_of(call, count) * 1e6)
        tell("stat (peer: a process)", found["look"], found["program"], "us")
        tell("open and pass (peer: a process)", found["open"], found["reader"], "us")
        tell("stat (peer: in this process)", found["look"], found["here"], "us")
        ours = [await rate_of(look, CALLS // AT_ONCE) for _ in range(ROUNDS)]
        peer = [await rate_of(program, PEER_CALLS // AT_ONCE) for _ in range(ROUNDS)]
        tell(f"stat, {AT_ONCE} at once (peer: a process)", ours, peer, "calls/s")


def main() -> None:
    """Run the benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(compare(Path(folder)))
