"""The configured database, and what runs beside the store."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest
from tests.support.app import caller

from gatewright.backends.postgresql import PostgresqlDatabase
from gatewright.backends.postgresql.statements import lock_key
from gatewright.backends.sql.leases import SqlLeases
from gatewright.backends.sqlite import SqliteDatabase
from gatewright.composition.state import open_database, open_event_hub
from gatewright.composition.store import open_expiry, open_store
from gatewright.core.config import Config
from gatewright.core.errors import Unavailable


def config(state: Path, database: str = "sqlite") -> Config:
    return Config.model_validate({"gateway": {"state": state, "database": database}})


async def test_the_embedded_database(tmp_path: Path) -> None:
    state = tmp_path / "deep" / "state"
    async with AsyncExitStack() as stack:
        database = await open_database(config(state), stack)
        assert isinstance(database, SqliteDatabase)
        hub = open_event_hub(database)
        number = await hub.publish("a", "x", "ada", {})
        store, _ = await open_store(config(state), database, stack)
        await store.put(caller("ada"), "c", "k", b"1")
    assert (state / "gateway.sqlite").is_file()
    assert state.stat().st_mode & 0o777 == 0o700
    async with AsyncExitStack() as stack:
        database = await open_database(config(state), stack)
        assert await open_event_hub(database).log.latest() == number
        store, _ = await open_store(config(state), database, stack)
        assert (await store.get(caller("ada"), "c", "k")).document.text == "1"


async def test_postgresql(tmp_path: Path, postgresql_url: str) -> None:
    async with AsyncExitStack() as stack:
        database = await open_database(config(tmp_path, postgresql_url), stack)
        assert isinstance(database, PostgresqlDatabase)
        assert await open_event_hub(database).log.latest() == 0


async def test_an_upgrade_of_postgresql_by_another_process_is_waited_for(
    tmp_path: Path, postgresql_url: str
) -> None:
    """An upgrade takes longer than a request may wait for a lock, which is 6 s."""
    key = lock_key("migrations")
    async with AsyncExitStack() as stack:
        other = await asyncpg.connect(postgresql_url)
        stack.push_async_callback(other.close)
        await other.execute(f"SELECT pg_advisory_lock({key})")
        opening = asyncio.create_task(
            open_database(config(tmp_path, postgresql_url), stack)
        )
        await asyncio.sleep(6.5)
        assert not opening.done()
        await other.execute(f"SELECT pg_advisory_unlock({key})")
        database = await opening
        assert await open_event_hub(database).log.latest() == 0


async def test_a_state_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with AsyncExitStack() as stack:
        with pytest.raises(Unavailable, match="state folder"):
            await open_database(config(tmp_path / "file"), stack)


async def test_expired_documents_are_removed_by_one_process(tmp_path: Path) -> None:
    swept: list[int] = []
    async with AsyncExitStack() as stack:
        database = await open_database(config(tmp_path / "state"), stack)
        for number in range(2):
            store, _ = await open_store(config(tmp_path / "state"), database, stack)

            async def sweep(number: int = number) -> int:
                swept.append(number)
                return 1

            store.documents.sweep = sweep  # type: ignore[method-assign]
            expiry = await open_expiry(store, SqlLeases(database), stack)
            async with asyncio.timeout(60):
                while not swept:
                    await asyncio.sleep(0.01)
            await expiry.ready()
    assert set(swept) == {0}
