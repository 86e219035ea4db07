"""Uploads over HTTP: whole or not at all."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp
from tests.faces.api.files.conftest import names
from tests.support.app import AsCaller, caller
from tests.support.descriptors import all_closed
from tests.support.needs import missing


async def test_upload_replaces_whole(client: httpx.AsyncClient, home: Path) -> None:
    content = os.urandom(5 << 20)

    async def blocks() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 65_536):
            yield content[start : start + 65_536]

    made = await client.put("/files/local/data", content=blocks())
    assert made.status_code == 201
    assert made.headers["location"] == "/files/local/data"
    assert (home / "data").read_bytes() == content
    replaced = await client.put("/files/local/data", content=b"")
    assert replaced.status_code == 200
    assert replaced.headers["etag"] != made.headers["etag"]
    assert (home / "data").read_bytes() == b""
    found = await client.get("/files/local/data")
    assert found.headers["etag"] == replaced.headers["etag"]


async def test_conditions_of_an_upload(client: httpx.AsyncClient, home: Path) -> None:
    async def put(status: int, content: bytes = b"x", **headers: str) -> httpx.Response:
        answer = await client.put(
            "/files/local/data",
            content=content,
            headers={k.replace("_", "-"): v for k, v in headers.items()},
        )
        assert answer.status_code == status
        return answer

    await put(412, if_match="*")
    first = (await put(201, if_none_match="*")).headers["etag"]
    await put(412, if_none_match="*")
    await put(412, if_none_match=first)
    await put(412, if_none_match=f'W/{first}, "x"')
    await put(412, if_match='"other"')
    await put(412, if_match=f"W/{first}")
    second = (await put(200, if_match=f'"x", {first}')).headers["etag"]
    await put(412, if_match=first)
    # Of another size: the first one's inode may come back within a tick of the clock.
    await put(200, b"xyz", if_none_match=first)
    await put(400, if_match="unquoted")
    assert second != first
    removed = await client.delete("/files/local/data", headers={"If-Match": first})
    assert removed.status_code == 412
    removed = await client.delete("/files/local/data", headers={"If-Match": "*"})
    assert removed.status_code == 204


async def test_uploads_that_are_too_large(
    client: httpx.AsyncClient, home: Path
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1 << 20)

    assert (await client.put("/files/local/x", content=endless())).status_code == 413
    declared = await client.put(
        "/files/local/x", content=b"x", headers={"Content-Length": str(9 << 20)}
    )
    assert declared.status_code == 413
    assert names(home) == []


async def test_a_body_shorter_than_said(client: httpx.AsyncClient, home: Path) -> None:
    answer = await client.put(
        "/files/local/x", content=b"x", headers={"Content-Length": "10"}
    )
    assert answer.status_code == 400
    assert names(home) == []


async def test_an_encoded_body_is_not_stored(
    client: httpx.AsyncClient, home: Path
) -> None:
    answer = await client.put(
        "/files/local/x", content=b"x", headers={"Content-Encoding": "gzip"}
    )
    assert answer.status_code == 415
    assert names(home) == []


async def test_a_part_of_a_file_does_not_replace_the_whole(
    client: httpx.AsyncClient, home: Path
) -> None:
    (home / "data").write_bytes(b"whole")
    part = {"Content-Range": "bytes 1-1/5"}
    answer = await client.put("/files/local/data", content=b"x", headers=part)
    assert answer.status_code == 400
    assert "Content-Range" in answer.json()["detail"]
    assert (home / "data").read_bytes() == b"whole"


async def test_a_name_of_files_in_the_making_is_not_given(
    client: httpx.AsyncClient, home: Path
) -> None:
    """A listing would hide such a file, and remove it."""
    (home / "data").write_bytes(b"kept")
    url, name = "/files/local/.gatewright-part-mine", ".gatewright-part-mine"
    answers = [
        await client.put(url, content=b"x"),
        await client.post(url, json={"op": "mkdir"}),
        await client.post(f"{url}/a", json={"op": "mkdir", "parents": True}),
        await client.post(url, json={"op": "link", "target": "data"}),
        *[
            await client.post(
                "/files/local/data", json={"op": op, "destination": f"/{name}"}
            )
            for op in ("move", "copy")
        ],
    ]
    assert [answer.status_code for answer in answers] == [400] * 6
    page = (await client.get("/files/local/")).json()
    assert [entry["name"] for entry in page["entries"]] == ["data"]
    assert names(home) == [b"data"]


async def test_an_upload_of_a_client_that_disconnects_leaves_nothing(
    app: ASGIApp, services: Any, home: Path
) -> None:
    sent: list[Any] = []
    messages: Iterable[dict[str, object]] = [
        {"type": "http.request", "body": bytes(2 << 20), "more_body": True},
        {"type": "http.disconnect"},
    ]
    coming = iter(messages)

    async def receive() -> Any:
        return next(coming)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "PUT",
        "path": "/files/local/data",
        "raw_path": b"/files/local/data",
        "query_string": b"",
        "headers": [(b"content-length", b"4000000")],
    }
    async with all_closed(but=1):  # the worker's socket
        await AsCaller(app, services, caller())(scope, receive, send)
    assert sent[0]["status"] == 400
    assert names(home) == []


async def test_a_cancelled_upload_leaves_nothing(
    client: httpx.AsyncClient, home: Path
) -> None:
    begun = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield bytes(2 << 20)
        begun.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(client.put("/files/local/data", content=slow()))
    await begun.wait()
    while not names(home):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert names(home) == []


async def test_a_full_disk(client: httpx.AsyncClient, home: Path) -> None:
    small = home / "small"
    small.mkdir()
    if os.system(f"mount -t tmpfs -o size=1m none {small} 2>/dev/null"):
        missing("the right to mount a small tmpfs")
    try:
        declared = await client.put("/files/local/small/x", content=bytes(2 << 20))
        assert declared.status_code == 507

        async def blocks() -> AsyncIterator[bytes]:
            for _ in range(4):
                yield bytes(1 << 20)

        streamed = await client.put("/files/local/small/x", content=blocks())
        assert streamed.status_code == 507
        assert names(small) == []
        after = await client.put("/files/local/small/x", content=b"fits")
        assert after.status_code == 201
    finally:
        os.system(f"umount {small}")


async def test_upload_paths_that_are_refused(
    client: httpx.AsyncClient, home: Path
) -> None:
    (home / "folder").mkdir()
    assert (await client.put("/files/local/folder", content=b"")).status_code == 409
    assert (await client.put("/files/local/x/", content=b"")).status_code == 400
    assert (await client.put("/files/local/", content=b"")).status_code == 400
    assert (await client.put("/files/local/none/x", content=b"")).status_code == 404
    assert names(home) == [b"folder"]
