"""Classic NEWT: its shapes to the letter, none of its defects."""

import asyncio
import re
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.faces.newt.conftest import until_answered
from tests.support.go import WAIT_FOR_GO
from tests.support.whole import GUEST, OTHER, OWNER, PASSWORD, URL, Whole

PAGE = {"Origin": URL, "X-Requested-With": "XMLHttpRequest"}


async def ended(client: httpx.AsyncClient, job: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while True:
        row = (await client.get(f"/newt/queue/local/{job}")).json()
        if row["status"] == "C":
            return dict(row)
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_signing_in_by_a_form_sets_newts_cookie(gateway: Whole) -> None:
    client = await gateway.client()
    answer = await client.post(
        "/newt/auth", data={"username": OWNER, "password": PASSWORD}
    )
    body = answer.json()
    assert set(body) == {"username", "session_lifetime", "auth", "newt_sessionid"}
    assert (body["username"], body["auth"]) == (OWNER, True)
    assert body["session_lifetime"] == 43_200
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"newt_sessionid={body['newt_sessionid']};")
    assert "; HttpOnly" in cookie
    assert "; Max-Age=43200" in cookie
    for path in ("/newt/auth", "/newt/login/"):
        assert (await client.get(path)).json()["username"] == OWNER
    out = await client.get("/newt/logout")
    assert out.json()["auth"] is False
    assert (await client.get("/newt/auth/")).json()["auth"] is False


async def test_a_link_from_elsewhere_signs_nobody_out(gateway: Whole) -> None:
    client = await gateway.client()
    account = {"username": OWNER, "password": PASSWORD}
    await client.post("/newt/auth", data=account, headers=PAGE)
    link = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    for site in ("cross-site", "same-site"):
        there = await client.get(
            "/newt/logout", headers=link | {"Sec-Fetch-Site": site}
        )
        assert there.status_code == 403
        assert (await client.get("/newt/auth")).json()["auth"] is True
    for part in (
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Origin": "https://evil.example"},
        {"Referer": "http://evil.example/page"},
        {"Referer": "http://[evil"},
        {},
    ):
        shown = await client.get("/newt/logout", headers=part)
        assert (shown.status_code, shown.headers.get("set-cookie")) == (403, None)
        assert (await client.get("/newt/auth")).json()["auth"] is True
    await client.get("/newt/logout", headers=link | {"Sec-Fetch-Site": "none"})
    assert (await client.get("/newt/auth")).json()["auth"] is False


async def test_a_wrong_password_is_no_session(gateway: Whole) -> None:
    client = await gateway.client()
    for form in ({"username": OWNER, "password": "wrong"}, {}):
        answer = await client.post("/newt/login", data=form)
        assert answer.status_code == 200
        assert answer.json() == {
            "username": None, "session_lifetime": 0, "auth": False,
            "newt_sessionid": None,
        }  # fmt: skip
        assert "set-cookie" not in answer.headers


async def test_the_cookie_changes_things_from_our_own_pages_only(
    gateway: Whole,
) -> None:
    client = await gateway.client()
    account = {"username": OWNER, "password": PASSWORD}
    await client.post("/newt/auth", data=account, headers=PAGE)
    form = {"executable": "/bin/echo hello"}
    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        refused = await client.post("/newt/command/local", data=form, headers=headers)
        assert refused.status_code == 403
    answer = await client.post("/newt/command/local", data=form, headers=PAGE)
    assert answer.json() == {"status": "OK", "output": "hello\n", "error": ""}


async def test_status_and_notice_need_no_account(gateway: Whole) -> None:
    client = await gateway.client()
    status = {"system": "local", "status": "up"}
    await until_answered(client, "/newt/status", [status])
    await until_answered(client, "/newt/status/local/", status)
    assert (await client.get("/newt/status/other")).status_code == 404
    assert (await client.get("/newt/status/motd")).text == "Hi"


async def test_files_are_listed_as_ls_does(gateway: Whole) -> None:
    client = await gateway.client(OWNER)
    (gateway.home / "a b.txt").write_text("hello")
    (gateway.home / "link").symlink_to("a b.txt")
    (gateway.home / "old").mkdir()
    rows = (await client.get("/newt/file/local/")).json()
    by_name = {row["name"]: row for row in rows}
    assert set(by_name) == {".", "..", "a b.txt", "link", "old"}
    row = by_name["a b.txt"]
    assert set(row) == {
        "perms", "hardlinks", "user", "group", "size", "date", "name",
    }  # fmt: skip
    assert row["size"] == "5"
    assert re.fullmatch(r"-rw.r..r..", row["perms"])
    assert by_name["old"]["perms"][0] == "d"
    assert by_name["link"]["symlink"] == "a b.txt"
    one = (await client.get("/newt/file/local/a%20b.txt")).json()
    assert [row["name"] for row in one] == ["a b.txt"]
    read = await client.get("/newt/file/local/a%20b.txt?view=read")
    assert read.content == b"hello"


async def test_files_are_uploaded_by_form_and_by_put(gateway: Whole) -> None:
    client = await gateway.client(OWNER)
    content = bytes(range(256)) * 5000
    sent = {"other": (None, b"x"), "file": ("C:\\data\\in put.bin", content)}
    answer = await client.post("/newt/file/local/", files=sent)
    assert answer.json() == {"status": "OK", "file": "in put.bin", "error": ""}
    assert (gateway.home / "in put.bin").read_bytes() == content
    answer = await client.put("/newt/file/local/x", content=b"abc")
    assert answer.json() == {"status": "OK", "file": "/x", "error": ""}
    assert (gateway.home / "x").read_bytes() == b"abc"
    (gateway.home / "cur").symlink_to("x")
    moment = {"X-OC-MTime": "1500000000"}
    assert (
        await client.put("/newt/file/local/cur", content=b"N2", headers=moment)
    ).status_code == 200
    assert (gateway.home / "cur").is_symlink()
    assert (gateway.home / "x").read_bytes() == b"N2"
    assert (gateway.home / "x").stat().st_mtime == 1_500_000_000
    wrong = {"Content-MD5": "1B2M2Y8AsgTpgAmy7PhCfg=="}  # of no bytes
    answer = await client.put("/newt/file/local/cur", content=b"N3", headers=wrong)
    assert answer.status_code == 400
    assert (gateway.home / "x").read_bytes() == b"N2"


async def test_a_token_of_a_folder_uploads_by_form_there(gateway: Whole) -> None:
    for name in ("in", "private"):
        (gateway.home / name).mkdir()
    (gateway.home / "in/away").symlink_to("../private")
    owner = await gateway.client(OWNER)
    asked = {"scopes": ["files:write:/in"]}
    made = (await owner.post("/api/v1/tokens", json=asked)).json()
    client = await gateway.client(authorization=f"Bearer {made['token']}")
    sent = {"file": ("x", b"abc")}
    answer = await client.post("/newt/file/local/in", files=sent)
    assert answer.json() == {"status": "OK", "file": "x", "error": ""}
    assert (gateway.home / "in/x").read_bytes() == b"abc"
    for outside in ("", "private", "in/away"):
        answer = await client.post(f"/newt/file/local/{outside}", files=sent)
        assert answer.status_code == 403, outside
    assert not (gateway.home / "private/x").exists()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b"not a form"),
        ("multipart/form-data; boundary=" + 71 * "b", b"not a form"),
        ("multipart/form-data; boundary=" + 257 * "b", b"not a form"),
        ("multipart/form-data", b"x"),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Disposition: form-data; name=file; filename=f\r\n\r\nx",
        ),
        ("text/plain", b"x"),
    ],
)
async def test_a_broken_upload_leaves_nothing(
    gateway: Whole, content_type: str, body: bytes
) -> None:
    client = await gateway.client(OWNER)
    headers = {"Content-Type": content_type}
    answer = await client.post("/newt/file/local/", content=body, headers=headers)
    assert 400 <= answer.status_code < 500
    assert answer.json()["status"] == "ERROR"
    assert list(gateway.home.iterdir()) == []


@pytest.mark.parametrize(
    ("method", "content_type", "body"),
    [
        ("PUT", "application/octet-stream", b"half"),
        (
            "POST",
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Disposition: form-data; name=file; filename=f\r\n\r\nha",
        ),
        ("POST", "multipart/form-data; boundary=b", b"--b\r\nContent-Dis"),
    ],
)
async def test_a_client_that_goes_away_is_no_error_of_the_gateway(
    gateway: Whole,
    caplog: pytest.LogCaptureFixture,
    method: str,
    content_type: str,
    body: bytes,
) -> None:
    sent: list[Any] = []
    coming = iter(
        [
            {"type": "http.request", "body": body, "more_body": True},
            {"type": "http.disconnect"},
        ]
    )

    async def receive() -> Any:
        return next(coming)

    async def send(message: Any) -> None:
        sent.append(message)

    token = await gateway.token(OWNER)
    path = "/newt/file/local/data" if method == "PUT" else "/newt/file/local/"
    headers = {
        "host": "127.0.0.1:8000",
        "authorization": f"Bearer {token}",
        "content-type": content_type,
        "content-length": "1000",
    }
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
    }
    await gateway.app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert "unexpected error" not in caplog.text
    assert list(gateway.home.iterdir()) == []


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


async def test_accounts_are_answered_from_what_is_there(gateway: Whole) -> None:
    client = await gateway.client(OWNER)
    me = (await client.get(f"/newt/account/user/{OWNER}")).json()
    assert me["username"] == OWNER
    assert (await client.get(f"/newt/user/{OWNER}")).json() == me
    assert (await client.get("/newt/user/nobody/")).status_code == 404
    same = await client.get(f"/newt/account/user/id/{me['id']}")
    assert same.json() == me
    assert (await client.get("/newt/account/user/id/99999999")).status_code == 404
    assert (await client.get("/newt/account/group/id/1")).status_code == 404
    assert (await client.get("/newt/account/group/none")).status_code == 404
    job = await client.post("/newt/queue/local", data={"jobscript": "#!/bin/sh\n"})
    await ended(client, job.json()["jobid"])
    usage = (await client.get(f"/newt/account/usage/user/{OWNER}/")).json()
    assert usage["items"][0]["jobs"] == 1
    for path in ("none", "none/users"):
        found = await client.get(f"/newt/account/usage/repo/{path}")
        assert [item["user"] for item in found.json()["items"]] == [OWNER]


async def test_a_guest_sees_their_own_account_and_groups(gateway: Whole) -> None:
    from gatewright.domains.identity import operator

    await gateway.services.identity.users.join(operator(OWNER), GUEST, "night")
    await gateway.services.identity.users.join(operator(OWNER), OTHER, "night")
    guest, owner = await gateway.client(GUEST), await gateway.client(OWNER)
    assert (await guest.get(f"/newt/account/user/{OTHER}")).status_code == 404
    assert (await guest.get(f"/newt/account/user/{GUEST}")).json()["id"] is None
    group = (await guest.get("/newt/account/group/night")).json()
    assert group["users"] == [GUEST]
    assert group["items"][0].keys() == {"gname", "gid", "fiscal_year"}
    all_of_them = (await owner.get("/newt/account/group/night/users")).json()["items"]
    assert [member["uname"] for member in all_of_them] == [GUEST, OTHER]
    assert [member["gname"] for member in all_of_them] == ["night", "night"]
    for member in all_of_them:
        assert member.keys() >= {"user_id", "gecos", "gid", "fiscal_year"}
    second = (await owner.get("/newt/api/account/group/night/users")).json()
    assert second["output"] == [GUEST, OTHER]


async def test_a_guest_has_no_files_commands_and_jobs(gateway: Whole) -> None:
    client = await gateway.client(GUEST)
    answers = [
        await client.get("/newt/file/local/"),
        await client.put("/newt/file/local/x", content=b""),
        await client.post("/newt/command/local", data={"executable": "/bin/ls"}),
        await client.get("/newt/queue/local"),
        await client.post("/newt/queue/local", data={"jobscript": "#!/bin/sh\n"}),
        await client.delete("/newt/queue/local/1"),
    ]
    assert [answer.status_code for answer in answers] == [403] * 6
    assert list(gateway.home.iterdir()) == []


@pytest.mark.parametrize("who", ["", GUEST])
async def test_who_may_not_is_told_so_before_what_was_sent_is_read(
    gateway: Whole, who: str
) -> None:
    client = await gateway.client(who)
    for path in (
        "/newt/file/local/",
        "/newt/command/local",
        "/newt/queue/local",
        "/newt/api/command/local",
        "/newt/api/job/local",
    ):
        for body in (b"", b"other=x"):
            answer = await client.post(path, content=body)
            assert answer.status_code == 403, path
            assert ("login_url" in answer.text) == (not who)


async def test_a_visitor_makes_no_store_whatever_is_sent(gateway: Whole) -> None:
    client = await gateway.client()
    for path in ("/newt/store", "/newt/store/s", "/newt/store/s/perms"):
        answer = await client.post(path, content=b"x")
        assert answer.status_code == 403
        assert answer.json()["login_url"] == "/newt/auth/"


async def test_a_visitor_is_told_where_to_sign_in(gateway: Whole) -> None:
    client = await gateway.client()
    for path in ("/newt/file/local/", "/newt/queue/local", "/newt/store"):
        answer = await client.get(path)
        assert answer.status_code == 403
        assert answer.json()["login_url"] == "/newt/auth/"


async def test_a_verb_that_newt_does_not_have_is_501(gateway: Whole) -> None:
    client = await gateway.client(OWNER)
    for verb, path in (("DELETE", "/newt/status"), ("PATCH", "/newt/store/x")):
        answer = await client.request(verb, path)
        assert answer.status_code == 501
    assert (await client.get("/newt/nothing/at/all")).status_code == 404


async def test_a_folder_is_too_large_for_a_listing_without_pages(
    gateway: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatewright.faces.newt.files.MOST_ENTRIES", 3)
    for number in range(5):
        Path(gateway.home / f"f{number}").touch()
    client = await gateway.client(OWNER)
    answer = await client.get("/newt/file/local/")
    assert answer.status_code == 413
    assert "/api/v1/files" in answer.json()["error"]
