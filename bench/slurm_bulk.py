"""1,000 jobs in one request to a gateway on Slurm, against ``sbatch`` in a shell.

The peers run ``sbatch`` once for each job: a loop, and ``xargs -P8``. They keep no
records. The gateway records each job on disk before it submits it, and the jobs of the
one request are submitted as the user by the same command. The node is drained, so that
only submissions are measured; the jobs are counted in Slurm's queue afterwards.

It needs root, and starts a test cluster by ``scripts/slurm-testbed.sh``.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from bench.support.whole_gateway import gateway

JOBS = int(os.environ.get("GATEWRIGHT_BENCH_JOBS", "1000"))
WANTED = 1.5
"""How many times faster than the loop it should be."""
_SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "slurm-testbed.sh"
_ONE = "sbatch --parsable --output=/dev/null --job-name=NAME --wrap=true >/dev/null"
_HOST = "127.0.0.1"


@contextmanager
def cluster() -> Iterator[Path]:
    """Start a cluster whose node runs nothing; yield its configuration file."""
    parent = Path(tempfile.mkdtemp(prefix="gwb-", dir="/tmp"))
    parent.chmod(0o755)
    folder = parent / "c"
    told = _run(str(_SCRIPT), "start", str(folder))
    lines = dict(line.split("=", 1) for line in told.splitlines())
    os.environ["SLURM_CONF"] = lines["SLURM_CONF"]
    try:
        _run("scontrol", "update", "partitionname=batch", "state=down")
        yield Path(lines["SLURM_CONF"])
    finally:
        _run(str(_SCRIPT), "stop", str(folder))
        shutil.rmtree(parent)


def _run(*argv: str) -> str:
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout


def timed(name: str, script: str) -> float:
    """Return the seconds of a shell script that submits all jobs under a name."""
    begin = time.perf_counter()
    _run("bash", "-ec", script.replace("NAME", name))
    seconds = time.perf_counter() - begin
    count(name)
    return seconds


def count(name: str) -> None:
    """Check that all jobs of a name are in the queue, and remove them.

    Raises
    ------
    RuntimeError
        Jobs are missing, or are there twice.
    """
    found = _run("squeue", "--noheader", "--format=%A", f"--name={name}").split()
    if len(set(found)) != JOBS or len(found) != JOBS:
        raise RuntimeError(f"{name}: {len(found)} of {JOBS} jobs are in the queue")
    _run("scancel", f"--name={name}")
    while _run("squeue", "--noheader", f"--name={name}"):
        time.sleep(0.2)


def ours(conf: Path, folder: Path) -> float:
    """Return the seconds of one request with all jobs."""
    (folder / "home").mkdir()
    more = f"""
[[systems]]
name = "cluster"
scheduler = "slurm"
conf = "{conf}"
home = "{folder}/home"
"""
    with gateway(folder, folder / "home", _HOST, more) as (port, _, token):
        headers = {"Authorization": f"Bearer {token}"}
        base = f"http://{_HOST}:{port}/api/v1"
        with httpx.Client(base_url=base, headers=headers, timeout=600) as client:
            while client.get("/queue/cluster").status_code != 200:
                time.sleep(0.2)
            spec = {"script": "#!/bin/sh\ntrue\n", "name": "ours"}
            begin = time.perf_counter()
            answer = client.post("/jobs/cluster/bulk", json={"jobs": [spec] * JOBS})
            seconds = time.perf_counter() - begin
        answer.raise_for_status()
        refused = [one for one in answer.json()["jobs"] if one["job"] is None]
        if refused:
            raise RuntimeError(f"{len(refused)} jobs were refused: {refused[0]}")
        count("ours")
    return seconds


def main() -> None:
    """Print the seconds of each way, and the ratios."""
    loop = f"for i in $(seq {JOBS}); do {_ONE}; done"
    crowd = f"seq {JOBS} | xargs -P8 -I_ sh -c '{_ONE}'"
    with cluster() as conf, tempfile.TemporaryDirectory(dir="/tmp") as folder:
        one = timed("loop", loop)
        eight = timed("crowd", crowd)
        request = ours(conf, Path(folder))
    print(
        f"{JOBS} jobs: loop {one:.1f} s, xargs -P8 {eight:.1f} s, ours {request:.1f} s"
    )
    print(
        f"ours is {one / request:.2f} times faster than the loop (wanted {WANTED}), "
        f"{eight / request:.2f} times than xargs -P8; none lost"
    )
