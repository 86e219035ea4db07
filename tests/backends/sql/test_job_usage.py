"""Usage of the gateway's own jobs as a source of accounting."""

import threading
from pathlib import Path

import pytest
from tests.backends.sql.test_upgrade_to_accounting import DAY, old_jobs
from tests.support.migrated import open_migrated

from gatewright.backends.sql import Database, job_rows, job_usage
from gatewright.backends.sql.accounting import SqlAccountBook
from gatewright.backends.sql.database import Row, Statement, Work
from gatewright.backends.sql.job_usage import SqlJobUsage
from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.domains.accounting import By, Keeper, UsageQuery, Viewer
from gatewright.domains.compute import Job, JobState, JobStatus
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
    database = await open_migrated(tmp_path / "gateway.sqlite")
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


async def test_days_whose_jobs_are_recorded_late_are_read_again(
    databases: tuple[Database, Database],
) -> None:
    """The gateway was off for two nights, and its accounting began before its jobs."""
    database = databases[0]
    await database.run(old_jobs)

    def names() -> Work[None]:
        yield Statement("UPDATE jobs SET native_id = uuid")

    await database.run(names)
    table, book = SqlJobTable(database), SqlAccountBook(database)
    now = [3.5 * DAY]
    keeper = Keeper("local", SqlJobUsage(database, "local"), book, lambda: now[0])

    async def read() -> dict[str, tuple[float, int]]:
        await keeper.look()
        query = UsageQuery((By.DAY,), 0, 9)
        page = await book.usage(Viewer("", all=True), query, 9, None)
        return {
            line.keys[By.DAY]: (line.amount.wall_seconds, line.amount.jobs)
            for line in page.items
        }

    over_midnight = {"1970-01-01": (100.0, 0)}
    assert await read() == over_midnight | {
        "1970-01-02": (50.0 + DAY - 10.0, 1),  # the second runs, as far as is known
        "1970-01-03": (DAY, 0),
        "1970-01-04": (0.5 * DAY, 0),
    }
    ended = JobStatus(
        "u2",
        JobState.COMPLETED,
        "COMPLETED",
        started_at=DAY + 10.0,
        ended_at=DAY + 40.0,
    )
    runs = JobStatus("u3", JobState.ACTIVE, "RUNNING", started_at=2.75 * DAY)
    await table.record("local", [ended, runs])
    now[0] += 10.0
    expected = over_midnight | {
        "1970-01-02": (80.0, 2),
        "1970-01-03": (0.25 * DAY, 0),
        "1970-01-04": (0.5 * DAY + 10.0, 0),
    }
    assert await read() == expected
    # Moments of a damaged record concern no day.
    odd = JobStatus(
        "u3", JobState.FAILED, "LOST", started_at=1e300, ended_at=2.75 * DAY + 5.0
    )
    (job,) = await table.record("local", [odd])
    assert job.state is JobState.FAILED
