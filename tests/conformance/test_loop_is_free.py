"""Nothing on the event loop asks a file system that belongs to a user.

Such a file system may hang. Whatever is done with a user's files is done by a worker,
a reader process or a thread: here every call that the loop's own thread makes is
watched while the faces are used.
"""

import asyncio
import builtins
import contextlib
import io
import os
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from astropy.io import fits
from tests.support.gridded import write_ensemble
from tests.support.whole import OWNER, Whole, whole

CALLS = (
    "stat", "lstat", "fstat", "open", "listdir", "scandir", "readlink", "access",
    "pread", "preadv", "read", "write", "writev", "pwrite", "sendfile", "fsync",
    "fdatasync", "close", "unlink", "rename", "mkdir", "statvfs", "truncate",
)  # fmt: skip


class Watch:
    """What the loop's thread did in some folders."""

    def __init__(self, *folders: Path) -> None:
        self._folders = tuple(os.fsencode(folder) for folder in folders)
        self._thread = threading.get_ident()
        self._readlink = os.readlink
        self.seen: list[str] = []

    def watching(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*given: Any, **more: Any) -> Any:
            if threading.get_ident() == self._thread:
                self._note(name, [*given, *more.values()])
            return call(*given, **more)

        return watched

    def _note(self, name: str, given: list[Any]) -> None:
        for value in given:
            path = self._path_of(value)
            if path.startswith(self._folders):
                self.seen.append(f"{name} {os.fsdecode(path)}")

    def _path_of(self, value: object) -> bytes:
        with contextlib.suppress(OSError, TypeError, ValueError):
            if type(value) is int:
                return os.fsencode(self._readlink(f"/proc/self/fd/{value}"))
            if isinstance(value, str | bytes | os.PathLike):
                return os.fsencode(value)
        return b""


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    made = Watch(tmp_path / "home", tmp_path / "data")
    for name in CALLS:
        monkeypatch.setattr(os, name, made.watching(name, getattr(os, name)))
    for module in (builtins, io):
        monkeypatch.setattr(module, "open", made.watching("open", open))
    return made


@pytest.fixture
async def gateway(tmp_path: Path, watch: Watch) -> AsyncIterator[Whole]:
    """A gateway with files, a dataset and a survey."""
    data = tmp_path / "data"
    data.mkdir()
    write_ensemble(data / "ensemble.nc")
    write_image(data / "one.fits")
    published = {
        "datasets": [{"id": "ensemble", "source": str(data / "ensemble.nc")}],
        "surveys": [{"id": "sky", "images": str(data / "*.fits")}],
    }
    async with whole(tmp_path, published) as opened:
        assert await opened.services.images.surveys.wait(60)
        watch.seen.clear()  # before it is open nobody waits
        yield opened


def write_image(path: Path) -> None:
    card = {
        "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0, "CRVAL2": 20.0,
        "CRPIX1": 50.0, "CRPIX2": 50.0, "CDELT1": -1e-3, "CDELT2": 1e-3,
    }  # fmt: skip
    image = fits.PrimaryHDU(np.zeros((200, 200), "f4"))
    image.header.update(card)
    image.writeto(path)


async def ok(client: httpx.AsyncClient, method: str, path: str, **more: Any) -> Any:
    answer = await client.request(method, path, **more)
    assert answer.is_success, f"{method} {path}: {answer.text}"
    return answer


async def use_files(client: httpx.AsyncClient) -> None:
    url = "/api/v1/files/local"
    for content in (b"x", b"y" * 300_000):
        await ok(client, "PUT", f"{url}/a", content=content)
        await ok(client, "GET", f"{url}/a")
    await ok(client, "GET", f"{url}/a", headers={"Range": "bytes=5-9,20-"})
    await ok(client, "HEAD", f"{url}/a")
    await ok(client, "GET", f"{url}/")
    for asked in (
        {"op": "mkdir"}, {"op": "copy", "destination": "c"},
        {"op": "move", "destination": "d"},
    ):  # fmt: skip
        where = "folder" if asked["op"] == "mkdir" else "a"
        await ok(client, "POST", f"{url}/{where}", json=asked)
    await ok(client, "DELETE", f"{url}/c")
    short = await client.put(f"{url}/e", content=b"x", headers={"If-Match": '"none"'})
    assert short.status_code == 412
    await ok(client, "PUT", "/newt/file/local/n", content=b"x")
    await ok(client, "GET", "/newt/file/local/n?view=read")
    await ok(client, "POST", "/newt/file/local/", files={"file": ("u", b"x")})


async def use_jobs(client: httpx.AsyncClient) -> None:
    script = {"content": "#!/bin/sh\necho out\necho err >&2\n"}
    headers = {"Content-Type": "text/x-shellscript"}
    made = await ok(client, "POST", "/api/v1/jobs/local", headers=headers, **script)
    job, url = made.json()["id"], "/api/v1/jobs/local"
    for path, text in (
        ("output?follow=true", "out\n"), ("output", "out\n"), ("error", "err\n"),
    ):  # fmt: skip
        assert (await ok(client, "GET", f"{url}/{job}/{path}")).text == text
    await ok(client, "GET", f"/newt/api/job/local/{job}")
    command = {"command": ["/bin/sh", "-c", "cat; echo x"], "stdin": "in"}
    await ok(client, "POST", "/api/v1/command/local", json=command)
    await ok(client, "POST", "/newt/queue/local", data={"jobfile": "script"})


async def use_data(client: httpx.AsyncClient) -> None:
    for path in (
        "/api/v1/datasets", "/api/v1/datasets/ensemble",
        "/dap/ensemble.dds", "/dap/ensemble.dods?orog",
        "/api/v1/datasets/ensemble/subset?var=orog&format=netcdf4",
        "/api/v1/datasets/ensemble/subset?var=orog&format=csv",
        "/api/v1/surveys",
    ):  # fmt: skip
        await ok(client, "GET", path)
    found = await ok(client, "GET", "/api/v1/images?pos=CIRCLE+10+20+1")
    image = found.json()["images"][0]["id"]
    for path in (
        f"/api/v1/images/{image}",
        f"/api/v1/images/{image}/file",
        f"/api/v1/images/{image}/cutout?pos=CIRCLE+10+20+0.01&format=fits",
        f"/api/v1/images/{image}/cutout?pos=CIRCLE+10+20+0.01&format=png",
    ):
        await ok(client, "GET", path)


async def test_the_loop_asks_no_file_system_of_a_user(
    gateway: Whole, watch: Watch
) -> None:
    client = await gateway.client(OWNER)
    await use_files(client)
    await ok(client, "PUT", "/api/v1/files/local/script", content=b"#!/bin/sh\n")
    await use_jobs(client)
    await use_data(client)
    async with asyncio.timeout(60):
        while (await client.get("/health/ready")).status_code != 200:
            await asyncio.sleep(0.1)
    assert watch.seen == []
