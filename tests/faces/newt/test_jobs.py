"""NEWT's commands and queue."""

import httpx
import pytest
from tests.faces.newt.conftest import ended
from tests.support.go import WAIT_FOR_GO
from tests.support.whole import OWNER, Whole


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
