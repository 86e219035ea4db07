"""Usage of the gateway's own jobs as a source of accounting."""

import threading
from pathlib import Path

import pytest
from tests.backends.sql.test_upgrade_to_accounting import DAY, old_jobs

from gatewright.backends.sql import Database, job_rows, job_usage
from gatewright.backends.sql.database import Row, Statement, Work
from gatewright.backends.sql.job_usage import SqlJobUsage
from gatewright.backends.sql.migrations import migrate
from gatewright.backends.sqlite import SQLITE, SqliteDatabase
from gatewright.domains.compute import Job
from gatewright.testing.accounting_source import AccountingSourceContract


class TestJobUsage(AccountingSourceContract):
    @pytest.fixture
    async def source(self, databases: tuple[Database, Database]) -> SqlJobUsage:
        await databases[0].run(old_jobs)
        return SqlJobUsage(databases[0], "local")

    @pytest.fixture
    def ran(self) -> tuple[float, float]:
        return DAY - 200.0, DAY + 100.0


async def test_a_damaged_job_takes_no_other_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the jobs of a day are not summed where the requests are answered."""
    database = await SqliteDatabase.open(tmp_path / "gateway.sqlite")
    await migrate(database, SQLITE)
    await database.run(old_jobs)

    def damage() -> Work[None]:
        yield Statement("UPDATE jobs SET cores = 'x' WHERE number = 1")

    threads = set[int]()

    def job_of(row: Row) -> Job:
        threads.add(threading.get_ident())
        return job_rows.job_of(row)

    monkeypatch.setattr(job_usage, "job_of", job_of)
    source = SqlJobUsage(database, "local")
    (whole,) = await source.usage(DAY, DAY + 100.0)
    assert whole.amount.wall_seconds == 140.0
    await database.run(damage)
    (left,) = await source.usage(DAY, DAY + 100.0)
    assert left.amount.wall_seconds == 90.0
    assert threads
    assert threading.get_ident() not in threads
    await database.close()
