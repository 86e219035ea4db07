"""Jobs over HTTP, on real processes: what is submitted, and by whom."""

import asyncio
from pathlib import Path

import httpx
import pytest
from tests.faces.api.jobs.conftest import submit
from tests.support.app import caller, client
from tests.support.go import WAIT_FOR_GO
from tests.support.jobs import config, job_services, until_ended

from gatewright.composition import Services
from gatewright.core.caller import Role, visitor
from gatewright.faces.api import build

SCRIPT = {"Content-Type": "text/x-shellscript"}


class TestSubmit:
    async def test_a_script_runs_and_its_record_is_whole(
        self, ada: httpx.AsyncClient, tmp_path: Path
    ) -> None:
        await submit(ada, script=WAIT_FOR_GO)  # has one of the cores meanwhile
        answer = await ada.post(
            "/jobs/local?name=hello&duration=60&cores=2",
            content="#!/bin/sh\necho hello $GATEWRIGHT_JOB_NAME\necho bad >&2\nexit 3",
            headers=SCRIPT,
        )
        assert answer.status_code == 201
        job = answer.json()
        assert answer.headers["location"] == f"/api/v1/jobs/local/{job['id']}"
        assert job["state"] == "queued"
        (tmp_path / "home" / "go").touch()
        ended = await until_ended(ada, job["id"])
        assert (ended["state"], ended["exit_code"], ended["user"]) == (
            "failed",
            3,
            "ada",
        )
        assert (ended["name"], ended["native_state"]) == ("hello", "FAILED")
        assert ended["reason"] == "Ended with exit code 3."
        assert ended["submitted_at"] <= ended["started_at"] <= ended["ended_at"]
        assert ended["usage"]["wall_seconds"] > 0
        output = tmp_path / "home" / f"job-{job['id']}.out"
        assert output.read_text() == "hello hello\n"
        error = await ada.get(f"/jobs/local/{job['id']}/error")
        assert error.text == "bad\n"

    async def test_a_specification_with_everything(
        self, ada: httpx.AsyncClient, tmp_path: Path
    ) -> None:
        folder = tmp_path / "home" / "work"
        folder.mkdir()
        (folder / "in.txt").write_text("from a file\n")
        job_id = await submit(
            ada,
            executable="/bin/sh",
            arguments=[
                "-c",
                'cat; echo "$1"; echo "$X"; echo "$HOME"; pwd',
                "sh",
                "a b",
            ],
            directory="work",
            environment={"X": "one\ntwo=three"},
            inherit_environment=False,
            stdin_path="in.txt",
            stdout_path="all-{id}.txt",
            stderr_path="all-{id}.txt",
            name="everything",
            resources={"process_count": 1, "cpu_cores_per_process": 1, "memory": 10**8},
            attributes={"duration": 60, "project_name": "m1"},
        )
        job = await until_ended(ada, job_id)
        assert job["state"] == "completed"
        text = (folder / f"all-{job_id}.txt").read_text()
        assert text == f"from a file\na b\none\ntwo=three\n\n{folder}\n"
        assert job["spec"]["attributes"]["project_name"] == "m1"

    async def test_a_form_and_a_form_with_a_file(self, ada: httpx.AsyncClient) -> None:
        fields = {"executable": "echo", "arguments": "hi", "environment": "A=b=c"}
        form = await ada.post("/jobs/local", data={**fields, "name": ""})
        assert form.status_code == 201
        assert form.json()["spec"]["environment"] == {"A": "b=c"}
        assert form.json()["name"] == "echo"
        parts = await ada.post(
            "/jobs/local",
            data={"hold": "true"},
            files={"script": ("job.sh", b"#!/bin/sh\necho hi\n")},
        )
        assert (parts.status_code, parts.json()["state"]) == (201, "held")
        assert (await until_ended(ada, form.json()["id"]))["state"] == "completed"

    @pytest.mark.parametrize("parts", [False, True])
    async def test_the_lines_of_a_form_s_field_are_those_of_the_page(
        self, ada: httpx.AsyncClient, parts: bool
    ) -> None:
        """A browser ends them with CR LF, in both encodings of a form."""
        field = {"script": "#!/bin/sh\r\necho hi\r\n", "hold": "true"}
        files = {name: (None, text) for name, text in field.items()}
        sent = await (
            ada.post("/jobs/local", files=files)
            if parts
            else ada.post("/jobs/local", data=field)
        )
        assert sent.status_code == 201
        assert sent.json()["spec"]["script"] == "#!/bin/sh\necho hi\n"
        file = {"script": ("job.sh", b"#!/bin/sh\r\necho hi\r\n")}
        assert (await ada.post("/jobs/local", files=file)).status_code == 422

    async def test_many_are_submitted_all_or_none(self, ada: httpx.AsyncClient) -> None:
        good = {"executable": "true"}
        answer = await ada.post("/jobs/local", json=[good, {"executable": "false"}])
        assert answer.status_code == 201
        ids = [job["id"] for job in answer.json()["jobs"]]
        states = [(await until_ended(ada, one))["state"] for one in ids]
        assert states == ["completed", "failed"]
        refused = await ada.post("/jobs/local", json=[good, {"executable": ""}])
        assert refused.status_code == 422
        assert len((await ada.get("/jobs/local")).json()["jobs"]) == 2

    async def test_of_many_each_has_an_outcome(self, ada: httpx.AsyncClient) -> None:
        specs = [
            {"executable": "true"},
            {"executable": "true", "directory": "nowhere"},
            {"executable": "true", "array": "0-1"},
            {"executable": "true", "array": "0-29"},
        ]
        headers = {"Idempotency-Key": "k"}
        url = "/jobs/local/bulk"
        answer = await ada.post(url, json={"jobs": specs}, headers=headers)
        assert answer.status_code == 200
        first, absent, array, many = answer.json()["jobs"]
        assert (first["problem"], array["problem"]) == (None, None)
        assert (first["job"]["spec"]["executable"], array["job"]["array_index"]) == (
            "true",
            None,
        )
        assert array["job"]["tasks"] == {"queued": 2}
        assert (absent["job"], many["job"]) == (None, None)
        assert absent["problem"]["status"] == 422
        assert "nowhere" in absent["problem"]["detail"]
        assert absent["problem"]["request_id"] == many["problem"]["request_id"]
        assert (many["problem"]["status"], many["problem"]["code"]) == (
            429,
            "too-many-requests",
        )
        again = await ada.post(url, json={"jobs": specs}, headers=headers)
        ids = [one["job"] and one["job"]["id"] for one in again.json()["jobs"]]
        assert ids == [first["job"]["id"], None, array["job"]["id"], None]
        assert (await until_ended(ada, array["job"]["id"]))["state"] == "completed"
        refusals: list[object] = [
            {},
            {"jobs": []},
            {"jobs": [{"nmae": "x"}]},
            [specs[0]],
        ]
        for wrong in refusals:
            refused = await ada.post(url, json=wrong)
            assert refused.status_code == 422, wrong
        refused = await ada.post(url, json={"jobs": [specs[0], {"nmae": "x"}]})
        assert refused.json()["faults"][0]["where"] == "jobs.1.nmae"

    @pytest.mark.parametrize(
        ("spec", "said"),
        [
            ({}, "executable"),
            ({"executable": "a", "script": "b"}, "one of the two"),
            ({"executable": "a\0"}, "NUL"),
            ({"executable": "a", "nmae": "x"}, "nmae"),
            ({"executable": "a", "name": "x\ny"}, "control"),
            ({"executable": "a", "environment": {"A=": "x"}}, "environment"),
            ({"executable": "a", "environment": {"A": "x\0"}}, "NUL"),
            ({"executable": "a", "environment": {"1A": "x"}}, "'1A', which no shell"),
            ({"executable": "a", "environment": {"A-B": "x"}}, "'A-B', which no shell"),
            ({"script": "\ufeff#!/bin/sh\necho\n"}, "byte order mark"),
            ({"executable": "a", "stdout_path": "arr/o"}, "Make it first"),
            (
                {"executable": "a", "array": "0-9", "stderr_path": "arr/{index}"},
                "“stderr_path”) does not exist",
            ),
            ({"executable": "a", "directory": "nowhere"}, "directory"),
            ({"executable": "a", "directory": "/etc/passwd"}, "directory"),
            ({"executable": "a", "resources": {"process_count": 3}}, "3 cores"),
            ({"executable": "a", "resources": {"memory": 1 << 40}}, "memory"),
            ({"executable": "a", "resources": {"node_count": 2}}, "node_count"),
            (
                {"executable": "a", "resources": {"gpu_cores_per_process": 1}},
                "GPU",
            ),
            ({"executable": "a", "resources": {"process_count": 0}}, "process_count"),
            ({"executable": "a", "resources": {"process_count": "1"}}, "process_count"),
            ({"executable": "a", "resources": {"memory": 10**30}}, "memory"),
            ({"executable": "a", "attributes": {"queue_name": "big"}}, "queue"),
            ({"executable": "a", "attributes": {"reservation": "r"}}, "reservation"),
            ({"executable": "a", "attributes": {"duration": 1.5}}, "duration"),
            ({"executable": "a", "array": "0-"}, "array"),
            ({"executable": "a", "array": "0-99"}, "30"),
            ({"executable": "a", "array": "0-3", "stdout_path": "o"}, "{index}"),
            ({"executable": "a", "dependencies": [{"job": "99"}]}, "99"),
            ({"executable": "a", "arguments": ["x" * 200_000]}, "longer"),
            ({"script": "#!/bin/sh\r\necho\r\n"}, "Windows"),
            ({"script": "x" * (1 << 20) + "x"}, "larger"),
            ([], "1 to"),
            (7, "JSON object"),
        ],
    )
    async def test_what_cannot_run_is_refused(
        self, ada: httpx.AsyncClient, spec: object, said: str
    ) -> None:
        answer = await ada.post("/jobs/local", json=spec)
        assert answer.status_code in {400, 422}, answer.text
        assert said in answer.json()["detail"]

    async def test_a_byte_order_mark_is_refused_however_it_is_sent(
        self, ada: httpx.AsyncClient
    ) -> None:
        script = b"\xef\xbb\xbf#!/bin/sh\necho\n"
        for sent in (
            await ada.post("/jobs/local", content=script, headers=SCRIPT),
            await ada.post("/jobs/local", files={"script": ("job.sh", script)}),
            await ada.post("/jobs/local", data={"script": script.decode()}),
        ):
            assert sent.status_code == 422
            assert "byte order mark" in sent.json()["detail"]
        assert (await ada.get("/jobs/local")).json()["jobs"] == []

    async def test_output_may_go_nowhere(self, ada: httpx.AsyncClient) -> None:
        nowhere = {"stdout_path": "/dev/null", "stderr_path": "/dev/null"}
        one = await submit(ada, executable="ls", **nowhere)
        array = await submit(ada, script="echo hi; ls no/such", array="0-3", **nowhere)
        assert (await until_ended(ada, one))["state"] == "completed"
        assert (await until_ended(ada, array))["tasks"] == {"failed": 4}
        for stream in ("output", "error"):
            assert (await ada.get(f"/jobs/local/{one}/{stream}")).status_code == 404

    @pytest.mark.parametrize(
        "charset", ["undefined", "punycode", "unicode_escape", "raw_unicode_escape"]
    )
    @pytest.mark.parametrize("name", ["executable", "script", "name", "arguments"])
    async def test_a_form_in_an_odd_encoding(
        self, ada: httpx.AsyncClient, charset: str, name: str
    ) -> None:
        """Python has some that nothing can be in, or that make no characters."""
        fields = {"executable": "true"} | {name: r"\ud800-\udfff\x00_"}
        if name == "script":
            del fields["executable"]
        parts = [
            f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
            for k, v in fields.items()
        ]
        kind = f"multipart/form-data; boundary=x; charset={charset}"
        answer = await ada.post(
            "/jobs/local", content="".join([*parts, "--x--\r\n"]),
            headers={"Content-Type": kind},
        )  # fmt: skip
        assert answer.status_code in {400, 422}, answer.text
        assert answer.json()["detail"]

    async def test_bodies_that_cannot_be_read(self, ada: httpx.AsyncClient) -> None:
        async def status(content: bytes, kind: str, query: str = "") -> int:
            headers = {"Content-Type": kind}
            url = f"/jobs/local{query}"
            return (await ada.post(url, content=content, headers=headers)).status_code

        assert await status(b"{", "application/json") == 400
        assert await status(b'{"executable": "\\ud800"}', "application/json") == 400
        assert await status(b"\xff\xfe", "text/x-shellscript") == 400
        assert await status(b"a\0b", "text/x-shellscript") == 422
        assert await status(b"", "text/x-shellscript") == 422
        assert await status(b"echo", "text/x-shellscript", "?nmae=x") == 422
        assert await status(b"echo", "text/x-shellscript", "?name=x&name=y") == 422
        assert await status(b"echo", "text/x-shellscript", "?environment=x") == 422
        assert await status(b"echo", "image/png") == 415
        assert await status(b"nonsense", "multipart/form-data; boundary=x") in {
            400,
            422,
        }
        assert await status(b"nonsense", "multipart/form-data") == 400
        assert (await ada.post("/jobs/elsewhere", json={})).status_code in {404, 422}

    async def test_a_program_that_is_not_there_fails_with_a_reason(
        self, ada: httpx.AsyncClient
    ) -> None:
        job = await until_ended(ada, await submit(ada, executable="no-such-program"))
        assert (job["state"], job["exit_code"]) == ("failed", 127)
        assert "no-such-program" in job["reason"]
        spec = {"executable": "true", "stdout_path": "/proc/out"}
        job = await until_ended(ada, await submit(ada, **spec))
        assert job["state"] == "failed"
        assert "/proc/out" in job["reason"]

    async def test_too_many_jobs_are_refused_for_now(
        self, ada: httpx.AsyncClient
    ) -> None:
        await submit(ada, executable="true", array="0-29", hold=True)
        answer = await ada.post("/jobs/local", json={"executable": "true"})
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 0


async def test_an_array_of_a_thousand_beside_a_held_job_is_taken(
    tmp_path: Path,
) -> None:
    async with (
        job_services(config(tmp_path)) as services,
        client(build(services), services, caller("ada")) as ada,
    ):
        held = await submit(ada, executable="true", hold=True)
        array = await submit(ada, executable="true", array="0-999", hold=True)
        tasks = (await ada.get(f"/jobs/local/{array}")).json()["tasks"]
        assert tasks == {"held": 1000}
        for job_id in (array, held):
            assert (await ada.delete(f"/jobs/local/{job_id}")).status_code < 300


class TestKey:
    async def test_the_same_key_is_the_same_job(self, ada: httpx.AsyncClient) -> None:
        async def post(key: str, **spec: object) -> httpx.Response:
            headers = {"Idempotency-Key": key}
            return await ada.post("/jobs/local", json=spec, headers=headers)

        first = await post("k1", executable="true")
        again = await post("k1", executable="true")
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json()["id"] == again.json()["id"]
        assert (await post("k1", executable="false")).status_code == 422
        other = await post("k2", executable="true")
        assert other.json()["id"] != first.json()["id"]
        assert (await post("x" * 300, executable="true")).status_code == 422

    async def test_of_many_at_once_one_is_made(self, ada: httpx.AsyncClient) -> None:
        headers = {"Idempotency-Key": "k"}
        spec = {"executable": "true"}
        answers = await asyncio.gather(
            *(ada.post("/jobs/local", json=spec, headers=headers) for _ in range(8))
        )
        assert {a.status_code for a in answers} <= {201, 409}
        assert len((await ada.get("/jobs/local")).json()["jobs"]) == 1

    async def test_keys_of_others_do_not_meet(
        self, ada: httpx.AsyncClient, services: Services
    ) -> None:
        headers = {"Idempotency-Key": "k"}
        first = await ada.post(
            "/jobs/local", json={"executable": "true"}, headers=headers
        )
        async with client(build(services), services, caller("bob")) as bob:
            other = await bob.post(
                "/jobs/local", json={"executable": "false"}, headers=headers
            )
        assert other.status_code == 201
        assert other.json()["id"] != first.json()["id"]


class TestWhoMay:
    async def test_others_and_guests_and_visitors(
        self, ada: httpx.AsyncClient, services: Services
    ) -> None:
        job_id = await submit(ada, executable="true", hold=True)
        routes = [
            ("GET", f"/jobs/local/{job_id}"),
            ("DELETE", f"/jobs/local/{job_id}"),
            ("POST", f"/jobs/local/{job_id}/hold"),
            ("POST", f"/jobs/local/{job_id}/release"),
            ("GET", f"/jobs/local/{job_id}/output"),
            ("GET", f"/jobs/local/{job_id}/error"),
            ("GET", f"/jobs/local/{job_id}/output?follow=true"),
            ("GET", f"/jobs/local/{job_id}/usage"),
            ("GET", f"/jobs/local/{job_id}/events"),
        ]
        shared = [("GET", "/jobs/local"), ("GET", "/queue/local")]
        for who, single, every in (
            (caller("bob"), 404, 200),
            (caller("eve", Role.GUEST), 403, 403),
            (visitor(), 401, 401),
        ):
            async with client(build(services), services, who) as other:
                for method, path in routes:
                    assert (await other.request(method, path)).status_code == single
                for method, path in shared:
                    assert (await other.request(method, path)).status_code == every
                if every == 200:
                    assert (await other.get("/jobs/local")).json()["jobs"] == []
                    assert (await other.get("/queue/local")).json()["jobs"] == []
                else:
                    answer = await other.post(
                        "/jobs/local", json={"executable": "true"}
                    )
                    assert answer.status_code == every
        assert (await ada.get(f"/jobs/local/{job_id}")).json()["state"] == "held"

    async def test_ids_that_are_none(self, ada: httpx.AsyncClient) -> None:
        await submit(ada, executable="true")
        for job_id in ("2", "x", "1_", "1_0", "_1", "-1", "1_x", "9" * 40, "%00"):
            assert (await ada.get(f"/jobs/local/{job_id}")).status_code == 404, job_id
