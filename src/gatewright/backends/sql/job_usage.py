"""Usage of the gateway's own jobs, for systems whose scheduler has no accounting."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from gatewright.backends.sql.database import Database, Row
from gatewright.backends.sql.job_rows import SELECT, job_of
from gatewright.backends.sql.records import readable
from gatewright.domains.accounting import NO_PROJECT, Amount, Report, Use

_RAN = f"""{SELECT} WHERE j.system = ? AND (j.ended_at >= ? OR j.ended_at IS NULL)
    AND j.started_at < ?"""


class SqlJobUsage:
    """Implements :class:`gatewright.domains.accounting.AccountingSource`.

    Projects are kept by administrators. Usage is that of the jobs in the gateway's
    database: the cores, nodes and GPUs that a job requested, for as long as it ran.
    """

    interval = 10.0
    days = 400

    def __init__(self, database: Database, system: str) -> None:
        self._database = database
        self._system = system

    async def report(self) -> Report | None:
        return None

    async def usage(self, start: float, end: float) -> Sequence[Use]:
        rows = await self._database.read(_RAN, self._system, start, end)
        # A busy day has ten thousands of jobs, each with its specification.
        return await asyncio.to_thread(_uses, rows, start, end)


def _uses(rows: Sequence[Row], start: float, end: float) -> Sequence[Use]:
    """Return the sums of the usage of jobs between two times."""

    def use_of(row: Row) -> Use:
        job = job_of(row)
        until = end if job.ended_at is None else min(job.ended_at, end)
        began = until if job.started_at is None else max(job.started_at, start)
        seconds = max(0.0, until - began)
        wanted, spec = job.spec.resources, job.spec.attributes
        amount = Amount(
            seconds * (job.usage.cores or wanted.cores),
            seconds * (wanted.node_count or 1),
            seconds * wanted.processes * wanted.gpu_cores_per_process,
            seconds,
            int(job.ended_at is not None and start <= job.ended_at < end),
        )
        project, partition = spec.project_name or NO_PROJECT, spec.queue_name or ""
        return Use(project, job.user, partition, amount)

    sums: defaultdict[tuple[str, str, str], Amount] = defaultdict(Amount)
    for use in readable(rows, use_of, "number"):
        sums[use.project, use.person, use.partition] += use.amount
    return [
        Use(*key, amount)
        for key, amount in sorted(sums.items())
        if amount.wall_seconds or amount.jobs
    ]
