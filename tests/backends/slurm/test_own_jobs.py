"""The gateway's own jobs, followed from one look to the next."""

from dataclasses import replace
from pathlib import Path

from tests.backends.slurm.test_queue_process import ACCOUNT, OTHER, ROW
from tests.support.migrated import open_migrated

from gatewright.backends.slurm.own_jobs import OwnJobs
from gatewright.backends.slurm.rows import QueueRow
from gatewright.backends.slurm.statuses import PriorityOrder, living, own_id
from gatewright.backends.slurm.words import LAUNCH_FAILED
from gatewright.backends.sql.jobs import SqlJobTable
from gatewright.domains.compute import Job, JobState, JobStatus
from gatewright.testing.job_table import submit

OWN = replace(ROW, comment="gw:x:ada")
NATIVE = str(own_id(OWN))
FIRST = replace(OTHER, number="3", shown="3")


def status_in(jobs: OwnJobs, *rows: QueueRow) -> JobStatus:
    (status,) = jobs.of(rows, ACCOUNT, PriorityOrder.of(rows))[0].values()
    assert status == living(OWN, NATIVE, PriorityOrder.of(rows))
    return status


def test_a_status_is_made_anew_only_if_its_place_changes() -> None:
    jobs = OwnJobs()
    alone = status_in(jobs, OWN)
    assert status_in(jobs, OWN) is alone
    behind = status_in(jobs, OWN, OTHER)
    assert behind.reason == "Waits for its turn in batch; 1 job is ahead."
    assert status_in(jobs, OTHER, OWN) is behind
    assert status_in(jobs, OWN, OTHER, FIRST) != behind


def test_ended_jobs_are_given_as_rows_and_others_not_at_all() -> None:
    ended = replace(OWN, number="4", shown="4", state="COMPLETED")
    as_gateway = replace(ended, number="5", shown="5", account=ACCOUNT)
    forged = replace(ended, number="6", shown="6", account="eve")
    rows = [ended, as_gateway, forged, replace(forged, state="RUNNING"), ROW]
    assert OwnJobs().of(rows, ACCOUNT, PriorityOrder()) == ({}, [ended, as_gateway])


async def test_a_job_that_is_put_back_while_it_completes_waits_again(
    tmp_path: Path,
) -> None:
    """Slurm counts the restart before the first run has ended."""
    run = replace(OWN, state="RUNNING", started_at=5.0, restarts=0)
    completing = replace(run, state="COMPLETING", restarts=1)
    held = replace(OWN, state="PENDING", reason=LAUNCH_FAILED, restarts=1)
    order = PriorityOrder()
    database = await open_migrated(tmp_path / "state.sqlite")
    table = SqlJobTable(database)
    (job,) = await submit(table)
    told: list[Job] = []
    for row in (run, completing, held):
        status = replace(living(row, NATIVE, order), native_id=job.native_id or "")
        told += await table.record("local", [status])
    last = told[-1]
    assert (last.state, last.attempts, last.started_at) == (JobState.HELD, 2, None)
    await database.close()
