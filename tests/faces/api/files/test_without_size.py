"""Files whose size the system does not tell: those of /proc and /sys."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp
from tests.faces.api.files.conftest import client_of
from tests.support.app import caller
from tests.support.asgi import scope_of
from tests.support.workers import resources_of

from gatewright.backends.worker import open_worker
from gatewright.composition.files import open_files
from gatewright.core.config import Config, System
from gatewright.faces.newt.routes import build
from gatewright.web.context import SCOPE_KEY, RequestContext

VERSION = "/proc/version"
PAGE = "/sys/devices/system/cpu/online"


@pytest.fixture
async def services() -> AsyncIterator[Any]:
    """Yield the files of the whole machine."""
    config = Config(systems=[System.model_validate({"name": "local", "home": "/"})])
    async with open_worker() as worker, AsyncExitStack() as stack:
        files, _ = await open_files(config, resources_of(worker), stack)
        yield SimpleNamespace(config=config, files=files)


@pytest.fixture
async def client(app: ASGIApp, services: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, services, caller()) as client:
        yield client


@pytest.mark.parametrize("path", [VERSION, PAGE, "/proc/self/smaps"])
async def test_they_are_read_to_their_end(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"/files/local{path}")
    assert answer.status_code == 200
    assert "etag" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    if path == "/proc/self/smaps":  # the worker's own, and longer than a page
        assert len(answer.content) > 8192
        assert answer.content.endswith(b"\n")
    else:
        assert answer.content == Path(path).read_bytes()
    head = await client.head(f"/files/local{path}")
    assert (head.status_code, head.content) == (200, b"")


async def test_their_last_lines_and_checksums(client: httpx.AsyncClient) -> None:
    cpus = Path("/proc/filesystems").read_bytes().splitlines(keepends=True)
    url = "/files/local/proc/filesystems?view=tail&lines=2"
    assert (await client.get(url)).content == b"".join(cpus[-2:])
    checksum = (await client.get(f"/files/local{VERSION}?view=checksum")).json()
    assert checksum["size"] == len(Path(VERSION).read_bytes())


async def test_they_are_copied(client: httpx.AsyncClient, tmp_path: Path) -> None:
    order = {"op": "copy", "destination": str(tmp_path / "copy")}
    answer = await client.post(f"/files/local{VERSION}", json=order)
    assert answer.status_code == 201, answer.text
    assert (tmp_path / "copy").read_bytes() == Path(VERSION).read_bytes()


async def test_an_empty_file_has_a_length_and_a_tag(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    (tmp_path / "empty").touch()
    answer = await client.get(f"/files/local{tmp_path}/empty")
    assert (answer.content, answer.headers["content-length"]) == (b"", "0")
    assert answer.headers["etag"]


async def test_newt_reads_them_too(app: ASGIApp, services: Any) -> None:
    context = RequestContext(services, caller(), "test-request")
    scope = scope_of("GET", f"/file/local{VERSION}?view=read")
    scope[SCOPE_KEY] = context
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    async def receive() -> Any:
        await asyncio.sleep(60)

    await build(services)(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in messages[1:])
    assert body == Path(VERSION).read_bytes()
