"""Clients that go away while the gateway works for them."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp
from tests.support.app import AsCaller, caller
from tests.support.asgi import scope_of

HUGE = 3 << 40
"""Bytes of a sparse file that no machine reads within a test."""


class Leaving:
    """A client that sends a request and goes when it is told to."""

    def __init__(self, body: bytes = b"") -> None:
        self.body: bytes | None = body
        self.leaves = asyncio.Event()
        self.answer: list[Any] = []

    async def receive(self) -> Any:
        body, self.body = self.body, None
        if body is not None:
            return {"type": "http.request", "body": body, "more_body": False}
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.answer.append(message)


async def in_hand(services: Any, wanted: int) -> None:
    async with asyncio.timeout(60):
        while await services.worker.call("in_hand", {}, int, seconds=60) != wanted:
            await asyncio.sleep(0.01)


@pytest.fixture
def as_ada(app: ASGIApp, services: Any) -> ASGIApp:
    return AsCaller(app, services, caller())


async def test_a_checksum_ends_when_its_client_leaves(
    as_ada: ASGIApp, services: Any, home: Path
) -> None:
    with (home / "huge").open("wb") as file:
        file.truncate(HUGE)
    clients = [Leaving() for _ in range(3)]
    scope = scope_of("GET", "/files/local/huge?view=checksum")
    calls = [
        asyncio.ensure_future(as_ada(dict(scope), one.receive, one.send))
        for one in clients
    ]
    await in_hand(services, 3)
    for one in clients:
        one.leaves.set()
    async with asyncio.timeout(60):
        await asyncio.gather(*calls)
    await in_hand(services, 0)
    assert await services.worker.call("in_hand", {}, int, seconds=60) == 0


async def test_a_copy_ends_when_its_client_leaves(
    as_ada: ASGIApp, services: Any, home: Path
) -> None:
    (home / "folder").mkdir()
    for number in range(20_000):
        (home / f"folder/{number}").touch()
    order = {"op": "copy", "destination": "/copy"}
    one = Leaving(json.dumps(order).encode())
    headers = [(b"content-type", b"application/json")]
    scope = scope_of("POST", "/files/local/folder", headers)
    call = asyncio.ensure_future(as_ada(scope, one.receive, one.send))
    await in_hand(services, 1)
    one.leaves.set()
    async with asyncio.timeout(60):
        await call
    await in_hand(services, 0)
    assert [path.name for path in home.iterdir()] == ["folder"]
