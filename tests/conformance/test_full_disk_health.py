"""Health when nothing can be written: a full disk, a database that is locked or away.

The disk is a small file system of its own where the test runs as root.
"""

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.needs import missing, program
from tests.support.whole import OWNER, Whole, whole

SMALL = 60 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 60 MB."""
    if os.geteuid() != 0:
        missing("root, to mount a small file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount, umount = program("mount", "mount"), program("umount", "mount")
    options = ["-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(folder)]
    if subprocess.run([mount, *options], capture_output=True, check=False).returncode:
        missing("the right to mount a file system (CAP_SYS_ADMIN)")
    yield folder
    subprocess.run([umount, "-l", str(folder)], check=True)


@pytest.fixture
def asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let health ask its parts for every probe."""
    monkeypatch.setattr("gatewright.core.health._REMEMBER_SECONDS", -1)


async def until(client: httpx.AsyncClient, status: str, *down: str) -> dict[str, Any]:
    """Wait until health says so, and of these parts at least; return what it says."""
    async with asyncio.timeout(60):
        while True:
            answer = (await client.get("/health/ready")).json()
            if answer["status"] == status and {*down} <= {*answer.get("not_ready", [])}:
                found: dict[str, Any] = answer
                return found
            await asyncio.sleep(0.05)


def fill(folder: Path) -> Path:
    """Take all room that is left."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(1 << 20)):
            pass
    return filler


@pytest.mark.usefixtures("asked_at_once")
async def test_a_full_disk_degrades_the_gateway_until_there_is_room(
    small_disk: Path,
) -> None:
    async with whole(small_disk) as gateway:
        client = await gateway.client(OWNER)
        assert (await client.put("/api/v1/store/c/a", json=1)).status_code == 201
        await until(client, "ready")
        filler = await asyncio.to_thread(fill, small_disk)
        told = await until(client, "degraded", "disk")
        assert told["parts"]["database"] == "up"
        assert (await client.get("/api/v1/store/c/a")).json() == 1
        refused = await client.put("/api/v1/store/c/b", json="x" * 100_000)
        assert refused.status_code in {503, 507}
        filler.unlink()
        await until(client, "ready")
        assert (await client.put("/api/v1/store/c/b", json=1)).status_code == 201


@pytest.fixture
async def gateway(tmp_path: Path, asked_at_once: None) -> AsyncIterator[Whole]:
    async with whole(tmp_path) as opened:
        yield opened


async def test_a_database_that_is_locked_degrades_the_gateway(
    gateway: Whole, tmp_path: Path
) -> None:
    client = await gateway.client(OWNER)
    await until(client, "ready")
    other = sqlite3.connect(tmp_path / "state" / "gateway.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    told = await until(client, "degraded", "database/writes")
    assert told["parts"]["database"] == "up"
    other.execute("ROLLBACK")
    other.close()
    await until(client, "ready")


async def test_a_moved_database_degrades_the_gateway(
    gateway: Whole, tmp_path: Path
) -> None:
    client = await gateway.client(OWNER)
    await until(client, "ready")
    database = tmp_path / "state" / "gateway.sqlite"
    database.rename(tmp_path / "elsewhere")
    told = await until(client, "degraded", "database/writes")
    assert told["parts"]["database/writes"] == "down"
    (tmp_path / "elsewhere").rename(database)
    told = await until(client, "ready")
    assert told["parts"]["database/writes"] == "up"
