"""A job array in this machine's queue, compared with plain loops of processes.

The peers start the same program equally often, each time with two output files: a loop
of ``subprocess`` in one process, and ``xargs -P`` with a shell that opens the files.
The peers keep no records. A job of the gateway is on disk before it starts, its limits
are watched, it survives the gateway, and its end is recorded on disk.
"""

import asyncio
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path

from bench.support.processes import tell
from gatewright.backends.sql.leases import SqlLeases
from gatewright.backends.worker import OneWorker
from gatewright.composition.compute import open_compute
from gatewright.composition.files import open_owner_worker
from gatewright.composition.identity import open_identity
from gatewright.composition.state import open_database, open_event_hub
from gatewright.composition.systems import BackendResources
from gatewright.core.caller import ROLE_SCOPES, Caller, Role
from gatewright.core.config import Config
from gatewright.domains.compute import JobNews, JobService, JobSpec

ELEMENTS = int(os.environ.get("GATEWRIGHT_BENCH_ELEMENTS", "1000"))
AT_ONCE = 2
ROUNDS = int(os.environ.get("GATEWRIGHT_BENCH_ROUNDS", "3"))
PROGRAM = "/bin/true"
WANTED = 50
"""Elements per second that should be started."""
ADA = Caller("ada", frozenset(map(str, ROLE_SCOPES[Role.OWNER])), role=Role.OWNER)


def config(folder: Path) -> Config:
    """Return the configuration of a gateway with one system."""
    (folder / "home").mkdir()
    home = str(folder / "home")
    system = {"name": "local", "home": home, "cores": AT_ONCE}
    state = str(folder / "state")
    return Config.model_validate(
        {
            "gateway": {"state": state},
            "identity": {"owner": ADA.user},
            "systems": [system],
        }
    )


async def array(jobs: JobService, news: JobNews) -> float:
    """Submit a job array; return the number of elements started per second."""
    spec = JobSpec(executable=PROGRAM, array=f"0-{ELEMENTS - 1}")
    (job,) = await jobs.submit(ADA, "local", [spec])
    while job.ended_at is None:
        job = await news.wait(ADA, "local", job.id, 30.0)
    if job.tasks != {"completed": ELEMENTS} or job.started_at is None:
        raise RuntimeError(f"the array is not as it should be: {job.tasks}")
    return ELEMENTS / (job.ended_at - job.started_at)


async def ours(folder: Path) -> list[float]:
    """Run the array through the scheduler, the records and the events."""
    settings = config(folder)
    async with AsyncExitStack() as stack:
        database = await open_database(settings, stack)
        events = open_event_hub(database)
        workers = OneWorker(await open_owner_worker(stack))
        resources = BackendResources(workers, SqlLeases(database).lease, "ada")
        identity = await open_identity(settings, database, stack)
        compute = await open_compute(
            settings, database, events, resources, identity, stack
        )
        news = JobNews(compute.jobs, events)
        return [await array(compute.jobs, news) for _ in range(ROUNDS)]


def loop(folder: Path) -> None:
    """Start the program in a loop with threads, from this process."""

    def one(index: int) -> None:
        with (
            (folder / f"{index}.out").open("wb") as output,
            (folder / f"{index}.err").open("wb") as error,
        ):
            subprocess.run([PROGRAM], check=True, stdout=output, stderr=error)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(one, range(ELEMENTS)))


def xargs(folder: Path) -> None:
    """Start the program with ``xargs -P``."""
    line = f"{PROGRAM} >{folder}/$1.out 2>{folder}/$1.err"
    subprocess.run(
        ["xargs", "-P", str(AT_ONCE), "-n", "1", "sh", "-c", line, "sh"],
        input="\n".join(map(str, range(ELEMENTS))),
        text=True,
        check=True,
    )


def rate(way: Callable[[Path], None], folder: Path) -> float:
    """Return how many programs a peer runs per second."""
    began = time.perf_counter()
    way(folder)
    return ELEMENTS / (time.perf_counter() - began)


def cpu_seconds() -> float:
    """Return the CPU time of this process and of its ended descendants."""
    who = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    used = map(resource.getrusage, who)
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    """Run the benchmark."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before = cpu_seconds()
        found = asyncio.run(ours(folder))
        spent = (cpu_seconds() - before) * 1000 / ROUNDS / ELEMENTS
        peers = {"subprocess": loop, "xargs -P": xargs}
        for peer, way in peers.items():
            rates = [rate(way, folder) for _ in range(ROUNDS)]
            tell(f"elements of an array (peer: {peer})", found, rates, "starts/s")
        print(f"  CPU time of the gateway: {spent:.2f} ms for each element")
        print(f"  wanted: {WANTED} starts/s; best round: {max(found):.0f}")
