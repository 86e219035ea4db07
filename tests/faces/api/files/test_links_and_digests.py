"""Uploads through links, with digests, and with a time of change."""

import base64
import hashlib
import os
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp
from tests.faces.api.files.conftest import client_of, names

from gatewright.core.caller import Caller

CONTENT = b"content" * 300_000


async def test_a_put_through_a_link_writes_its_target(
    client: httpx.AsyncClient, home: Path
) -> None:
    (home / "v2").mkdir()
    (home / "v2/data").write_text("old")
    (home / "cur").symlink_to("v2/data")
    tag = (await client.get("/files/local/cur")).headers["etag"]
    answer = await client.put(
        "/files/local/cur", content=b"new", headers={"If-Match": tag}
    )
    assert answer.status_code == 200, answer.text
    assert (home / "cur").is_symlink()
    assert (home / "v2/data").read_text() == "new"
    assert names(home / "v2") == [b"data"]
    read = await client.get("/files/local/cur")
    assert read.headers["etag"] == answer.headers["etag"]
    assert answer.json()["name"] == "cur"
    late = await client.put(
        "/files/local/cur", content=b"late", headers={"If-Match": tag}
    )
    assert late.status_code == 412
    (home / "folder").symlink_to("v2")
    inside = await client.put("/files/local/folder/data", content=b"newer")
    assert inside.status_code == 200
    assert (home / "v2/data").read_text() == "newer"


async def test_what_is_no_file_is_not_replaced(
    client: httpx.AsyncClient, home: Path
) -> None:
    (home / "v2").mkdir()
    os.mkfifo(home / "pipe")
    for name, target in (("a", "v2"), ("b", "none"), ("c", "pipe")):
        (home / name).symlink_to(target)
    for name, word in (("a", "folder"), ("b", "nothing"), ("c", "neither")):
        answer = await client.put(f"/files/local/{name}", content=b"new")
        assert answer.status_code == 409
        assert word in answer.json()["detail"]
        assert (home / name).is_symlink()
    assert (await client.put("/files/local/pipe", content=b"")).status_code == 409
    assert stat.S_ISFIFO((home / "pipe").stat().st_mode)
    assert names(home) == [b"a", b"b", b"c", b"pipe", b"v2"]


async def test_a_link_out_of_the_files_is_not_followed(
    client: httpx.AsyncClient, home: Path
) -> None:
    (home.parent / "secret").write_text("kept")
    for number, target in enumerate(("../secret", str(home.parent / "secret"))):
        (home / f"out{number}").symlink_to(target)
        answer = await client.put(f"/files/local/out{number}", content=b"new")
        assert answer.status_code == 403
    assert (home.parent / "secret").read_text() == "kept"


async def test_a_token_of_a_folder_writes_through_links_within_it_only(
    app: ASGIApp, services: Any, home: Path
) -> None:
    for folder in ("in", "private"):
        (home / folder).mkdir()
        (home / folder / "data").write_text("kept")
    (home / "in/near").symlink_to("data")
    (home / "in/far").symlink_to("../private/data")
    (home / "in/back").symlink_to("../in/data")
    narrow = Caller("ada", frozenset({"files:write:/in", "files:read:/in"}))
    async with client_of(app, services, narrow) as client:
        for name, status in (("near", 200), ("far", 403), ("back", 403)):
            answer = await client.put(f"/files/local/in/{name}", content=b"new")
            assert answer.status_code == status, name
    assert (home / "in/data").read_text() == "new"
    assert (home / "private/data").read_text() == "kept"


def digest(name: str, content: bytes = CONTENT) -> str:
    return base64.b64encode(hashlib.new(name, content).digest()).decode()


@pytest.mark.parametrize(
    ("field", "form"),
    [
        ("Repr-Digest", "sha-256=:{sha256}:"),
        ("Repr-Digest", "sha-512=:{sha512}:, unixsum=:AAAAAAAAAAA=:"),
        ("Content-Digest", "sha-256=:{sha256}:,sha-512=:{sha512}:"),
        ("Digest", "SHA-256={sha256},md5={md5}"),
        ("Content-MD5", "{md5}"),
    ],
)
async def test_a_digest_is_compared(
    client: httpx.AsyncClient, home: Path, field: str, form: str
) -> None:
    def value(content: bytes) -> str:
        names = ("sha256", "sha512", "md5")
        return form.format(**{name: digest(name, content) for name in names})

    wrong = await client.put(
        "/files/local/x", content=CONTENT, headers={field: value(CONTENT + b"!")}
    )
    assert wrong.status_code == 400
    assert "nothing was written" in wrong.json()["detail"]
    assert names(home) == []
    right = await client.put(
        "/files/local/x", content=CONTENT, headers={field: value(CONTENT)}
    )
    assert right.status_code == 201, right.text
    assert (home / "x").read_bytes() == CONTENT
    again = await client.put(
        "/files/local/x", content=b"", headers={field: value(CONTENT)}
    )
    assert again.status_code == 400
    assert (home / "x").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "fields",
    [
        {"Repr-Digest": "sha-256=abc"},
        {"Repr-Digest": "sha-256=:AAAA:"},
        {"Repr-Digest": "sha-256=:A:"},
        {"Content-MD5": "?"},
        {"Repr-Digest": f"md5=:{digest('md5')}:", "Content-MD5": digest("md5", b"")},
    ],
)
async def test_a_digest_that_cannot_be_read_is_refused(
    client: httpx.AsyncClient, home: Path, fields: dict[str, str]
) -> None:
    answer = await client.put("/files/local/x", content=CONTENT, headers=fields)
    assert answer.status_code == 400
    assert names(home) == []


@pytest.mark.parametrize(
    ("field", "nanoseconds"),
    [
        ("0", 0),
        ("1500000000", 1_500_000_000_000_000_000),
        ("1500000000.25", 1_500_000_000_250_000_000),
        ("1500000000.000000001", 1_500_000_000_000_000_001),
    ],
)
async def test_a_time_of_change_is_kept(
    client: httpx.AsyncClient, home: Path, field: str, nanoseconds: int
) -> None:
    answer = await client.put(
        "/files/local/x", content=b"x", headers={"X-OC-MTime": field}
    )
    assert answer.status_code == 201
    assert (home / "x").stat().st_mtime_ns == nanoseconds
    read = await client.get("/files/local/x")
    assert read.headers["etag"] == answer.headers["etag"]


@pytest.mark.parametrize("field", ["", "x", "-1", "1e9", "1.", "0x10", "9" * 12, "nan"])
async def test_a_time_that_cannot_be_read_is_refused(
    client: httpx.AsyncClient, home: Path, field: str
) -> None:
    answer = await client.put(
        "/files/local/x", content=b"x", headers={"X-OC-MTime": field}
    )
    assert answer.status_code == 400
    assert names(home) == []
