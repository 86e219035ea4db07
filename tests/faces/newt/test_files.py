"""NEWT's files: listings, uploads by form and by PUT."""

import re
from pathlib import Path
from typing import Any

import pytest
from tests.support.whole import OWNER, Whole


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
async def test_a_client_that_disconnects_is_no_error_of_the_gateway(
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
