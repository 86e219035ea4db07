"""Pools of readers, and a program that does in them what a test asks."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gatewright.backends.readers import PoolSettings, ReaderPool
from gatewright.backends.readers.call_queue import Weight
from gatewright.backends.readers.process import ReaderHandle

PROGRAM = "gatewright.testing.reader_program"
MEBIBYTE = 1 << 20
SECONDS = 100.0
"""The pool's deadline, and the time for what has to come about."""


def settings(folder: Path, **changes: Any) -> PoolSettings:
    values: dict[str, Any] = {
        "programs": (PROGRAM,),
        "folders": (folder,),
        "spool": folder,
        "memory_bytes": 400 * MEBIBYTE,
        "seconds": SECONDS,
        **changes,
    }
    return PoolSettings(**values)


async def until(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come about"
        await asyncio.sleep(0.01)


def alive(process: int) -> bool:
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


async def call(pool: ReaderPool, name: str, **arguments: Any) -> dict[str, Any]:
    return await pool.call(f"{PROGRAM}:{name}", arguments)


def picks(pool: ReaderPool, monkeypatch: pytest.MonkeyPatch) -> list[Weight]:
    """Return the weights of the calls that get a reader from now on."""
    taken: list[Weight] = []
    pick = pool._queue._pick

    def noted(key: str, weight: Weight, person: str) -> ReaderHandle:
        taken.append(weight)
        return pick(key, weight, person)

    monkeypatch.setattr(pool._queue, "_pick", noted)
    return taken
