"""A filtered page of a queue of 20,000 jobs, requested 500 times a second.

Slurm's commands are scripts that print a queue made here: `squeue` prints all jobs with
the separators that it is given, as the real one does; each time one job in fifty has
changed. Printed are the times of the
requests, from the moment that each was due, the CPU time of the server, and how often
the gateway asked for the queue (wanted: once an interval, however many ask). Then the
event loop is watched while the queue is read: how long it is held at most. The peer
runs `squeue` for each page, as a gateway without a poller does, one at a time.
"""

import asyncio
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, aclosing, closing
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from typing import cast

from bench.support.processes import cpu_seconds, python, wait_until_idle
from bench.support.turns import turns
from bench.support.whole_gateway import gateway
from gatewright.backends.slurm import SlurmScheduler
from gatewright.backends.slurm.plugin import SlurmOptions, open_scheduler
from gatewright.domains.compute import QueueFilter
from gatewright.domains.compute.queue_index import QueueIndex
from gatewright.testing.plugins import setting_for

JOBS = int(os.environ.get("GATEWRIGHT_BENCH_JOBS", "20000"))
CONNECTIONS = 64
RATE = 500.0
SECONDS = float(os.environ.get("GATEWRIGHT_BENCH_SECONDS", "20"))
INTERVAL = 5
HOST = "127.0.0.1"
PAGES = (
    "partition=batch&state=queued",
    "user=user7",
    "partition=gpu&user=user7&limit=100",
)
PEER_CALLS = 10
CHANGED = 50
"""Of so many jobs, one has another priority at each look."""
VARIANTS = 5
LOOKS = 5
LONG_TURN = 0.002
"""Seconds; shorter turns delay nobody."""
_SCRIPT = r"""#!/bin/sh
for word in "$@"; do
  case $word in
    --format=*) format=${word#--format=%?} ;;
    --Format=*) format=${word#--Format=*:0} ;;
    --Node) suffix=.nodes ;;
  esac
done
nonce=${format%%-*}
[ NAME != squeue ] || suffix=.$(( $(wc -c < 'FOLDER/NAME.calls') % VARIANTS ))
echo >> 'FOLDER/NAME.calls'
exec sed "s/\x1f/$nonce-/g; s/\x1e/$nonce./g" "FOLDER/NAME$suffix"
"""


def jobs(variant: int) -> Iterator[str]:
    """Yield the records of `squeue`, field by field as in `commands.QUEUE_FIELDS`."""
    for number in range(JOBS):
        priority = JOBS - number + (number % CHANGED == variant)
        runs = number % 10 == 0
        started = "2026-11-29T08:00:00" if runs else "N/A"
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(1_790_000_000 + number))
        yield "\x1f".join(
            [
                *(str(number), str(number), "N/A", str(number), f"user{number % 200}"),
                "RUNNING" if runs else "PENDING",
                "None" if runs else "Priority",
                *("(null)", "8", "1", "gpu" if number % 5 == 0 else "batch", "science"),
                *(str(priority), "4000M", "1-00:00:00", moment, started, "N/A"),
                *("n1" if runs else "", "0", f"run-{number % 1000}", "(null)"),
            ]
        )


def write_commands(folder: Path) -> None:
    """Write the scripts and what they print."""
    node = (
        "n1",
        "mixed",
        "8/120/0/128",
        "512000",
        "256000",
        "(null)",
        "none",
        "(null)",
    )
    partition = ("up", "infinite", "1", "8/120/0/128", "1-infinite", "512000", "(null)")
    partitions = ["\x1f".join([name, *partition]) for name in ("batch*", "gpu")]
    printed = {
        **{f"squeue.{variant}": jobs(variant) for variant in range(VARIANTS)},
        "sinfo": partitions,
        "sinfo.nodes": ["\x1f".join([*node, name]) for name in ("batch", "gpu")],
        "sacct": (),
    }
    for name, records in printed.items():
        text = "".join(f"{record}\x1e\n" for record in records)
        (folder / f"{name}.text").write_text(text, encoding="ascii")
    for name in ("squeue", "sinfo", "sacct"):
        script = _SCRIPT.replace("FOLDER/NAME$suffix", "FOLDER/NAME$suffix.text")
        script = script.replace("FOLDER", str(folder)).replace("NAME", name)
        script = script.replace("VARIANTS", str(VARIANTS))
        (folder / f"{name}.calls").touch()
        write_script(folder / name, script)
    write_script(folder / "scontrol", "#!/bin/sh\necho 'PrivateData = none'\n")


def write_script(path: Path, text: str) -> None:
    """Write a program."""
    path.write_text(text, encoding="ascii")
    path.chmod(0o755)


def polls(folder: Path) -> int:
    """Return how often `squeue` ran."""
    return (folder / "squeue.calls").stat().st_size


def wait_for_a_look(port: int, token: str) -> None:
    """Wait until the gateway shows the whole queue.

    Raises
    ------
    TimeoutError
        It does not within a minute; the text is its last response.
    """
    deadline, body = time.monotonic() + 60, b""
    while time.monotonic() < deadline:
        with closing(HTTPConnection(HOST, port, timeout=60)) as connection:
            fields = {"Authorization": f"Bearer {token}"}
            connection.request("GET", "/api/v1/queue/cluster", headers=fields)
            response = connection.getresponse()
            body = response.read()
            if response.status == 200:
                shown = json.loads(body)
                if shown["running"] + shown["waiting"] == JOBS:
                    return
        time.sleep(1)
    raise TimeoutError(body[:500].decode())


async def look_repeatedly(folder: Path, commands: Path) -> None:
    """Print for how long looks at the queue hold the event loop, after a first one."""
    async with (
        setting_for(SlurmOptions, folder, bin_dir=str(commands)) as setting,
        open_scheduler(setting) as opened,
        aclosing(cast("SlurmScheduler", opened)) as scheduler,
    ):
        chosen = QueueFilter(user="user7")

        async def look() -> None:
            if await scheduler.look() is None:
                raise RuntimeError((await scheduler.snapshot()).failure)
            index = QueueIndex.of(await scheduler.snapshot())
            index.page("user7", {}, chosen, 100, None)

        await look()
        for _ in range(LOOKS):
            held = sorted(await turns(look()), reverse=True)
            total = 1000 * sum(each for each in held if each > LONG_TURN)
            print(
                f"a look: the event loop is held for at most {1000 * held[0]:.1f} ms of"
                f" CPU, and by turns over {1000 * LONG_TURN:.0f} ms for {total:.0f} ms"
            )


def page_by_command(folder: Path) -> float:
    """Return the seconds of one page as `squeue` and a filter make it."""
    began = time.perf_counter()
    command = [folder / "squeue", "--format=%AX-%FX."]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = [line for line in text.split("X.") if "X-batchX-" in line]
    if len(found) != JOBS * 4 // 5:
        raise RuntimeError(f"squeue printed {len(found)} jobs of the partition")
    return time.perf_counter() - began


def main() -> None:
    """Request the pages, one kind after the other."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        commands = folder / "commands"
        commands.mkdir()
        write_commands(commands)
        system = (
            f'\n[[systems]]\nname = "cluster"\nhome = "{folder}"\nscheduler = "slurm"\n'
            f'bin_dir = "{commands}"\ninterval = {INTERVAL}\n'
        )
        opened = gateway(folder, folder, HOST, system)
        port, pid, token = stack.enter_context(opened)
        wait_for_a_look(port, token)
        wait_until_idle(pid)  # as it begins, it starts a process that stands by
        for query in PAGES:
            asked, used, began = polls(commands), cpu_seconds(pid), time.monotonic()
            target = f"/api/v1/queue/cluster?{query}"
            load = (str(port), target, token, str(CONNECTIONS), str(RATE), str(SECONDS))
            command = python("-m", "bench.support.open_loop", *load)
            done = subprocess.run(
                command, stdout=subprocess.PIPE, check=True, env=os.environ
            )
            took = time.monotonic() - began
            told = json.loads(done.stdout)
            times = sorted(told["seconds"])
            cuts = [1000 * cut for cut in quantiles(times, n=100)]
            used = cpu_seconds(pid) - used
            print(
                f"{query}: {len(times)} pages at {RATE:g} a second: p50 {cuts[49]:.1f},"
                f" p99 {cuts[98]:.1f} (at most 20), longest {1000 * times[-1]:.0f} ms, "
                f"{1000 * used / len(times):.2f} ms of CPU a page with the polls, "
                f"{polls(commands) - asked} polls in {took:.0f} s (one in {INTERVAL} s)"
                f"; the client used {told['cpu']:.2f} of a core"
            )
        asyncio.run(look_repeatedly(folder, commands))
        by_command = median(page_by_command(commands) for _ in range(PEER_CALLS))
        print(
            f"peer: a page by squeue itself: {1000 * by_command:.0f} ms, one at a time"
        )


if __name__ == "__main__":
    main()
