"""NEWT's commands and queue."""

from dataclasses import replace

import httpx
import pytest
from tests.faces.newt.conftest import ended
from tests.support.go import WAIT_FOR_GO
from tests.support.whole import OWNER, Whole

from gatewright.backends.processes import ProcessScheduler
from gatewright.domains.compute import (
    Job,
    JobSpec,
    JobState,
    JobStatus,
    QueuedJob,
    Resources,
    Snapshot,
    Usage,
)
from gatewright.faces.newt import job_shapes, queue


async def test_a_command_is_words_and_no_shell(gateway: Whole) -> None:
    client = await gateway.client(OWNER)

    async def run(line: str) -> httpx.Response:
        form = {"executable": line, "loginenv": "true"}
        return await client.post("/newt/command/local", data=form)

    answer = await run("/bin/echo 'a b' ; touch hacked $(id)")
    assert answer.json()["output"] == "a b ; touch hacked $(id)\n"
    failed = (await run("/bin/ls /nowhere")).json()
    assert failed["status"] == "ERROR"
    assert "nowhere" in failed["error"]
    for line in ("", "'open"):
        assert (await run(line)).status_code == 422


async def test_a_job_goes_through_the_queue(gateway: Whole) -> None:
    client = await gateway.client(OWNER)
    script = f"#!/bin/sh\n{WAIT_FOR_GO}sleep 1.1\necho out\n"
    held = await client.post("/newt/queue/local", data={"jobscript": script})
    body = held.json()
    assert (body["status"], body["error"]) == ("OK", "")
    rows = (await client.get("/newt/queue/local?user=ada&limit=5&index=0")).json()
    assert [row["jobid"] for row in rows] == [body["jobid"]]
    assert set(rows[0]) == {
        "jobid", "user", "status", "state", "name", "nodes", "procs", "queue",
        "rank", "repo", "submittime", "timereq", "timeuse", "hostname",
    }  # fmt: skip
    assert (await client.get("/newt/queue/local?status=X")).json() == []
    assert (await client.get("/newt/queue/local?limit=x")).status_code == 422
    (gateway.home / "go").touch()
    row = await ended(client, body["jobid"])
    assert row["state"] == "completed"
    record = (await client.get(f"/newt/queue/local/{body['jobid']}/sacct")).json()
    assert record["exitcode"] == "0:0"
    assert record["elapsed"] >= "00:00:01"


async def test_a_job_is_submitted_from_a_file_and_deleted(gateway: Whole) -> None:
    client = await gateway.client(OWNER)
    (gateway.home / "run.sh").write_text("#!/bin/sh\nsleep 60\n")
    answer = await client.post("/newt/queue/local", data={"jobfile": "run.sh"})
    job = answer.json()["jobid"]
    gone = (await client.delete(f"/newt/queue/local/{job}")).json()
    assert set(gone) == {"status", "output", "error"}
    assert (await ended(client, job))["state"] == "canceled"


@pytest.mark.parametrize(
    "form", [{}, {"jobfile": "nothing"}, {"jobfile": "."}, {"jobfile": "binary"}]
)
async def test_what_is_no_script_is_refused(
    gateway: Whole, form: dict[str, str]
) -> None:
    client = await gateway.client(OWNER)
    (gateway.home / "binary").write_bytes(b"\xff\xfe")
    answer = await client.post("/newt/queue/local", data=form)
    assert 400 <= answer.status_code < 500
    assert (await client.get("/newt/queue/local")).json() == []


async def test_the_whole_queue_is_searched(
    gateway: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many jobs others have, and whatever a page of the service holds."""

    async def snapshot(scheduler: ProcessScheduler) -> Snapshot:
        jobs = [
            QueuedJob(
                JobStatus(f"n{number}", JobState.QUEUED, "PENDING"),
                "eve" if number % 5 else "bob",
                f"job {number}",
                1,
                float(number),
            )
            for number in range(25)
        ]
        return Snapshot(7.0, jobs, private=False)

    monkeypatch.setattr(ProcessScheduler, "snapshot", snapshot)
    monkeypatch.setattr(queue, "MAXIMUM_LIMIT", 4)
    client = await gateway.client(OWNER)

    async def names(query: str) -> list[str]:
        answer = await client.get(f"/newt/queue/local?{query}")
        assert answer.status_code == 200, answer.text
        return [row["name"] for row in answer.json()]

    assert await names("") == [f"job {number}" for number in range(25)]
    assert await names("index=22&limit=9") == ["job 22", "job 23", "job 24"]
    assert await names("user=bob") == [f"job {number}" for number in range(0, 25, 5)]
    assert await names("user=eve&name=job 23") == ["job 23"]
    assert await names("user=bob&name=job 23") == []
    monkeypatch.setattr(queue, "MOST_JOBS", 8)
    full = await client.get("/newt/queue/local")
    assert full.status_code == 413
    assert "/api/v1/queue" in full.json()["error"]


def test_a_record_has_what_sacct_has_in_its_columns() -> None:
    """Slurm's manual, of sacct: CPUTime is Elapsed by AllocCPUS, TotalCPU the used."""
    job = Job(
        id="17",
        system="far",
        user="ada",
        name="n",
        state=JobState.FAILED,
        native_state="FAILED",
        spec=JobSpec(executable="x", resources=Resources(process_count=3)),
        directory="/",
        stdout_path="/o",
        stderr_path="/e",
        submitted_at=0.0,
        started_at=100.0,
        ended_at=160.0,
        exit_code=137,
        signal=9,
        usage=Usage(wall_seconds=60.0, cpu_seconds=90.0, cores=4),
    )
    record = job_shapes.accounting(job, 1000.0)
    assert (record["elapsed"], record["alloccpus"]) == ("00:01:00", "4")
    assert (record["cputime"], record["totalcpu"]) == ("00:04:00", "00:01:30")
    assert record["exitcode"] == "0:9"
    runs = replace(
        job, state=JobState.ACTIVE, ended_at=None, usage=Usage(), signal=None
    )
    record = job_shapes.accounting(runs, 130.0)
    assert (record["elapsed"], record["cputime"]) == ("00:00:30", "00:01:30")
    assert record["exitcode"] == "137:0"


def test_the_columns_of_an_ended_job_are_what_it_was_given() -> None:
    """Not what its request named; nor of an older job, of which nobody knows more."""
    asked = JobSpec(executable="x", resources=Resources(process_count=3, node_count=3))
    job = Job(
        id="17",
        system="far",
        user="ada",
        name="n",
        state=JobState.COMPLETED,
        native_state="COMPLETED",
        spec=asked,
        directory="/",
        stdout_path="/o",
        stderr_path="/e",
        submitted_at=0.0,
        started_at=100.0,
        ended_at=160.0,
        usage=Usage(
            cores=4, nodes=2, partition="debug", project="p", limit_seconds=600.0
        ),
    )
    names = ("queue", "repo", "timereq", "nodes", "procs")
    columns = job_shapes.classic(job, None, 1000.0)
    assert [columns[name] for name in names] == ["debug", "p", "00:10:00", "2", "4"]
    record = job_shapes.accounting(job, 1000.0)
    told = [record[name] for name in ("partition", "account", "nnodes", "alloccpus")]
    assert told == ["debug", "p", "2", "4"]
    columns = job_shapes.classic(replace(job, usage=Usage()), None, 1000.0)
    assert [columns[name] for name in names] == ["far", "", "", "3", "3"]
