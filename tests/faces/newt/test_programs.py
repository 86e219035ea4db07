"""Programs of NEWT's time: they sign in, keep the cookie, and change things with it."""

import json
from typing import Any

import httpx
import pytest
from tests.faces.newt.conftest import ended
from tests.support.whole import GUEST, OWNER, PASSWORD, URL, Whole

from gatewright.faces.newt import queue

ACCOUNT = {"username": OWNER, "password": PASSWORD}
ECHO = {"executable": "/bin/echo hello"}
PAGE = {"Origin": URL, "X-Requested-With": "XMLHttpRequest"}
BROWSERS = [
    {"Origin": URL},
    {"Origin": "null"},
    {"Origin": "https://evil.example"},
    {"Referer": f"{URL}/pages/mine.html"},
    {"Referer": "https://evil.example/"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Mode": "navigate"},
    {"Sec-Fetch-Dest": "document"},
    {"Sec-Fetch-User": "?1"},
    PAGE,
]


async def program(gateway: Whole) -> httpx.AsyncClient:
    client = await gateway.client()
    assert (await client.post("/newt/auth", data=ACCOUNT)).json()["auth"] is True
    return client


async def test_a_program_runs_commands_and_jobs_with_its_cookie(
    gateway: Whole,
) -> None:
    client = await program(gateway)
    ran = await client.post("/newt/command/local", data=ECHO)
    assert ran.json() == {"status": "OK", "output": "hello\n", "error": ""}
    put = await client.put("/newt/file/local/x", content=b"abc")
    assert put.status_code == 200
    read = await client.get("/newt/file/local/x?view=read")
    assert read.content == b"abc"
    sent = await client.post(
        "/newt/queue/local", data={"jobscript": "#!/bin/sh\ntrue\n"}
    )
    job = sent.json()["jobid"]
    await ended(client, job)
    gone = await client.delete(f"/newt/queue/local/{job}")
    assert gone.status_code == 200
    second = await client.post("/newt/api/command/local", data={"command": "/bin/ls"})
    assert second.json()["status"] == "OK"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_a_program_s_session_is_refused_to_whatever_a_browser_sends(
    gateway: Whole, method: str
) -> None:
    url = "/newt/queue/local" if method != "DELETE" else "/newt/queue/local/1"
    for headers in BROWSERS:
        client = await program(gateway)
        answer = await client.request(method, url, headers=headers)
        assert answer.status_code == 403, headers
        assert "begun by a program" in answer.json()["error"]
        assert (await client.get("/newt/auth")).json()["auth"] is True


@pytest.mark.parametrize("headers", BROWSERS[:1] + BROWSERS[5:6] + [PAGE])
async def test_a_session_of_a_page_changes_nothing_without_a_page(
    gateway: Whole, headers: dict[str, str]
) -> None:
    client = await gateway.client()
    begun = await client.post("/newt/auth", data=ACCOUNT, headers=headers)
    assert begun.json()["auth"] is True
    assert not begun.json()["newt_sessionid"].startswith("program.")
    refused = await client.post("/newt/command/local", data=ECHO)
    assert refused.status_code == 403
    done = await client.post("/newt/command/local", data=ECHO, headers=PAGE)
    assert done.json()["output"] == "hello\n"


async def test_a_program_s_session_counts_under_newt_only(gateway: Whole) -> None:
    client = await gateway.client()
    begun = (await client.post("/newt/auth", data=ACCOUNT)).json()
    secret = begun["newt_sessionid"]
    for name in ("newt_sessionid", "gw_session"):
        cookie = {"Cookie": f"{name}={secret}"}
        there = await client.get("/api/v1/session", headers=cookie)
        assert there.json()["user"] is None
        listed = await client.get("/api/v1/jobs/local", headers=cookie)
        assert listed.status_code == 401
        changed = await client.post(
            "/api/v1/command/local", json={"command": ["/bin/ls"]}, headers=cookie
        )
        assert changed.status_code == 401


async def test_the_secret_of_a_program_is_no_other_session_s(gateway: Whole) -> None:
    client = await gateway.client()
    program_s = (await client.post("/newt/auth", data=ACCOUNT)).json()
    client.cookies.clear()
    page_s = (await client.post("/newt/auth", data=ACCOUNT, headers=PAGE)).json()
    client.cookies.clear()
    bare = program_s["newt_sessionid"].removeprefix("program.")
    dressed = f"program.{page_s['newt_sessionid']}"
    for forged in (bare, dressed, "program.", "program.program."):
        who = await client.get(
            "/newt/auth", headers={"Cookie": f"newt_sessionid={forged}"}
        )
        assert who.json()["auth"] is False


async def test_a_login_without_a_content_type_is_a_form(gateway: Whole) -> None:
    client = await gateway.client()
    begun = await client.post(
        "/newt/auth", content=f"username={OWNER}&password={PASSWORD}".encode()
    )
    assert begun.json()["username"] == OWNER


async def test_the_root_says_what_is_here(gateway: Whole) -> None:
    client = await gateway.client()
    for path in ("/newt", "/newt/"):
        answer = await client.get(path)
        assert answer.status_code == 200
        assert answer.json().keys() == {"text", "version"}


async def test_completed_jobs_are_listed_newest_first(
    gateway: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await program(gateway)
    jobs = []
    for _ in range(3):
        sent = await client.post("/newt/queue/local", data={"jobscript": "true\n"})
        jobs.append(sent.json()["jobid"])
        await ended(client, jobs[-1])

    async def ids(rest: str) -> list[str]:
        answer = await client.get(f"/newt/queue/completedjobs/{rest}")
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()
        assert all(row["status"] == "C" and row["user"] == OWNER for row in rows)
        return [row["jobid"] for row in rows]

    assert await ids(OWNER) == jobs[::-1]
    assert await ids(f"{OWNER}/") == jobs[::-1]
    assert await ids(f"{OWNER}&limit=2") == jobs[:0:-1]
    assert await ids(f"{OWNER}?limit=1&index=1") == [jobs[1]]
    assert await ids(GUEST) == []
    monkeypatch.setattr(queue, "MAXIMUM_LIMIT", 2)  # of a page of the service
    assert await ids(f"{OWNER}?limit=9&index=1") == jobs[1::-1]
    assert await ids(f"{OWNER}?limit=3") == jobs[::-1]
    nobody = await client.get("/newt/queue/completedjobs/nobody")
    assert nobody.status_code == 404
    wrong = await client.get(f"/newt/queue/completedjobs/{OWNER}&limit=x")
    assert wrong.status_code == 422
    assert json.loads(wrong.text)["status"] == "ERROR"
