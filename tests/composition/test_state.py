"""The configured database, and what runs beside the store."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import cast

import pytest
from tests.support.app import caller

from gatewright.backends.postgresql import PostgresqlDatabase
from gatewright.backends.sqlite import SqliteDatabase
from gatewright.composition.state import open_database, open_event_hub
from gatewright.composition.store import open_store, sweep_for_ever
from gatewright.core.config import Config
from gatewright.core.errors import Unavailable
from gatewright.domains.store import DocumentStore


def config(state: Path, database: str = "sqlite") -> Config:
    return Config.model_validate({"gateway": {"state": state, "database": database}})


async def test_the_embedded_database(tmp_path: Path) -> None:
    state = tmp_path / "deep" / "state"
    async with AsyncExitStack() as stack:
        database = await open_database(config(state), stack)
        assert isinstance(database, SqliteDatabase)
        hub = open_event_hub(database)
        number = await hub.publish("a", "x", "ada", {})
        store, _ = open_store(config(state), database, stack)
        await store.put(caller("ada"), "c", "k", b"1")
    assert (state / "gateway.sqlite").is_file()
    assert state.stat().st_mode & 0o777 == 0o700
    async with AsyncExitStack() as stack:
        database = await open_database(config(state), stack)
        assert await open_event_hub(database).log.latest() == number
        store, _ = open_store(config(state), database, stack)
        assert (await store.get(caller("ada"), "c", "k")).document.text == "1"


async def test_postgresql(tmp_path: Path, postgresql_url: str) -> None:
    async with AsyncExitStack() as stack:
        database = await open_database(config(tmp_path, postgresql_url), stack)
        assert isinstance(database, PostgresqlDatabase)
        assert await open_event_hub(database).log.latest() == 0


async def test_a_state_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with AsyncExitStack() as stack:
        with pytest.raises(Unavailable, match="state folder"):
            await open_database(config(tmp_path / "file"), stack)


async def test_sweeping_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    class Documents:
        def __init__(self, results: Sequence[int | Exception]) -> None:
            self.results = list(results)
            self.done = asyncio.Event()

        async def sweep(self) -> int:
            if not self.results:
                self.done.set()
                return 0
            result = self.results.pop(0)
            if isinstance(result, Exception):
                raise result
            return result

    documents = Documents([3, Unavailable("away"), 0])
    task = asyncio.create_task(sweep_for_ever(cast("DocumentStore", documents), 0.01))
    async with asyncio.timeout(60):
        await documents.done.wait()
    task.cancel()
    assert "away" in caplog.text
