"""The parsers on every recording of ``../shared/collections/slurm``.

The recordings come from other commands and versions than those that the gateway runs;
what they tell is written here as these print it, and read by the gateway's parsers.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.needs import SHARED, missing

from gatewright.backends.slurm import parse, statuses, values
from gatewright.backends.slurm.commands import (
    ACCOUNTING_FIELDS,
    NODE_FIELDS,
    PARTITION_FIELDS,
    QUEUE_FIELDS,
    parting,
)
from gatewright.backends.slurm.words import state_of, why_it_ended, why_it_waits
from gatewright.core.errors import BackendFailed
from gatewright.domains.compute import ENDED, JobState

FOLDER = SHARED / "collections" / "slurm"
NONCE = "@5f1"


def folder() -> Path:
    return FOLDER if FOLDER.exists() else missing("../shared/collections/slurm")


def documents() -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for path in sorted(folder().rglob("*.json")):
        yield path, json.loads(path.read_text())


def number(value: object) -> int:
    """Return a number as each version writes it."""
    if isinstance(value, Mapping):
        return int(value["number"]) if value.get("set") else 0
    return int(value) if isinstance(value, int | float) else 0


def word(value: object) -> str:
    """Return the first of some words, or the one word."""
    return str(value[0]) if isinstance(value, list) and value else str(value or "")


def moment(value: object) -> str:
    seconds = number(value)
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19] if seconds else "N/A"


def records(rows: Sequence[Sequence[str]]) -> str:
    between, end = parting(NONCE)
    return "".join(between.join(row) + end + "\n" for row in rows)


def queue_row(job: Mapping[str, Any]) -> list[str]:
    array, task = number(job.get("array_job_id")), job.get("array_task_id")
    element = array and (not isinstance(task, Mapping) or task.get("set"))
    told = {
        "JobID": str(job["job_id"]),
        "ArrayJobID": str(array or job["job_id"]),
        "ArrayTaskID": str(number(task)) if element and task is not None else "N/A",
        "JobArrayID": str(job["job_id"]),
        "UserName": str(job.get("user_name", job.get("user_id"))),
        "State": word(job["job_state"]),
        "Reason": str(job["state_reason"]),
        "Dependency": str(job.get("dependency") or "(null)"),
        "NumCPUs": str(number(job["cpus"])),
        "NumNodes": str(number(job["node_count"])),
        "Partition": str(job["partition"]),
        "Account": str(job["account"]),
        "PriorityLong": str(number(job["priority"])),
        "MinMemory": "0",
        "TimeLimit": str(number(job["time_limit"]) * 60),
        "SubmitTime": moment(job["submit_time"]),
        "StartTime": moment(job["start_time"]),
        "EndTime": moment(job["end_time"]),
        "NodeList": str(job["nodes"]),
        "RestartCnt": str(number(job.get("restart_cnt", 0))),
        "Name": str(job["name"]),
        "Comment": str(job["comment"]) or "(null)",
    }
    return [told[field] for field in QUEUE_FIELDS.split(",")]


def test_jobs_of_the_controller() -> None:
    states: Counter[JobState] = Counter()
    files = 0
    for path, document in documents():
        jobs = document.get("jobs", [])
        if not jobs or "state_reason" not in jobs[0]:
            continue
        files += 1
        rows = parse.queue(records([queue_row(job) for job in jobs]), NONCE)
        order = statuses.PriorityOrder.of(rows)
        for job, row in zip(jobs, rows, strict=True):
            assert row.account == str(job.get("user_name", job.get("user_id")))
            assert row.started_at == (number(job["start_time"]) or None), path
            assert row.cores == number(job["cpus"])
            assert row.restarts == number(job.get("restart_cnt", 0))
            assert (row.name, row.partition) == (job["name"], job["partition"])
            states[state_of(row.state, row.reason)] += 1
            if statuses.has_ended(row):
                told = statuses.ended_uncounted(row, row.number, (1, 0), 0.0)
                assert told.ended_at
            else:
                told = statuses.living(row, row.number, order)
                assert bool(told.reason) == (told.state is not JobState.ACTIVE)
            assert statuses.queued(row, told, "ada").cores == row.cores
    assert files > 40
    assert {JobState.QUEUED, JobState.ACTIVE, JobState.COMPLETED} <= states.keys()
    assert states[JobState.FAILED] >= 3


def accounting_text(rows: Sequence[Mapping[str, str]]) -> str:
    columns = ACCOUNTING_FIELDS.split(",")
    return "".join(
        NONCE.join(row.get(column, "") for column in columns) + "\n" for row in rows
    )


def test_jobs_of_the_accounting_daemon() -> None:
    found = 0
    for path, document in documents():
        for job in document.get("jobs", []):
            if "state_reason" in job or "state" not in job:
                continue
            found += 1
            exit_code = job["exit_code"]
            code = number(exit_code.get("return_code"))
            state = word(job["state"]["current"])
            row = {
                "JobID": str(job["job_id"]),
                "User": str(job.get("user") or job["association"]["user"]),
                "State": state,
                "Submit": moment(job["time"]["submission"]),
                "Start": moment(job["time"]["start"]) or "Unknown",
                "End": moment(job["time"]["end"]) or "Unknown",
                "ElapsedRaw": str(job["time"]["elapsed"]),
                "Comment": json.dumps(job.get("comment", "")),
                "ExitCode": f"{code}:0",
            }
            (read,) = parse.accounting(accounting_text([row]), NONCE)
            assert read.wall_seconds == job["time"]["elapsed"], path
            assert (read.number, read.exit_code) == (str(job["job_id"]), code)
            if state_of(state, "") in ENDED:
                status = statuses.ended(read, [], read.number)
                assert status.state is state_of(state, "")
                assert status.ended_at == number(job["time"]["end"])
    assert found > 40


def test_lines_of_sacct() -> None:
    path = folder() / "hb_jobinfo" / "sacct.txt"
    lines = path.read_text().splitlines()
    assert len(lines) == 242
    rows = []
    for line in lines:
        cells = line.split("\N{SNOWMAN}")
        states = [cell for cell in cells if re.match(r"[A-Z_]{6,}( by \d+)?$", cell)]
        times = [cell for cell in cells if re.match(r"\d{4}-\d\d-\d\dT|Unknown", cell)]
        rows.append(
            {
                "JobID": cells[0],
                "User": cells[2],
                "State": states[-1] if states else "",
                **dict(zip(("Submit", "Start", "End"), times, strict=False)),
                "ExitCode": "0:0",
            }
        )
    read = parse.accounting(accounting_text(rows), NONCE)
    jobs = [row for row in read if not row.step]
    assert (len(read), len(jobs)) == (242, 100)
    told = Counter(row.state.partition(" ")[0] for row in jobs)
    assert {"COMPLETED", "CANCELLED", "TIMEOUT", "FAILED"} <= told.keys()
    for row in jobs:
        if state_of(row.state, "") in ENDED:
            assert statuses.ended(row, read, row.number).state in ENDED
            words = why_it_ended(row.state, "", 1, 0)
            assert bool(words) == (not row.state.startswith("COMPLETED"))


def test_gpus_of_sacct() -> None:
    """Steps tell how busy GPUs were; jobs tell how many they had."""
    rows = []
    for line in (folder() / "hb_jobinfo" / "sacct.txt").read_text().splitlines():
        cells = line.split("\N{SNOWMAN}")
        rows.append(
            {
                "JobID": cells[0],
                "State": "COMPLETED",
                "AllocTRES": next((c for c in cells[::-1] if "node=" in c), ""),
                "TRESUsageInMax": next((c for c in cells if "gres/gpuutil" in c), ""),
                "ExitCode": "0:0",
            }
        )
    read = parse.accounting(accounting_text(rows), NONCE)
    told = {
        row.number: statuses.ended(row, read, row.number).usage
        for row in read
        if not row.step
    }
    assert (told["7965768"].gpus, told["7965768"].gpus_busy) == (1, 0.9)
    assert (told["7946767"].gpus, told["7946767"].gpus_busy) == (1, 0.54)
    assert told["4034541"].gpus == 0
    assert told["4034541"].gpus_busy is None
    for usage in told.values():
        assert usage.gpus_busy is None or 0 <= usage.gpus_busy <= usage.gpus


@pytest.mark.parametrize("name", ["test-data1.csv", "test-data2.csv"])
def test_columns_of_sacct(name: str) -> None:
    with (folder() / "slurm2sql" / name).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="|"))
    read = parse.accounting(accounting_text(rows), NONCE)
    assert len(read) == len(rows) > 2
    for row, line in zip(read, rows, strict=True):
        assert row.comment == line["Comment"]
        assert row.cpu_seconds == (values.seconds(line["TotalCPU"]) or 0.0)
        assert row.memory_limit_bytes == values.memory(line["AllocTRES"])
        if line["Start"] == "Unknown":
            assert row.started_at is None
    first = statuses.ended(read[0], read, read[0].number)
    assert first.state is JobState.CANCELED
    assert first.usage.cpu_seconds == pytest.approx(15.057)
    assert "1300204" in first.reason


def test_times_of_another_table() -> None:
    with (folder() / "slurm2sql" / "test-data3.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert values.moment(row["Start"]) == 3 * 3600


def test_reasons_of_squeue() -> None:
    lines = (folder() / "hb_jobinfo" / "squeue.txt").read_text().splitlines()
    words = set()
    for line in lines:
        head, reason, cores = line.split(";")
        number_, dependency = head.split("|")
        text = records([queue_row({**BARE, "cpus": int(cores)})])
        (row,) = parse.queue(text, NONCE)
        waiting = replace(
            row,
            reason=reason.strip("()"),
            dependency=dependency,
            number=number_,
        )
        words.add(why_it_waits(waiting, 3))
    assert "Waits for another job to end (Slurm's 7219440)." in words
    assert "Waits for its turn in batch; 3 jobs are ahead." in words
    assert len(lines) == 10


BARE: Mapping[str, Any] = {
    "job_id": 1, "job_state": "PENDING", "state_reason": "None", "cpus": 1,
    "node_count": 1, "partition": "batch", "account": "a", "priority": 1,
    "time_limit": 1, "submit_time": 1, "start_time": 0, "end_time": 0, "nodes": "",
    "name": "n", "comment": "",
}  # fmt: skip


def test_memory_of_sstat() -> None:
    lines = (folder() / "hb_jobinfo" / "sstat.txt").read_text().splitlines()
    sizes = [values.size(line.split("|")[2], "") for line in lines]
    assert 136160 * 1024 in sizes
    assert None not in sizes


def test_machines() -> None:
    found = 0
    for path, document in documents():
        nodes = document.get("nodes", [])
        rows = []
        for node in nodes:
            told = {
                "N": node["name"],
                "T": word(node["state"]).lower(),
                "C": f"{node['alloc_cpus']}/0/0/{node['cpus']}",
                "m": str(node["real_memory"]),
                "e": str(number(node.get("free_mem", node.get("free_memory")))),
                "G": node["gres"] or "(null)",
                "E": node["reason"] or "none",
                "f": ",".join(node["features"])
                if isinstance(node["features"], list)
                else node["features"] or "(null)",
                "P": (node["partitions"] or [""])[0],
            }
            rows.append([told[field] for field in NODE_FIELDS])
        for row, node in zip(parse.nodes(records(rows), NONCE), nodes, strict=True):
            assert (row.name, row.cores) == (node["name"], node["cpus"]), path
            assert row.memory_bytes == node["real_memory"] << 20
            assert row.reason == node["reason"]
            assert bool(row.gpus) == ("gpu" in node["gres"])
            found += 1
    assert found > 100
    machines = (folder() / "hb_jobinfo" / "scontrol.txt").read_text()
    assert parse.settings(machines.replace(" ", "\n"))["NodeName"]
    long = (folder() / "ood_core" / "sinfo_gres_long_hostnames.txt").read_text()
    assert [values.gpus(line.split()[1]) for line in long.splitlines()] == [8, 8, 8]
    lines = (folder() / "ood_core" / "sinfo_gres.txt").read_text().splitlines()
    assert {4, 2} & {values.gpus(line.split()[1]) for line in lines if line.split()[1:]}


def test_partitions() -> None:
    text = (folder() / "ood_core" / "owens_partitions.txt").read_text()
    pairs = [
        dict(word.split("=", 1) for word in line.split() if "=" in word)
        for line in text.splitlines()
        if line.startswith("PartitionName")
    ]
    pairs += [
        {
            "PartitionName": one["name"],
            "Default": "NO",
            "MaxTime": str(number(one["maximums"]["time"]) * 60),
            "TotalNodes": str(one["nodes"]["total"]),
            "TotalCPUs": str(one["cpus"]["total"]),
            "State": word(one["partition"]["state"]),
        }
        for _, document in documents()
        for one in document.get("partitions", [])
        if isinstance(one.get("maximums"), Mapping)
    ]
    rows = []
    for pair in pairs:
        told = {
            "P": pair["PartitionName"] + ("*" if pair["Default"] == "YES" else ""),
            "a": pair.get("State", "UP").lower(),
            "l": pair["MaxTime"],
            "D": pair["TotalNodes"],
            "C": f"0/0/0/{pair['TotalCPUs']}",
            "s": "1-infinite",
            "m": "128000+",
            "G": "(null)",
        }
        rows.append([told[field] for field in PARTITION_FIELDS])
    found = statuses.partitions(parse.partitions(records(rows), NONCE))
    assert {pair["PartitionName"] for pair in pairs} == {one.name for one in found}
    assert max(one.cores for one in found) > 100


def test_reservations() -> None:
    told = [
        documents_["reservations"]
        for _, documents_ in documents()
        if "reservations" in documents_
    ]
    found = [one for some in told for one in some]
    lines = []
    for one in found:
        shown = {
            "ReservationName": one["name"],
            "StartTime": moment(one["start_time"]),
            "EndTime": moment(one["end_time"]),
            "Nodes": one["node_list"] or "(null)",
            "NodeCnt": str(number(one["node_count"])),
            "CoreCnt": str(number(one["core_count"])),
            "PartitionName": one["partition"] or "(null)",
            "Flags": ",".join(one["flags"]),
            "Users": one["users"] or "(null)",
            "Accounts": one["accounts"] or "(null)",
            "State": "INACTIVE",
        }
        lines.append(" ".join(f"{name}={value}" for name, value in shown.items()))
    read = statuses.reservations(parse.reservations("\n".join(lines)))
    assert len(read) == len(found) > 0
    for row, one in zip(read, found, strict=True):
        assert (row.name, row.starts_at) == (one["name"], number(one["start_time"]))
        assert row.cores == number(one["core_count"])
        assert ",".join(row.users) == one["users"]
        assert list(row.flags) == one["flags"]
    assert parse.reservations("No reservations in the system\n") == []


def test_what_is_no_answer() -> None:
    for name in ("slurmmonitor_2108", "ood_core"):
        for path in (folder() / name).iterdir():
            if path.name == "LICENSE":
                continue
            text = path.read_text(errors="replace")
            for parser in (parse.queue, parse.nodes, parse.partitions):
                with pytest.raises(BackendFailed):
                    parser(text, NONCE)
    for path, document in documents():
        for error in document.get("errors", []):
            assert isinstance(error, Mapping), path
