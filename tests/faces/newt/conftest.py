"""NEWT in the whole application."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.whole import Whole, whole


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Whole]:
    """The whole application with an owner and two guests."""
    notice = {"state": str(tmp_path / "state"), "message_of_the_day": "Hi"}
    async with whole(tmp_path, {"gateway": notice}) as opened:
        yield opened


async def until_answered(client: httpx.AsyncClient, url: str, wanted: object) -> None:
    """Wait for an answer: a part of the gateway may need a while to be up."""
    async with asyncio.timeout(60):
        while (await client.get(url)).json() != wanted:
            await asyncio.sleep(0.1)


async def ended(client: httpx.AsyncClient, job: str) -> dict[str, Any]:
    """Wait for a job's end and return its row."""
    deadline = time.monotonic() + 60
    while True:
        row = (await client.get(f"/newt/queue/local/{job}")).json()
        if row["status"] == "C":
            return dict(row)
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
