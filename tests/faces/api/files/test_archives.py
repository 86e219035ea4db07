"""Folders as ZIP and tar files, read back by other programs."""

import asyncio
import io
import os
import socket
import stat
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Message
from tests.faces.api.files.conftest import client_of
from tests.support.app import AsCaller, caller
from tests.support.needs import program
from tests.support.workers import wait_until

from gatewright.core.caller import Caller, Role

KINDS = ["zip", "tar", "tar.gz"]
URL = "/files/local/run"
LARGE = os.urandom(1 << 20) + bytes(3 << 20) + b"end"
ODD = b"caf\xe9\n\xff"
LONG = "ü" * 120


@pytest.fixture
def run(home: Path) -> Path:
    """Make a folder with what is found in folders."""
    run = home / "run"
    (run / "empty").mkdir(parents=True)
    (run / "deep" / "er").mkdir(parents=True)
    (run / "deep" / "er" / "small.txt").write_text("small")
    (run / "large.bin").write_bytes(LARGE)
    (run / "nothing").touch()
    (run / "tool.sh").write_text("#!/bin/sh\n")
    (run / "tool.sh").chmod(0o750)
    (run / "link").symlink_to("deep/er/small.txt")
    (run / "Grüße 北京").write_text("utf-8")
    (run / LONG).write_text("long")
    Path(os.fsdecode(os.fsencode(run) + b"/" + ODD)).write_text("odd")
    os.utime(run / "nothing", ns=(0, 1_000_000_000 * 10**9))
    return run


def tree(folder: Path) -> dict[bytes, object]:
    """Return all that is in a folder: bytes, targets of links, and modes."""
    found: dict[bytes, object] = {}
    for path in folder.rglob("*"):
        name = os.fsencode(path.relative_to(folder))
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path.is_symlink():
            found[name] = path.readlink()
        elif path.is_dir():
            found[name] = mode
        else:
            found[name] = (mode, path.read_bytes(), path.stat().st_mtime // 2)
    return found


async def download(client: httpx.AsyncClient, kind: str) -> bytes:
    answer = await client.get(URL, params={"view": "archive", "format": kind})
    assert answer.status_code == 200, answer.text
    return answer.content


def by_tar(archive: Path, target: Path) -> None:
    subprocess.run(["tar", "-xpf", archive, "-C", target], check=True)


def by_unzip(archive: Path, target: Path) -> None:
    done = subprocess.run(
        [program("unzip", "unzip"), "-q", "-^", archive, "-d", target],
        check=True,
        capture_output=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )
    assert not done.stderr


def by_tarfile(archive: Path, target: Path) -> None:
    with tarfile.open(archive) as found:
        # Python 3.14 has another default; Python 3.11.2, Debian's, has none to choose.
        found.extraction_filter = staticmethod(lambda member, _: member)
        for member in found:
            member.name = os.fsencode(member.name).decode("utf-8", "surrogateescape")
            found.extract(member, target)


@pytest.mark.parametrize(
    ("kind", "extract"),
    [
        ("zip", by_unzip),
        ("tar", by_tar),
        ("tar.gz", by_tar),
        ("tar", by_tarfile),
        ("tar.gz", by_tarfile),
    ],
)
async def test_what_others_extract_is_the_folder(
    client: httpx.AsyncClient,
    run: Path,
    tmp_path: Path,
    kind: str,
    extract: Callable[[Path, Path], None],
) -> None:
    archive, target = tmp_path / f"run.{kind}", tmp_path / "target"
    archive.write_bytes(await download(client, kind))
    target.mkdir()
    extract(archive, target)
    assert [path.name for path in target.iterdir()] == ["run"]
    assert tree(target / "run") == tree(run)


async def test_zipfile_reads_it(client: httpx.AsyncClient, run: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(await download(client, "zip"))) as found:
        assert found.testzip() is None
        assert found.read("run/large.bin") == LARGE
        assert found.read("run/Grüße 北京") == b"utf-8"
        assert found.read("run/link") == b"deep/er/small.txt"
        assert stat.S_ISLNK(found.getinfo("run/link").external_attr >> 16)
        assert found.getinfo("run/empty/").is_dir()
        assert found.getinfo("run/large.bin").compress_size < len(LARGE) / 2
        assert found.getinfo("run/nothing").date_time == (2001, 9, 9, 1, 46, 40)
        assert found.read((b"run/" + ODD).decode("cp437")) == b"odd"


@pytest.mark.parametrize("kind", KINDS)
async def test_it_is_a_download_under_the_folder_s_name(
    client: httpx.AsyncClient, run: Path, kind: str
) -> None:
    params = {"view": "archive", "format": kind}
    for method in ("HEAD", "GET"):
        answer = await client.request(method, URL, params=params)
        field = answer.headers["content-disposition"]
        assert field == f'attachment; filename="run.{kind}"'
        assert "content-length" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"
        assert "sandbox" in answer.headers["content-security-policy"]
    assert (await client.get(URL, params={"view": "archive"})).content[:2] == b"PK"


@pytest.mark.parametrize("kind", KINDS)
async def test_the_root_is_named_after_its_system(
    client: httpx.AsyncClient, home: Path, kind: str
) -> None:
    (home / "a").write_text("content")
    url = "/files/local/"
    answer = await client.get(url, params={"view": "archive", "format": kind})
    assert f"local.{kind}" in answer.headers["content-disposition"]
    if kind == "zip":
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            names = archive.namelist()
    else:
        with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
            names = archive.getnames()
    assert [name.rstrip("/") for name in names] == ["local", "local/a"]


async def test_what_cannot_be_read_is_listed(
    client: httpx.AsyncClient, run: Path
) -> None:
    os.mkfifo(run / "a\npipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(run / "socket"))
    answer = await download(client, "zip")
    with zipfile.ZipFile(io.BytesIO(answer)) as found:
        assert found.namelist()[-1] == "run-missing.txt"
        text = found.read("run-missing.txt").decode()
        assert "run/link" in found.namelist()
    assert text.splitlines() == [
        "What could not be read and is not in this archive: 2",
        "",
        "run/a\ufffdpipe: It is a pipe, which holds no bytes.",
        "run/socket: It is a socket, which holds no bytes.",
    ]


async def test_a_file_or_nothing_is_refused(
    client: httpx.AsyncClient, run: Path
) -> None:
    params = {"view": "archive"}
    answer = await client.get(f"{URL}/tool.sh", params=params)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert (await client.get(f"{URL}/none", params=params)).status_code == 404
    answer = await client.get(URL, params={**params, "format": "rar"})
    assert answer.status_code in {400, 422}


async def test_a_token_of_a_folder_reaches_no_further(
    app: ASGIApp, services: Any, run: Path, home: Path
) -> None:
    (home / "secret").write_text("secret")
    (run / "out").symlink_to("../secret")
    narrowed = Caller("ada", frozenset({"files:read:/run"}), role=Role.OWNER)
    async with client_of(app, services, narrowed) as client:
        found = zipfile.ZipFile(io.BytesIO(await download(client, "zip")))
        assert found.read("run/out") == b"../secret"  # the link, not what it leads to
        url = "/files/local/"
        answer = await client.get(url, params={"view": "archive"})
        assert answer.status_code == 403


async def sent_before_the_client_leaves(
    app: ASGIApp, services: Any, pieces: int
) -> list[bytes]:
    """Ask for an archive and go away after so many pieces."""
    sent: list[bytes] = []
    left = asyncio.Event()

    async def receive() -> Message:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message.get("body", b""))
        if len(sent) > pieces:
            left.set()
            await asyncio.Event().wait()

    scope = {
        "type": "http",
        "method": "GET",
        "path": URL,
        "raw_path": URL.encode(),
        "query_string": b"view=archive&format=tar",
        "headers": [],
        "root_path": "",
        "scheme": "http",
        "server": ("gateway", 80),
        "client": ("127.0.0.1", 1),
        "http_version": "1.1",
    }
    await asyncio.wait_for(
        AsCaller(app, services, caller())(scope, receive, send), timeout=60
    )
    return sent


async def test_it_stops_when_the_client_leaves(
    app: ASGIApp, services: Any, run: Path
) -> None:
    with (run / "huge").open("wb") as file:
        file.truncate(1 << 40)  # nobody waits for its end
    sent = await sent_before_the_client_leaves(app, services, 3)
    assert sum(map(len, sent)) < 1 << 30
    links = Path("/proc/self/fd")
    wait_until(
        lambda: (
            not any(
                os.path.realpath(link) == str(run / "huge") for link in links.iterdir()
            )
        )
    )
