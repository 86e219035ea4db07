"""NEWT 2.0: every answer but raw files in its envelope."""

import asyncio
import json
import time

import httpx
import pytest
from tests.faces.newt.conftest import until_answered
from tests.support.go import WAIT_FOR_GO
from tests.support.whole import GUEST, OWNER, PASSWORD, Whole

from gatewright.faces.newt import store


def output(answer: httpx.Response) -> object:
    body = answer.json()
    assert set(body) == {"status", "status_code", "output", "error"}
    assert body["status_code"] == answer.status_code
    assert body["status"] == ("OK" if answer.is_success else "ERROR")
    return body["output"]


async def test_the_root_has_the_version(gateway: Whole) -> None:
    client = await gateway.client()
    for path in ("/newt/api", "/newt/api/"):
        found = output(await client.get(path))
        assert isinstance(found, dict)
        assert set(found) == {"text", "version"}


async def test_signing_in_and_out(gateway: Whole) -> None:
    client = await gateway.client()
    form = {"username": OWNER, "password": PASSWORD}
    headers = {"Sec-Fetch-Site": "same-origin", "X-Requested-With": "x"}
    found = output(await client.post("/newt/api/auth", data=form, headers=headers))
    assert isinstance(found, dict)
    assert (found["auth"], found["username"]) == (True, OWNER)
    refused = await client.delete("/newt/api/auth/")
    assert refused.status_code == 403  # it does not say that it is our own page
    gone = output(await client.delete("/newt/api/auth/", headers=headers))
    assert isinstance(gone, dict)
    assert gone["auth"] is False


async def test_a_visitor_is_shown_where_to_sign_in(gateway: Whole) -> None:
    client = await gateway.client()
    answer = await client.get("/newt/api/file/local/")
    assert answer.status_code == 403
    assert output(answer) == {"login_url": "/newt/api/auth/"}


async def test_systems_are_listed(gateway: Whole) -> None:
    client = await gateway.client(OWNER)
    assert output(await client.get("/newt/api/file/")) == ["local"]
    assert output(await client.get("/newt/api/command")) == ["local"]
    status = [{"system": "local", "status": "up"}]
    told = {"status": "OK", "status_code": 200, "output": status, "error": ""}
    await until_answered(client, "/newt/api/status/", told)
    answer = await client.get("/newt/api/status/other")
    assert answer.status_code == 404
    assert output(answer) == ""


async def test_systems_are_listed_to_who_may_use_them(gateway: Whole) -> None:
    for who in ("", GUEST):
        client = await gateway.client(who)
        for path in ("/newt/api/file", "/newt/api/command/", "/newt/api/job"):
            assert (await client.get(path)).status_code == 403


async def test_files_are_written_listed_and_downloaded(gateway: Whole) -> None:
    client = await gateway.client(OWNER)
    put = await client.put("/newt/api/file/local/r%C3%A9s.txt", content=b"abc")
    assert output(put) == {"location": "/r%C3%A9s.txt"}
    rows = output(await client.get("/newt/api/file/local"))
    assert isinstance(rows, list)
    assert [row["name"] for row in rows] == [".", "..", "rés.txt"]
    url = "/newt/api/file/local/r%C3%A9s.txt?download=true"
    assert (await client.get(url)).content == b"abc"
    (gateway.home.parent / "home").joinpath(b"\xff".decode("latin-1")).touch()
    head = await client.head(url)
    assert head.headers["content-length"] == "3"


async def test_a_command_has_its_exit_code(gateway: Whole) -> None:
    client = await gateway.client(OWNER)
    answer = await client.post(
        "/newt/api/command/local", data={"command": "/bin/sh -c 'echo x; exit 3'"}
    )
    assert output(answer) == {"output": "x\n", "error": "", "retcode": 3}


async def test_a_job_from_submission_to_its_output(gateway: Whole) -> None:
    client = await gateway.client(OWNER)
    form = {"jobscript": f"#!/bin/sh\necho result\n{WAIT_FOR_GO}"}
    made = output(await client.post("/newt/api/job/local/", data=form))
    assert isinstance(made, dict)
    rows = output(await client.get("/newt/api/job/local/"))
    assert isinstance(rows, list)
    assert set(rows[0]) == {
        "jobid", "status", "user", "job_name", "nodes", "walltime", "time_use",
        "time_submit", "rank", "queue", "q_state", "processors", "details",
    }  # fmt: skip
    machines = output(await client.get("/newt/api/job"))
    assert isinstance(machines, dict)
    assert machines["local"]["running"] + machines["local"]["waiting"] == 1
    (gateway.home / "go").touch()
    url = f"/newt/api/job/local/{made['jobid']}/"
    deadline = time.monotonic() + 60
    while True:
        job = output(await client.get(url))
        assert isinstance(job, dict)
        if job["status"] == "completed":
            break
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    assert set(job) == {
        "jobid", "user", "status", "time_start", "time_end", "time_used", "output",
    }  # fmt: skip
    assert job["output"] == "result\n"
    gone = output(await client.delete(url))
    assert gone == {"output": f"job {made['jobid']}: completed"}


async def test_a_script_has_the_lines_of_the_page_s_form(gateway: Whole) -> None:
    client = await gateway.client(OWNER)
    script = "#!/bin/sh\r\necho one\r\necho two\r\n"
    for url in ("/newt/queue/local", "/newt/api/job/local/"):
        sent = await client.post(url, data={"jobscript": script})
        assert (sent.status_code, sent.json()["status"]) == (200, "OK")


async def test_a_job_that_has_not_started_has_no_output(gateway: Whole) -> None:
    client = await gateway.client(OWNER)
    made = await client.post(
        "/api/v1/jobs/local", json={"executable": "/bin/true", "hold": True}
    )
    url = f"/newt/api/job/local/{made.json()['id']}"
    job = output(await client.get(url))
    assert isinstance(job, dict)
    assert (job["output"], job["time_start"]) == ("", "Unknown")
    assert (await client.get("/newt/api/job/local/")).json()["output"][0][
        "status"
    ] == "H"


async def test_a_store_holds_numbered_objects(gateway: Whole) -> None:
    client = await gateway.client(GUEST)
    made = output(await client.post("/newt/api/store/", data={"data": '{"a": 1}'}))
    assert isinstance(made, dict)
    assert len(made["oid"]) == 1
    assert output(await client.post("/newt/api/store/runs/")) == {
        "id": "runs",
        "oid": [],
    }
    first, second = [
        output(await client.post("/newt/api/store/runs/", data={"data": text}))
        for text in ('{"n": 1, "x": 1e2}', "plain words")
    ]
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    one, two = first["oid"][0], second["oid"][0]
    assert output(await client.get("/newt/api/store/runs/")) == [
        {"oid": one, "data": {"n": 1, "x": 100.0}},
        {"oid": two, "data": "plain words"},
    ]
    chosen = await client.get("/newt/api/store/runs/", params={"query": '{"n": 1}'})
    assert output(chosen) == [{"oid": one, "data": {"n": 1, "x": 100.0}}]
    url = f"/newt/api/store/runs/{one}/"
    assert output(await client.put(url, json={"data": {"n": 7}})) == one
    assert output(await client.get(url)) == {"n": 7}
    assert output(await client.put(url, data={"data": "[1, 2]"})) == one
    assert output(await client.get(url)) == [1, 2]
    names = output(await client.get("/newt/api/store/"))
    assert isinstance(names, list)
    assert set(names) == {"runs", made["id"]}
    assert output(await client.delete("/newt/api/store/runs/")) == "runs"
    assert (await client.get("/newt/api/store/runs/")).status_code == 404


async def test_keys_that_are_no_numbers_are_listed_as_they_are(gateway: Whole) -> None:
    client = await gateway.client(GUEST)
    await client.put("/api/v1/store/mixed/name", json=1)
    await client.post("/newt/store/mixed", data={"data": "2"})
    found = (await client.get("/newt/store/mixed")).json()
    assert [item["oid"] for item in found] == [0, "name"]


async def test_a_store_that_is_too_large_to_be_read_at_once(
    gateway: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guest may keep a gigabyte, which must not come to be in memory."""
    client = await gateway.client(GUEST)
    for number in range(3):
        data = json.dumps({"n": number, "text": "x" * 400_000})
        sent = await client.post("/newt/store/large", data={"data": data})
        assert sent.status_code == 200
    assert len((await client.get("/newt/store/large")).json()) == 3
    monkeypatch.setattr(store, "MOST_BYTES", 1_000_000)
    refused = await client.get("/newt/store/large")
    assert refused.status_code == 413
    assert "query" in refused.json()["error"]
    some = await client.get("/newt/store/large", params={"query": '{"n": 1}'})
    assert [item["oid"] for item in some.json()] == [1]
    monkeypatch.setattr(store, "MOST_BYTES", 2_000_000)
    monkeypatch.setattr(store, "MOST_OBJECTS", 2)
    assert (await client.get("/newt/api/store/large")).status_code == 413


async def test_store_permissions_are_kept_and_checked(gateway: Whole) -> None:
    client, other = await gateway.client(GUEST), await gateway.client("eve")
    await client.post("/newt/store/shared", data={"data": "1"})
    assert (await other.get("/newt/store/shared")).status_code == 404
    form = {"data": '[{"name": "eve", "perms": ["r"]}]'}
    perms = output(await client.post("/newt/api/store/shared/perms/", data=form))
    assert perms == {
        "name": "shared",
        "perms": [
            {"name": GUEST, "perms": ["r", "w"]},
            {"name": "eve", "perms": ["r"]},
        ],
    }
    assert (await client.get("/newt/store/shared/perms")).json() == perms
    assert (await other.get("/newt/store/shared")).status_code == 200
    denied = await other.post("/newt/store/shared", data={"data": "2"})
    assert denied.status_code == 403
    denied = await other.post("/newt/api/store/shared/perms/", data=form)
    assert denied.status_code == 403


async def test_rights_that_are_given_at_the_same_time_are_all_given(
    gateway: Whole,
) -> None:
    client, other = await gateway.client(GUEST), await gateway.client("eve")
    await client.post("/newt/store/both", data={"data": "1"})
    given = [("eve", ["r", "w"]), (OWNER, ["r"]), ("eve", ["r"]), (OWNER, ["r", "w"])]

    async def give(name: str, letters: list[str]) -> None:
        data = json.dumps([{"name": name, "perms": letters}])
        answer = await client.post("/newt/store/both/perms", data={"data": data})
        assert answer.status_code == 200

    for _ in range(3):
        await asyncio.gather(*(give(*one) for one in given))
        told = (await client.get("/newt/store/both/perms")).json()["perms"]
        assert {one["name"] for one in told} == {GUEST, "eve", OWNER}
        await give("eve", [])
        assert (await other.get("/newt/store/both")).status_code == 404
        await give(OWNER, [])


async def test_what_cannot_be_understood_is_refused(gateway: Whole) -> None:
    client = await gateway.client(GUEST)
    await client.post("/newt/store/s", data={"data": "1"})
    for data in ("{}", "[1]", '[{"name": "x"}]', '[{"name": "x", "perms": ["z"]}]', ""):
        answer = await client.post("/newt/store/s/perms", data={"data": data})
        assert 400 <= answer.status_code < 500
    for query in ("[]", '{"a": {}}', "x"):
        answer = await client.get("/newt/store/s", params={"query": query})
        assert answer.status_code == 422
        assert "“query”" in answer.json()["error"]
    for body in ("[]", "{}", "x"):
        answer = await client.put(
            "/newt/store/s/0",
            content=body,
            headers={"Content-Type": "application/json"},
        )
        assert 400 <= answer.status_code < 500
    assert (await client.put("/newt/store/s/0", data={"x": "1"})).status_code == 422
    assert (await client.put("/newt/store/s/99", json={"data": 1})).status_code == 404
