"""Who may not, and what is no path."""

import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp
from tests.faces.api.files.conftest import client_of
from tests.support.app import caller
from tests.support.needs import missing
from tests.support.workers import stop

from gatewright.core.caller import Caller, Role, visitor


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("none", 404),
        ("none/inner", 404),
        ("file/inner", 409),
        ("%2e%2e", 400),
        ("%2e%2e/%2e%2e/etc/passwd", 400),
        ("folder/..%2fx", 400),
        ("%2e%2e%2Fsecret", 400),
        ("folder%2F..%2f..%2Fsecret", 400),
        ("out%2Fsecret", 403),
        ("a%2Fb", 404),
        ("a%2F%00b", 400),
        ("a%00b", 400),
        ("x" * 256, 400),
        ("x/" * 2100, 400),
        ("%ff" * 300, 400),
        ("round", 400),
        ("out/secret", 403),
        ("absolute", 403),
        ("pipe", 409),
        ("\\..\\..", 404),
        ("..;/x", 404),
        (".../x", 404),
    ],
)
async def test_paths_that_are_refused(
    client: httpx.AsyncClient, home: Path, path: str, status: int
) -> None:
    (home.parent / "secret").write_text("secret")
    (home / "file").touch()
    (home / "out").symlink_to("..")
    (home / "absolute").symlink_to(home.parent / "secret")
    (home / "round").symlink_to("round")
    os.mkfifo(home / "pipe")
    url = httpx.URL("http://gateway").copy_with(
        raw_path=f"/files/local/{path}".encode()
    )
    request = httpx.Request("GET", url)
    answer = await client.send(request)
    assert answer.status_code == status, answer.text
    assert "secret" not in answer.text
    assert str(home.parent) not in answer.text


async def test_permissions_are_the_kernel_s(
    client: httpx.AsyncClient, home: Path
) -> None:
    if os.system(f"chattr +i {home} 2>/dev/null"):
        missing("a file system with chattr +i")
    try:
        answer = await client.put("/files/local/x", content=b"")
        assert answer.status_code == 403
    finally:
        os.system(f"chattr -i {home}")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/local"),
        ("GET", "/local/"),
        ("GET", "/local/x"),
        ("HEAD", "/local/x"),
        ("GET", "/local/x?view=stat"),
        ("GET", "/local/x?view=checksum"),
        ("GET", "/local/x?view=tail"),
        ("PUT", "/local/x"),
        ("DELETE", "/local/x"),
    ],
)
async def test_who_may_not(app: ASGIApp, services: Any, method: str, path: str) -> None:
    for who, status in ((visitor(), 401), (caller("eve", Role.GUEST), 403)):
        async with client_of(app, services, who) as client:
            answer = await client.request(method, f"/files{path}")
            assert answer.status_code == status
            operations = await client.post(
                "/files/local/x", json={"op": "mkdir", "parents": False}
            )
            assert operations.status_code == status


async def test_a_token_that_may_only_read(
    app: ASGIApp, services: Any, home: Path
) -> None:
    reader = Caller("ada", frozenset({"files:read"}), role=Role.OWNER)
    (home / "data").write_text("content")
    async with client_of(app, services, reader) as client:
        assert (await client.get("/files/local/data")).status_code == 200
        assert (await client.put("/files/local/data")).status_code == 403
        assert (await client.delete("/files/local/data")).status_code == 403


async def test_a_hanging_worker_is_a_504_and_then_replaced(
    client: httpx.AsyncClient, services: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await client.get("/files/local/")).status_code == 200
    stop(services.worker.pid)
    call = services.worker.exchange

    async def soon(*given: Any, **named: Any) -> Any:
        return await call(*given, **{**named, "seconds": 0.2})

    monkeypatch.setattr(services.worker, "exchange", soon)
    hung = await client.get("/files/local/")
    assert hung.status_code == 504
    assert hung.headers["retry-after"]
    monkeypatch.undo()
    assert (await client.get("/files/local/")).status_code == 200
