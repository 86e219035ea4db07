"""Jobs over HTTP, on real processes: lists, control, output and ends."""

import os
from pathlib import Path

import httpx
import pytest
from tests.faces.api.jobs.conftest import submit
from tests.support.go import WAIT_FOR_GO
from tests.support.jobs import until_ended, until_state

from gatewright.backends.processes import scheduler


class TestList:
    async def test_pages_and_filters(self, ada: httpx.AsyncClient) -> None:
        for name in ("a", "b", "a"):
            await submit(ada, executable="true", name=name, hold=True)
        await until_ended(ada, await submit(ada, executable="true"))
        first = await ada.get("/jobs/local", params={"limit": 3})
        assert [job["id"] for job in first.json()["jobs"]] == ["4", "3", "2"]
        assert 'rel="next"' in first.headers["link"]
        rest = await ada.get("/jobs/local", params={"cursor": first.json()["next"]})
        assert [job["id"] for job in rest.json()["jobs"]] == ["1"]
        assert rest.json()["next"] is None

        async def ids(**query: object) -> list[str]:
            answer = await ada.get("/jobs/local", params=query)  # type: ignore[arg-type]
            return [job["id"] for job in answer.json()["jobs"]]

        assert await ids(name="a") == ["3", "1"]
        assert await ids(state=["held"], name="b") == ["2"]
        assert await ids(state=["completed", "failed"]) == ["4"]
        assert await ids(since="2100-01-01T00:00:00Z") == []
        assert len(await ids(since="2000-01-01")) == 4
        empty = dict.fromkeys(("state", "name", "since", "limit", "cursor"), "")
        assert await ids(**empty) == ["4", "3", "2", "1"]
        assert await ids(state=["held", ""], name="b") == ["2"]
        for wrong in (
            {"since": "soon"},
            {"state": "odd"},
            {"limit": 0},
            {"cursor": "x"},
        ):
            answer = await ada.get("/jobs/local", params=wrong)
            assert answer.status_code in {400, 422}

    async def test_the_queue_has_what_has_not_ended(
        self, ada: httpx.AsyncClient
    ) -> None:
        await until_ended(ada, await submit(ada, executable="true"))
        held = await submit(ada, executable="true", hold=True)
        queue = (await ada.get("/queue/local")).json()
        assert [job["id"] for job in queue["jobs"]] == [held]
        assert queue["resources"]["cores"] == 2
        assert queue["as_of"].endswith("Z")


class TestControl:
    async def test_hold_release_and_cancel(self, ada: httpx.AsyncClient) -> None:
        job_id = await submit(ada, executable="true", hold=True)
        url = f"/jobs/local/{job_id}"
        assert (await ada.post(f"{url}/hold")).json()["state"] == "held"
        released = await ada.post(f"{url}/release")
        assert released.status_code == 200
        assert (await until_ended(ada, job_id))["state"] == "completed"
        assert (await ada.post(f"{url}/hold")).status_code == 409
        assert (await ada.post(f"{url}/release")).status_code == 409
        assert (await ada.delete(url)).status_code == 204
        other = await submit(ada, executable="true", hold=True)
        assert (await ada.delete(f"/jobs/local/{other}")).status_code == 204
        job = (await ada.get(f"/jobs/local/{other}")).json()
        assert (job["state"], job["reason"]) == ("canceled", "Canceled on request.")

    async def test_many_are_canceled_by_a_filter(self, ada: httpx.AsyncClient) -> None:
        hold = {"executable": "true", "hold": True}
        one, other = [await submit(ada, **hold, name="a") for _ in range(2)]
        array = await submit(ada, **hold, name="b", array="0-1")
        kept = await submit(ada, **hold, name="c")
        answer = await ada.delete("/jobs/local", params={"name": "a"})
        assert answer.status_code == 202, answer.text
        assert answer.json() == {"jobs": [one, other], "left": []}
        for query in ({}, {"state": "odd"}, {"since": "soon"}, {"name": ""}):
            answer = await ada.delete("/jobs/local", params=query)
            assert answer.status_code == 422, answer.text
        query = {"state": "held", "since": "2000-01-01", "name": "b"}
        answer = await ada.delete("/jobs/local", params=query)
        assert answer.json()["jobs"] == [f"{array}_0", f"{array}_1"]
        for job in (one, other, array):
            assert (await until_ended(ada, job))["state"] == "canceled"
        assert (await ada.get(f"/jobs/local/{kept}")).json()["state"] == "held"
        answer = await ada.delete("/jobs/local?since=2100-01-01T00:00:00Z")
        assert answer.json() == {"jobs": [], "left": []}
        assert (await ada.delete("/jobs/none?name=a")).status_code == 404

    async def test_orders_that_this_system_does_not_take(
        self, ada: httpx.AsyncClient
    ) -> None:
        job_id = await submit(ada, executable="sleep", arguments=["100"])
        await until_state(ada, job_id, "active")
        url = f"/jobs/local/{job_id}"
        limit = {"attributes": {"duration": 60}}
        for answer in (
            await ada.post(f"{url}/signal", json={"signal": "USR1"}),
            await ada.patch(url, json=limit),
            await ada.patch(url, json={"array_limit": None}),
            await ada.post(f"{url}/requeue"),
        ):
            assert answer.status_code == 409, answer.text
            assert "The scheduler of local cannot" in answer.json()["detail"]
        for wrong in ({"signal": "SEGV"}, {}, {"signal": "USR1", "to": "all"}):
            answer = await ada.post(f"{url}/signal", json=wrong)
            assert answer.status_code == 422, answer.text
        changes: list[dict[str, object]] = [
            {"attributes": {"duration": 0}},
            {},
            {"attributes": None},
            {"array_limit": 0},
            {"array_limit": 3, **limit},
        ]
        for change in changes:
            answer = await ada.patch(url, json=change)
            assert answer.status_code == 422, answer.text
        assert (await ada.patch("/jobs/local/999", json=limit)).status_code == 404
        await ada.delete(url)

    async def test_a_dry_run_names_an_unknown_scope_and_the_nearest(
        self, ada: httpx.AsyncClient
    ) -> None:
        params = {"dry_run": "true"}
        for scope, status, told in (
            ("jobs:red", 422, "no scope “jobs:red”. Did you mean “jobs:read”?"),
            ("Files:read", 422, "Did you mean “files:read”?"),
            ("?", 422, "There is no scope “?”. There are account:manage,"),
            ("files:read:/../x", 422, "absolute path"),
            ("files:read:/x", 200, ""),
        ):
            spec = {"executable": "true", "token": {"scopes": [scope]}}
            answer = await ada.post("/jobs/local", json=spec, params=params)
            assert answer.status_code == status, answer.text
            assert told in answer.json().get("detail", "")

    async def test_a_dry_run_checks_and_submits_nothing(
        self, ada: httpx.AsyncClient
    ) -> None:
        params = {"dry_run": "true"}
        cores = {"cpu_cores_per_process": 2}
        spec = {"executable": "true", "resources": cores}
        answer = await ada.post("/jobs/local", json=spec, params=params)
        assert answer.status_code == 200
        assert answer.json() == {
            "expected_start_at": None, "cores": 2, "nodes": "", "partition": "",
        }  # fmt: skip
        answer = await ada.post("/jobs/local", json=[spec, spec], params=params)
        assert [one["cores"] for one in answer.json()["jobs"]] == [2, 2]
        script = {"Content-Type": "text/x-shellscript"}
        answer = await ada.post(
            "/jobs/local", content=b"true", headers=script, params=params
        )
        assert answer.json()["cores"] == 1
        spec["resources"] = {"cpu_cores_per_process": 3}
        answer = await ada.post("/jobs/local", json=spec, params=params)
        assert answer.status_code == 422
        assert (await ada.get("/jobs/local")).json()["jobs"] == []

    async def test_there_are_no_reservations(self, ada: httpx.AsyncClient) -> None:
        answer = (await ada.get("/reservations/local")).json()
        assert (answer["reservations"], answer["failure"]) == ([], "")
        assert answer["as_of"].endswith("Z")
        assert (await ada.get("/reservations/none")).status_code == 404

    async def test_cancel_of_a_running_job(self, ada: httpx.AsyncClient) -> None:
        job_id = await submit(ada, executable="sleep", arguments=["100"])
        await until_state(ada, job_id, "active")
        answer = await ada.delete(f"/jobs/local/{job_id}")
        assert answer.status_code in {202, 204}
        job = await until_ended(ada, job_id)
        assert (job["state"], job["exit_code"], job["signal"]) == ("canceled", 143, 15)

    async def test_an_array_is_one_job_and_its_elements(
        self, ada: httpx.AsyncClient, tmp_path: Path
    ) -> None:
        script = "echo $GATEWRIGHT_ARRAY_INDEX; exit $((GATEWRIGHT_ARRAY_INDEX / 4))"
        job_id = await submit(ada, script=script, array="0-4%1")
        job = await until_ended(ada, job_id)
        assert (job["state"], job["tasks"]) == ("failed", {"completed": 4, "failed": 1})
        last = (await ada.get(f"/jobs/local/{job_id}_4")).json()
        assert (last["exit_code"], last["array_index"]) == (1, 4)
        output = await ada.get(f"/jobs/local/{job_id}_3/output")
        assert output.text == "3\n"
        assert (await ada.get(f"/jobs/local/{job_id}/output")).status_code == 404
        assert (tmp_path / "home" / f"job-{job_id}_3.out").exists()
        held = await submit(ada, executable="true", array="1,2", hold=True)
        assert (await ada.get(f"/jobs/local/{held}")).json()["state"] == "held"
        assert (await ada.delete(f"/jobs/local/{held}")).status_code == 204

    async def test_jobs_wait_for_others(
        self, ada: httpx.AsyncClient, tmp_path: Path
    ) -> None:
        first = await submit(ada, script=f"{WAIT_FOR_GO}exit 1")

        def after(condition: str) -> dict[str, object]:
            dependency = {"job": first, "condition": condition}
            return {"executable": "true", "dependencies": [dependency]}

        ok = await submit(ada, **after("after_ok"))
        other = await submit(ada, **after("after_any"))
        not_ok = await submit(ada, **after("after_not_ok"))
        (tmp_path / "home" / "go").touch()
        hopeless = await until_ended(ada, ok)
        assert (hopeless["state"], first in hopeless["reason"]) == ("canceled", True)
        assert (await until_ended(ada, other))["state"] == "completed"
        ended = await until_ended(ada, not_ok)
        before = await until_ended(ada, first)
        assert ended["started_at"] >= before["ended_at"]
        refused = await ada.post("/jobs/local", json=after("after_ok"))
        assert refused.status_code == 422
        assert (
            await ada.post("/jobs/local", json=after("after_any"))
        ).status_code == 201


class TestOutput:
    async def test_ranges_and_conditions(self, ada: httpx.AsyncClient) -> None:
        job_id = await submit(ada, executable="printf", arguments=["0123456789"])
        await until_ended(ada, job_id)
        url = f"/jobs/local/{job_id}/output"
        whole = await ada.get(url)
        assert (whole.text, whole.headers["content-length"]) == ("0123456789", "10")
        assert whole.headers["content-type"] == "text/plain; charset=utf-8"
        part = await ada.get(url, headers={"Range": "bytes=3-5"})
        assert (part.status_code, part.text) == (206, "345")
        assert part.headers["content-range"] == "bytes 3-5/10"
        tail = await ada.get(url, headers={"Range": "bytes=-2"})
        assert tail.text == "89"
        assert (await ada.get(url, headers={"Range": "bytes=10-"})).status_code == 416
        head = await ada.head(url)
        assert (head.content, head.headers["content-length"]) == (b"", "10")
        same = await ada.get(url, headers={"If-None-Match": whole.headers["etag"]})
        assert same.status_code == 304

    async def test_none_before_the_start(self, ada: httpx.AsyncClient) -> None:
        job_id = await submit(ada, executable="true", hold=True)
        answer = await ada.get(f"/jobs/local/{job_id}/output")
        assert answer.status_code == 404
        assert "not written" in answer.json()["detail"]

    async def test_follow_ends_with_the_job(self, ada: httpx.AsyncClient) -> None:
        script = "for i in 1 2 3; do echo $i; sleep 0.2; done; echo end"
        job_id = await submit(ada, script=script)
        answer = await ada.get(f"/jobs/local/{job_id}/output?follow=true")
        assert answer.text == "1\n2\n3\nend\n"
        assert (await ada.get(f"/jobs/local/{job_id}")).json()["state"] == "completed"
        head = await ada.head(f"/jobs/local/{job_id}/output?follow=true")
        assert head.content == b""

    async def test_output_that_is_no_file(self, ada: httpx.AsyncClient) -> None:
        job_id = await submit(ada, executable="true", stdout_path="/dev/null")
        await until_ended(ada, job_id)
        assert (await ada.get(f"/jobs/local/{job_id}/output")).status_code == 404


async def test_usage_is_measured(ada: httpx.AsyncClient) -> None:
    program = (
        "x = bytearray(80_000_000); i = 0\nwhile i < 3_000_000: i += 1\n"
        "import resource, time\n"
        "peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(peak, time.process_time())"
    )
    job_id = await submit(ada, executable="python3", arguments=["-c", program])
    job = await until_ended(ada, job_id)
    assert job["state"] == "completed", job
    usage = (await ada.get(f"/jobs/local/{job_id}/usage")).json()
    told = (await ada.get(f"/jobs/local/{job_id}/output")).text.split()
    peak, cpu = int(told[0]), float(told[1])  # what it says of itself before its end
    assert 80_000_000 <= usage["peak_memory_bytes"] <= 1.4 * peak
    most = usage["wall_seconds"] * (os.cpu_count() or 1)
    assert cpu - 0.01 <= usage["cpu_seconds"] <= most


async def test_an_end_is_pushed_and_not_polled(
    ada: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pause in ("_BUSY_SECONDS", "_IDLE_SECONDS"):
        monkeypatch.setattr(scheduler, pause, 3600.0)
    for _ in range(3):
        job_id = await submit(ada, script="sleep 0.2")
        assert (await until_ended(ada, job_id))["state"] == "completed"
