"""A submission, rows of sacct and a made-up Slurm, which keeps its queue in a file."""

from collections.abc import Sequence
from datetime import UTC, datetime

from gatewright.backends.slurm.commands import parting
from gatewright.backends.slurm.rows import QueueRow
from gatewright.domains.compute import (
    JobSpec,
    Submission,
)

JOB = Submission(
    uuid="01hv", id="7", system="cluster", user="ada", name="a,b c",
    spec=JobSpec(executable="true"), directory="/w", stdout_path="/w/50%.out",
    stderr_path="/w/7.err", submitted_at=5.0,
)  # fmt: skip

PROGRAM = """#!{python} -I
import fcntl, json, os, pathlib, sys
folder = pathlib.Path({folder!r})
turn, asked = (folder / "turn").open("w"), (folder / "asked").open("a")
fcntl.flock(turn, fcntl.LOCK_EX)
queue = json.loads((folder / "queue").read_text())
print(name := pathlib.Path(sys.argv[0]).name, file=asked)
if (folder / "away").exists():
    sys.exit("slurm: error: " + ((folder / "away").read_text() or {late!r}))
options = dict(one.lstrip("-").partition("=")[::2] for one in sys.argv[1:])
if name == "squeue":
    fields = [one.partition(":")[0] for one in options["Format"].split(",")]
    nonce = options["Format"].rpartition(":0")[2].removesuffix(".")
    for job in queue:
        told = [str(job.get(field, "0")) for field in fields]
        print((nonce + "-").join(told) + nonce + ".")
elif name == "sacct":
    if not (folder / "accounting").exists():
        sys.exit("Slurm accounting storage is disabled")
    hidden = "allusers" in options and (folder / "private").exists()
    for job in [] if hidden else json.loads((folder / "accounting").read_text()):
        told = [str(job.get(one, "")) for one in options["format"].split(",")]
        print(options["delimiter"].join(told))
elif name == "scancel" and (folder / "denies").exists():
    sys.exit("scancel: error: Kill job error on job id 100: Access/permission denied")
elif name == "scancel":
    named = set(sys.argv)
    for array, _, spans in (one.partition("_[") for one in sys.argv if "_[" in one):
        for first, _, last in (s.partition("-") for s in spans[:-1].split(",")):
            span = range(int(first), int(last or first) + 1)
            named.update(f"{{array}}_{{index}}" for index in span)
    left = []
    for job in queue:
        index = job["ArrayTaskID"]
        is_element = index != "N/A"
        job_id = f"{{job['ArrayJobID']}}_{{index}}" if is_element else str(job["JobID"])
        if job_id in named:
            job["State"] = "CANCELLED"
        if job_id not in named or not is_element:  # it forgets an element at once
            left.append(job)
    (folder / "new").write_text(json.dumps(left))
    (folder / "new").replace(folder / "queue")
elif (folder / "refuses").exists():
    sys.exit("sbatch: error: Batch job submission failed: Invalid qos")
else:
    number = 100 + len(queue)
    queue.append({{
        "JobID": number, "ArrayJobID": number, "ArrayTaskID": "N/A",
        "UserName": "root", "State": "PENDING", "Comment": options["comment"],
        "script": sys.stdin.read(), "options": options,
    }})
    (folder / "queue").write_text(json.dumps(queue))
    print(number)
"""
LATE = "Zero Bytes were transmitted or received"
"""What sbatch says when the job may have been taken."""

NONCE = "@5f1"
"""Separates the columns of the rows."""


def sacct(*rows: tuple[object, ...]) -> str:
    """Return rows as sacct prints them; those without id and state are jobs."""
    whole = [
        (*row, *(number, "COMPLETED", "Unknown")[len(row) - 9 :])
        for number, row in enumerate(rows)
    ]
    return "".join(NONCE.join(map(str, row)) + "\n" for row in whole)


def squeue(rows: Sequence[QueueRow], nonce: str) -> str:
    """Return jobs as squeue prints them."""
    between, end = parting(nonce)
    return "".join(between.join(_fields(row)) + end + "\n" for row in rows)


def _fields(row: QueueRow) -> list[str]:
    number, _, index = row.number.partition("_")
    return [
        *(row.number, number, index or "N/A", row.shown, row.account, row.state),
        *(row.reason, row.dependency or "(null)", str(row.cores), str(row.nodes)),
        *(row.partition, row.project, str(row.priority), row.memory),
        "UNLIMITED" if row.limit is None else str(row.limit),
        *map(_moment, (row.submitted_at, row.started_at, row.ended_at)),
        *(row.places, str(row.restarts), row.name, row.comment),
    ]


def _moment(at: float | None) -> str:
    if at is None:
        return "N/A"
    return datetime.fromtimestamp(at, UTC).replace(tzinfo=None).isoformat()
