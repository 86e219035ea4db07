"""Leases on both databases: one process at a time, whatever becomes of it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import cycle

import pytest

from gatewright.backends.sql import Database, Statement, Work
from gatewright.backends.sql import holder as holder_module
from gatewright.backends.sql.holder import has_ended, new_holder
from gatewright.backends.sql.leases import SqlLeases
from gatewright.core.errors import Unavailable
from gatewright.core.lease import Lease, LeaseLost
from gatewright.testing.lease import SECONDS, LeaseContract

_HOLD = """
import asyncio, sys
from pathlib import Path
from gatewright.backends.postgresql import PostgresqlDatabase
from gatewright.backends.sql.leases import SqlLeases
from gatewright.backends.sqlite import SqliteDatabase

async def main(where):
    if "://" in where:
        database = await PostgresqlDatabase.open(where)
    else:
        database = await SqliteDatabase.open(Path(where))
    async with SqlLeases(database, 3600.0).lease("work").holding():
        print("held", flush=True)
        await asyncio.sleep(3600)

asyncio.run(main(sys.argv[1]))
"""


class TestSqlLeases(LeaseContract):
    """All of the contract; a stall of this machine may not outlast a lease."""

    @pytest.fixture
    def lease_seconds(self) -> float:
        return 2.0

    @pytest.fixture
    def lease_of(
        self, databases: tuple[Database, Database], lease_seconds: float
    ) -> Callable[[str], Lease]:
        handles = cycle(databases)
        return lambda name: SqlLeases(next(handles), lease_seconds).lease(name)


async def test_a_killed_process_holds_its_lease_no_longer(
    place: str, databases: tuple[Database, Database]
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, place], stdout=subprocess.PIPE, env=os.environ
    ) as process:
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == b"held\n"
        process.send_signal(signal.SIGKILL)
        # It would last an hour, if nobody saw that its process has ended.
        async with (
            asyncio.timeout(SECONDS),
            SqlLeases(databases[0], 3600.0).lease("work").holding(),
        ):
            pass


async def test_a_silent_holder_elsewhere_loses_it_when_its_time_is_over(
    databases: tuple[Database, Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = (SqlLeases(handle, 1.0) for handle in databases)
    lost = asyncio.Event()

    async def away(*_: object) -> None:
        raise Unavailable("The database is away.")

    async def hold() -> None:
        try:
            async with elsewhere.lease("work").holding():
                monkeypatch.setattr(databases[1], "run", away)
                begun.set()
                await asyncio.sleep(SECONDS)
        except LeaseLost:
            lost.set()

    begun = asyncio.Event()
    holding = asyncio.create_task(hold())
    async with asyncio.timeout(SECONDS):
        await begun.wait()
        async with here.lease("work").holding():
            # The holder that is cut off knew of its end first.
            assert lost.is_set()
            assert not elsewhere.lease("work").held
        await holding


async def test_a_lease_that_another_took_ends_the_work(
    databases: tuple[Database, Database],
) -> None:
    async def work() -> None:
        lease = SqlLeases(databases[0], 4.0).lease("work")
        async with asyncio.timeout(SECONDS), lease.holding():
            await databases[1].run(_steal)
            await asyncio.sleep(2 * SECONDS)

    with pytest.raises(LeaseLost):
        await work()


async def test_a_renewal_that_fails_once_is_made_again(
    databases: tuple[Database, Database],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    leases = SqlLeases(databases[0], 8.0)
    async with leases.lease("work").holding():
        with monkeypatch.context() as patched:
            patched.setattr(databases[0], "run", None)  # calling it is a TypeError
            async with asyncio.timeout(SECONDS):
                while "renewing leases begins again" not in caplog.text:
                    await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert leases.lease("work").held


def test_a_process_that_has_ended_is_known_on_its_own_machine_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = new_holder()
    space, process, started, _ = mine.split(" ")
    assert not has_ended(mine)
    with subprocess.Popen(["true"]) as child:
        child.wait()
        assert has_ended(f"{space} {child.pid} {started} x")
    assert has_ended(f"{space} {process} 1 x")  # its number was given to another
    assert not has_ended(f"elsewhere {child.pid} {started} x")
    monkeypatch.setattr(holder_module, "_space", lambda: "elsewhere")
    assert not has_ended(mine)


def _steal() -> Work[None]:
    yield Statement("UPDATE leases SET holder = 'x', beat = beat + 1")
