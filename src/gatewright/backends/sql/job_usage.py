"""Usage of the gateway's own jobs, for systems whose scheduler has no accounting."""

from collections import defaultdict
from collections.abc import Sequence

from gatewright.backends.sql.database import Database
from gatewright.backends.sql.job_rows import SELECT, job_of
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
        sums: defaultdict[tuple[str, str, str], Amount] = defaultdict(Amount)
        for job in map(job_of, rows):
            if job.started_at is None:
                continue
            until = end if job.ended_at is None else min(job.ended_at, end)
            seconds = max(0.0, until - max(job.started_at, start))
            wanted, spec = job.spec.resources, job.spec.attributes
            key = spec.project_name or NO_PROJECT, job.user, spec.queue_name or ""
            sums[key] += Amount(
                seconds * (job.usage.cores or wanted.cores),
                seconds * (wanted.node_count or 1),
                seconds * wanted.processes * wanted.gpu_cores_per_process,
                seconds,
                int(job.ended_at is not None and start <= job.ended_at < end),
            )
        return [Use(*key, amount) for key, amount in sorted(sums.items())]
